"""A bad request beside a good one of the same route, with what is different marked."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from aiops.model import Span, Trace
from aiops.web.span_order import counterparts
from aiops.web.waterfall import Row, Waterfall, waterfall

MOST: Final = 24
"""Spans of either trace that are drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """One of two traces: the rows that are drawn, the ids of those that are marked, and what the mark says."""

    fall: Waterfall
    rows: tuple[Row, ...]
    marked: frozenset[str]
    words: str

    @property
    def more(self) -> int:
        """How many spans are not drawn."""
        return self.fall.spans + self.fall.left_out - len(self.rows)


def twins(bad: Trace, good: Trace) -> tuple[Twin, Twin]:
    """Draw both on one scale. In the bad one the span is marked in which it fails first, or, where it does not fail,
    the one that everything waited longest for beyond the good one; in the good one the spans that the bad one lacks."""
    falls = waterfall(bad, beside=good), waterfall(good, beside=bad)
    slower = falls[0].first_failing is None
    first = _slower(*falls, bad, good) if slower else falls[0].first_failing
    here = frozenset({first.span_id} if first is not None else ())
    lacking = frozenset(row.span.span_id for row in falls[1].rows if row.usual is None)
    return (
        _twin(falls[0], here, "takes longer" if slower else "fails first"),
        _twin(falls[1], lacking, "not in the bad one"),
    )


def _slower(bad: Waterfall, good: Waterfall, trace: Trace, beside: Trace) -> Span | None:
    waited, other = {row.span.span_id: row.on_path for row in good.rows}, counterparts(trace, beside)

    def more(row: Row) -> float:
        twin = other.get(row.span.span_id)
        return row.on_path - (waited.get(twin.span_id, 0.0) if twin is not None else 0.0)

    most = max(bad.rows, key=more)
    return most.span if more(most) > 0 else None


def _twin(fall: Waterfall, marked: Collection[str], words: str) -> Twin:
    """Of a long trace the part around the first mark is drawn."""
    at = next((place for place, row in enumerate(fall.rows) if row.span.span_id in marked), 0)
    begin = max(0, min(at - MOST // 2, len(fall.rows) - MOST))
    return Twin(fall=fall, rows=fall.rows[begin : begin + MOST], marked=frozenset(marked), words=words)
