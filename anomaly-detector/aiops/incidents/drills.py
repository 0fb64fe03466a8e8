"""Whether a drill's fault was found: the incident that is expected, and when it was detected."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from aiops.model import Drill, DrillResult, Incident

GRACE: Final = 300.0
"""Seconds after the planned end of a fault in which its end may still be reported."""
NAMED: Final = 3


def judged(drill: Drill, incidents: Iterable[Incident], now: float) -> Drill:
    """Return a running drill as it is after a cycle. Incidents: those that were detected since it began."""
    if drill.result != DrillResult.RUNNING:
        return drill
    since = [(one, at) for one in incidents if (at := _detected(one, drill.started)) is not None]
    expected = [(at, one.id) for one, at in since if _is_expected(one, drill)]
    if expected:
        at, incident = min(expected)
        in_time = at - drill.started <= drill.within
        return replace(drill, result=DrillResult.FOUND if in_time else DrillResult.LATE, incident=incident, detected=at)
    told = drill.ended is not None
    over = drill.ended if drill.ended is not None else drill.started + drill.lasts + GRACE
    if now <= over + drill.within:
        return drill
    others = [_told(one) for one, _ in since][:NAMED]
    instead = f"instead: {'; '.join(others)}" if others else "no incident opened"
    end = "" if told else "; its end was not reported, so the fault may still be there"
    return replace(drill, result=DrillResult.MISSED, text=instead + end)


def _detected(incident: Incident, since: float) -> float | None:
    """Return when an incident was detected first since a time: each episode of one that comes again counts."""
    found = [one.detected for one in incident.episodes or (incident.episode,) if one.detected >= since]
    return min(found, default=None)


def _is_expected(incident: Incident, drill: Drill) -> bool:
    return incident.service == drill.service and (not drill.kind or drill.kind in _kinds(incident))


def _kinds(incident: Incident) -> set[str]:
    cause = incident.root_cause
    return {family for _, family in incident.symptoms} if cause is None else {str(cause.cause.kind)}


def _told(incident: Incident) -> str:
    kinds = " and ".join(sorted(_kinds(incident))) or "nothing known"
    return f"{incident.id}, {kinds} of {incident.service or 'an unknown service'}"
