"""Where the time goes: self time and edge gap of every part of a request, bad against good.

See docs/methods.md, Where the time goes.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aiops.explain.queries import statement
from aiops.explain.tree import Tree
from aiops.model import Cause, CauseKind, Span, SpanKind

Spent = dict[Cause, float]
Called = tuple[Cause, str, str]  # who calls, whom, and for what


@dataclass(frozen=True, slots=True)
class CallProfile:
    """How often a call is made in one good request (`most`: the 95th percentile), and its median seconds."""

    most: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Usual:
    """What good traces spend: median seconds per cause, how calls are made, and the median of the entry span."""

    parts: Spent
    calls: dict[Called, CallProfile]
    entry: float
    traces: int


def spent(tree: Tree, entry: Span, profiles: Mapping[Called, CallProfile] | None = None) -> Spent:
    """Seconds that the entry's request spent in each place that could be a cause.

    Time in a service is its requests' self time. A client span whose server answered contributes only the gap between
    the two, on the edge; one to what sends no spans, such as a database, contributes all of itself, to the callee that
    it waited for. What a call takes after the answer was given is nobody's wait.

    With `profiles`, a call beyond the usual number costs its caller what such a call usually takes: who asks fifteen
    times instead of once is slow by itself. What the call takes longer than that stays where it is spent: the shift of
    the call count is told apart from that of time (docs/methods.md, Where the time goes).
    """
    parts: Spent = defaultdict(float)
    made: dict[Called, float] = defaultdict(float)
    stack: list[tuple[Span, float, Cause | None, float]] = [(entry, 1.0, None, 0.0)]
    seen = {entry.span_id}
    while stack:
        span, waited, payer, part = stack.pop()
        own = tree.self_time(span) * waited
        if payer is not None:
            parts[payer] += own * part
        parts[_place(tree, span)] += own * (1 - part)
        for call in tree.calls(span):
            if call.span_id in seen:
                continue
            seen.add(call.span_id)
            start, end = tree.waited(span, call)
            pays, share = payer, part
            if payer is None and profiles is not None and (named := _call(tree, call)) is not None:
                made[named] += 1
                profile = profiles.get(named, CallProfile(1.0, call.duration))
                if made[named] > max(profile.most, 1.0):
                    pays, share = named[0], min(1.0, profile.seconds / max(call.duration, 1e-9))
            stack.append((call, waited * (end - start) / max(call.duration, 1e-9), pays, share))
    return dict(parts)


def usual(good: Sequence[tuple[Tree, Span]]) -> Usual:
    """Median over good traces, counting a part that a trace lacks as zero: means would drown in a late detection."""
    each = [spent(tree, entry) for tree, entry in good]
    return Usual(
        _medians(each),
        _profiles(good),
        float(np.median([entry.duration for _, entry in good])) if good else 0.0,
        len(each),
    )


def shares(tree: Tree, entry: Span, normal: Usual) -> Spent:
    """Each cause's share of this request's excess over the usual; sums to 1, empty when there is none."""
    profiles = normal.calls if normal.traces else None
    excess = {cause: took - normal.parts.get(cause, 0.0) for cause, took in spent(tree, entry, profiles).items()}
    positive = {cause: more for cause, more in excess.items() if more > 0.002}
    total = sum(positive.values())
    return {cause: more / total for cause, more in positive.items()} if total > 0 else {}


def _place(tree: Tree, span: Span) -> Cause:
    """Who is to blame for a span's own time."""
    if span.kind == SpanKind.CLIENT and span.peer:
        server = tree.server_of(span)
        if server is not None:
            return Cause(server.service, CauseKind.NETWORK, server.route, server.method, caller=span.service)
        return Cause(span.peer, CauseKind.LATENCY, statement(span), caller=span.service)
    serving = tree.serving(span)
    return Cause(serving.service, CauseKind.LATENCY, serving.route or serving.name, serving.method)


def _call(tree: Tree, span: Span) -> Called | None:
    """What a client span calls; None for others, and for a call that failed: its repetition is no profile."""
    if span.kind != SpanKind.CLIENT or not span.peer or span.failed:
        return None
    serving = tree.serving(span)
    caller = Cause(serving.service, CauseKind.LATENCY, serving.route or serving.name, serving.method)
    server = tree.server_of(span)
    return caller, span.peer, (server.route if server else "") or span.name


def _profiles(good: Sequence[tuple[Tree, Span]]) -> dict[Called, CallProfile]:
    took: dict[Called, list[float]] = defaultdict(list)
    counts: list[Counter[Called]] = []
    for tree, entry in good:
        counts.append(Counter())
        for span in tree.below(entry):
            if (call := _call(tree, span)) is not None:
                counts[-1][call] += 1
                took[call].append(span.duration)
    return {
        call: CallProfile(float(np.percentile([one[call] for one in counts], 95)), float(np.median(seconds)))
        for call, seconds in took.items()
    }


def _medians(each: Sequence[Spent]) -> Spent:
    keys = {key for one in each for key in one}
    return {key: float(np.median([one.get(key, 0.0) for one in each])) for key in keys}
