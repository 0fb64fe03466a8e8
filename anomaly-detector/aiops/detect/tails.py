"""How large evidence must be before chance is ruled out: by the largest that each series has shown so far.

Above its K-th largest value the tail is taken as Pareto, and its index by Hill's estimator (Hill, Annals of Statistics
3(5), 1975), drawn towards a prior. It is the threshold of SPOT (Siffer et al., KDD 2017), with K numbers of state and
no fit.
"""

from dataclasses import dataclass

import numpy as np

from aiops.detect.rows import Arrays, array
from aiops.model.arrays import Array, Bools, Floats, Ints

LARGEST = 12
FEWEST = 5
"""Values that must be known before anything is ruled out."""
PRIOR_INDEX = 0.2
PRIOR_WEIGHT = 2.0
SMALLEST = 1e-3


@dataclass(slots=True)
class Tails(Arrays):
    """largest: logarithms of the largest evidence `(series, views, LARGEST)`; the rest is `(series, views)`.

    count: how much evidence there was. least, number, index: of `largest`, its least value, how many there are, and the
    index of the tail above; kept so that a boundary is cheap.
    """

    views: int
    largest: Array = array(0, 0, dtype=np.float32, fill=-np.inf)
    count: Floats = array(0)
    least: Floats = array(0, fill=-np.inf)
    number: Array = array(0, dtype=np.int8)
    index: Floats = array(0)

    def __post_init__(self) -> None:
        self.largest = np.zeros((0, self.views, LARGEST), dtype=np.float32)
        self.count, self.least, self.index = (np.zeros((0, self.views)) for _ in range(3))
        self.number = np.zeros((0, self.views), dtype=np.int8)

    def boundaries(self, rows: Ints, probability: Floats) -> Floats:
        """The evidence `(rows, views)` that a point exceeds with a probability `(views,)`; infinite while too little is
        known."""
        number = self.number[rows]
        rarity = np.log(np.maximum(number, 1) / np.maximum(self.count[rows] * probability, 1e-300))
        bound = np.exp(self.least[rows] + self.index[rows] * np.maximum(rarity, 0.0))
        bounds: Floats = np.where(number >= FEWEST, bound, np.inf)
        return bounds

    def add(self, rows: Ints, evidence: Floats, wanted: Bools) -> None:
        """Take evidence in `(rows, views)`, of the rows that are wanted `(rows,)`."""
        values = np.log(np.maximum(evidence, SMALLEST)).astype(np.float32)
        self.count[rows] += wanted[:, None]
        where, view = np.nonzero(wanted[:, None] & ((values > self.least[rows]) | (self.number[rows] < LARGEST)))
        chosen = rows[where]
        self.number[chosen, view] = np.minimum(self.number[chosen, view] + 1, LARGEST)
        largest = self.largest[chosen, view]
        largest[np.arange(len(chosen)), largest.argmin(axis=1)] = values[where, view]
        self.largest[chosen, view] = largest
        known = largest > -np.inf
        least = np.where(known, largest, np.inf).min(axis=1).astype(np.float64)
        above = np.where(known, largest - least[:, None], 0.0).sum(axis=1)
        self.least[chosen, view] = least
        self.index[chosen, view] = (above + PRIOR_WEIGHT * PRIOR_INDEX) / (known.sum(axis=1) - 1 + PRIOR_WEIGHT)
