"""Additive Holt-Winters with a damped trend, over many series at once, on the clock of its buckets.

In error-correction form, with the error e of a bucket's mean: level + φ trend + α e, φ trend + α β e, season + γ e:
what statsmodels' `ExponentialSmoothing` does, to the last digits, where each bucket has one value and the parameters
are fixed (a test holds it to that). What it is fed is clipped by whoever feeds it (Gelper, Fried & Croux, Journal of
Forecasting 29(3), 2010), and it learns faster while it is young: no gain is less than what a plain mean would give.
"""

from dataclasses import dataclass

import numpy as np

from aiops.detect.rows import Arrays, array
from aiops.model.arrays import Array, Bools, Floats, Ints

WEEK = 604_800.0
VISITS = 2
"""Times that a bucket must have been seen before it counts."""
ALPHA, BETA, GAMMA, PHI = 0.001, 0.0, 0.125, 0.98
"""Gains of level, trend and season, and the damping, where none were fitted."""


@dataclass(slots=True)
class HoltWinters(Arrays):
    """One season of `buckets` buckets, of `seconds` each; arrays are `(series,)`, or `(series, buckets)`.

    profile: what each bucket is off the level. visits: how often it was seen, up to 255. open: the bucket that is being
    filled, -1 for none, with the sum and number of its points. gains: α, β, γ, φ; NaN where none were fitted.
    """

    buckets: int
    seconds: float
    level: Floats = array()
    trend: Floats = array()
    closed: Array = array(dtype=np.int32)
    open: Array = array(fill=-1, dtype=np.int16)
    total: Floats = array()
    points: Array = array(dtype=np.int32)
    gains: Array = array(4, fill=np.nan, dtype=np.float32, kept=True)
    profile: Array = array(0, dtype=np.float32)
    visits: Array = array(0, dtype=np.uint8)

    def __post_init__(self) -> None:
        self.profile = np.zeros((0, self.buckets), dtype=np.float32)
        self.visits = np.zeros((0, self.buckets), dtype=np.uint8)

    def forecast(self, rows: Ints, local: Floats) -> tuple[Floats, Bools]:
        """What is expected at a local time `(rows,)`, in seconds since Monday 00:00, and whether its bucket is known.
        Between the middles of two buckets it goes from one to the other."""
        place = (local % (self.buckets * self.seconds)) / self.seconds
        bucket = place.astype(np.int64)
        aside = place - bucket - 0.5
        next_ = (bucket + np.where(aside > 0, 1, -1)) % self.buckets
        here, known = self.season(rows, bucket)
        there, known_there = self.season(rows, next_)
        share = np.where(known_there, np.abs(aside), 0.0)
        season = np.where(known, (1 - share) * here + share * there, 0.0)
        return self.level[rows] + self._gain(rows, 3, PHI) * self.trend[rows] + season, known

    def bucket(self, local: Floats) -> Ints:
        """The bucket of a local time, in seconds since Monday 00:00."""
        bucket: Ints = ((local % (self.buckets * self.seconds)) / self.seconds).astype(np.int64)
        return bucket

    def season(self, rows: Ints, bucket: Ints) -> tuple[Floats, Bools]:
        """What a bucket is off the level `(rows,)`, 0 where it is not known, and whether it is."""
        known = self.visits[rows, bucket] >= VISITS
        return np.where(known, self.profile[rows, bucket], 0.0), known

    def add(self, rows: Ints, local: Floats, values: Floats) -> None:
        """Take values in; a bucket is learned when a point of another one comes."""
        bucket = self.bucket(local)
        over, was, means = self.due(rows, bucket)
        self.visit(over, was, means)
        self.gather(rows, bucket, values)

    def due(self, rows: Ints, bucket: Ints) -> tuple[Ints, Ints, Floats]:
        """Which rows have an open bucket that is another one than theirs now, which, and the mean of its points."""
        over = rows[(self.open[rows] != bucket) & (self.points[rows] > 0)]
        return over, self.open[over].astype(np.int64), self.total[over] / self.points[over]

    def gather(self, rows: Ints, bucket: Ints, values: Floats) -> None:
        """Add a point to the open bucket, or open another."""
        other = self.open[rows] != bucket
        self.total[rows] = np.where(other, 0.0, self.total[rows]) + values
        self.points[rows] = np.where(other, 0, self.points[rows]) + 1
        self.open[rows] = bucket

    def visit(self, rows: Ints, bucket: Ints, means: Floats) -> None:
        """Learn what a bucket was like, one a row."""
        if not len(rows):
            return
        self.visits[rows, bucket] = np.minimum(self.visits[rows, bucket], 254) + 1
        self.closed[rows] += 1
        alpha = np.maximum(self._gain(rows, 0, ALPHA), 1 / (self.closed[rows] + 1.0))
        gamma = np.maximum(self._gain(rows, 2, GAMMA), 1.0 / self.visits[rows, bucket])
        damped = self._gain(rows, 3, PHI) * self.trend[rows]
        error = means - self.level[rows] - damped - self.profile[rows, bucket]
        self.level[rows] += damped + alpha * error
        self.trend[rows] = damped + alpha * self._gain(rows, 1, BETA) * error
        self.profile[rows, bucket] += gamma * error

    def move(self, rows: Ints, by: Floats) -> None:
        """Raise the level: what the series does from now on is `by` more than it was."""
        self.level[rows] += by

    def _gain(self, rows: Ints, which: int, default: float) -> Floats:
        gains = self.gains[rows, which].astype(np.float64)
        return np.where(np.isnan(gains), default, gains)
