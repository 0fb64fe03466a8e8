"""Where the time goes: self time and edge gap of every part of a request, bad against good (METHODS 3.3)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aiops.explain.tree import Tree
from aiops.model import Cause, CauseKind, Span, SpanKind

Spent = dict[Cause, float]


@dataclass(frozen=True, slots=True)
class Usual:
    """What good traces spend: median seconds per cause, and of the entry span as a whole."""

    parts: Spent
    entry: float
    traces: int


def spent(tree: Tree, entry: Span) -> Spent:
    """Seconds that the entry's request spent in each place that could be a cause.

    Time in a service is its spans' self time. A client span whose server answered contributes only the gap between
    the two, on the edge; one without an answer contributes all of itself, to the callee it waited for.
    """
    parts: Spent = defaultdict(float)
    for span in tree.below(entry):
        own = tree.self_time(span)
        if span.kind == SpanKind.CLIENT and span.peer:
            server = tree.server_of(span)
            if server is not None:
                parts[Cause(server.service, CauseKind.NETWORK, server.route, server.method, caller=span.service)] += own
            else:
                parts[Cause(span.peer, CauseKind.LATENCY, caller=span.service)] += own
        else:
            serving = tree.serving(span)
            parts[Cause(serving.service, CauseKind.LATENCY, serving.route or serving.name, serving.method)] += own
    return dict(parts)


def usual(good: Sequence[tuple[Tree, Span]]) -> Usual:
    """Median over good traces, counting a part that a trace lacks as zero: means would drown in a late detection."""
    each = [spent(tree, entry) for tree, entry in good]
    keys = {cause for one in each for cause in one}
    parts = {cause: float(np.median([one.get(cause, 0.0) for one in each])) for cause in keys}
    return Usual(parts, float(np.median([entry.duration for _, entry in good])) if good else 0.0, len(each))


def shares(tree: Tree, entry: Span, normal: Usual) -> Spent:
    """Each cause's share of this request's excess over the usual; sums to 1, empty when there is none."""
    excess = {cause: took - normal.parts.get(cause, 0.0) for cause, took in spent(tree, entry).items()}
    positive = {cause: more for cause, more in excess.items() if more > 0.002}
    total = sum(positive.values())
    return {cause: more / total for cause, more in positive.items()} if total > 0 else {}
