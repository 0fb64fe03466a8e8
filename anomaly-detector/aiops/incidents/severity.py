"""The severity of an incident, by who is affected."""

from collections.abc import Collection, Sequence

from aiops.model import CauseKind, Explained, Family, Impact, Severity, Urgency, names, value_of

OUTAGE = 0.99
ENOUGH = 20.0  # fewer could all fail by chance


def severity(group: Explained, public: Collection[str], burning: Sequence[Impact] = ()) -> Severity:
    """Return the severity.

    - critical: a public endpoint answers nobody, or an objective burns so fast that it pages.
    - high: failures reach users, or users stay away.
    - medium: slowness, or failures of a service that affect users in some other way.
    - low: no user notices, for example when a service sends no telemetry but its callers are answered.

    public: services that no other service calls, so that their callers are users.
    """
    kind = group.root_cause.cause.kind if group.root_cause else None
    seen = [one for one in group.findings if value_of(one.series, names.SERVICE) in public]
    failing = [one for one in seen if one.family == Family.ERRORS]
    if any(one.family == Family.NO_TELEMETRY for one in group.findings):
        return Severity.CRITICAL
    if any(one.urgency == Urgency.PAGE for one in burning):
        return Severity.CRITICAL
    if any(one.observed >= OUTAGE and one.total >= ENOUGH for one in failing):
        return Severity.CRITICAL
    if failing:
        return Severity.HIGH
    reaches_users = bool(seen) or any(service in public for service in group.affected_services)
    if not reaches_users:
        return Severity.LOW
    if kind == CauseKind.DOWN or any(one.family in (Family.ERRORS, Family.TRAFFIC) for one in group.findings):
        return Severity.HIGH
    if all(one.family == Family.SILENCE for one in group.findings):
        return Severity.LOW
    return Severity.MEDIUM
