"""What people and programs may ask of a running engine and do to its incidents: the use cases of API and pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from aiops import health, incidents
from aiops.engine import Cycle, Engine
from aiops.health import RECENT, RouteHealth, ServiceHealth
from aiops.model import (
    Edge,
    Incident,
    IncidentEvent,
    Labels,
    Selector,
    SeriesBlock,
    Severity,
    Trace,
    Transition,
    Verdict,
    Window,
    names,
)
from aiops.ports import NotFound, SourceError, StoreError
from aiops.service.alerts import AlertBook
from aiops.service.board import Board
from aiops.service.normal import NormalBook
from aiops.service.slo_book import SloBook
from aiops.sources.common import bounds
from aiops.sources.common.caps import Overflow
from aiops.store import Change, SqlAccepted, SqlAlerts, SqlIncidents, SqlObjectives

EXPOSED = 3600.0
"""Seconds that an incident which is over, and a change, stay among the metrics: longer than Prometheus is away."""
ALIKE = 10
"""Incidents that are listed beside one that is like them."""

VALUES = 250_000
"""Values in one answer, at most: about 5 MB of JSON."""
VERDICTS = 50_000
NAMED = 5
"""Services that a note names, at most."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the engine does its work, and why not; `notes` are what is less than whole and keeps it from nothing."""

    ready: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class IncidentService:
    """Every method may raise SourceError or StoreError; those with an id raise NotFound."""

    engine: Engine
    store: SqlIncidents
    started: float = field(default=0.0)
    grafana_url: str = ""
    overflow: Overflow = field(default_factory=Overflow)
    alerts: AlertBook = field(init=False)
    slos: SloBook = field(init=False)
    normal: NormalBook = field(init=False)
    _board: Board = field(init=False)

    def __post_init__(self) -> None:
        engine = self.engine
        self.alerts = AlertBook(
            SqlAlerts(self.store.database), self.store, engine.clock, engine.lock, engine.telemetry.alerts
        )
        self.normal = NormalBook(engine, self.store, SqlAccepted(self.store.database))
        self.slos = SloBook(engine.budgets, SqlObjectives(self.store.database), engine.clock, engine.lock)
        self._board = Board(engine)

    # incidents

    def incidents(
        self,
        state: str | None = "active",
        severity: str | None = None,
        service: str | None = None,
        since: float | None = None,
        until: float | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> tuple[list[Incident], int | None]:
        """Newest first, and the cursor for the next page."""
        return self.store.page(state, severity, service, since, until, before, limit)

    def urgent(self, limit: int) -> tuple[list[Incident], int]:
        """Active ones, the most severe and then the newest first, and how many there are."""
        found: list[Incident] = []
        for severity in reversed(Severity):
            if len(found) < limit:
                found += self.incidents("active", severity, limit=limit - len(found))[0]
        return found, self.store.active_count()

    def incident(self, name: str) -> Incident:
        found = self.store.get(name)
        if found is None:
            raise NotFound(f"there is no incident {name}")
        return found

    def alike(self, incident: Incident) -> list[Incident]:
        """Others with the same fingerprint, newest first."""
        return self.store.alike(incident, ALIKE)

    def acknowledge(self, name: str, who: str) -> Incident:
        """Raises NotPossible when it is resolved."""
        with self.engine.lock:
            before, now = self.incident(name), self.engine.clock.now()
            after = incidents.acknowledge(before, now, who)
            return self._acted(before, after, Transition.ACKNOWLEDGED, who, "acknowledge")

    def resolve(self, name: str, who: str) -> Incident:
        """A person's word that this is over. Nothing is learned: while its symptoms go on, it is open again soon."""
        with self.engine.lock:
            before, now = self.incident(name), self.engine.clock.now()
            after = incidents.resolve(before, now, f"resolved by {who}")
            return self._acted(before, after, Transition.RESOLVED, who, "resolve")

    def accept(self, name: str, who: str, reason: str) -> Incident:
        """A person's word that this is normal from now on: it is learned. Raises NotPossible."""
        with self.engine.lock:
            self._board.forget()
            return self.normal.accept(self.incident(name), who, reason)

    def undo_normal(self, name: str, who: str) -> Incident:
        """Take that back. Raises NotPossible."""
        with self.engine.lock:
            self._board.forget()
            return self.normal.undo(self.incident(name), who)

    def _acted(self, before: Incident, after: Incident, transition: Transition, who: str, what: str) -> Incident:
        self._board.forget()
        if after != before:
            text = after.timeline[-1].text
            self.store.act(IncidentEvent(transition, after), self.engine.clock.now(), who, what, text)
        return after

    # telemetry

    def analyze(self) -> Cycle:
        """Run one cycle now."""
        cycle = self.engine.cycle()
        self.alerts.join()
        self.publish()
        return cycle

    def routes(self) -> list[RouteHealth]:
        """Every route seen in the last five minutes, worst first."""
        return self._board.now().routes

    def services(self) -> list[ServiceHealth]:
        """Every service, worst first; one that was heard of before and is not now is there too."""
        active = self.store.active()
        now = self._board.now()
        return health.services(now.routes, now.known, now.silent, active, self.engine.oddities)

    def topology(self) -> list[Edge]:
        until = self.engine.metrics.complete_until()
        return [] if until is None else self.engine.topology.edges(Window(until - RECENT, until))

    def series(self, service: str, route: str, window: Window) -> list[Verdict]:
        """Observed, expected, bounds and score of a route over time; raises NotFound for one never judged,
        TooMuch for more than VERDICTS."""
        found = self.engine.verdicts.history(service, route, window, VERDICTS)
        if not found:
            raise NotFound(f"nothing was judged for service {service!r}, route {route!r} in that time")
        return found

    def metric(self, name: str, by: Sequence[str], where: Labels, window: Window, step: float) -> SeriesBlock:
        """Any OpenTelemetry metric that was sent, on a grid. Raises TooMuch."""
        selector, steps = Selector(name, tuple(by), where, most=VALUES), int(window.seconds // step)
        if name in names.SIGNALS and steps > 1:
            # What the engine counts itself is not read series by series: one step tells how many there are.
            bounds.check(len(self.engine.metrics.window([selector], window, window.seconds).labels), steps, VALUES)
        return self.engine.metrics.window([selector], window, step)

    def trace(self, trace_id: str) -> Trace:
        found = self.engine.traces.traces([trace_id])
        if not found:
            raise NotFound(f"there is no trace {trace_id}, or not any more")
        return found[0]

    # changes

    def record_change(self, change: Change) -> None:
        self.store.record_change(change)

    def changes(self, window: Window) -> list[Change]:
        return self.store.changes(window.start, window.end)

    # the engine itself

    def publish(self) -> None:
        """Put incidents and changes of late among the engine's own metrics. For after each cycle."""
        since = self.engine.clock.now() - EXPOSED
        lately = [*self.store.active(), *self.store.resolved_since(since)]
        changes = [
            ((one.kind, one.service, one.version), one.at) for one in self.store.changes(since, self.engine.clock.now())
        ]
        self.engine.telemetry.incidents.show(lately, self.alerts.counts(lately), changes)

    def now(self) -> float:
        return self.engine.clock.now()

    def newest(self) -> float | None:
        """When telemetry last arrived, by its own time; None before the first."""
        return self.engine.metrics.newest()

    def readiness(self) -> Readiness:
        """Ready: the stores answer and cycles are fresh. Before the first telemetry it is ready, and waits."""
        reasons: list[str] = []
        last, pace, now = self.engine.last, self.engine.pace.step, self.engine.clock.now()
        idle = now - (last.at if last else self.started)
        if idle > max(3 * pace, 30.0):
            reasons.append(f"the last cycle ended {idle:.0f} s ago")
        reasons.extend(last.gaps if last else ())
        for ask in (self.store.watermark, self.engine.metrics.newest):
            try:
                ask()
            except (SourceError, StoreError) as error:
                reasons.append(str(error))
        return Readiness(not reasons, tuple(reasons), tuple(self.notes()))

    def notes(self) -> list[str]:
        """Limits of names that were met of late."""
        said = self.overflow.lately(self.engine.clock.now())
        if said and (crowded := self._board.crowded):
            more = " and others" if len(crowded) > NAMED else ""
            said.append(f"routes counted as `other` are of {', '.join(crowded[:NAMED])}{more}")
        return said

    def exposition(self) -> bytes:
        return self.engine.telemetry.exposition()
