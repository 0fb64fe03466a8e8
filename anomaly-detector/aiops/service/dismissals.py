"""*Not an incident*: people say that some trouble is none, and take it back. It teaches the detector nothing."""

from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Final

from aiops.engine import Engine
from aiops.incidents import dismissing, life
from aiops.model import Actor, AuditEntry, Dismissal, Ending, Family, Incident, IncidentState, Transition, iso
from aiops.model.errors import NotFound, NotPossible
from aiops.presentation.trace_search import BadParameter
from aiops.service.incidents import IncidentService
from aiops.service.silences import LISTED, wanted_reason
from aiops.store.dismissals import SqlDismissals

DAY: Final = 86_400.0
MOST_DAYS: Final = 90.0
DAYS: Final = 14.0
"""Days after which it ends, if nobody says otherwise."""


@dataclass(slots=True)
class DismissalService:
    """What people said is not an incident. Every method may raise StoreError."""

    engine: Engine
    incidents: IncidentService
    store: SqlDismissals

    def listed(self) -> list[Dismissal]:
        """Return what is in force or ended lately, newest first."""
        return self.store.listed(self.engine.clock.now() - LISTED)

    def add(self, name: str, reason: str, days: float, by: Actor) -> Incident:
        """Say that an open incident is none: it is resolved, and does not open again until it is that much worse or so
        many days are over. Raises NotFound, NotPossible and BadParameter."""
        wanted_reason(reason)
        if not 0 < days <= MOST_DAYS:
            raise BadParameter("days", f"must be more than 0 and at most {MOST_DAYS:.0f}, not {days:g}")
        with self.engine.lock:
            before, now = self.incidents.get(name), self.engine.clock.now()
            levels = self._levels(before)
            one = Dismissal(
                id=token_hex(4),
                fingerprint=before.fingerprint,
                incident=before.id,
                title=before.title,
                at=now,
                who=by.name,
                reason=reason,
                levels=levels,
                until=now + days * DAY,
            )
            text = f"not an incident, says {by.name}: {reason}; it opens again {dismissing.opens_again(levels)}"
            after = life.resolve(before, now, text, Ending.DISMISSED)
            return self.incidents.acted(before, after, Transition.RESOLVED, by, "dismiss", self.store.added(one))

    def end(self, id_: str, by: Actor) -> Dismissal:
        """Take it back: if the trouble is there, its incident opens again soon. Raises NotFound and NotPossible."""
        with self.engine.lock:
            now, one = self.engine.clock.now(), self.store.get(id_)
            if one is None:
                raise NotFound(f"there is no dismissal {id_}")
            if not one.lasts(now):
                raise NotPossible(f"dismissal {id_} ended at {iso(min(one.until, one.ended_at or one.until))}")
            one = replace(one, ended_at=now, ended_by=by.name)
            entry = AuditEntry(
                at=now, by=by, what="end dismissal", subject=one.incident, text=f"{one.id}: {one.reason}"
            )
            self.incidents.store.act_on([], entry, self.store.ended(one))
            return one

    def _levels(self, incident: Incident) -> tuple[tuple[str, float], ...]:
        """Return how bad an incident was at its worst. Raises NotPossible where that is not enough to tell it again."""
        if incident.state == IncidentState.RESOLVED:
            raise NotPossible(f"{incident.id} is resolved since {iso(incident.resolved_at or incident.last_seen)}")
        if any(family == Family.NO_TELEMETRY for _, family in incident.symptoms):
            raise NotPossible(f"{incident.id}: no telemetry arrives, and that is always an incident")
        levels = incident.worst
        if not levels and self.engine.last is not None:
            mine = [one for one in self.engine.last.findings if (one.series, str(one.family)) in incident.symptoms]
            levels = dismissing.worst_levels((), mine)
        if not levels or not incident.fingerprint:
            raise NotPossible(f"{incident.id} was not measured by this release yet; try again after the next cycle")
        return levels
