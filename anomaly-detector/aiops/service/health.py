"""The present health of everything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiops import detect, health
from aiops.engine import Engine
from aiops.health import RouteCounts, RouteHealth, ServiceHealth
from aiops.model import Incident, Labels, SeriesState, Window, names, value_of
from aiops.service.after_cycle import AfterCycle
from aiops.store import SqlIncidents

Counts = Mapping[Labels, RouteCounts]


@dataclass(frozen=True, slots=True)
class Now:
    """Routes and all services ever heard, each worst first, and the active incidents that were joined with them."""

    routes: list[RouteHealth] = field(default_factory=list)
    services: list[ServiceHealth] = field(default_factory=list)
    active: Sequence[Incident] = ()


class HealthService:
    """Health of routes and services. Thread-safe. Its methods may raise SourceError or StoreError."""

    def __init__(self, engine: Engine, store: SqlIncidents) -> None:
        self._engine = engine
        self._store = store
        self._now: AfterCycle[Counts, Now] = AfterCycle(engine, self._counted, self._judged)
        self.joined: list[AfterCycle[Any, Any]] = []
        """Answers that are made of this one, and are forgotten with it."""

    def now(self) -> Now:
        """Return the health after the last cycle."""
        return self._now.answer()

    def routes(self) -> list[RouteHealth]:
        """Return every route seen in the last five minutes, worst first."""
        return self.now().routes

    def services(self) -> list[ServiceHealth]:
        """Return every service, worst first, including those heard only earlier."""
        return self.now().services

    @property
    def crowded(self) -> list[str]:
        """Services with routes that are counted as `other`, as far as known without asking a source."""
        known = self._now.known
        return sorted({one.service for one in known.routes if one.route == names.OTHER}) if known else []

    def forget(self) -> None:
        """Read again at the next question, because a person has changed the state."""
        for one in (self._now, *self.joined):
            one.forget()

    def counted(self, until: float) -> Counts:
        """Return the sums over the requests of each route in the five minutes before a time (Unix seconds)."""
        window = Window(until - health.RECENT, until)
        return health.count_routes(self._engine.metrics.window(health.SELECTORS, window, health.RECENT))

    def _counted(self) -> Counts:
        until = self._engine.metrics.complete_until()
        return {} if until is None else self.counted(until)

    def _judged(self, found: Counts) -> Now:
        state, active = self._engine.state, self._store.active()
        routes = health.routes(found, detect.last_verdicts(state, list(found), self._engine.detector.tuning))
        silence = state.of(detect.SILENCE)
        known = {value_of(series, names.SERVICE): silence.status[row] for series, row in silence.index.items()}
        silent = frozenset(name for name, status in known.items() if status >= SeriesState.INCIDENT)
        return Now(routes, health.services(routes, known, silent, active, self._engine.oddities), active)
