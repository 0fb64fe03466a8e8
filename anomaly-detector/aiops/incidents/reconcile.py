"""From this cycle's explained groups to incidents: open, update, merge, reopen, resolve."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from aiops.incidents import life
from aiops.incidents.alerts import is_alert
from aiops.incidents.severity import severity
from aiops.model import (
    Cause,
    CauseKind,
    Explained,
    Finding,
    Impact,
    Incident,
    IncidentEvent,
    IncidentState,
    Labels,
    Severity,
    Transition,
)

Impacts = Callable[[Sequence[str], Sequence[str]], tuple[Impact, ...]]
"""The objectives that burn now, of these services and endpoints."""


def _none(_services: Sequence[str], _endpoints: Sequence[str]) -> tuple[Impact, ...]:
    return ()


RANK = {Severity.LOW: 0, Severity.MEDIUM: 1, Severity.HIGH: 2, Severity.CRITICAL: 3}


@dataclass(frozen=True, slots=True)
class Habits:
    """resolve_seconds: quiet time before an incident resolves. reopen_seconds: how soon after that the same trouble
    reopens it instead of opening another."""

    resolve_seconds: float = 30.0
    reopen_seconds: float = 60.0


def reconcile(
    known: Sequence[Incident],
    groups: Sequence[Explained],
    at: float,
    public: Collection[str],
    number: int,
    habits: Habits,
    find: Callable[[str], Incident | None],
    no_data: Collection[tuple[Labels, str]] = (),
    impact: Impacts = _none,
    settled: Collection[tuple[Labels, str]] = (),
) -> list[IncidentEvent]:
    """Carry incidents one cycle on.

    known: open incidents, and those resolved less than `reopen_seconds` ago. number: how many incidents there ever
    were. find: an incident by its key, however old: a number is given once. no_data: symptoms that ended because
    nothing comes; settled: because they have lasted for so long that they are normal. Returns one event per incident
    that changed; applying the same groups at the same time again changes none.
    """
    current = {one.key: one for one in known}
    touched: dict[str, Transition] = {}
    seen: set[str] = set()
    for group in groups:
        match = _match(group, [one for one in current.values() if one.key not in seen], groups)
        if match is None:
            others = [one for other in groups if other is not group for one in _symptoms(other.findings)]
            open_ones = (one for one in current.values() if one.state != IncidentState.RESOLVED)
            others += [one for incident in open_ones for one in incident.symptoms]
            key = key_of(group, others)
            match = current.get(key) or find(key)
            if match is None:
                number += 1
                current[key], touched[key] = _opened(group, key, at, public, number, impact), Transition.OPENED
                seen.add(key)
                continue
            if key in seen or match.resolution.startswith("resolved by"):
                continue  # a person has said what to think of this very trouble
        after, transition = _updated(match, group, at, public, impact)
        seen.add(match.key)
        current[match.key] = after
        if after != match:
            touched[match.key] = transition
    for key, incident in list(current.items()):
        if key in seen or incident.state == IncidentState.RESOLVED:
            continue
        target = _absorbed_by(incident, [current[other] for other in seen])
        if target is not None:
            current[key] = life.resolve(incident, at, f"merged into {target.id}: the same cause")
            touched[key] = Transition.RESOLVED
        elif incident.last_seen > at:  # clocks were set back: its quiet time counts from now
            current[key], touched[key] = replace(incident, last_seen=at), Transition.UPDATED
        elif any(symptom in settled for symptom in incident.symptoms):
            how = "new normal: it has lasted for so long that it is expected from now on"
            current[key], touched[key] = life.resolve(incident, at, how), Transition.RESOLVED
        elif at - incident.last_seen >= habits.resolve_seconds:
            gone = any(symptom in no_data for symptom in incident.symptoms)
            how = "no data from its symptoms any more" if gone else "its symptoms are back to normal"
            current[key] = life.resolve(incident, at, how)
            touched[key] = Transition.RESOLVED
    return [IncidentEvent(transition, current[key]) for key, transition in touched.items()]


def key_of(group: Explained, others: Collection[tuple[Labels, str]] = ()) -> str:
    """Identify an incident by its first symptom: series in label order, family, onset step.

    Symptoms that `others` have as well, such as those of a caller that suffers from two causes, do not tell incidents
    apart: they are passed over, and where there is nothing else the cause's place tells.
    """
    alone = [one for one in group.findings if (one.series, str(one.family)) not in others]
    first = min(alone or group.findings, key=lambda one: (one.onset, one.series, one.family))
    cause = group.root_cause.cause if group.root_cause is not None and not alone else None
    place = f"|{cause.service}|{cause.caller}" if cause else ""
    return sha256(f"{first.series!r}|{first.family}|{first.onset:.3f}{place}".encode()).hexdigest()[:16]


def _symptoms(findings: Sequence[Finding]) -> tuple[tuple[Labels, str], ...]:
    return tuple((one.series, str(one.family)) for one in findings)


def _match(group: Explained, known: Sequence[Incident], groups: Sequence[Explained]) -> Incident | None:
    """The incident that a group continues: by cause first, by symptoms where a cause is not known or has changed."""
    symptoms = set(_symptoms(group.findings))
    live = [one for one in known if one.state != IncidentState.RESOLVED]
    if group.root_cause is not None:
        cause = group.root_cause.cause
        for one in live:
            if one.root_cause is not None and _same(one.root_cause.cause, cause):
                return one
    supported = [other.root_cause.cause for other in groups if other.root_cause is not None]
    for one in live:
        named = one.root_cause.cause if one.root_cause is not None else None
        free = named is None or group.root_cause is None or not any(_same(named, cause) for cause in supported)
        if free and symptoms & set(one.symptoms):
            return one
    for one in known:
        if one.state == IncidentState.RESOLVED and not one.resolution.startswith(("merged", "resolved by")):
            alike = bool(symptoms & set(one.symptoms))
            if group.root_cause is None or one.root_cause is None:
                if alike:
                    return one
            elif _same(one.root_cause.cause, group.root_cause.cause) and (
                one.root_cause.cause.kind == group.root_cause.cause.kind
            ):
                return one
    return None


def _same(one: Cause, other: Cause) -> bool:
    network = CauseKind.NETWORK
    if (one.kind == network) != (other.kind == network):
        return False
    return one.service == other.service and (one.kind != network or one.caller == other.caller)


def _opened(group: Explained, key: str, at: float, public: Collection[str], number: int, impact: Impacts) -> Incident:
    burning = impact(group.affected_services, group.affected_endpoints)
    onset = min(one.onset for one in group.findings)
    incident = Incident(
        id=f"INC-{int(onset)}-{number}",
        key=key,
        state=IncidentState.OPEN,
        severity=severity(group, public, burning),
        title=group.title,
        first_detected=at,
        onset=onset,
        last_seen=at,
        symptoms=_symptoms(group.findings),
        root_cause=group.root_cause,
        no_cause=group.no_cause,
        first_failing_span=group.first_failing_span,
        affected_services=group.affected_services,
        affected_endpoints=group.affected_endpoints,
        trace_correlation=group.correlation,
        slo_impact=burning,
    )
    incident = life.noted(incident, onset, "onset", "the first bad step ends")
    for finding, text in zip(group.findings, group.texts, strict=True):
        incident = life.noted(incident, finding.at, "anomaly", text)
    return _cause_noted(incident, at)


def _updated(
    before: Incident, group: Explained, at: float, public: Collection[str], impact: Impacts
) -> tuple[Incident, Transition]:
    """The incident with what this cycle adds. A cause once named stays until evidence names another; severity rises
    while it is open, and never falls."""
    after, transition = before, Transition.UPDATED
    if before.state == IncidentState.RESOLVED:
        after, transition = life.reopen(before, at), Transition.REOPENED
    services = tuple(dict.fromkeys((*after.affected_services, *group.affected_services)))
    endpoints = tuple(dict.fromkeys((*after.affected_endpoints, *group.affected_endpoints)))
    burning = impact(services, endpoints)
    now = severity(group, public, burning)
    worse = RANK[now] > RANK[after.severity]
    rising = any(one.rising for one in group.findings)
    known = set(after.symptoms)
    fresh = [
        (one, text)
        for one, text in zip(group.findings, group.texts, strict=True)
        if (one.series, str(one.family)) not in known
    ]
    after = replace(
        after,
        last_seen=at,
        severity=now if worse else after.severity,
        symptoms=(*after.symptoms, *_symptoms([one for one, _ in fresh])),
        affected_services=services,
        affected_endpoints=endpoints,
        slo_impact=_burnt(after.slo_impact, burning),
    )
    for finding, text in fresh:
        after = life.noted(after, finding.at, "anomaly", text)
    if worse:
        after = life.noted(after, at, "severity", f"severity is {now} now")
    if rising:
        after = _with_cause(after, group, at)
    if transition == Transition.UPDATED and (worse or after.title != before.title):
        transition = Transition.CHANGED
    own = [one for one in after.timeline if not is_alert(one)]
    if not rising and own[-1].what != "recovering":
        after = life.noted(after, at, "recovering", "its symptoms look normal again; watching")
    return after, transition


def _burnt(before: Sequence[Impact], now: Sequence[Impact]) -> tuple[Impact, ...]:
    """What burns now, and what did before, as it was last."""
    return tuple({(one.slo, one.group): one for one in (*before, *now)}.values())


def _with_cause(before: Incident, group: Explained, at: float) -> Incident:
    """Take over the group's cause where it rests on as many traces: what is left of the symptoms while an incident
    recovers is weaker evidence than what named the cause."""
    named, found = before.root_cause, group.root_cause
    stronger = group.correlation.traces_analyzed >= before.trace_correlation.traces_analyzed
    if found is None or not (named is None or stronger):
        return before
    after = replace(
        before,
        title=group.title,
        root_cause=found,
        no_cause="",
        first_failing_span=group.first_failing_span or before.first_failing_span,
        affected_services=tuple(dict.fromkeys((found.cause.service, *before.affected_services))),
        trace_correlation=group.correlation if group.correlation.trace_ids else before.trace_correlation,
    )
    return _cause_noted(after, at) if named is None or _renamed(named.cause, found.cause) else after


def _renamed(one: Cause, other: Cause) -> bool:
    return (one.service, one.kind, one.endpoint) != (other.service, other.kind, other.endpoint)


def _cause_noted(incident: Incident, at: float) -> Incident:
    if incident.root_cause is None:
        return life.noted(incident, at, "no_cause", incident.no_cause)
    sure = round(100 * incident.root_cause.confidence)
    return life.noted(incident, at, "cause", f"{incident.title}: {incident.root_cause.description} ({sure}% sure)")


def _absorbed_by(incident: Incident, seen: Sequence[Incident]) -> Incident | None:
    """The incident that has taken over all symptoms of one that no group continues."""
    mine = set(incident.symptoms)
    return next((one for one in seen if one.key != incident.key and mine <= set(one.symptoms)), None)
