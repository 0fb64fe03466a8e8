"""An incident's transitions. Each returns the incident as it is afterwards, its timeline one entry longer."""

from dataclasses import replace

from aiops.model import Incident, IncidentState, TimelineEntry, iso

LONG = 200  # entries
MOMENT = 0.001  # seconds


class NotPossible(ValueError):
    """The incident's state does not allow this; the message says which state it is in."""


def noted(incident: Incident, at: float, what: str, text: str) -> Incident:
    """Add to the timeline; when it is long, only what people must see. What comes later stands later there, too: a
    clock set back in between moves it just behind the entry before."""
    if len(incident.timeline) >= LONG and what in ("anomaly", "cause", "recovering"):
        return incident
    before = incident.timeline[-1].at if incident.timeline else at
    entry = TimelineEntry(at if at >= before else before + MOMENT, what, text)
    return replace(incident, timeline=(*incident.timeline, entry))


def acknowledge(incident: Incident, at: float, who: str) -> Incident:
    """Somebody has taken it. Again by the same person changes nothing; raises NotPossible once it is resolved."""
    if incident.state == IncidentState.RESOLVED:
        raise NotPossible(f"{incident.id} is resolved since {iso(incident.resolved_at or at)}; nothing to acknowledge")
    if incident.state == IncidentState.ACKNOWLEDGED and incident.acknowledged_by == who:
        return incident
    taken = replace(incident, state=IncidentState.ACKNOWLEDGED, acknowledged_by=who)
    return noted(taken, at, "acknowledged", f"acknowledged by {who}")


def resolve(incident: Incident, at: float, how: str) -> Incident:
    """It is over; `how` is said in the timeline. Again changes nothing."""
    if incident.state == IncidentState.RESOLVED:
        return incident
    over = noted(replace(incident, state=IncidentState.RESOLVED, resolution=how), at, "resolved", how)
    return replace(over, resolved_at=over.timeline[-1].at)


def reopen(incident: Incident, at: float) -> Incident:
    """The same trouble came back before it was worth a new incident."""
    again = replace(incident, state=IncidentState.OPEN, resolved_at=None, resolution="")
    return noted(again, at, "reopened", "the same trouble came back")
