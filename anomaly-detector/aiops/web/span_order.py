"""The spans of a trace in the order in which they are shown, each below its parent; and the same in another trace."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

from aiops.model import Span, Trace

Ordered = Sequence[tuple[Span, int]]
"""Spans with their depths."""


def children_of(spans: Sequence[Span]) -> dict[str, list[Span]]:
    """Return spans by the id of their parent, by start; those without a known parent by ""."""
    children: dict[str, list[Span]] = defaultdict(list)
    known = {span.span_id for span in spans}
    for span in sorted(spans, key=lambda one: (one.start, one.span_id)):
        has_parent = span.parent_id in known and span.parent_id != span.span_id
        children[span.parent_id if has_parent else ""].append(span)
    return children


def parents_first(children: Mapping[str, list[Span]], spans: Sequence[Span]) -> list[tuple[Span, int]]:
    """Return each span once, parents before children; spans in a cycle of parents come last, at the top level."""
    out: list[tuple[Span, int]] = []
    seen: set[str] = set()
    for root in [*children.get("", []), *spans]:
        stack = [(root, 0)]
        while stack:
            span, depth = stack.pop()
            if span.span_id in seen:
                continue
            seen.add(span.span_id)
            out.append((span, depth))
            stack.extend((child, depth + 1) for child in reversed(children.get(span.span_id, [])))
    return out


def counts_below(ordered: Ordered) -> dict[str, int]:
    """Return how many spans are below each, from the order of depths."""
    out: dict[str, int] = {}
    open_: list[tuple[int, int, str]] = []
    for at, (span, depth) in enumerate([*ordered, (ordered[0][0], 0)]):
        while open_ and open_[-1][0] >= depth:
            _, begun, span_id = open_.pop()
            out[span_id] = at - begun - 1
        open_.append((depth, at, span.span_id))
    return out


def without_closed(ordered: Ordered, closed: Collection[str]) -> list[tuple[Span, int]]:
    """Leave out what is below the closed spans."""
    out: list[tuple[Span, int]] = []
    hidden = -1  # the depth of the closed span that we are below; -1 for none
    for span, depth in ordered:
        if 0 <= hidden < depth:
            continue
        hidden = depth if span.span_id in closed else -1
        out.append((span, depth))
    return out


def counterparts(trace: Trace, beside: Trace) -> dict[str, Span]:
    """Return the same spans of another trace, by the ids of these: those of the same place in the tree of calls."""
    numbers: dict[tuple[object, ...], int] = {}
    other = {place: span for span, place in _places(beside, numbers)}
    return {span.span_id: other[place] for span, place in _places(trace, numbers) if place in other}


def _places(trace: Trace, numbers: dict[tuple[object, ...], int]) -> list[tuple[Span, int]]:
    """Number the place of each span: its parent's place, service, kind and operation, and the how manieth such one."""
    spans = list({span.span_id: span for span in trace.spans}.values())
    places: dict[str, int] = {}
    seen: Counter[tuple[object, ...]] = Counter()
    for span, _ in parents_first(children_of(spans), spans):
        place = (places.get(span.parent_id, -1), span.service, span.kind, span.operation)
        seen[place] += 1
        places[span.span_id] = numbers.setdefault((*place, seen[place]), len(numbers))
    return [(span, places[span.span_id]) for span in spans]
