"""How a series moves: a series of its own, made of the values of another, and judged by the same detector.

A value says little where a series has always had each of its values: a line that got flat, a heartbeat at another
pace, a hump that is missing. What such a series has not had before is how much it moves. Causal: each value is made of
earlier ones only.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.backtest.rows import TableSeries
from aiops.model.arrays import Bools, Floats, Ints

SECONDS: Final = 300.0
"""The shortest interval that is looked at; it is that between points if they are farther apart."""
WINDOW: Final = 24
"""Intervals over which the mean is taken: two hours."""
MISSING: Final = 0.1
"""The share of a window's intervals that may have no value."""
EARLY: Final = 50
"""Points whose distances give the step."""
SHAPE: Final = ("shape", "movement")
"""The label that is added."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Means of intervals of so many `seconds` `(intervals,)`, NaN where there is no value. rows: of each, the last
    point of the series in it, -1 for none."""

    seconds: float
    values: Floats
    rows: Ints

    @property
    def held(self) -> Floats:
        """The values; where there is none, the last one."""
        last = np.maximum.accumulate(np.where(np.isfinite(self.values), np.arange(len(self.values)), 0))
        return np.nan_to_num(self.values[last])

    def known(self, width: int) -> Bools:
        """Return whether the window of `width` intervals that ends with each is known well enough."""
        gone = np.cumsum(np.append(np.zeros(width), ~np.isfinite(self.values)))
        whole: Bools = (gone[width:] - gone[:-width] <= MISSING * width) & (np.arange(len(self.values)) >= width - 1)
        return whole & np.isfinite(self.values)


def intervals(times: Floats, values: Floats, longest: float = np.inf) -> Intervals:
    """Put a series on a grid. times: Unix seconds `(points,)`, each later than the one before. Gaps of more intervals
    than `longest` are cut to that many."""
    seconds = max(SECONDS, float(np.median(np.diff(times[:EARLY])))) if len(times) > 1 else SECONDS
    place = (times // seconds - times[0] // seconds).astype(np.int64)
    place = np.cumsum(np.minimum(np.diff(place, prepend=0), longest)).astype(np.int64)
    there = np.isfinite(values)
    count, total = np.zeros(place[-1] + 1), np.zeros(place[-1] + 1)
    np.add.at(count, place[there], 1.0)
    np.add.at(total, place[there], values[there])
    rows = np.full(len(count), -1)
    rows[place] = np.arange(len(times))
    return Intervals(seconds, np.where(count > 0, total / np.maximum(count, 1.0), np.nan), rows)


def movement(of: Intervals, width: int = WINDOW) -> Floats:
    """Return the mean size of a step from interval to interval, over the window that ends with each `(intervals,)`; NaN
    where too little is known."""
    moved = np.cumsum(np.append(np.zeros(width), np.abs(np.diff(of.held))))
    mean = (moved[width - 1 :] - moved[: -width + 1]) / (width - 1)
    return np.where(of.known(width), mean, np.nan)


def as_moving(one: TableSeries) -> TableSeries:
    """Return how a series moves, at the time of the last point of each interval; labelled if any point of it is."""
    of = intervals(np.array(one.times), np.array(one.values), 2.0 * WINDOW)
    there = of.rows >= 0
    rows = of.rows[there]
    begins = np.append(0, rows[:-1] + 1)
    flags = np.maximum.reduceat(np.array(one.labelled), begins).tolist() if one.labelled else []
    return TableSeries((*one.labels, SHAPE), np.array(one.times)[rows].tolist(), movement(of)[there].tolist(), flags)
