"""Open an incident for a group, or carry it on: symptoms, severity, cause, and who is told."""

from collections.abc import Sequence
from dataclasses import replace

from aiops.incidents import dismissing, life, telling
from aiops.incidents.alerts import is_alert
from aiops.incidents.fingerprint import fingerprint
from aiops.incidents.matching import SHOWS, symptoms_of
from aiops.incidents.severity import severity
from aiops.incidents.surroundings import ResolutionPolicy, Surroundings
from aiops.model import (
    Cause,
    Ending,
    Episode,
    Explained,
    Impact,
    Incident,
    IncidentState,
    RootCause,
    Severity,
    Transition,
)

BY_PERSON = (Ending.PERSON, Ending.ACCEPTED, Ending.DISMISSED)
PERSISTS = 2
"""Steps for which symptoms must continue, after a person resolved the incident, until it is reopened."""


def opened(group: Explained, key: str, at: float, number: int, around: Surroundings) -> Incident:
    burning = around.impact(group.affected_services, group.affected_endpoints, symptoms_of(group.findings))
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
        symptoms=symptoms_of(group.findings),
        root_cause=group.root_cause,
        no_cause=group.no_cause,
        first_failing_span=group.first_failing_span,
        affected_services=group.affected_services,
        affected_endpoints=group.affected_endpoints,
        trace_correlation=group.correlation,
        slo_impact=burning,
        fingerprint=fingerprint(group.root_cause, symptoms_of(group.findings)),
        episodes=(Episode(onset, at),),
        worst=dismissing.worst_levels((), group.findings),
        evidence_at=0.0 if group.evidence is None else group.evidence.at,
    )
    incident = replace(incident, notice=telling.noticed(incident, at))
    incident = life.noted(incident, onset, "onset", "the first bad step ends")
    for finding, text in zip(group.findings, group.texts, strict=True):
        incident = life.noted(incident, finding.at, "anomaly", text)
    return _cause_noted(incident, at)


def _onset(group: Explained) -> float:
    """Return when this trouble began: the onset of the findings in which a cause of its kind shows, because others may
    be older."""
    shows = SHOWS.get(group.root_cause.cause.kind) if group.root_cause is not None else None
    onsets = [one.onset for one in group.findings if shows is None or one.family in shows]
    return min(onsets or [one.onset for one in group.findings])


def carried(
    before: Incident, group: Explained, at: float, policy: ResolutionPolicy, around: Surroundings
) -> tuple[Incident, Transition]:
    """Return the incident with what this cycle adds. An incident that was resolved is reopened, or was resolved too
    early."""
    if before.state != IncidentState.RESOLVED:
        return _updated(before, group, at, policy, around, Transition.UPDATED)
    onset, by_person = min(one.onset for one in group.findings), before.ending in BY_PERSON
    if by_person and onset <= (before.resolved_at or at):
        after = _doubted(before, group, at)
        if after.persists < PERSISTS:
            return after, Transition.UPDATED
        after = life.go_on(after, at)
        after = replace(after, notice=telling.noticed(after, at))
    elif onset <= before.episode.onset:  # the earlier end is no longer valid
        after = life.go_on(before, at)
    else:
        burning = around.impact(group.affected_services, group.affected_endpoints, symptoms_of(group.findings))
        now = severity(group, around.public, burning)
        told = telling.is_news(before, now, at)
        after = life.recur(before, at, _onset(group), now, told)
        if told:
            after = replace(after, notice=telling.noticed(after, at))
    return _updated(after, group, at, policy, around, Transition.REOPENED)


def joined(
    before: Incident, group: Explained, at: float, policy: ResolutionPolicy, around: Surroundings
) -> tuple[Incident, Transition]:
    """Return an incident with the group of another that was merged into it: its symptoms, and not its cause."""
    return _updated(before, group, at, policy, around, Transition.UPDATED, own=False)


def _doubted(before: Incident, group: Explained, at: float) -> Incident:
    """Count the steps since a person resolved the incident in which its symptoms continued."""
    rising = any(one.rising for one in group.findings)
    if not rising or at <= max(before.resolved_at or at, before.last_seen):
        return before
    return replace(before, persists=before.persists + 1, last_seen=at)


def _updated(
    before: Incident,
    group: Explained,
    at: float,
    policy: ResolutionPolicy,
    around: Surroundings,
    transition: Transition,
    own: bool = True,
) -> tuple[Incident, Transition]:
    """Return the incident with what this cycle adds. A cause once named stays until evidence names another. own:
    whether the group is that of the incident itself."""
    services = tuple(dict.fromkeys((*before.affected_services, *group.affected_services)))
    endpoints = tuple(dict.fromkeys((*before.affected_endpoints, *group.affected_endpoints)))
    burning = around.impact(services, endpoints, symptoms_of(group.findings))
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
        symptoms=(*before.symptoms, *symptoms_of([one for one, _ in fresh])),
        affected_services=services,
        affected_endpoints=endpoints,
        slo_impact=_burnt(before.slo_impact, burning),
        worst=dismissing.worst_levels(before.worst, group.findings),
    )
    for finding, text in fresh:
        after = life.noted(after, finding.at, "anomaly", text)
    after = _as_bad_as(after, severity(group, around.public, burning), at, policy)
    if rising and own:
        after = _with_cause(after, group, at)
    worse = after.severity.rank > before.severity.rank
    if transition == Transition.UPDATED:
        after, transition = _announced(before, after, rising, worse, at)
    last = [one for one in after.timeline if not is_alert(one)][-1]
    if not rising and own and last.what != "recovering":
        after = life.noted(after, at, "recovering", "its symptoms look normal again; watching")
    return after, transition


def _announced(before: Incident, after: Incident, rising: bool, worse: bool, at: float) -> tuple[Incident, Transition]:
    """Decide whether a change is announced, and as what. For an episode that was not announced, that is its
    presence."""
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


def _as_bad_as(before: Incident, now: Severity, at: float, policy: ResolutionPolicy) -> Incident:
    """Update the severity: it rises at once, and it falls to the worst severity of a period that was milder."""
    own = before.own_severity
    if now.rank >= own.rank:
        after = life.judged(replace(before, milder=None), now)
        return after if now == own else life.noted(after, at, "severity", _changed(after, f"severity is {now} now"))
    worst, since = before.milder or (now, at)
    worst = max(worst, now, key=lambda one: one.rank)
    if 0 <= at - since < policy.ease_seconds:
        return replace(before, milder=(worst, since))
    eased = life.judged(replace(before, milder=None), worst)
    return life.noted(eased, at, "severity", _changed(eased, f"severity is {worst} now, no longer {own}"))


def _changed(incident: Incident, text: str) -> str:
    """Say what the engine judges, where a person gave another severity."""
    given = incident.override
    return text if given is None else f"{text}, by the engine; {given.who} says {given.severity}"


def _burnt(before: Sequence[Impact], now: Sequence[Impact]) -> tuple[Impact, ...]:
    """Return the impacts of now, and earlier ones with their last values."""
    return tuple({(one.slo, one.group): one for one in (*before, *now)}.values())


def _with_cause(before: Incident, group: Explained, at: float) -> Incident:
    """Take over the group's cause if it rests on as many traces: the remaining symptoms of an incident that recovers
    are weaker evidence than those that named the cause. Of two causes that metrics alone name, the surer one stays."""
    named, found = before.root_cause, group.root_cause
    stronger = group.correlation.traces_analyzed >= before.trace_correlation.traces_analyzed
    evidence_at = before.evidence_at if group.evidence is None else group.evidence.at
    if named is not None and found is not None and found.from_metrics and _is_another(named, found):
        stronger = bool(named.from_metrics) and found.confidence > named.confidence
    if found is None and named is None:
        return replace(before, no_cause=group.no_cause, evidence_at=evidence_at)
    if found is None or not (named is None or stronger):
        # An incident of an earlier release has no evidence: that of the same cause is better than none.
        lacks = found is not None and named is not None and not before.evidence_at and found.cause == named.cause
        return replace(before, evidence_at=evidence_at) if lacks else before
    after = replace(
        before,
        title=group.title,
        root_cause=found,
        no_cause="",
        first_failing_span=group.first_failing_span or before.first_failing_span,
        affected_services=tuple(dict.fromkeys((*group.affected_services[:1], *before.affected_services))),
        trace_correlation=group.correlation if group.correlation.trace_ids else before.trace_correlation,
        fingerprint=fingerprint(found, before.symptoms),
        evidence_at=evidence_at,
    )
    if found.change is not None and (named is None or found.change != named.change):
        after = life.noted(after, at, "change", f"it came with the {found.change}")
    if named is not None and not _renamed(named.cause, found.cause):
        return after
    if named is None or named.cause.kind != found.cause.kind:
        after = life.since(after, _onset(group))
    return _cause_noted(after, at)


def _is_another(before: RootCause | None, now: RootCause | None) -> bool:
    """Whether a known cause now has another service or kind."""
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
