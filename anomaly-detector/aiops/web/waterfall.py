"""A trace as an indented list of spans on one time axis."""

from collections import defaultdict
from dataclasses import dataclass

from aiops.model import Span, Trace

MOST_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """A span, its depth in the tree, and its bar: shares of the whole trace, 0..1."""

    span: Span
    depth: int
    left: float
    width: float
    is_first_failing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """`rows` are those from `begins` on, at most MOST_ROWS, of `spans`; `left_out` further spans are in the store."""

    trace_id: str
    start: float
    seconds: float
    services: int
    spans: int
    failed: int
    first_failing: Span | None
    rows: tuple[Row, ...]
    begins: int
    left_out: int

    @property
    def ends(self) -> int:
        """The index of the row after the last one shown."""
        return self.begins + len(self.rows)

    @property
    def before(self) -> int:
        """The index at which the rows before these begin."""
        return max(0, self.begins - MOST_ROWS)


def waterfall(trace: Trace, wanted: str = "", begins: int = 0) -> Waterfall:
    """Order spans below their parents by start; spans without a known parent are at the top.

    `wanted` is the id of the failing span to mark, as an incident names it; otherwise it is the earliest failed span
    without a failed child. Rows are shown from `begins` on.
    """
    spans = list({span.span_id: span for span in trace.spans}.values())
    start = min(span.start for span in spans)
    seconds = max(max(span.end for span in spans) - start, 1e-9)
    children: dict[str, list[Span]] = defaultdict(list)
    known = {span.span_id for span in spans}
    for span in sorted(spans, key=lambda one: (one.start, one.span_id)):
        has_parent = span.parent_id in known and span.parent_id != span.span_id
        children[span.parent_id if has_parent else ""].append(span)
    first = _first_failing(spans, children, wanted)
    rows = [
        Row(
            span,
            depth,
            left=min((span.start - start) / seconds, 0.995),
            width=max(span.duration / seconds, 0.005),
            is_first_failing=first is not None and span.span_id == first.span_id,
        )
        for span, depth in _below(children, spans)[begins : begins + MOST_ROWS]
    ]
    return Waterfall(
        trace_id=trace.trace_id,
        start=start,
        seconds=seconds,
        services=len({span.service for span in spans}),
        spans=len(spans),
        failed=sum(span.failed for span in spans),
        first_failing=first,
        rows=tuple(rows),
        begins=begins,
        left_out=trace.left_out,
    )


def _below(children: dict[str, list[Span]], spans: list[Span]) -> list[tuple[Span, int]]:
    """Return each span once, parents before children; spans in a cycle of parents come last, at the top level."""
    out: list[tuple[Span, int]] = []
    seen: set[str] = set()
    for root in [*children[""], *spans]:
        stack = [(root, 0)]
        while stack:
            span, depth = stack.pop()
            if span.span_id in seen:
                continue
            seen.add(span.span_id)
            out.append((span, depth))
            stack.extend((child, depth + 1) for child in reversed(children.get(span.span_id, [])))
    return out


def _first_failing(spans: list[Span], children: dict[str, list[Span]], wanted: str) -> Span | None:
    named = next((span for span in spans if span.span_id == wanted), None)
    if named is not None:
        return named
    failed = [
        span for span in spans if span.failed and not any(child.failed for child in children.get(span.span_id, []))
    ]
    return min(failed, key=lambda one: (one.start, one.span_id), default=None)
