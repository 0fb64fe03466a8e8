"""An incident's transitions. Each returns the incident as it is afterwards, its timeline one entry longer."""

from dataclasses import replace

from aiops.model import Ending, Episode, Incident, IncidentState, Severity, TimelineEntry, TraceCorrelation, iso
from aiops.presentation.words import again

LONG = 200  # entries
MOMENT = 0.001  # seconds
EPISODES = 50
"""Episodes that an incident keeps the times of; its timeline has them all."""


class NotPossible(ValueError):
    """The incident's state does not allow this; the message says which state it is in."""


def noted(incident: Incident, at: float, what: str, text: str) -> Incident:
    """Add to the timeline; when it is long, only what people must see. What comes later stands later there, too: a
    clock set back in between moves it just behind the entry before."""
    if len(incident.timeline) >= LONG and what in ("anomaly", "cause", "recovering", "severity"):
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


def resolve(incident: Incident, at: float, how: str, ending: Ending = Ending.PERSON) -> Incident:
    """It is over; `how` is said in the timeline. Again changes nothing."""
    if incident.state == IncidentState.RESOLVED:
        return incident
    over = replace(incident, state=IncidentState.RESOLVED, resolution=how, ending=ending, persists=0, milder=None)
    over = noted(over, at, "resolved", how)
    ended = over.timeline[-1].at
    return _last(replace(over, resolved_at=ended), replace(incident.episode, ended=ended))


def go_on(incident: Incident, at: float) -> Incident:
    """It was not over: its symptoms go on, whatever was said. People are told."""
    text = "its symptoms go on"
    if incident.resolution:
        text += f", though it was said to be over: {incident.resolution}"
    return _last(_open(incident, at, text), replace(incident.episode, ended=None, told=True))


def taken_back(incident: Incident, at: float, who: str) -> Incident:
    """It is not normal after all. People are told."""
    opened = _open(incident, at, f"{who} takes back that this is normal")
    return _last(replace(opened, last_seen=at), replace(incident.episode, ended=None, told=True))


def recur(incident: Incident, at: float, onset: float, severity: Severity, told: bool) -> Incident:
    """The same trouble came back: another episode, as bad as it is now. Whom it hits is not who was hit before, and its
    own traces, however few, say more of its cause than those of the last time."""
    episodes = (*(incident.episodes or (incident.episode,)), Episode(onset, at, None, told))
    counted = replace(
        incident,
        occurrences=incident.occurrences + 1,
        episodes=episodes[-EPISODES:],
        onset=onset,
        severity=severity,
        affected_services=(),
        affected_endpoints=(),
        slo_impact=(),
        trace_correlation=TraceCorrelation(),
    )
    return _open(counted, at, f"the same trouble came back: {again(counted)}, {severity}")


def tell(incident: Incident) -> Incident:
    """People are told of this episode by itself after all."""
    return _last(incident, replace(incident.episode, told=True))


def since(incident: Incident, onset: float) -> Incident:
    """The trouble of this episode began at another time than it seemed."""
    return _last(replace(incident, onset=onset), replace(incident.episode, onset=onset))


def _open(incident: Incident, at: float, text: str) -> Incident:
    again_open = replace(
        incident, state=IncidentState.OPEN, resolved_at=None, resolution="", ending=None, persists=0, milder=None
    )
    return noted(again_open, at, "reopened", text)


def _last(incident: Incident, episode: Episode) -> Incident:
    return replace(incident, episodes=(*incident.episodes[:-1], episode))
