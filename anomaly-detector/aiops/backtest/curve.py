"""A series as a plot shows it: the lowest and highest value of each column, so that no spike is lost and the data stay
small."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from math import inf, isfinite, nan
from typing import Final

import numpy as np

from aiops.model.arrays import Bools, Floats

COLUMNS: Final = 800
"""The columns of a plot: about as many as a screen can show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The points of a plot that share a column: lowest and highest value, the newest expectation and its band (NaN
    where there is none), and whether any of them was judged."""

    low: float
    high: float
    expected: float
    lower: float
    upper: float
    judged: bool


def _or_infinite(instead: float) -> Callable[[float], float]:
    return lambda value: value if isfinite(value) else instead


def _blank() -> "array[float]":
    return array("d", [nan]) * COLUMNS


@dataclass(slots=True)
class Curve:
    """Columns of equal length between two times (Unix seconds), filled point by point."""

    start: float
    end: float
    _low: "array[float]" = field(default_factory=_blank)
    _high: "array[float]" = field(default_factory=_blank)
    _expected: "array[float]" = field(default_factory=_blank)
    _lower: "array[float]" = field(default_factory=_blank)
    _upper: "array[float]" = field(default_factory=_blank)
    _judged: bytearray = field(default_factory=lambda: bytearray(COLUMNS))

    def add(
        self,
        at: float,
        observed: float,
        expected: float = nan,
        lower: float = nan,
        upper: float = nan,
        judged: bool = True,
    ) -> None:
        """Add a point; a point outside the times is left out, and so are values that are not finite."""
        if not self.start <= at <= self.end or not isfinite(observed):
            return
        place = self.place(at)
        if not self._low[place] <= observed:
            self._low[place] = observed
        if not self._high[place] >= observed:
            self._high[place] = observed
        self._judged[place] |= judged
        if isfinite(expected):
            self._expected[place] = expected
        if isfinite(lower) and isfinite(upper):
            self._lower[place], self._upper[place] = lower, upper

    def add_all(self, times: Floats, table: Floats, judged: Bools) -> None:
        """Add points in order of time. table: observed, expected, lower and upper, `(points, 4)`."""
        there = (times >= self.start) & (times <= self.end) & np.isfinite(table[:, 0])
        times, table, judged = times[there], table[there], judged[there]
        if not len(times):
            return
        share = (times - self.start) / max(self.end - self.start, 1e-9)
        places = np.minimum((share * COLUMNS).astype(np.int64), COLUMNS - 1)
        firsts = np.append(0, np.flatnonzero(np.diff(places)) + 1)
        for first, end in zip(firsts.tolist(), np.append(firsts[1:], len(places)).tolist(), strict=True):
            place, (observed, *known) = int(places[first]), table[first:end].T
            self._low[place] = min(self._low[place], float(observed.min()), key=_or_infinite(inf))
            self._high[place] = max(self._high[place], float(observed.max()), key=_or_infinite(-inf))
            self._judged[place] |= bool(judged[first:end].any())
            for kept, values in zip((self._expected, self._lower, self._upper), known, strict=True):
                finite = values[np.isfinite(values)]
                if len(finite):
                    kept[place] = float(finite[-1])

    def place(self, at: float) -> int:
        """Return the column of a time."""
        share = (at - self.start) / max(self.end - self.start, 1e-9)
        return min(int(share * COLUMNS), COLUMNS - 1)

    @property
    def columns(self) -> list[Column]:
        """All columns, from the left."""
        judged = map(bool, self._judged)
        columns = zip(self._low, self._high, self._expected, self._lower, self._upper, judged, strict=True)
        names = [one.name for one in fields(Column)]
        return [Column(**dict(zip(names, one, strict=True))) for one in columns]
