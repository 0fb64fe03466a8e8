"""What whoever takes over a shift must know: what opened and ended, what is open, what soon is announced again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiops.engine import Engine
from aiops.model import Comment, Incident, IncidentSilence, IncidentState, Window
from aiops.service.slos import SloService
from aiops.slo.live.status import SloState, SloStatus
from aiops.store import SqlIncidents
from aiops.store.comments import SqlComments
from aiops.store.silences import SqlSilences

FINE = (SloState.OK, SloState.NO_DATA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A shift. `open`: the open incidents, the most severe first; `opened` and `resolved`: those that did so in the
    shift, oldest first; `comments`: the newest one on each, by the key of the incident. `silences` end within the
    length of a shift. `objectives` burn or are spent, the worst first."""

    shift: Window
    open: Sequence[Incident]
    opened: Sequence[Incident]
    resolved: Sequence[Incident]
    comments: Mapping[str, Comment]
    silences: Sequence[IncidentSilence]
    objectives: Sequence[SloStatus]


@dataclass(slots=True)
class HandoverService:
    """Hand-overs. Every method may raise StoreError."""

    engine: Engine
    incidents: SqlIncidents
    comments: SqlComments
    silences: SqlSilences
    slos: SloService

    def of(self, seconds: float) -> Handover:
        """Return the hand-over of the last seconds."""
        now = self.engine.clock.now()
        shift = Window(now - seconds, now)
        found = self.incidents.between(shift.start, shift.end)
        active = [one for one in found if one.state != IncidentState.RESOLVED]
        ended = [one for one in found if one.resolved_at is not None and one.resolved_at >= shift.start]
        return Handover(
            shift=shift,
            open=sorted(active, key=lambda one: (-one.severity.rank, one.onset)),
            opened=[one for one in found if one.first_detected >= shift.start],
            resolved=sorted(ended, key=lambda one: one.resolved_at or 0.0),
            comments=self.comments.last([one.key for one in found]),
            silences=[one for one in self.silences.listed(now) if one.lasts(now) and one.until <= now + seconds],
            objectives=[one for one in self.slos.all() if one.state not in FINE],
        )
