"""Find the incident that a group of findings belongs to."""

from collections.abc import Collection, Sequence
from hashlib import sha256

from aiops.incidents.fingerprint import fingerprint
from aiops.incidents.surroundings import Find, ResolutionPolicy, Symptom
from aiops.model import (
    Cause,
    CauseKind,
    Ending,
    Explained,
    Family,
    Finding,
    Incident,
    IncidentState,
)

OLDEST = 86_400.0
OFTEN = 100
"""The longest time (seconds) since its first episode, and the most episodes, after which an incident is not continued:
a new one opens."""
SHOWS = {
    CauseKind.ERRORS: {Family.ERRORS},
    CauseKind.LATENCY: {Family.LATENCY},
    CauseKind.NETWORK: {Family.LATENCY},
    CauseKind.TRAFFIC: {Family.TRAFFIC},
    CauseKind.DOWN: {Family.ERRORS, Family.SILENCE, Family.TRAFFIC},
}
"""The symptom families in which a cause of a kind shows; causes of other kinds show in any family."""


def key_of(group: Explained, others: Collection[Symptom] = ()) -> str:
    """Return the key of an incident, made of its first symptom: series in label order, family, onset step.

    Symptoms that `others` have as well, such as those of a caller that suffers from two causes, do not tell incidents
    apart and are skipped. Where no other symptom is left, the place of the cause is used.
    """
    alone = [one for one in group.findings if (one.series, str(one.family)) not in others]
    first = min(alone or group.findings, key=lambda one: (one.onset, one.series, one.family))
    cause = group.root_cause.cause if group.root_cause is not None and not alone else None
    place = f"|{cause.service}|{cause.caller}" if cause else ""
    return sha256(f"{first.series!r}|{first.family}|{first.onset:.3f}{place}".encode()).hexdigest()[:16]


def symptoms_of(findings: Sequence[Finding]) -> tuple[Symptom, ...]:
    return tuple((one.series, str(one.family)) for one in findings)


def matching_incident(
    group: Explained,
    current: dict[str, Incident],
    seen: Collection[str],
    groups: Sequence[Explained],
    at: float,
    policy: ResolutionPolicy,
    past: Find,
) -> Incident | None:
    """Return the incident that a group continues: by its cause first, by its symptoms where a cause is not known or has
    changed."""
    known = [one for one in current.values() if one.key not in seen]
    symptoms = set(symptoms_of(group.findings))
    live = [one for one in known if one.state != IncidentState.RESOLVED]
    if group.root_cause is not None:
        cause = group.root_cause.cause
        for one in live:
            if one.root_cause is not None and same_place(one.root_cause.cause, cause):
                return one
        before = _recurring(group, at, policy, past)
        if before is not None and before.key not in seen:
            return current.get(before.key, before)
    supported = [other.root_cause.cause for other in groups if other.root_cause is not None]
    for one in live:
        named = one.root_cause.cause if one.root_cause is not None else None
        free = named is None or group.root_cause is None or not any(same_place(named, cause) for cause in supported)
        if free and symptoms & set(one.symptoms):
            return one
    for one in known:
        if one.state == IncidentState.RESOLVED and one.ending != Ending.MERGED and _may_recur(one, at):
            alike = bool(symptoms & set(one.symptoms))
            if group.root_cause is None or one.root_cause is None:
                if alike:
                    return one
            elif same_place(one.root_cause.cause, group.root_cause.cause) and (
                one.root_cause.cause.kind == group.root_cause.cause.kind
            ):
                return one
    if group.root_cause is None:
        before = _recurring(group, at, policy, past)
        if before is not None and before.key not in seen:
            return current.get(before.key, before)
    return None


def _recurring(group: Explained, at: float, policy: ResolutionPolicy, past: Find) -> Incident | None:
    """Return the incident of the last hours that had this same trouble, unless it is too old or has recurred too
    often."""
    found = past(fingerprint(group.root_cause, symptoms_of(group.findings)))
    if found is None or found.resolved_at is None or at - found.resolved_at > policy.recur_seconds:
        return None
    return found if _may_recur(found, at) else None


def _may_recur(incident: Incident, at: float) -> bool:
    return incident.occurrences < OFTEN and at - incident.first_detected < OLDEST


def same_place(one: Cause, other: Cause) -> bool:
    """Whether two causes are at one place: a service, or the way to it."""
    network = CauseKind.NETWORK
    if (one.kind == network) != (other.kind == network):
        return False
    return one.service == other.service and (one.kind != network or one.caller == other.caller)


def absorbed_by(incident: Incident, seen: Sequence[Incident]) -> Incident | None:
    """Return the incident that has taken over all symptoms of one that no group continues."""
    mine = set(incident.symptoms)
    return next((one for one in seen if one.key != incident.key and mine <= set(one.symptoms)), None)
