"""The tree of calls of bad and good requests, as rows of a table that `tree.html` draws."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from aiops.presentation.documents.base import Json
from aiops.presentation.evidence_text import is_call
from aiops.presentation.filters import ms
from aiops.presentation.numbers import percent

DEEPEST: Final = 12
"""Levels by which a row is indented at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRow:
    """A place of the tree in words. `bar` is its part of the excess in percent; `quiet`: it tells nothing."""

    depth: int
    where: str
    operation: str
    critical: bool
    longer: str
    bar: float
    fails: str
    itself: str
    usual: str
    calls: str
    quiet: bool


def tree_rows(nodes: Sequence[Json]) -> Iterator[TreeRow]:
    """Yield the places of a tree of calls, callers before what they call; `nodes` as the document of an anatomy has
    them."""
    depths: list[int] = []
    for one in nodes:
        depths.append(0 if one["parent"] is None else depths[one["parent"]] + 1)
        bad, good = one["bad"], one["good"]
        callee = one["callee"] or "?"
        yield TreeRow(
            depth=min(depths[-1], DEEPEST),
            where=f"{one['service']} → {callee}" if is_call(one) else one["service"],
            operation=one["operation"],
            critical=one["critical"],
            longer=percent(one["share_of_excess"]),
            bar=round(100 * min(max(one["share_of_excess"], 0.0), 1.0), 1),
            fails=percent(one["share_of_failures"]),
            itself=ms(bad["time_ms"]),
            usual=ms(good["time_ms"]),
            calls=_calls(bad["calls"], good["calls"]),
            quiet=not one["critical"] and not one["share_of_excess"] and not one["share_of_failures"],
        )


def _calls(bad: float, good: float) -> str:
    now, usual = f"{bad:.3g}", f"{good:.3g}"
    return now if now == usual else f"{now} (usually {usual})"
