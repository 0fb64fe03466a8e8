"""Which places founded the trouble: what each finding's votes say of services, and of edges between them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from aiops.explain import wilson
from aiops.explain.attribution import Attribution, Vote
from aiops.explain.queries import statement
from aiops.explain.tree import CALLING, SERVING
from aiops.model import Cause, CauseKind, Edge, Family, Finding, Span, judged_service, names, value_of

VICTIM = 0.7  # a callee that explains this much of the excess makes its caller a victim (docs/methods.md)
OWN = 0.25  # a service that is in trouble itself and holds this share is a cause beside others
MAJORITY = 0.5  # of the callers of a service that lose time on the way to it, for the trouble to be in front of it
MANY = 3  # callers of a service that lose time on the way to it, with the same consequence however many call it
TOGETHER = 60.0  # seconds between onsets of one trouble

HALF = 0.5  # of what a callee without spans holds, from which its slow caller is the cause of both

Place = tuple[str, str]


def owner(finding: Finding) -> str:
    """The service whose telemetry shows the symptom."""
    return judged_service(finding.series)


def place_of(cause: Cause) -> Place:
    """What makes two causes one: the service, or the edge when the trouble is between two services."""
    return (cause.service, cause.caller if cause.kind == CauseKind.NETWORK else "")


def is_outside(cause: Cause) -> bool:
    """Whether a cause sends no telemetry, so that only the calls of its caller tell of it."""
    return cause.caller != "" and cause.kind in (CauseKind.LATENCY, CauseKind.DEPENDENCY)


def is_at(cause: Cause, span: Span) -> bool:
    """Whether a span is a request at the place of a cause, or a call to it where it sends none."""
    if is_outside(cause):
        mine = span.kind in CALLING and span.peer == cause.service and span.service == cause.caller
        return mine and cause.endpoint in ("", statement(span))
    return span.service == cause.service and span.kind in SERVING and cause.endpoint in ("", span.route, span.name)


def shares_of(one: Attribution) -> dict[Place, float]:
    """Return the share of a finding that each place holds."""
    shares: dict[Place, float] = defaultdict(float)
    for vote in one.votes:
        shares[place_of(vote.cause)] += vote.share
    return dict(shares)


def founds(one: Attribution) -> list[Place]:
    """Places that this finding alone shows to be a cause."""
    traces = max((vote.traces for vote in one.votes), default=0)
    itself = value_of(one.finding.series, names.SERVICE)
    out = []
    for place, share in shares_of(one).items():
        mine = place == (itself, "") and share >= OWN
        if one.finding.family == Family.LATENCY:
            others = share >= VICTIM
        else:
            others = share >= OWN and wilson.interval(share * traces, traces)[0] >= 0.15
        if mine or others:
            out.append(place)
    return out


def for_every_caller(ordered: list[Attribution], edges: Sequence[Edge]) -> list[Attribution]:
    """Where time is lost on the way from most callers of a service, it is lost in front of that service, once: the
    causes on its edges become one without a caller (docs/methods.md, Who is a victim)."""
    losing: dict[str, set[str]] = defaultdict(set)
    for one in ordered:
        for service, caller in founds(one):
            if caller:
                losing[service].add(caller)
    calling: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        calling[edge.callee].add(edge.caller)
    everywhere = {
        service
        for service, callers in losing.items()
        if len(callers) >= MANY or (len(callers) > 1 and len(callers) >= MAJORITY * len(callers | calling[service]))
    }
    return [replace(one, votes=_without_callers(one.votes, everywhere)) for one in ordered] if everywhere else ordered


def moved(ordered: Sequence[Attribution]) -> list[Attribution]:
    """What turned out to be a consequence in one finding's traces is one in those of all others, too."""
    moves = {cause: other for one in ordered for cause, other in one.moved.items()}
    return [replace(one, votes=_renamed(one.votes, moves)) for one in ordered] if moves else list(ordered)


def _without_callers(votes: tuple[Vote, ...], services: set[str]) -> tuple[Vote, ...]:
    """The same votes, those for edges in front of these services joined."""
    edges = (vote.cause for vote in votes if vote.cause.kind == CauseKind.NETWORK and vote.cause.service in services)
    return _renamed(votes, {cause: replace(cause, caller="") for cause in edges})


def _renamed(votes: tuple[Vote, ...], names_: Mapping[Cause, Cause]) -> tuple[Vote, ...]:
    """The same votes with other causes, those of one cause joined."""
    joined: dict[Cause, Vote] = {}
    for vote in votes:
        cause = names_.get(vote.cause, vote.cause)
        before = joined.get(cause)
        if before is None:
            joined[cause] = replace(vote, cause=cause)
        else:
            spans = tuple(sorted((*before.spans, *vote.spans), key=lambda one: (one.start, one.span_id)))
            weight, held = before.weight + vote.weight, before.held | vote.held
            joined[cause] = Vote(
                cause=cause, weight=weight, traces=vote.traces, held=held, spans=spans, note=before.note or vote.note
            )
    return tuple(sorted(joined.values(), key=lambda one: (-one.weight, str(one.cause))))


def absorbed(founded: Sequence[Place], members: Sequence[Attribution]) -> dict[Place, Place]:
    """Places that belong to the trouble of another one, and that one: an edge belongs to its callee, or its caller;
    what sends no spans and is slow for one caller, whose own work is as slow, belongs to that caller; and who is slow
    because calls to a failing service are repeated or waited for belongs to that service."""
    out: dict[Place, Place] = {}
    for service, caller in founded:
        if caller:
            nearest = next((one for one in ((service, ""), (caller, "")) if one in founded), None)
            if nearest is not None:
                out[service, caller] = nearest
    for place in founded:
        callers = _only_called_by(place, members)
        nearest = (next(iter(callers)), "") if len(callers) == 1 else place
        if nearest != place and nearest in founded and _held(nearest, members) >= HALF * _held(place, members):
            out[place] = nearest
    failing = [place for place in founded if not place[1] and _kinds(place, members) - {CauseKind.LATENCY}]
    for place in founded:
        if place[1] or place in failing or place in out:
            continue
        slow = [one for one in members if shares_of(one).get(place, 0.0) >= OWN]
        meets = [other for other in failing if slow and all(_met(one, place[0], other[0]) for one in slow)]
        if meets:
            out[place] = meets[0]
    return out


def _only_called_by(place: Place, members: Sequence[Attribution]) -> set[str]:
    """Who is slow to get answers from what sends no spans; "" where it is slow by itself."""
    causes = {vote.cause for one in members for vote in one.votes if place_of(vote.cause) == place}
    return {one.caller if one.kind == CauseKind.LATENCY else "" for one in causes}


def _held(place: Place, members: Sequence[Attribution]) -> float:
    """Findings that a place holds, each by its share."""
    return sum(shares_of(one).get(place, 0.0) for one in members)


def _kinds(place: Place, members: Sequence[Attribution]) -> set[CauseKind]:
    return {vote.cause.kind for one in members for vote in one.votes if place_of(vote.cause) == place}


def _met(one: Attribution, caller: str, callee: str) -> bool:
    """Whether most of a finding's bad traces have a failed call between two services, and few of the good ones."""
    shares = []
    for spans in (one.bad_spans, one.good_spans):
        callers = {span.span_id for span in spans if span.service == caller}
        traces = {span.trace_id for span in spans}
        failed = {span.trace_id for span in spans if span.failed and _between(span, caller, callee, callers)}
        shares.append(len(failed) / max(len(traces), 1))
    return shares[0] >= MAJORITY and shares[1] <= shares[0] / 2


def _between(span: Span, caller: str, callee: str, callers: set[str]) -> bool:
    return (span.service == caller and span.peer == callee) or (span.service == callee and span.parent_id in callers)
