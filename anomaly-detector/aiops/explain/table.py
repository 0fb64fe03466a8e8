"""Spans of many traces as columns, and what waited for what.

A million spans as objects would take gigabytes. As columns, the same work is a few passes over arrays. See
docs/methods.md, Traces as trees.

`sources.files.spans_table.SpanTable` is another table: it also holds what only a file's reader needs, and links spans
to their parents by ids that may be wrong. Traces from a store come without it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from aiops.explain.queries import statement
from aiops.model import Span, SpanKind, Trace
from aiops.model.arrays import Bools, Floats

RowNumbers = npt.NDArray[np.integer[Any]]

TEXTS: Final = ("service", "name", "route", "method", "peer", "statement")
"""Columns of text; `statement` is what a client span asked a database for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanColumns:
    """Spans of many traces, one a row; all arrays have the same length n.

    words: every text that occurs, "" first; text columns hold positions in it. traces: trace ids; `trace` holds
    positions in it. parent: the row of the parent, -1 without one. start: Unix seconds. duration: seconds, never
    negative. origin: the spans themselves, where they are at hand.
    """

    words: tuple[str, ...]
    traces: tuple[str, ...]
    trace: RowNumbers
    parent: RowNumbers
    kind: npt.NDArray[np.int8]
    start: Floats
    duration: Floats
    failed: Bools
    service: RowNumbers
    name: RowNumbers
    route: RowNumbers
    method: RowNumbers
    peer: RowNumbers
    statement: RowNumbers
    origin: tuple[Span, ...] = ()

    def __len__(self) -> int:
        return len(self.parent)

    @classmethod
    def joined(cls, tables: Sequence["SpanColumns"]) -> "SpanColumns":
        """One table of several, one after the other; a trace that two of them have counts twice."""
        codes: dict[str, int] = {"": 0}
        renamed = [np.array([codes.setdefault(word, len(codes)) for word in one.words], np.int32) for one in tables]
        rows, traces = (
            np.cumsum([0, *sizes]) for sizes in ([len(one) for one in tables], [len(one.traces) for one in tables])
        )

        def column(key: str) -> Any:
            return np.concatenate([getattr(one, key) for one in tables])

        return cls(
            words=tuple(codes),
            traces=tuple(trace for one in tables for trace in one.traces),
            trace=np.concatenate([one.trace + at for one, at in zip(tables, traces, strict=False)]).astype(np.int32),
            parent=np.concatenate(
                [np.where(one.parent >= 0, one.parent + at, -1) for one, at in zip(tables, rows, strict=False)]
            ).astype(np.int32),
            **{key: column(key) for key in ("kind", "start", "duration", "failed")},
            **{
                key: np.concatenate([words[getattr(one, key)] for one, words in zip(tables, renamed, strict=True)])
                for key in TEXTS
            },
            origin=tuple(span for one in tables for span in one.origin) if all(one.origin for one in tables) else (),
        )

    def span(self, row: int) -> Span:
        """The span of a row; where it is not at hand, as much of it as the columns tell."""
        if self.origin:
            return self.origin[row]
        texts = {key: self.words[getattr(self, key)[row]] for key in ("service", "name", "route", "method", "peer")}
        parent = int(self.parent[row])
        return Span(
            trace_id=self.traces[self.trace[row]],
            span_id=f"{row:016x}",
            parent_id=f"{parent:016x}" if parent >= 0 else "",
            kind=SpanKind(int(self.kind[row])),
            start=float(self.start[row]),
            duration=float(self.duration[row]),
            failed=bool(self.failed[row]),
            **texts,
        )

    def of_trace(self, number: int) -> Trace:
        """The trace at a position of `traces`. RowNumbers are sorted by trace."""
        begin, end = np.searchsorted(self.trace, (number, number + 1))
        return Trace(self.traces[number], tuple(self.span(row) for row in range(begin, end)))

    @classmethod
    def of(cls, traces: Iterable[Trace]) -> "SpanColumns":
        """Put traces into columns: sorted by trace, start and span id, each span id once a trace."""
        ids: list[str] = []
        spans: list[Span] = []
        trace: list[int] = []
        parents: list[int] = []
        for one in sorted(traces, key=lambda each: each.trace_id):
            rows = sorted({span.span_id: span for span in sorted(one.spans, key=_order)}.values(), key=_order)
            at = {span.span_id: len(spans) + row for row, span in enumerate(rows)}
            parents += [at.get(span.parent_id, -1) for span in rows]
            trace += [len(ids)] * len(rows)
            ids.append(one.trace_id)
            spans += rows
        codes: dict[str, int] = {"": 0}
        texts = {
            key: np.array([codes.setdefault(_text(span, key), len(codes)) for span in spans], np.int32) for key in TEXTS
        }
        return cls(
            words=tuple(codes),
            traces=tuple(ids),
            trace=np.array(trace, np.int32),
            parent=np.array(parents, np.int32),
            kind=np.array([span.kind for span in spans], np.int8),
            start=np.array([span.start for span in spans], float),
            duration=np.maximum([span.duration for span in spans], 0.0) if spans else np.zeros(0),
            failed=np.array([span.failed for span in spans], bool),
            **texts,
            origin=tuple(spans),
        )


def _order(span: Span) -> tuple[float, str]:
    return span.start, span.span_id


def _text(span: Span, key: str) -> str:
    return statement(span) if key == "statement" else str(getattr(span, key))
