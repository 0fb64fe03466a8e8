"""Where the time goes: self time and edge gap of every part of a request, bad against good (METHODS 3.3)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aiops import names
from aiops.explain.tree import Tree
from aiops.model import Cause, CauseKind, Span, SpanKind

Spent = dict[Cause, float]
Called = tuple[Cause, str, str]  # who calls, whom, and for what


@dataclass(frozen=True, slots=True)
class Habit:
    """How often a call is made in one good request (`most`: the 95th percentile), and its median seconds."""

    most: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Usual:
    """What good traces spend: median seconds per cause, how calls are made, and the median of the entry span."""

    parts: Spent
    calls: dict[Called, Habit]
    entry: float
    traces: int


def spent(tree: Tree, entry: Span, habits: Mapping[Called, Habit] | None = None) -> Spent:
    """Seconds that the entry's request spent in each place that could be a cause.

    Time in a service is its spans' self time, and that of its calls to databases: they do what its statements say. A
    client span whose server answered contributes only the gap between the two, on the edge; one without an answer
    contributes all of itself, to the callee it waited for.

    With `habits`, a call beyond the usual number costs its caller what such a call usually takes: who asks fifteen
    times instead of once is slow by itself. What the call takes longer than that stays where it is spent: the shift of
    the call count is told apart from that of time (METHODS 3.3).
    """
    parts: Spent = defaultdict(float)
    made: dict[Called, float] = defaultdict(float)
    stack: list[tuple[Span, Cause | None, float]] = [(entry, None, 0.0)]
    seen = {entry.span_id}
    while stack:
        span, payer, part = stack.pop()
        own = tree.self_time(span)
        if payer is not None:
            parts[payer] += own * part
        parts[_place(tree, span)] += own * (1 - part)
        for child in tree.awaited(span):
            if child.span_id in seen:
                continue
            seen.add(child.span_id)
            pays, share = payer, part
            if payer is None and habits is not None and (call := _call(tree, child)) is not None:
                made[call] += 1
                habit = habits.get(call, Habit(1.0, child.duration))
                if made[call] > max(habit.most, 1.0):
                    pays, share = call[0], min(1.0, habit.seconds / max(child.duration, 1e-9))
            stack.append((child, pays, share))
    return dict(parts)


def usual(good: Sequence[tuple[Tree, Span]]) -> Usual:
    """Median over good traces, counting a part that a trace lacks as zero: means would drown in a late detection."""
    each = [spent(tree, entry) for tree, entry in good]
    return Usual(
        _medians(each),
        _habits(good),
        float(np.median([entry.duration for _, entry in good])) if good else 0.0,
        len(each),
    )


def shares(tree: Tree, entry: Span, normal: Usual) -> Spent:
    """Each cause's share of this request's excess over the usual; sums to 1, empty when there is none."""
    habits = normal.calls if normal.traces else None
    excess = {cause: took - normal.parts.get(cause, 0.0) for cause, took in spent(tree, entry, habits).items()}
    positive = {cause: more for cause, more in excess.items() if more > 0.002}
    total = sum(positive.values())
    return {cause: more / total for cause, more in positive.items()} if total > 0 else {}


def _place(tree: Tree, span: Span) -> Cause:
    """Who is to blame for a span's own time."""
    if span.kind == SpanKind.CLIENT and span.peer and not _is_query(span):
        server = tree.server_of(span)
        if server is not None:
            return Cause(server.service, CauseKind.NETWORK, server.route, server.method, caller=span.service)
        return Cause(span.peer, CauseKind.LATENCY, caller=span.service)
    serving = tree.serving(span)
    return Cause(serving.service, CauseKind.LATENCY, serving.route or serving.name, serving.method)


def _call(tree: Tree, span: Span) -> Called | None:
    """What a client span calls; None for others, and for a call that failed: its repetition is no habit."""
    if span.kind != SpanKind.CLIENT or not span.peer or span.failed:
        return None
    serving = tree.serving(span)
    caller = Cause(serving.service, CauseKind.LATENCY, serving.route or serving.name, serving.method)
    server = tree.server_of(span)
    return caller, span.peer, (server.route if server else "") or span.name


def _is_query(span: Span) -> bool:
    return any(name in span.attributes for name in names.DB_SYSTEM)


def _habits(good: Sequence[tuple[Tree, Span]]) -> dict[Called, Habit]:
    took: dict[Called, list[float]] = defaultdict(list)
    counts: list[Counter[Called]] = []
    for tree, entry in good:
        counts.append(Counter())
        for span in tree.below(entry):
            if (call := _call(tree, span)) is not None:
                counts[-1][call] += 1
                took[call].append(span.duration)
    return {
        call: Habit(float(np.percentile([one[call] for one in counts], 95)), float(np.median(seconds)))
        for call, seconds in took.items()
    }


def _medians(each: Sequence[Spent]) -> Spent:
    keys = {key for one in each for key in one}
    return {key: float(np.median([one.get(key, 0.0) for one in each])) for key in keys}
