"""Where the time of one trace goes: each span's own time, its part of the critical path, and gaps of the network."""

from dataclasses import dataclass

import numpy as np

from aiops.explain.critical import critical_seconds
from aiops.explain.requests import RequestWork
from aiops.explain.table import SpanColumns
from aiops.explain.tree import Tree
from aiops.explain.waits import Waits
from aiops.explain.wanted import begins
from aiops.model import SpanKind, Trace


@dataclass(frozen=True, slots=True)
class SpanTimes:
    """Times of a span, in seconds.

    itself: in which its work waited for nothing; None for an INTERNAL span, which is part of the work around it.
    on_path: of the request with which the trace begins, in which everything waited for this span itself. gap: of a
    call, by which it took longer than the request that answered it. answered: when that one worked, after the start of
    the call; None where none answered.
    """

    itself: float | None
    on_path: float
    gap: float = 0.0
    answered: tuple[float, float] | None = None


def span_times(trace: Trace) -> dict[str, SpanTimes]:
    """Return the times of each span of a trace, by its id. See docs/methods.md, Traces as trees."""
    table = SpanColumns.of([trace])
    waits = Waits.of(table)
    path = np.zeros(len(table))
    first = begins(trace)
    if first is not None:
        entry = next(at for at, span in enumerate(table.origin) if span.span_id == first.span_id)
        requests = RequestWork.of(table, waits, np.array([entry], np.int32), np.array([True]))
        path[requests.rows] = critical_seconds(requests)
    out = {}
    for at, span in enumerate(table.origin):
        answering = table.origin[int(waits.server[at])] if waits.server[at] >= 0 else None
        called = answering is not None and waits.kind[at] == SpanKind.CLIENT
        out[span.span_id] = SpanTimes(
            itself=None if waits.inner[at] else float(waits.own[at]),
            on_path=float(path[at]),
            gap=max(0.0, span.duration - answering.duration) if answering and called else 0.0,
            answered=Tree.waited(span, answering) if answering and called else None,
        )
    return out
