"""How large evidence must be before chance is ruled out: by the largest that each series has shown so far.

Above its K-th largest value the tail is taken as Pareto, and its index by Hill's estimator (Hill, Annals of Statistics
3(5), 1975), drawn towards a prior. It is the threshold of SPOT (Siffer et al., KDD 2017), with K numbers of state and
no fit.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LARGEST = 10
FEWEST = 5
"""Values that must be known before anything is ruled out."""
PRIOR_INDEX = 0.2
PRIOR_WEIGHT = 2.0
SMALLEST = 1e-3


@dataclass(slots=True)
class Tails:
    """Logarithms of the largest evidence `(series, views, LARGEST)`, and how much there was `(series, views)`."""

    views: int
    largest: Floats = field(init=False)
    count: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.largest = np.zeros((0, self.views, LARGEST))
        self.count = np.zeros((0, self.views))

    def grow(self, size: int) -> None:
        more = size - len(self.count)
        if more > 0:
            self.largest = np.concatenate([self.largest, np.full((more, self.views, LARGEST), -np.inf)])
            self.count = np.concatenate([self.count, np.zeros((more, self.views))])

    def boundaries(self, rows: NDArray[np.int64], probability: Floats) -> Floats:
        """The evidence that a point exceeds with a probability `(rows, views)`; infinite while too little is known."""
        largest, count = self.largest[rows], self.count[rows]
        known = largest > -np.inf
        number = known.sum(axis=2)
        lowest = np.where(known, largest, np.inf).min(axis=2)
        with np.errstate(invalid="ignore"):
            above = np.where(known, largest - lowest[:, :, None], 0.0).sum(axis=2)
        index = (above + PRIOR_WEIGHT * PRIOR_INDEX) / np.maximum(number - 1 + PRIOR_WEIGHT, 1.0)
        rarity = np.log(np.maximum(1.0, number / np.maximum(count * probability, 1e-300)))
        enough = number >= FEWEST
        bounds: Floats = np.where(enough, np.exp(np.where(enough, lowest + index * rarity, 0.0)), np.inf)
        return bounds

    def add(self, rows: NDArray[np.int64], evidence: Floats, wanted: Bools) -> None:
        """Take evidence in `(rows, views)`, of the rows that are wanted `(rows,)`."""
        chosen, values = rows[wanted], np.log(np.maximum(evidence[wanted], SMALLEST))
        self.count[chosen] += 1
        largest = self.largest[chosen]
        place = largest.argmin(axis=2)[:, :, None]
        least = np.take_along_axis(largest, place, axis=2)
        np.put_along_axis(largest, place, np.maximum(least, values[:, :, None]), axis=2)
        self.largest[chosen] = largest
