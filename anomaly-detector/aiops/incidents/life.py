"""The transitions of an incident. Each function returns the incident after it, with one more entry in its timeline."""

from dataclasses import replace

from aiops.model import (
    Ending,
    Episode,
    Incident,
    IncidentState,
    Severity,
    SeverityOverride,
    Snooze,
    TimelineEntry,
    TraceCorrelation,
    iso,
)
from aiops.model.errors import NotPossible
from aiops.presentation.words import again

LONG = 200  # entries
MOMENT = 0.001  # seconds
OLDEST_END = 86_400.0
"""Seconds after its end in which an incident can be opened again by hand."""
EPISODES = 50
"""How many episodes an incident keeps with their times; its timeline has all of them."""


def noted(incident: Incident, at: float, what: str, text: str) -> Incident:
    """Add an entry to the timeline. A long timeline keeps only what people must see. Entries stay in the order in which
    they were added: if a clock was set back, the new entry moves just behind the one before."""
    if len(incident.timeline) >= LONG and what in ("anomaly", "cause", "recovering", "severity"):
        return incident
    before = incident.timeline[-1].at if incident.timeline else at
    entry = TimelineEntry(at if at >= before else before + MOMENT, what, text)
    return replace(incident, timeline=(*incident.timeline, entry))


def acknowledge(incident: Incident, at: float, who: str) -> Incident:
    """Acknowledge an incident for a person, who is assigned too unless somebody is. The same person again changes
    nothing. Raises NotPossible once it is resolved."""
    if incident.state == IncidentState.RESOLVED:
        raise NotPossible(f"{incident.id} is resolved since {iso(incident.resolved_at or at)}; nothing to acknowledge")
    if incident.state == IncidentState.ACKNOWLEDGED and incident.acknowledged_by == who:
        return incident
    taken = replace(incident, state=IncidentState.ACKNOWLEDGED, acknowledged_by=who, assignee=incident.assignee or who)
    return noted(taken, at, "acknowledged", f"acknowledged by {who}")


def assign(incident: Incident, at: float, to: str, by: str) -> Incident:
    """Assign an incident to a person, "" to nobody. The same person again changes nothing. Raises NotPossible once it
    is resolved."""
    if incident.state == IncidentState.RESOLVED:
        raise NotPossible(f"{incident.id} is resolved since {iso(incident.resolved_at or at)}; nobody works on it")
    if incident.assignee == to:
        return incident
    text = f"assigned to {to} by {by}" if to else f"{by} takes it from {incident.assignee}: nobody has it now"
    return noted(replace(incident, assignee=to), at, "assigned", text)


def with_help(incident: Incident, at: float, helped: str, who: str) -> Incident:
    """Note what helped. The same again changes nothing."""
    if incident.helped == helped:
        return incident
    return noted(replace(incident, helped=helped), at, "helped", f"what helped, says {who}: {helped}")


def reopen(incident: Incident, at: float, who: str) -> Incident:
    """Reopen a resolved incident by hand; it then stays open until somebody resolves it. Raises NotPossible where it is
    open, was merged, or ended long ago: trouble that comes then is a new incident."""
    if incident.state != IncidentState.RESOLVED:
        raise NotPossible(f"{incident.id} is {incident.state}, so that it cannot be opened again")
    if incident.ending == Ending.MERGED:
        raise NotPossible(f"{incident.id} cannot be opened again: {incident.resolution}")
    if incident.resolved_at is not None and at - incident.resolved_at > OLDEST_END:
        hours = OLDEST_END / 3600
        raise NotPossible(f"{incident.id} ended more than {hours:.0f} h ago; what comes now is a new incident")
    opened = _open(
        replace(incident, held_by=who, last_seen=at), at, f"opened again by {who}, until somebody resolves it"
    )
    return _last(opened, replace(incident.episode, ended=None, told=True))


def override(incident: Incident, at: float, to: SeverityOverride) -> Incident:
    """Give an incident the severity that a person says. The same again changes nothing. Raises NotPossible once it is
    resolved."""
    if incident.state == IncidentState.RESOLVED:
        raise NotPossible(f"{incident.id} is resolved since {iso(incident.resolved_at or at)}; its severity stays")
    if incident.override is not None and incident.severity == to.severity:
        return incident
    text = f"severity is {to.severity} by the word of {to.who}, the engine says {to.own}: {to.reason}"
    return noted(replace(incident, severity=to.severity, override=to), at, "severity_set", text)


def without_override(incident: Incident, at: float, who: str) -> Incident:
    """Give an incident the engine's severity again. Raises NotPossible where it has it."""
    if incident.override is None:
        raise NotPossible(f"{incident.id} has the severity that the engine gives it")
    text = f"{who} leaves the severity to the engine again: {incident.own_severity}"
    return noted(replace(incident, severity=incident.own_severity, override=None), at, "severity_set", text)


def judged(incident: Incident, severity: Severity) -> Incident:
    """Set the engine's severity; where a person gave another, that one is kept."""
    if incident.override is None:
        return replace(incident, severity=severity)
    return replace(incident, override=replace(incident.override, own=severity))


def snooze(incident: Incident, at: float, until: Snooze | None) -> Incident:
    """Put an incident off until a time, or no longer. The timeline says so when it is muted. Raises NotPossible once it
    is resolved."""
    if incident.state == IncidentState.RESOLVED:
        raise NotPossible(f"{incident.id} is resolved since {iso(incident.resolved_at or at)}; nothing is announced")
    return replace(incident, snooze=until)


def resolve(incident: Incident, at: float, how: str, ending: Ending = Ending.PERSON) -> Incident:
    """Resolve an incident; the timeline shows `how`. Resolving it again changes nothing."""
    if incident.state == IncidentState.RESOLVED:
        return incident
    over = replace(
        incident,
        state=IncidentState.RESOLVED,
        resolution=how,
        ending=ending,
        persists=0,
        milder=None,
        held_by="",
    )
    over = noted(over, at, "resolved", how)
    ended = over.timeline[-1].at
    return _last(replace(over, resolved_at=ended), replace(incident.episode, ended=ended))


def go_on(incident: Incident, at: float) -> Incident:
    """Reopen an incident that a person resolved although its symptoms continue. People are notified."""
    text = "its symptoms go on"
    if incident.resolution:
        text += f", though it was said to be over: {incident.resolution}"
    return _last(_open(incident, at, text), replace(incident.episode, ended=None, told=True))


def taken_back(incident: Incident, at: float, who: str) -> Incident:
    """Reopen an incident whose symptoms were declared normal, because a person took that back. People are notified."""
    opened = _open(incident, at, f"{who} takes back that this is normal")
    return _last(replace(opened, last_seen=at), replace(incident.episode, ended=None, told=True))


def taken_out(incident: Incident, at: float, text: str) -> Incident:
    """Reopen an incident that was merged into another one. People are notified."""
    return _last(replace(_open(incident, at, text), last_seen=at), replace(incident.episode, ended=None, told=True))


def recur(incident: Incident, at: float, onset: float, severity: Severity, told: bool) -> Incident:
    """Add an episode, because the same trouble came back, with its present severity. Affected services and endpoints
    start empty, and traces of this episode, however few, are better evidence of its cause than those of the last
    one."""
    episodes = (*(incident.episodes or (incident.episode,)), Episode(onset, at, None, told))
    counted = replace(
        judged(incident, severity),
        occurrences=incident.occurrences + 1,
        episodes=episodes[-EPISODES:],
        onset=onset,
        affected_services=(),
        affected_endpoints=(),
        slo_impact=(),
        trace_correlation=TraceCorrelation(),
    )
    return _open(counted, at, f"the same trouble came back: {again(counted)}, {counted.severity}")


def tell(incident: Incident) -> Incident:
    """Mark the present episode as one that people are notified of by itself."""
    return _last(incident, replace(incident.episode, told=True))


def since(incident: Incident, onset: float) -> Incident:
    """Correct the onset of the present episode."""
    return _last(replace(incident, onset=onset), replace(incident.episode, onset=onset))


def _open(incident: Incident, at: float, text: str) -> Incident:
    again_open = replace(
        incident,
        state=IncidentState.OPEN,
        resolved_at=None,
        resolution="",
        ending=None,
        persists=0,
        milder=None,
        mute=None,
        merged_into="",
    )
    return noted(again_open, at, "reopened", text)


def _last(incident: Incident, episode: Episode) -> Incident:
    return replace(incident, episodes=(*incident.episodes[:-1], episode))
