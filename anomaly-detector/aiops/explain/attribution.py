"""One finding's bad traces vote for where its trouble starts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from aiops.explain import errors, latency, wilson
from aiops.explain.blame import Blame
from aiops.explain.callees import Callees
from aiops.explain.consequences import elsewhere_caused
from aiops.explain.machine import PlaceTime, paces
from aiops.explain.tree import CALLING, SERVING, Tree
from aiops.explain.usual_calls import UsualCalls
from aiops.explain.wanted import is_entry
from aiops.explain.world import KnownServices
from aiops.model import Cause, Family, Finding, Population, Span, SpanKind, Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """How much of the bad traces starts at a cause: `weight` of `traces`, and the spans that say so, earliest first.

    `held` are the traces in which the cause had a part worth naming: several places may each be slow by themselves
    in one trace, so for lost time this says how sure we are of each, while `weight` says how the time divides. `note`
    says what else speaks for it, in a clause.
    """

    cause: Cause
    weight: float
    traces: int
    held: frozenset[str]
    spans: tuple[Span, ...] = ()
    note: str = ""

    @property
    def share(self) -> float:
        """The share of the bad traces that starts at the cause."""
        return self.weight / self.traces if self.traces else 0.0

    @property
    def evidence(self) -> float:
        """Traces that speak for the cause, out of `traces`."""
        return self.weight if self.spans else max(self.weight, float(len(self.held)))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % Wilson interval of the evidence."""
        return wilson.interval(self.evidence, self.traces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Votes of one finding, heaviest first.

    upstream: the services on the way from the users to the cause. paces: how long each place of its requests takes.
    moved: causes that turned out to be consequences of others. unread: why nobody has looked at its traces; "" where
    somebody did, or it has none. waits: they will be read soon. inconclusive: why its traces name nobody; "" where they
    do, or nobody has looked. unclear: why metrics alone name no cause either.
    """

    finding: Finding
    votes: tuple[Vote, ...]
    traces: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    bad_spans: tuple[Span, ...] = ()
    good_spans: tuple[Span, ...] = ()
    paces: tuple[PlaceTime, ...] = ()
    moved: Mapping[Cause, Cause] = field(default_factory=dict)
    unread: str = ""
    waits: bool = False
    inconclusive: str = ""
    unclear: str = ""

    @property
    def blind(self) -> bool:
        """Whether there are no traces to tell its cause by, neither bad nor good ones, and none will come soon."""
        return not (self.waits or self.inconclusive or self.bad_spans or self.good_spans)


def attribute(
    finding: Finding,
    wanted: Population,
    bad: Sequence[Trace],
    good: Sequence[Trace],
    world: KnownServices,
    now: Sequence[Trace] = (),
) -> Attribution:
    """Let every failed trace cast one vote, split over its origins, and all slow ones together theirs, split over what
    takes them longer.

    A slow request that also failed votes by its failure: waiting for an answer that never came is no slowness of its
    own. now: of slow ones, any requests of their time (`beside`). Nothing votes where as many requests failed before.
    """
    if _is_usual(finding):
        return Attribution(finding=finding, votes=(), inconclusive="no more requests fail than usual")
    usual, entries = entries_of(wanted, good), entries_of(wanted, bad)
    late = [one for one in entries if not one[1].failed] if finding.family == Family.LATENCY else []
    beside = [one for one in entries_of(wanted, now) if not one[1].failed]
    slower = latency.slow(late, usual, wanted.threshold, beside)
    blame, lived_with = Blame(world, Callees.of(usual)), errors.lived_with(entries, usual)
    weights: dict[Cause, float] = defaultdict(float)
    held: dict[Cause, set[str]] = defaultdict(set)
    spans: dict[Cause, list[Span]] = defaultdict(list)
    voters: list[str] = []
    upstream: set[str] = set()
    endpoints: set[str] = set()
    failures = {entry.trace_id: errors.origins(tree, entry, lived_with) for tree, entry in entries if entry.failed}
    origins = [(tree, span) for tree, entry in entries for span in failures.get(entry.trace_id, ())]
    elsewhere, notes = elsewhere_caused(origins, blame, UsualCalls.of(usual))
    for tree, entry in entries:
        if entry.failed:
            found = failures[entry.trace_id]
            for span in found:
                cause = blame.cause(tree, span)
                cause = elsewhere.get(cause, cause)
                weights[cause] += 1 / len(found)
                held[cause].add(entry.trace_id)
                spans[cause].append(span)
        elif not slower:
            continue
        voters.append(entry.trace_id)
        for span in (entry, *tree.ancestors(entry)):
            upstream.add(span.service)
            if span.kind == SpanKind.SERVER and span.route:
                endpoints.add(span.route)
    for one in slower:
        weights[one.cause] += one.share * len(late)
        held[one.cause] |= one.held
    votes = tuple(
        Vote(
            cause=cause,
            weight=weight,
            traces=len(voters),
            held=frozenset(held[cause]),
            spans=tuple(sorted(spans[cause], key=lambda one: (one.start, one.span_id))),
            note=notes.get(cause, ""),
        )
        for cause, weight in sorted(weights.items(), key=lambda pair: (-pair[1], str(pair[0])))
    )
    return Attribution(
        finding=finding,
        votes=votes,
        traces=tuple(sorted(set(voters))),
        upstream=tuple(sorted(upstream)),
        endpoints=tuple(sorted(endpoints)),
        bad_spans=tuple(span for trace in bad for span in trace.spans),
        good_spans=tuple(span for trace in good for span in trace.spans),
        paces=paces(bad, good),
        moved=elsewhere,
        inconclusive=_inconclusive(late, usual, beside) if late and not votes else "",
    )


def _is_usual(finding: Finding) -> bool:
    """Whether the share of failed requests may be the usual one."""
    counted = finding.family == Family.ERRORS and finding.total > 0
    return counted and wilson.interval(finding.bad, finding.total)[0] <= finding.expected


def _inconclusive(late: latency.Entries, usual: latency.Entries, beside: latency.Entries) -> str:
    if beside and not latency.longer(beside, usual):
        return f"{len(beside)} requests of that time took no longer than {len(usual)} before"
    return f"in {len(late)} slow traces no place is slower than before beyond chance"


def refreshed(before: Attribution, finding: Finding) -> Attribution:
    """The same votes for the finding as it stands now."""
    return replace(before, finding=finding)


def entries_of(wanted: Population, traces: Sequence[Trace]) -> list[tuple[Tree, Span]]:
    """The span of each trace that the population was drawn by: the first one that fits, a failed one before others."""
    out: list[tuple[Tree, Span]] = []
    for trace in traces:
        tree = Tree.of(trace)
        other = {span.span_id: server.service for span in trace.spans if (server := tree.server_of(span)) is not None}
        fitting = [span for span in trace.spans if is_entry(wanted, span, other.get(span.span_id, ""))]
        if not fitting and wanted.callee:
            # Known by an address at which it answered before: of the calls that nobody answered, one was to it.
            fitting = [
                span
                for span in trace.spans
                if span.service == wanted.service and span.kind in CALLING and span.span_id not in other
            ]
        if fitting:
            # INTERNAL spans may carry their request's route: only without its span does one of them stand for it.
            served = [span for span in fitting if span.kind in SERVING] or fitting
            out.append((tree, min(served, key=lambda one: (not one.failed, one.start, one.span_id))))
    return out
