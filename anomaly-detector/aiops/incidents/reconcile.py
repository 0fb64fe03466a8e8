"""From this cycle's explained groups to incidents: open, update, merge, reopen, resolve."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from aiops.incidents import life, telling
from aiops.incidents.alerts import is_alert
from aiops.incidents.fingerprint import fingerprint
from aiops.incidents.severity import severity
from aiops.incidents.telling import RANK
from aiops.model import (
    Cause,
    CauseKind,
    Ending,
    Episode,
    Explained,
    Family,
    Finding,
    Impact,
    Incident,
    IncidentEvent,
    IncidentState,
    Labels,
    RootCause,
    Severity,
    Sight,
    Transition,
)

Symptom = tuple[Labels, str]
Impacts = Callable[[Sequence[str], Sequence[str], Sequence[Symptom]], tuple[Impact, ...]]
"""The objectives that burn now, of these services and endpoints, by what these symptoms show."""
Look = Callable[[Symptom, float], Sight]
"""What is known of a symptom that is in no trouble now and was last seen at a time."""
Find = Callable[[str], Incident | None]

PERSISTS = 2
"""Steps in which symptoms must go on, after a person said that it is over, until it is not."""
OLDEST = 86_400.0
OFTEN = 100
"""Seconds since its first episode, and episodes, after which an incident is not continued: another opens."""
SHOWS = {
    CauseKind.ERRORS: {Family.ERRORS},
    CauseKind.LATENCY: {Family.LATENCY},
    CauseKind.NETWORK: {Family.LATENCY},
    CauseKind.TRAFFIC: {Family.TRAFFIC},
    CauseKind.DOWN: {Family.ERRORS, Family.SILENCE, Family.TRAFFIC},
}
"""The families in which a cause of a kind shows; the others show in any."""


def _none(_services: Sequence[str], _endpoints: Sequence[str], _symptoms: Sequence[Symptom]) -> tuple[Impact, ...]:
    return ()


def _well(_symptom: Symptom, _since: float) -> Sight:
    return Sight.WELL


def _nothing(_fingerprint: str) -> Incident | None:
    return None


@dataclass(frozen=True, slots=True)
class Habits:
    """In seconds. resolve_seconds: quiet time before an incident resolves. reopen_seconds: how soon after that what may
    be the same trouble, by its symptoms alone, reopens it; recur_seconds: how soon what has the same fingerprint does.
    ease_seconds: how long it must have been less severe until its severity falls."""

    resolve_seconds: float = 30.0
    reopen_seconds: float = 60.0
    recur_seconds: float = 14_400.0
    ease_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known beside the groups.

    public: services that nobody inside calls. find: an incident by its key, however old: a number is given once. past:
    the newest resolved incident with a fingerprint, but for merged ones. look: what is known of symptoms that are in no
    trouble. settled: symptoms that have lasted for so long that they are normal. impact: which objectives burn.
    """

    public: Collection[str]
    find: Find
    past: Find = _nothing
    look: Look = _well
    settled: Collection[Symptom] = ()
    impact: Impacts = _none


def reconcile(
    known: Sequence[Incident],
    groups: Sequence[Explained],
    at: float,
    number: int,
    habits: Habits,
    around: Surroundings,
) -> list[IncidentEvent]:
    """Carry incidents one cycle on.

    known: open incidents, and those resolved less than `reopen_seconds` ago. number: how many incidents there ever
    were. Returns one event per incident that changed; applying the same groups at the same time again changes none.
    """
    current = {one.key: one for one in known}
    touched: dict[str, Transition] = {}
    seen: set[str] = set()
    for group in groups:
        match = _match(group, current, seen, groups, at, habits, around.past)
        if match is None:
            others = [one for other in groups if other is not group for one in _symptoms(other.findings)]
            open_ones = (one for one in current.values() if one.state != IncidentState.RESOLVED)
            others += [one for incident in open_ones for one in incident.symptoms]
            key = key_of(group, others)
            match = current.get(key) or around.find(key)
            if match is None:
                number += 1
                current[key], touched[key] = _opened(group, key, at, number, around), Transition.OPENED
                seen.add(key)
                continue
            if key in seen:
                continue
        after, transition = _carried(match, group, at, habits, around)
        seen.add(match.key)
        current[match.key] = after
        if after != match:
            touched[match.key] = transition
    for key, incident in list(current.items()):
        if key in seen or incident.state == IncidentState.RESOLVED:
            continue
        after = _without(incident, [current[other] for other in seen], at, habits, around)
        if after != incident:
            over = after.state == IncidentState.RESOLVED
            current[key], touched[key] = after, Transition.RESOLVED if over else Transition.UPDATED
    return [IncidentEvent(transition, current[key]) for key, transition in touched.items()]


def _without(incident: Incident, seen: Sequence[Incident], at: float, habits: Habits, around: Surroundings) -> Incident:
    """An open incident that no group continues: merged into another, over, or still waited for. Only what was judged is
    back to normal."""
    target = _absorbed_by(incident, [one for one in seen if one.state != IncidentState.RESOLVED])
    if target is not None:
        return life.resolve(incident, at, f"merged into {target.id}: the same cause", Ending.MERGED)
    if incident.last_seen > at:  # clocks were set back: its quiet time counts from now
        return replace(incident, last_seen=at)
    if any(symptom in around.settled for symptom in incident.symptoms):
        how = "new normal: it has lasted for so long that it is expected from now on"
        return life.resolve(incident, at, how, Ending.SETTLED)
    if at - incident.last_seen < habits.resolve_seconds:
        return incident
    found = [around.look(symptom, incident.last_seen) for symptom in incident.symptoms]
    if Sight.UNJUDGED in found:
        return incident
    gone = found.count(Sight.GONE)
    if found and gone == len(found):
        return life.resolve(incident, at, "no data from its symptoms any more", Ending.NO_DATA)
    how = "its symptoms are back to normal"
    if gone:
        how += f", but for {gone} of {len(found)}, from which no data come any more"
    return life.resolve(incident, at, how, Ending.CALM)


def key_of(group: Explained, others: Collection[Symptom] = ()) -> str:
    """Identify an incident by its first symptom: series in label order, family, onset step.

    Symptoms that `others` have as well, such as those of a caller that suffers from two causes, do not tell incidents
    apart: they are passed over, and where there is nothing else the cause's place tells.
    """
    alone = [one for one in group.findings if (one.series, str(one.family)) not in others]
    first = min(alone or group.findings, key=lambda one: (one.onset, one.series, one.family))
    cause = group.root_cause.cause if group.root_cause is not None and not alone else None
    place = f"|{cause.service}|{cause.caller}" if cause else ""
    return sha256(f"{first.series!r}|{first.family}|{first.onset:.3f}{place}".encode()).hexdigest()[:16]


def _symptoms(findings: Sequence[Finding]) -> tuple[Symptom, ...]:
    return tuple((one.series, str(one.family)) for one in findings)


def _match(
    group: Explained,
    current: dict[str, Incident],
    seen: Collection[str],
    groups: Sequence[Explained],
    at: float,
    habits: Habits,
    past: Find,
) -> Incident | None:
    """The incident that a group continues: by cause first, by symptoms where a cause is not known or has changed."""
    known = [one for one in current.values() if one.key not in seen]
    symptoms = set(_symptoms(group.findings))
    live = [one for one in known if one.state != IncidentState.RESOLVED]
    if group.root_cause is not None:
        cause = group.root_cause.cause
        for one in live:
            if one.root_cause is not None and _same(one.root_cause.cause, cause):
                return one
        before = _recurring(group, at, habits, past)
        if before is not None and before.key not in seen:
            return current.get(before.key, before)
    supported = [other.root_cause.cause for other in groups if other.root_cause is not None]
    for one in live:
        named = one.root_cause.cause if one.root_cause is not None else None
        free = named is None or group.root_cause is None or not any(_same(named, cause) for cause in supported)
        if free and symptoms & set(one.symptoms):
            return one
    for one in known:
        if one.state == IncidentState.RESOLVED and one.ending != Ending.MERGED and _may_recur(one, at):
            alike = bool(symptoms & set(one.symptoms))
            if group.root_cause is None or one.root_cause is None:
                if alike:
                    return one
            elif _same(one.root_cause.cause, group.root_cause.cause) and (
                one.root_cause.cause.kind == group.root_cause.cause.kind
            ):
                return one
    if group.root_cause is None:
        before = _recurring(group, at, habits, past)
        if before is not None and before.key not in seen:
            return current.get(before.key, before)
    return None


def _recurring(group: Explained, at: float, habits: Habits, past: Find) -> Incident | None:
    """The incident of the last hours that was this very trouble, unless it is too old or has come too often by now."""
    found = past(fingerprint(group.root_cause, _symptoms(group.findings)))
    if found is None or found.resolved_at is None or at - found.resolved_at > habits.recur_seconds:
        return None
    return found if _may_recur(found, at) else None


def _may_recur(incident: Incident, at: float) -> bool:
    return incident.occurrences < OFTEN and at - incident.first_detected < OLDEST


def _same(one: Cause, other: Cause) -> bool:
    network = CauseKind.NETWORK
    if (one.kind == network) != (other.kind == network):
        return False
    return one.service == other.service and (one.kind != network or one.caller == other.caller)


def _opened(group: Explained, key: str, at: float, number: int, around: Surroundings) -> Incident:
    burning = around.impact(group.affected_services, group.affected_endpoints, _symptoms(group.findings))
    onset = _onset(group)
    incident = Incident(
        id=f"INC-{int(onset)}-{number}",
        key=key,
        state=IncidentState.OPEN,
        severity=severity(group, around.public, burning),
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
        fingerprint=fingerprint(group.root_cause, _symptoms(group.findings)),
        episodes=(Episode(onset, at),),
    )
    incident = replace(incident, notice=telling.noticed(incident, at))
    incident = life.noted(incident, onset, "onset", "the first bad step ends")
    for finding, text in zip(group.findings, group.texts, strict=True):
        incident = life.noted(incident, finding.at, "anomaly", text)
    return _cause_noted(incident, at)


def _onset(group: Explained) -> float:
    """When this trouble began: by the findings in which a cause of its kind shows, for another kind may be older."""
    shows = SHOWS.get(group.root_cause.cause.kind) if group.root_cause is not None else None
    onsets = [one.onset for one in group.findings if shows is None or one.family in shows]
    return min(onsets or [one.onset for one in group.findings])


def _carried(
    before: Incident, group: Explained, at: float, habits: Habits, around: Surroundings
) -> tuple[Incident, Transition]:
    """The incident with what this cycle adds; one that was over is there again, or its end was said too early."""
    if before.state != IncidentState.RESOLVED:
        return _updated(before, group, at, habits, around, Transition.UPDATED)
    onset, by_person = min(one.onset for one in group.findings), before.ending in (Ending.PERSON, Ending.ACCEPTED)
    if by_person and onset <= (before.resolved_at or at):
        after = _doubted(before, group, at)
        if after.persists < PERSISTS:
            return after, Transition.UPDATED
        after = life.go_on(after, at)
        after = replace(after, notice=telling.noticed(after, at))
    elif onset <= before.episode.onset:  # the end of what was judged before is not known any more
        after = life.go_on(before, at)
    else:
        burning = around.impact(group.affected_services, group.affected_endpoints, _symptoms(group.findings))
        now = severity(group, around.public, burning)
        told = telling.is_news(before, now, at)
        after = life.recur(before, at, _onset(group), now, told)
        if told:
            after = replace(after, notice=telling.noticed(after, at))
    return _updated(after, group, at, habits, around, Transition.REOPENED)


def _doubted(before: Incident, group: Explained, at: float) -> Incident:
    """A person said that it is over; count the steps since then in which it was not."""
    rising = any(one.rising for one in group.findings)
    if not rising or at <= max(before.resolved_at or at, before.last_seen):
        return before
    return replace(before, persists=before.persists + 1, last_seen=at)


def _updated(
    before: Incident,
    group: Explained,
    at: float,
    habits: Habits,
    around: Surroundings,
    transition: Transition,
) -> tuple[Incident, Transition]:
    """The incident with what this cycle adds. A cause once named stays until evidence names another."""
    services = tuple(dict.fromkeys((*before.affected_services, *group.affected_services)))
    endpoints = tuple(dict.fromkeys((*before.affected_endpoints, *group.affected_endpoints)))
    burning = around.impact(services, endpoints, _symptoms(group.findings))
    rising = any(one.rising for one in group.findings)
    known = set(before.symptoms)
    fresh = [
        (one, text)
        for one, text in zip(group.findings, group.texts, strict=True)
        if (one.series, str(one.family)) not in known
    ]
    after = replace(
        before,
        last_seen=at,
        symptoms=(*before.symptoms, *_symptoms([one for one, _ in fresh])),
        affected_services=services,
        affected_endpoints=endpoints,
        slo_impact=_burnt(before.slo_impact, burning),
    )
    for finding, text in fresh:
        after = life.noted(after, finding.at, "anomaly", text)
    after = _as_bad_as(after, severity(group, around.public, burning), at, habits)
    if rising:
        after = _with_cause(after, group, at)
    worse = RANK[after.severity] > RANK[before.severity]
    if transition == Transition.UPDATED:
        after, transition = _announced(before, after, rising, worse, at)
    own = [one for one in after.timeline if not is_alert(one)]
    if not rising and own[-1].what != "recovering":
        after = life.noted(after, at, "recovering", "its symptoms look normal again; watching")
    return after, transition


def _announced(before: Incident, after: Incident, rising: bool, worse: bool, at: float) -> tuple[Incident, Transition]:
    """Whether what has changed is news, and what of: of an episode that was not told, that it is there."""
    news = worse and telling.is_news(before, after.severity, at)
    if before.quiet:
        other = _is_another(before.root_cause, after.root_cause)
        if not news and not other and not (rising and telling.stays(before, at)):
            return after, Transition.UPDATED
        why = "its cause is another now" if other else "it lasts longer than before"
        why = f"it is {after.severity} now" if news else why
        after = life.noted(life.tell(after), at, "told", f"{why}: people are told again")
        return replace(after, notice=telling.noticed(after, at)), Transition.REOPENED
    if news:
        return replace(after, notice=telling.noticed(after, at)), Transition.CHANGED
    return after, Transition.CHANGED if after.title != before.title else Transition.UPDATED


def _as_bad_as(before: Incident, now: Severity, at: float, habits: Habits) -> Incident:
    """Its severity is what it is now: it rises at once, and falls to the worst of a while that was milder."""
    if RANK[now] >= RANK[before.severity]:
        after = replace(before, severity=now, milder=None)
        return after if now == before.severity else life.noted(after, at, "severity", f"severity is {now} now")
    worst, since = before.milder or (now, at)
    worst = max(worst, now, key=RANK.__getitem__)
    if 0 <= at - since < habits.ease_seconds:
        return replace(before, milder=(worst, since))
    eased = replace(before, severity=worst, milder=None)
    return life.noted(eased, at, "severity", f"severity is {worst} now, no longer {before.severity}")


def _burnt(before: Sequence[Impact], now: Sequence[Impact]) -> tuple[Impact, ...]:
    """What burns now, and what did before, as it was last."""
    return tuple({(one.slo, one.group): one for one in (*before, *now)}.values())


def _with_cause(before: Incident, group: Explained, at: float) -> Incident:
    """Take over the group's cause where it rests on as many traces: what is left of the symptoms while an incident
    recovers is weaker evidence than what named the cause."""
    named, found = before.root_cause, group.root_cause
    stronger = group.correlation.traces_analyzed >= before.trace_correlation.traces_analyzed
    if found is None and named is None:
        return replace(before, no_cause=group.no_cause)
    if found is None or not (named is None or stronger):
        return before
    after = replace(
        before,
        title=group.title,
        root_cause=found,
        no_cause="",
        first_failing_span=group.first_failing_span or before.first_failing_span,
        affected_services=tuple(dict.fromkeys((*group.affected_services[:1], *before.affected_services))),
        trace_correlation=group.correlation if group.correlation.trace_ids else before.trace_correlation,
        fingerprint=fingerprint(found, before.symptoms),
    )
    if named is not None and not _renamed(named.cause, found.cause):
        return after
    if named is None or named.cause.kind != found.cause.kind:
        after = life.since(after, _onset(group))
    return _cause_noted(after, at)


def _is_another(before: RootCause | None, now: RootCause | None) -> bool:
    """Whether a cause that was known is of another service or kind now."""
    if before is None or now is None:
        return False
    return (before.cause.service, before.cause.kind) != (now.cause.service, now.cause.kind)


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
