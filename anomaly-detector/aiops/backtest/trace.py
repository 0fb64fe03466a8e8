"""A series as a plot shows it: lowest and highest value of each column, so that no spike is lost and it stays small."""

from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Final

COLUMNS: Final = 800
"""Of a plot: about as many as a screen has room for."""


@dataclass(slots=True)
class Column:
    """The points of a plot that share a column: lowest and highest value, the newest expectation and its band."""

    low: float = nan
    high: float = nan
    expected: float = nan
    lower: float = nan
    upper: float = nan
    judged: bool = False


@dataclass(slots=True)
class Trace:
    """Columns of equal length between two times (Unix seconds), made of points as they come."""

    start: float
    end: float
    columns: list[Column] = field(default_factory=lambda: [Column() for _ in range(COLUMNS)])

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
        column = self.columns[self.place(at)]
        column.low = min(observed, column.low) if isfinite(column.low) else observed
        column.high = max(observed, column.high) if isfinite(column.high) else observed
        column.judged |= judged
        if isfinite(expected):
            column.expected = expected
        if isfinite(lower) and isfinite(upper):
            column.lower, column.upper = lower, upper

    def place(self, at: float) -> int:
        """The column of a time."""
        share = (at - self.start) / max(self.end - self.start, 1e-9)
        return min(int(share * len(self.columns)), len(self.columns) - 1)
