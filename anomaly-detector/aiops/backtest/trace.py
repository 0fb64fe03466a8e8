"""A series as a plot shows it: lowest and highest value of each column, so that no spike is lost and it stays small."""

from array import array
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Final

COLUMNS: Final = 800
"""Of a plot: about as many as a screen has room for."""


@dataclass(frozen=True, slots=True)
class Column:
    """The points of a plot that share a column: lowest and highest value, the newest expectation and its band, NaN
    where there is none; and whether any of them was judged."""

    low: float
    high: float
    expected: float
    lower: float
    upper: float
    judged: bool


def _blank() -> "array[float]":
    return array("d", [nan]) * COLUMNS


@dataclass(slots=True)
class Trace:
    """Columns of equal length between two times (Unix seconds), made of points as they come."""

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
        """Add a point; one outside the times is left out, and so is what is no number."""
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

    def place(self, at: float) -> int:
        """The column of a time."""
        share = (at - self.start) / max(self.end - self.start, 1e-9)
        return min(int(share * COLUMNS), COLUMNS - 1)

    @property
    def columns(self) -> list[Column]:
        """All of them, from the left."""
        judged = map(bool, self._judged)
        columns = zip(self._low, self._high, self._expected, self._lower, self._upper, judged, strict=True)
        return [Column(*one) for one in columns]
