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
from aiops.model.errors import NotFound, SourceError, StoreError
from aiops.service.alerts import AlertBook
from aiops.service.board import Board
from aiops.service.normal import NormalBook
from aiops.service.slo_book import SloBook
from aiops.sources.common import bounds
from aiops.sources.common.caps import Overflow
from aiops.store import Change, SqlAccepted, SqlAlerts, SqlIncidents, SqlObjectives

EXPOSED = 3600.0
"""Seconds for which a resolved incident, and a change, stay among the metrics: longer than Prometheus is usually
away."""
ALIKE = 10
"""The number of similar incidents listed beside one."""

VALUES = 250_000
"""The most values in one answer: about 5 MB of JSON."""
VERDICTS = 50_000
NAMED = 5
"""The most services that a note names."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the engine works, and why not. `notes` are limitations that do not prevent it from working."""

    ready: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class IncidentService:
    """The use cases. Every method may raise SourceError or StoreError; methods with an id raise NotFound."""

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
        """Return incidents, newest first, and the cursor of the next page (None at the end)."""
        return self.store.page(state, severity, service, since, until, before, limit)

    def urgent(self, limit: int) -> tuple[list[Incident], int]:
        """Return active incidents, the most severe first and then the newest, and their number."""
        found: list[Incident] = []
        for severity in reversed(Severity):
            if len(found) < limit:
                found += self.incidents("active", severity, limit=limit - len(found))[0]
        return found, self.store.active_count()

    def incident(self, name: str) -> Incident:
        """Return one incident by its id or key. Raises NotFound."""
        found = self.store.get(name)
        if found is None:
            raise NotFound(f"there is no incident {name}")
        return found

    def alike(self, incident: Incident) -> list[Incident]:
        """Return other incidents with the same fingerprint, newest first."""
        return self.store.alike(incident, ALIKE)

    def acknowledge(self, name: str, who: str) -> Incident:
        """Acknowledge an incident. Raises NotPossible when it is resolved."""
        with self.engine.lock:
            before, now = self.incident(name), self.engine.clock.now()
            after = incidents.acknowledge(before, now, who)
            return self._acted(before, after, Transition.ACKNOWLEDGED, who, "acknowledge")

    def resolve(self, name: str, who: str) -> Incident:
        """Resolve an incident on the word of a person. Nothing is learned: if its symptoms continue, it is reopened
        soon."""
        with self.engine.lock:
            before, now = self.incident(name), self.engine.clock.now()
            after = incidents.resolve(before, now, f"resolved by {who}")
            return self._acted(before, after, Transition.RESOLVED, who, "resolve")

    def accept(self, name: str, who: str, reason: str) -> Incident:
        """Declare the symptoms of an incident normal from now on: this is learned. Raises NotPossible."""
        with self.engine.lock:
            self._board.forget()
            return self.normal.accept(self.incident(name), who, reason)

    def undo_normal(self, name: str, who: str) -> Incident:
        """Undo `accept`. Raises NotPossible."""
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
        """Return every route seen in the last five minutes, worst first."""
        return self._board.now().routes

    def services(self) -> list[ServiceHealth]:
        """Return every service, worst first, including those heard only earlier."""
        active = self.store.active()
        now = self._board.now()
        return health.services(now.routes, now.known, now.silent, active, self.engine.oddities)

    def topology(self) -> list[Edge]:
        """Return the calls between services over the last five minutes."""
        until = self.engine.metrics.complete_until()
        return [] if until is None else self.engine.topology.edges(Window(until - RECENT, until))

    def series(self, service: str, route: str, window: Window) -> list[Verdict]:
        """Return observed, expected, bounds and score of a route over time. Raises NotFound for a route never judged,
        TooMuch for more than VERDICTS."""
        found = self.engine.verdicts.history(service, route, window, VERDICTS)
        if not found:
            raise NotFound(f"nothing was judged for service {service!r}, route {route!r} in that time")
        return found

    def metric(self, name: str, by: Sequence[str], where: Labels, window: Window, step: float) -> SeriesBlock:
        """Return any OpenTelemetry metric that was received, on a grid. Raises TooMuch."""
        selector, steps = Selector(name, tuple(by), where, most=VALUES), int(window.seconds // step)
        if name in names.SIGNALS and steps > 1:
            # Requests are summed from many series: one step over the window shows how many rows the answer has.
            bounds.check_size(len(self.engine.metrics.window([selector], window, window.seconds).labels), steps, VALUES)
        return self.engine.metrics.window([selector], window, step)

    def trace(self, trace_id: str) -> Trace:
        """Return a trace by its id. Raises NotFound where it is unknown or no longer stored."""
        found = self.engine.traces.traces([trace_id])
        if not found:
            raise NotFound(f"there is no trace {trace_id}, or not any more")
        return found[0]

    # changes

    def record_change(self, change: Change) -> None:
        """Store a change, such as a deployment."""
        self.store.record_change(change)

    def changes(self, window: Window) -> list[Change]:
        """Return the changes in a window, oldest first."""
        return self.store.changes(window.start, window.end)

    # the engine itself

    def publish(self) -> None:
        """Put recent incidents and changes among the engine's own metrics. To be called after each cycle."""
        since = self.engine.clock.now() - EXPOSED
        lately = [*self.store.active(), *self.store.resolved_since(since)]
        changes = [
            ((one.kind, one.service, one.version), one.at) for one in self.store.changes(since, self.engine.clock.now())
        ]
        self.engine.telemetry.incidents.show(lately, self.alerts.counts(lately), changes)

    def now(self) -> float:
        """Return the time of the engine's clock, Unix seconds."""
        return self.engine.clock.now()

    def newest(self) -> float | None:
        """Return when telemetry last arrived, by its own timestamps; None before the first."""
        return self.engine.metrics.newest()

    def readiness(self) -> Readiness:
        """Return whether the stores answer and cycles are recent. Before the first telemetry the engine is ready, and
        waits."""
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
        """Return the limits of names that were reached recently."""
        said = self.overflow.lately(self.engine.clock.now())
        if said and (crowded := self._board.crowded):
            more = " and others" if len(crowded) > NAMED else ""
            said.append(f"routes counted as `other` are of {', '.join(crowded[:NAMED])}{more}")
        return said

    def exposition(self) -> bytes:
        """Return the engine's own metrics in the text format of Prometheus."""
        return self.engine.telemetry.exposition()
