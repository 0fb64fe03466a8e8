"""How large evidence must be before chance is ruled out: by the largest that each series has shown lately.

Above its k-th largest value the tail is taken as Pareto, and its index by Hill's estimator (Hill, Annals of Statistics
3(5), 1975), drawn towards a prior. It is the threshold of SPOT (Siffer et al., KDD 2017), without a fit. Everything is
forgotten with a half-life: a value counts by its weight, and the number of points that it is compared with shrinks as
well. k grows with the square root of that number, as is usual for Hill's estimator, so that a young tail is made of few
values, and an old one does not hang on a few incidents.
"""

from dataclasses import dataclass

import numpy as np

from aiops.detect.rows import Arrays, array
from aiops.detect.univariate.ops import (
    Each,
    SeriesRows,
    aside,
    chosen,
    clip,
    double,
    either,
    lowest,
    nth_largest,
    part,
    sum_of,
    truncated,
)
from aiops.model.arrays import Array, Bools, Floats, Ints

LARGEST = 24
FEWEST = 5
"""Values that must be known before anything is ruled out."""
OF_ROOT = 0.35
"""k over the square root of the number of points."""
PRIOR_INDEX = 0.2
PRIOR_WEIGHT = 4.0
SMALLEST = 1e-3
"""Evidence below which less says no more."""
FINE = 1000.0
"""Steps of a logarithm, as it is stored: a thousandth."""
TICKS = 64.0
"""Ticks of the clock of a tail in one half-life."""
HALVED = np.log(2.0) / TICKS
"""By how much the logarithm of a weight falls in a tick."""
FORGOTTEN = 4.5
"""Half-lives after which a value gives its place to any other."""


@dataclass(slots=True)
class Tails(Arrays):
    """The tails of several views of each series, each for one direction.

    largest: logarithms of the largest evidence `(series, views, LARGEST)`, in steps of 1/FINE; born: when, in ticks;
    0 for a place that is free. count: how much evidence there was, forgotten alike `(series,)`. clock: ticks. least,
    weight, index, number, fitted `(series, views)`: of the k largest, the least, the sum of their weights at the tick
    `fitted`, and the index of the tail above; lowest: the smallest evidence that is held, 0 while there is room. They
    are kept so that a boundary is cheap. number: how many values are held.
    """

    views: int
    largest: Array = array(0, 0, dtype=np.int16)
    born: Array = array(0, 0, dtype=np.uint16)
    count: Array = array(dtype=np.float32)
    clock: Floats = array(fill=1)
    least: Array = array(0, dtype=np.float32, order="F")
    weight: Array = array(0, dtype=np.float32, order="F")
    index: Array = array(0, dtype=np.float32, order="F")
    fitted: Array = array(0, dtype=np.float32, order="F")
    lowest: Array = array(0, dtype=np.float32, order="F")
    number: Array = array(0, dtype=np.int8, order="F")

    def __post_init__(self) -> None:
        self.largest = np.zeros((0, self.views, LARGEST), dtype=np.int16)
        self.born = np.zeros((0, self.views, LARGEST), dtype=np.uint16)
        self.least, self.weight, self.index = (np.zeros((0, self.views), np.float32) for _ in range(3))
        self.fitted, self.lowest = (np.zeros((0, self.views), np.float32) for _ in range(2))
        self.number = np.zeros((0, self.views), dtype=np.int8)


def boundary(t: Tails, row: SeriesRows, view: int, probability: float) -> Floats:
    """Return the evidence that a point of a view exceeds with a probability; infinite while too little is known."""
    weight, age = np.maximum(double(t.weight[row, view]), 1e-9), t.clock[row] - double(t.fitted[row, view])
    rarity = np.log(weight / np.maximum(double(t.count[row]) * probability, 1e-12)) - age * HALVED
    bound = np.exp(double(t.least[row, view]) + double(t.index[row, view]) * np.maximum(rarity, 0.0))
    bounds: Floats = either(t.number[row, view] >= FEWEST, bound, np.inf)
    return bounds


def begin(t: Tails, row: Ints, view: int, values: Floats, count: Floats) -> None:
    """Start the tails of rows from the largest logarithms of evidence `(rows, n)` of many points, counts `(rows,)`.
    Values are -inf where there are fewer."""
    n = min(values.shape[1], LARGEST)
    kept = np.sort(values, axis=1)[:, -n:]
    there = np.isfinite(kept)
    for place in range(n):
        some = row[there[:, place]]
        t.largest[some, view, place] = np.rint(FINE * np.maximum(kept[there[:, place], place], np.log(SMALLEST)))
        t.born[some, view, place] = np.maximum(t.clock[some], 1.0)
    t.count[row] = count
    _fit(t, row, view)


def pass_time(t: Tails, row: SeriesRows, half_lives: Each, wanted: Bools) -> None:
    """Let time pass, in half-lives, and count a point where wanted. To be called before `add`."""
    t.clock[row] += TICKS * half_lives
    t.count[row] = either(wanted, t.count[row] * np.exp2(-half_lives) + 1.0, t.count[row])


def matters(t: Tails, row: SeriesRows, view: int, evidence: Each) -> Bools:
    """Return whether evidence of a view changes its tail: it is among the largest, or the last fit is old."""
    is_needed: Bools = (evidence > t.lowest[row, view]) | (t.clock[row] - t.fitted[row, view] > TICKS)
    return is_needed


def add(t: Tails, row: SeriesRows, view: Each, evidence: Each) -> None:
    """Put evidence in the place that is free or forgotten, else in that of the smallest, if it is larger; and fit."""
    value = np.rint(FINE * np.log(np.maximum(evidence, SMALLEST)))
    born = t.born[row, view]
    gone = (born == 0) | (aside(born, t.clock[row] - FORGOTTEN * TICKS) < 0)
    place, worst = lowest(np.where(gone, -1e9, t.largest[row, view] * 1.0))
    better = value > worst
    for some in chosen(row, better):
        which, at = part(view, better), part(place, better)
        t.largest[some, which, at] = part(value, better)
        t.born[some, which, at] = np.minimum(t.clock[some], 65_535.0)
    _fit(t, row, view)


def _fit(t: Tails, row: SeriesRows, view: Each) -> None:
    """Fit the tail above the k-th largest value."""
    born, clock = t.born[row, view], t.clock[row]
    values = np.where(born > 0, t.largest[row, view] / FINE, -1e3)
    number = sum_of((born > 0) * 1)
    most = np.minimum(truncated(clip(OF_ROOT * np.sqrt(double(t.count[row])), FEWEST, LARGEST)), number)
    least = nth_largest(values, np.maximum(most, 1))
    above = aside(values, least)
    share = np.where(above >= 0, np.exp2(aside(born, clock) / TICKS), 0.0)
    larger, equal = sum_of((above > 0) * 1), sum_of(np.where(above == 0, share, 0.0))
    # Of values that are equal to the least, only so many count that there are k.
    weight = sum_of(share) - equal * (1 - (most - larger) / np.maximum(sum_of((above == 0) * 1), 1))
    t.number[row, view], t.fitted[row, view] = number, clock
    t.least[row, view], t.weight[row, view] = least, weight
    t.index[row, view] = (sum_of(share * np.maximum(above, 0.0)) + PRIOR_WEIGHT * PRIOR_INDEX) / (
        np.maximum(weight - 1.0, 0.0) + PRIOR_WEIGHT
    )
    t.lowest[row, view] = either(number < LARGEST, 0.0, np.exp(lowest(values)[1]))
