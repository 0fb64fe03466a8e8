"""The present health of everything, computed once per cycle and shared by all readers, because every open page asks
repeatedly."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops import detect, health
from aiops.engine import Cycle, Engine
from aiops.health import RouteCounts, RouteHealth, ServiceHealth
from aiops.model import Labels, SeriesState, Window, names, value_of
from aiops.store import SqlIncidents

CYCLES = 2
"""After so many missing cycles the answer is read again without them."""


@dataclass(frozen=True, slots=True)
class Now:
    """Routes, worst first; all services ever heard, and the silent ones."""

    routes: list[RouteHealth] = field(default_factory=list)
    known: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()


class HealthService:
    """Health of routes and services. Thread-safe. While a cycle runs, it returns the answer of the cycle before. Its
    methods may raise SourceError or StoreError."""

    def __init__(self, engine: Engine, store: SqlIncidents) -> None:
        self._engine = engine
        self._store = store
        self._lock = threading.Lock()
        self._read: tuple[Cycle, float, Now] | None = None

    def routes(self) -> list[RouteHealth]:
        """Return every route seen in the last five minutes, worst first."""
        return self._now().routes

    def services(self) -> list[ServiceHealth]:
        """Return every service, worst first, including those heard only earlier."""
        active = self._store.active()
        now = self._now()
        return health.services(now.routes, now.known, now.silent, active, self._engine.oddities)

    @property
    def crowded(self) -> list[str]:
        """Services with routes that are counted as `other`, as far as known without asking a source."""
        known = self._read
        return sorted({one.service for one in known[2].routes if one.route == names.OTHER}) if known else []

    def forget(self) -> None:
        """Read again at the next question, because a person has changed the state."""
        with self._lock:
            self._read = None

    def _now(self) -> Now:
        """Return the health after the last cycle."""
        engine = self._engine
        with self._lock:
            last, at = engine.last, engine.clock.now()
            if self._read is not None:
                cycle, since, known = self._read
                if cycle is last and 0 <= at - since <= CYCLES * engine.pace.step:
                    return known
            found = self._counted()
            # Only the first reader, who has no earlier answer, waits for the end of a cycle.
            if not engine.lock.acquire(blocking=self._read is None):
                assert self._read is not None
                return self._read[2]
            try:
                last, fresh = engine.last, self._judged(found)
            finally:
                engine.lock.release()
            self._read = None if last is None else (last, at, fresh)
            return fresh

    def _counted(self) -> dict[Labels, RouteCounts]:
        until = self._engine.metrics.complete_until()
        if until is None:
            return {}
        window = Window(until - health.RECENT, until)
        return health.count_routes(self._engine.metrics.window(health.SELECTORS, window, health.RECENT))

    def _judged(self, found: Mapping[Labels, RouteCounts]) -> Now:
        state = self._engine.state
        routes = health.routes(found, detect.last_verdicts(state, list(found), self._engine.detector.tuning))
        silence = state.of(detect.SILENCE)
        known = {value_of(series, names.SERVICE): silence.status[row] for series, row in silence.index.items()}
        silent = frozenset(name for name, status in known.items() if status >= SeriesState.INCIDENT)
        return Now(routes, frozenset(known), silent)
