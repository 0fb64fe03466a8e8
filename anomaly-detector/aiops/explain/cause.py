"""From the votes of all findings to causes: which places founded the trouble, and who only suffers from them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from statistics import median

from aiops.explain import starvation, wilson, wording
from aiops.explain.attribution import Attribution, Vote
from aiops.explain.certainty import ALTERNATIVES, beside_others
from aiops.explain.dimensions import dimensions
from aiops.explain.grouping import Groups
from aiops.explain.latency import NAMED
from aiops.explain.measured import measured
from aiops.explain.places import OWN, Place, is_at, owner, place_of
from aiops.explain.troubles import MetricsAlone
from aiops.explain.walked import Walked
from aiops.model import (
    Cause,
    CauseKind,
    Edge,
    Explained,
    Family,
    Finding,
    FirstFailingSpan,
    RootCause,
    Span,
    TraceCorrelation,
    names,
    value_of,
)

MOST_CALLS = 0.5  # that fail, for a silent callee to be down


def explain(
    attributions: Sequence[Attribution], edges: Sequence[Edge], metrics: MetricsAlone | None = None
) -> tuple[Explained, ...]:
    """Group the findings by what causes them; each cause is one group, findings nothing explains one per connected
    part of the topology. The answer does not depend on the order of the input.

    metrics: what metrics show beside the findings; with it, causes are named from metrics alone where there are no
    traces.
    """
    ordered = sorted(attributions, key=lambda one: (one.finding.series, one.finding.family))
    starved = starvation.split(ordered)
    groups = Groups.of(list(starved.rest), edges, metrics)
    starved, taken, loose = starvation.gathered(starved, groups.members, groups.unexplained)
    return beside_others(
        (
            *((_starved(starved.root, list(starved.held)),) if starved.root is not None else ()),
            *(_explained(place, found) for place, found in groups.members.items() if place not in taken),
            *(_untraced(one) for one in groups.walked),
            *(_fewer(service, found) for service, found in groups.fewer.items()),
            *(_unexplained(found) for found in loose),
        )
    )


def _explained(place: Place, members: list[Attribution]) -> Explained:
    best = strongest(place, members)
    held = [vote for vote in best.votes if place_of(vote.cause) == place]
    traces = max((vote.traces for vote in held), default=0)
    seen = frozenset[str]().union(*(vote.held for vote in held))
    weight = min(sum(vote.weight for vote in held), traces)
    if not any(vote.spans for vote in held):
        weight = max(weight, float(len(seen)))
    cause = _merged(place, members)
    lower, upper = wilson.interval(weight, traces)
    alternatives = [
        (vote.cause, round(wilson.centre(vote.evidence, vote.traces), 3))
        for vote in best.votes
        if place_of(vote.cause) != place and vote.interval[1] >= lower
    ]
    own = next((one.finding for one in members if _is_own(one.finding, cause)), best.finding)
    bad, good = spans_at(cause, members)
    takes, took = _usually(bad), _usually(good)
    description = wording.describe(cause, own, weight, traces, takes, took)
    if note := next((vote.note for vote in held if vote.note), ""):
        description = f"{description}; {note}"
    root = RootCause(
        cause=cause,
        description=description,
        confidence=round(wilson.centre(weight, traces), 3),
        interval=(round(lower, 3), round(upper, 3)),
        dimensions=dimensions(bad, good),
        alternatives=tuple(alternatives[:ALTERNATIVES]),
        measured=measured(cause, [one.finding for one in members], takes, took),
    )
    services = {place[0], *(service for one in members for service in one.upstream)}
    services |= {owner(one.finding) for one in members}
    endpoints = {route for one in members for route in (*one.endpoints, value_of(one.finding.series, names.ROUTE))}
    findings, texts = _findings(members)
    return Explained(
        title=wording.title(cause),
        findings=findings,
        texts=texts,
        root_cause=root,
        no_cause="",
        first_failing_span=_first_failing(place, members),
        correlation=_correlation(members, best),
        affected_services=(place[0], *sorted(services - {place[0]})),
        affected_endpoints=tuple(sorted(endpoints - {""}, key=lambda route: (route != cause.endpoint, route))),
        pace=None if takes is None or took is None else (takes, took),
    )


def _untraced(found: Walked) -> Explained:
    """A cause that metrics alone name."""
    members, cause = list(found.members), found.root.cause
    services = {owner(one.finding) for one in members} - {cause.service}
    endpoints = {value_of(one.finding.series, names.ROUTE) for one in members} - {""}
    findings, texts = _findings(members)
    return Explained(
        title=wording.title(cause),
        findings=findings,
        texts=texts,
        root_cause=found.root,
        no_cause="",
        first_failing_span=None,
        correlation=_correlation(members, members[0]),
        affected_services=(cause.service, *sorted(services)),
        affected_endpoints=tuple(sorted(endpoints, key=lambda route: (route != cause.endpoint, route))),
    )


def _fewer(service: str, members: list[Attribution]) -> Explained:
    """Requests stay away from a service that nothing else explains: what sends them has changed, not what serves them.

    There are no bad traces to count: the routes that lost their requests are the evidence, one vote each, so that one
    route alone is little more than a suspicion.
    """
    routes = {
        (value_of(one.finding.series, names.ROUTE), value_of(one.finding.series, names.METHOD)) for one in members
    }
    endpoint, method = next(iter(routes)) if len(routes) == 1 else ("", "")
    cause = Cause(service, CauseKind.TRAFFIC, endpoint, method)
    observed, expected = (sum(getattr(one.finding, what) for one in members) for what in ("observed", "expected"))
    lower, upper = wilson.interval(len(routes), len(routes))
    root = RootCause(
        cause=cause,
        description=wording.fewer(observed, expected),
        confidence=round(wilson.centre(len(routes), len(routes)), 3),
        interval=(round(lower, 3), round(upper, 3)),
        measured=measured(cause, [one.finding for one in members]),
    )
    findings, texts = _findings(members)
    endpoints = tuple(sorted({route for route, _ in routes} - {""}))
    return Explained(
        title=wording.title(cause),
        findings=findings,
        texts=texts,
        root_cause=root,
        no_cause="",
        first_failing_span=None,
        correlation=TraceCorrelation(),
        affected_services=(service,),
        affected_endpoints=endpoints,
    )


def _starved(root: RootCause, members: list[Attribution]) -> Explained:
    """All that a machine slows, as one."""
    best = max(members, key=lambda one: len(one.traces))
    services = {owner(one.finding) for one in members} | {name for one in members for name in one.upstream}
    endpoints = {route for one in members for route in (*one.endpoints, value_of(one.finding.series, names.ROUTE))}
    findings, texts = _findings(members)
    return Explained(
        title=wording.title(root.cause),
        findings=findings,
        texts=texts,
        root_cause=root,
        no_cause="",
        first_failing_span=None,
        correlation=_correlation(members, best),
        affected_services=tuple(sorted(services)),
        affected_endpoints=tuple(sorted(endpoints - {""})),
    )


def _unexplained(members: list[Attribution]) -> Explained:
    traces = sum(len(one.traces) for one in members)
    unread = next((one.unread for one in members if one.unread), "")
    vain = next((one.inconclusive for one in members if one.inconclusive), "")
    unclear = next((one.unclear for one in members if one.unclear), "")
    why = f"{traces} bad traces point to no common origin" if traces else unread or vain or "no bad trace was found"
    why += f"; metrics alone do not tell, for {unclear}" if unclear else ""
    if all(one.finding.family == Family.SILENCE for one in members):
        why = "calls to it do not fail, so its telemetry may have stopped rather than the service"
    services = sorted({owner(one.finding) for one in members})
    routes = sorted({value_of(one.finding.series, names.ROUTE) for one in members} - {""})
    best = max(members, key=lambda one: len(one.traces))
    correlation = _correlation(members, best)
    findings, texts = _findings(members)
    no_cause = f"no cause found in telemetry: {why}"
    title = f"{texts[0][0].upper()}{texts[0][1:]}"
    return Explained(
        title=title,
        findings=findings,
        texts=texts,
        root_cause=None,
        no_cause=no_cause,
        first_failing_span=None,
        correlation=correlation,
        affected_services=tuple(services),
        affected_endpoints=tuple(routes),
    )


def _merged(place: Place, members: list[Attribution]) -> Cause:
    """One cause out of all votes for a place: the heaviest kind (a failure before slowness), the endpoint and the
    caller only where all agree."""
    weights: dict[Cause, float] = defaultdict(float)
    for one in members:
        for vote in one.votes:
            if place_of(vote.cause) == place:
                weights[vote.cause] += vote.share
    failing = {cause: w for cause, w in weights.items() if cause.kind not in wording.SLOW}
    chosen = failing if sum(failing.values()) >= OWN * sum(weights.values()) else weights
    kinds: dict[CauseKind, float] = defaultdict(float)
    for cause, w in chosen.items():
        kinds[cause.kind] += w
    kind = max(sorted(kinds), key=lambda one: kinds[one])
    # Silent while calls fail is down; silent while most callers are answered is telemetry that stopped.
    silent = any(one.finding.family == Family.SILENCE and owner(one.finding) == place[0] for one in members)
    failing_most = any(one.finding.family == Family.ERRORS and one.finding.observed >= MOST_CALLS for one in members)
    if silent and failing_most and kind not in wording.SLOW:
        kind, chosen = CauseKind.DOWN, {replace(cause, kind=CauseKind.DOWN): w for cause, w in chosen.items()}
    same = [cause for cause in chosen if cause.kind == kind]
    if kind == CauseKind.LATENCY:
        # Databases of several services may go by one name: who lost next to nothing there does not say whose it is.
        same = [cause for cause in same if not cause.caller or chosen[cause] >= NAMED * kinds[kind]] or same
    endpoints = {(cause.endpoint, cause.method) for cause in same}
    callers = {cause.caller for cause in same}
    whole = kind == CauseKind.DOWN or len(endpoints) != 1
    endpoint, method = ("", "") if whole else next(iter(endpoints))
    return Cause(place[0], kind, endpoint, method, next(iter(callers)) if len(callers) == 1 else "")


def _usually(spans: Sequence[Span]) -> float | None:
    """Median seconds, None for no spans."""
    return median(span.duration for span in spans) if spans else None


def _is_own(finding: Finding, cause: Cause) -> bool:
    family = Family.LATENCY if cause.kind == CauseKind.LATENCY else Family.ERRORS
    if cause.kind == CauseKind.DOWN:
        return finding.family == Family.SILENCE and owner(finding) == cause.service
    return (
        finding.family == family
        and value_of(finding.series, names.SERVICE) == cause.service
        and cause.endpoint in ("", value_of(finding.series, names.ROUTE))
    )


def strongest(place: Place, members: Sequence[Attribution]) -> Attribution:
    """The finding whose traces speak most surely for a place."""
    return max(members, key=lambda one: (_lower(one, place), value_of(one.finding.series, names.SERVICE) == place[0]))


def _lower(one: Attribution, place: Place) -> float:
    return max((vote.interval[0] for vote in one.votes if place_of(vote.cause) == place), default=0.0)


def _findings(members: Iterable[Attribution]) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    findings = sorted((one.finding for one in members), key=lambda one: (one.onset, one.series, one.family))
    return tuple(findings), tuple(wording.finding_clause(one, wording.where(one.series)) for one in findings)


def _first_failing(place: Place, members: list[Attribution]) -> FirstFailingSpan | None:
    """The earliest span of the largest group of alike origins, over the failed traces of all members."""
    alike: dict[tuple[str, str, str], dict[str, Span]] = defaultdict(dict)
    voters: set[str] = set()
    for one in members:
        held: list[Vote] = [vote for vote in one.votes if place_of(vote.cause) == place]
        spans = [span for vote in held for span in vote.spans]
        if spans:
            voters.update(one.traces)
        for span in spans:
            alike[(span.service, span.name, wording.status(span))].setdefault(span.trace_id, span)
    if not alike:
        return None
    group = max(sorted(alike), key=lambda key: len(alike[key]))
    first = min(alike[group].values(), key=lambda span: (span.start, span.span_id))
    return FirstFailingSpan(
        trace_id=first.trace_id,
        span_id=first.span_id,
        service=first.service,
        name=first.name,
        status=wording.status(first),
        exception=first.exception_type or first.error_type,
        share_of_traces=round(len(alike[group]) / max(len(voters), 1), 3),
    )


def _correlation(members: list[Attribution], best: Attribution) -> TraceCorrelation:
    ids = sorted({trace for one in members for trace in one.traces})
    failures = sorted({f"{owner(one.finding)}_{one.finding.family}" for one in members})
    first = min(best.bad_spans, key=lambda span: span.start, default=None)
    chosen = first.trace_id if first is not None and first.trace_id in best.traces else (ids[0] if ids else "")
    return TraceCorrelation(chosen, tuple(ids[:20]), len(ids), tuple(failures))


def spans_at(cause: Cause, members: Sequence[Attribution]) -> tuple[list[Span], list[Span]]:
    """Spans at the origin's endpoint in bad and in good traces, each once: of the requests that it served, or of the
    calls to it where it sends none."""
    wants_failed = cause.kind in (CauseKind.ERRORS, CauseKind.DEPENDENCY)
    bad = {span.span_id: span for one in members for span in one.bad_spans if is_at(cause, span)}
    good = {span.span_id: span for one in members for span in one.good_spans if is_at(cause, span) and not span.failed}
    return [span for span in bad.values() if span.failed or not wants_failed], list(good.values())
