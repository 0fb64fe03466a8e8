"""Made-up incidents and burns, to see which channels they would reach."""

from aiops.model import (
    BURNS,
    TEST,
    Announcement,
    Burn,
    Delivery,
    Incident,
    IncidentState,
    Severity,
    TimelineEntry,
    Transition,
    Urgency,
)


def example(severity: Severity, service: str, at: float, kind: str = "incident", transition: str = "") -> Announcement:
    """Return an announcement about nothing real, at a time (Unix seconds)."""
    if kind == "burn":
        return Announcement(number=0, transition=transition or BURNS, subject=_burn(severity, service, at), at=at)
    told = transition or str(Transition.OPENED)
    return Announcement(number=0, transition=told, subject=_incident(severity, service, at), at=at)


def trial(at: float) -> Delivery:
    """Return the message of `aiops notify test`."""
    return Delivery(number=0, transition=TEST, subject=_incident(Severity.LOW, "", at), at=at)


def _incident(severity: Severity, service: str, at: float) -> Incident:
    title = "This is a test of aiops: nothing is wrong"
    return Incident(
        id="TEST",
        key="test",
        state=IncidentState.OPEN,
        severity=severity,
        title=title,
        first_detected=at,
        onset=at,
        last_seen=at,
        symptoms=(),
        no_cause="this is a test",
        affected_services=(service,) if service else (),
        timeline=(TimelineEntry(at, "test", title),),
    )


def _burn(severity: Severity, service: str, at: float) -> Burn:
    return Burn(
        key="test",
        slo="test",
        display_name="This is a test",
        service=service,
        group=(),
        urgency=Urgency.PAGE if severity.rank >= Severity.HIGH.rank else Urgency.TICKET,
        since=at,
        last_seen=at,
        burn_rate=0.0,
        budget_left=1.0,
    )
