"""The operation of the engine itself: a cycle on demand, whether it is ready, and its own metrics."""

from dataclasses import dataclass, field

from aiops.engine import Cycle, Engine
from aiops.model.errors import SourceError, StoreError
from aiops.service.alerts import AlertService
from aiops.service.drills import DrillService
from aiops.service.health import HealthService
from aiops.sources.common.caps import Overflow
from aiops.store import SqlAudit, SqlIncidents

EXPOSED = 3600.0
"""Seconds for which a resolved incident, and a change, stay among the metrics: longer than Prometheus is usually
away."""
HEAD_DIGITS = 13
"""Hexadecimal digits of a hash that a metric, which has 53 bits, can tell."""
NAMED = 5
"""The most services that a note names."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the engine works, and why not. `notes` are limitations that do not prevent it from working."""

    ready: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class OperationService:
    """The engine itself. `started` is in Unix seconds."""

    engine: Engine
    store: SqlIncidents
    alerts: AlertService
    health: HealthService
    drills: DrillService
    started: float
    overflow: Overflow = field(default_factory=Overflow)

    def analyze(self) -> Cycle:
        """Run one cycle now. Raises StoreError."""
        cycle = self.engine.cycle()
        self.after_cycle()
        return cycle

    def after_cycle(self) -> None:
        """Link alerts to new incidents, judge drills, and put recent incidents and changes among the engine's own
        metrics. Raises StoreError."""
        self.alerts.join()
        self.drills.judge()
        now = self.engine.clock.now()
        lately = [*self.store.active(), *self.store.resolved_since(now - EXPOSED)]
        changes = [((one.kind, one.service, one.version), one.at) for one in self.store.changes(now - EXPOSED, now)]
        self._audited()
        self.engine.telemetry.incidents.show(lately, self.alerts.counts(lately), changes)

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
        return Readiness(not reasons, tuple(reasons), tuple(self._notes()))

    def exposition(self) -> bytes:
        """Return the engine's own metrics in the text format of Prometheus."""
        return self.engine.telemetry.exposition()

    def _audited(self) -> None:
        """Tell how long the audit is and how it ends, so that its end cannot be cut off unseen."""
        rows, head = self.audit_head()
        self.engine.telemetry.audit_rows.set(rows)
        self.engine.telemetry.audit_head.set(int(head[:HEAD_DIGITS], 16))

    def audit_head(self) -> tuple[int, str]:
        """Return how many rows the audit has, and the hash of the last one. Raises StoreError."""
        return SqlAudit(self.store.database).head()

    def _notes(self) -> list[str]:
        """Return the limits of names that were reached recently."""
        said = self.overflow.lately(self.engine.clock.now())
        if said and (crowded := self.health.crowded):
            more = " and others" if len(crowded) > NAMED else ""
            said.append(f"routes counted as `other` are of {', '.join(crowded[:NAMED])}{more}")
        return said
