"""A trace as an indented list of spans on one time axis."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiops import explain
from aiops.explain import SpanTimes
from aiops.model import Span, Trace
from aiops.web.span_order import children_of, counterparts, counts_below, parents_first, without_closed

MOST_ROWS: Final = 200
LEAST_GAP_SECONDS: Final = 0.001
LEAST_GAP: Final = 0.02
"""Of the whole trace. From both on a gap between a call and the request that answered it is shown."""
STRIPES: Final = 8
"""Colours of services."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a lane: shares of the whole trace, 0..1."""

    left: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A span, its depth in the tree, and its bar.

    itself: seconds in which its work waited for nothing, None for a part of other work. on_path: seconds of the whole
    trace in which everything waited for it, 0 off the critical path. gap: seconds of a call in which the service that
    answered did not work on it, drawn as `gaps`. below: spans below it; closed: whether these are left out. usual: the
    duration of the same span in a trace beside, None without.
    """

    span: Span
    depth: int
    bar: Bar
    is_first_failing: bool
    stripe: int
    itself: float | None
    on_path: float
    gap: float
    gaps: tuple[Bar, ...]
    below: int
    closed: bool
    usual: float | None = None

    @property
    def message(self) -> str:
        """What went wrong, each thing once: status code, exception or type of error, message."""
        of = self.span
        parts = (
            str(of.http_status or ""),
            of.exception_type or of.error_type,
            of.status_message or of.exception_message,
        )
        return " · ".join(dict.fromkeys(one for one in parts if one))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """`rows` are those from `begins` on, at most MOST_ROWS, of `shown`, which leaves out what is below closed rows; of
    `spans` in all; `left_out` further spans are in the store."""

    trace_id: str
    root: Span
    start: float
    seconds: float
    scale: float
    services: Mapping[str, int]
    spans: int
    shown: int
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


def waterfall(
    trace: Trace,
    wanted: str = "",
    begins: int = 0,
    closed: Collection[str] = (),
    beside: Trace | None = None,
) -> Waterfall:
    """Order spans below their parents by start; spans without a known parent are at the top.

    `wanted` is the id of the failing span to mark, as an incident names it; otherwise it is the earliest failed span
    without a failed child. Rows are shown from `begins` on, without what is below the `closed` ones. With a trace
    `beside`, both have one scale, and rows tell how long the same span took there.
    """
    spans = list({span.span_id: span for span in trace.spans}.values())
    start = min(span.start for span in spans)
    seconds = _seconds(trace)
    scale = max(seconds, _seconds(beside) if beside else 0.0)
    children = children_of(spans)
    least = max(LEAST_GAP_SECONDS, LEAST_GAP * seconds)
    first = _first_failing(spans, children, wanted)
    ordered = parents_first(children, spans)
    below = counts_below(ordered)
    visible = without_closed(ordered, closed)
    times = explain.span_times(trace)
    services = _stripes([trace, *([beside] if beside else [])])
    usual = {key: span.duration for key, span in counterparts(trace, beside).items()} if beside else {}

    def row(span: Span, depth: int) -> Row:
        of = times[span.span_id]
        return Row(
            span=span,
            depth=depth,
            bar=Bar(min((span.start - start) / scale, 0.995), max(span.duration / scale, 0.005)),
            is_first_failing=first is not None and span.span_id == first.span_id,
            stripe=services[span.service] % STRIPES,
            itself=of.itself,
            on_path=of.on_path,
            gap=of.gap if of.gap >= least else 0.0,
            gaps=_gaps(span, of, start, scale) if of.gap >= least else (),
            below=below[span.span_id],
            closed=span.span_id in closed and below[span.span_id] > 0,
            usual=usual.get(span.span_id),
        )

    return Waterfall(
        trace_id=trace.trace_id,
        root=ordered[0][0],
        start=start,
        seconds=seconds,
        scale=scale,
        services={name: at % STRIPES for name, at in services.items() if name in {one.service for one in spans}},
        spans=len(spans),
        shown=len(visible),
        failed=sum(span.failed for span in spans),
        first_failing=first,
        rows=tuple(row(*one) for one in visible[begins : begins + MOST_ROWS]),
        begins=begins,
        left_out=trace.left_out,
    )


def _seconds(trace: Trace) -> float:
    start = min(span.start for span in trace.spans)
    return max(max(span.start - start + span.duration for span in trace.spans), 1e-9)


def _stripes(traces: Sequence[Trace]) -> dict[str, int]:
    """Number services, so that each has the same colour in all of these traces."""
    return {name: at for at, name in enumerate(sorted({span.service for one in traces for span in one.spans}))}


def _gaps(span: Span, of: SpanTimes, start: float, scale: float) -> tuple[Bar, ...]:
    if of.answered is None:
        return ()
    begin, end = of.answered
    parts = ((0.0, begin), (end, span.duration))
    return tuple(
        Bar((span.start - start + since) / scale, (until - since) / scale) for since, until in parts if until > since
    )


def _first_failing(spans: list[Span], children: dict[str, list[Span]], wanted: str) -> Span | None:
    named = next((span for span in spans if span.span_id == wanted), None)
    if named is not None:
        return named
    failed = [
        span for span in spans if span.failed and not any(child.failed for child in children.get(span.span_id, []))
    ]
    return min(failed, key=lambda one: (one.start, one.span_id), default=None)
