"""How a service's day and week go: what is added to a level that follows a series closely, by the time of the day.

The level of latency and traffic follows within minutes, so that drifts tell nobody. What it cannot know is what comes
next: that it gets busy at nine, or that a batch begins at two. That is learned here, on the clock of its buckets of a
quarter of an hour, with a correction by the hour of the week, and used once it has been shown to tell the next quarter
better than the last one does.
"""

from dataclasses import dataclass, field

import numpy as np

from aiops.detect.rows import Array, Arrays, Floats, Ints, array
from aiops.detect.univariate.holt_winters import HoltWinters
from aiops.detect.univariate.season import by_day, by_week

BETTER = 0.9
"""How much smaller the mean squared errors must be. Squared: what tells people something wrong are the large ones."""
MEMORY = 672
"""Quarters of an hour, a week of them, over which errors are compared; `SURE` must have been, by day and by week."""
SURE = np.array([0, 24, 96])
WIDEST = 3.0
"""The most a quarter is taken to be off the level, as a logarithm: twenty times as much, or as little."""
NEXT = 2700.0
"""Seconds within which one quarter follows another; after a longer gap nothing is compared."""
LEAST = 0.1
"""Requests a step below which fewer are the same."""
USUAL = 0.15
"""Roughness that is learned in normal life, at most, as a logarithm; what is rougher is so by habit."""
ROUGH = 3.0
"""How many times its roughness a quarter is off by, that is rough by habit."""
WAYS = 3


@dataclass(slots=True)
class Seasonality(Arrays):
    """Of each series. held: what is added by each way `(series, WAYS)`: nothing, by the day, by day and week. last: the
    mean of the last quarter without it. before: the time of its last point, seen: that of the last point of all, Unix
    seconds. hour: of the week, of the open quarter. loss, known: mean squared error of each way, and how many quarters
    it has told. rough: mean square of residuals by quarter of the day, squares: their sum in the open one."""

    day: HoltWinters = field(default_factory=by_day)
    week: HoltWinters = field(default_factory=by_week)
    held: Floats = array(WAYS)
    last: Floats = array(WAYS, fill=np.nan)
    before: Floats = array(fill=np.nan)
    seen: Floats = array(fill=np.nan)
    hour: Array = array(dtype=np.int16)
    loss: Floats = array(WAYS)
    known: Array = array(WAYS, dtype=np.int32)
    rough: Array = array(96, dtype=np.float32)
    squares: Floats = array()

    def offsets(self, rows: Ints, local: Floats) -> Floats:
        """What is added to the level at a local time, seconds since Monday 00:00, `(rows, WAYS)`. Where a quarter is
        not known it is what was added last."""
        day, known = self.day.season(rows, self.day.bucket(local))
        week, _ = self.week.season(rows, self.week.bucket(local))
        held = self.held[rows]
        now = np.stack([np.zeros(len(rows)), day, day + week], axis=1)
        self.held[rows] = np.where(known[:, None], now, held)
        return self.held[rows]

    def best(self, rows: Ints) -> Ints:
        """Which way to go by `(rows,)`: another than the first only if it has told clearly better what comes."""
        none, day, week = self.loss[rows].T
        sure = self.known[rows] >= SURE
        found = np.where(sure[:, 1] & (day < BETTER * none), 1, 0)
        return np.where(sure[:, 2] & (week < BETTER * np.minimum(none, day)), 2, found)

    def slack(self, rows: Ints, local: Floats, best: Ints) -> tuple[Floats, Floats]:
        """How far the quarters beside this one lie below and above what is added now, `(rows,)` each: habits are not
        kept to the minute."""
        here = self.day.bucket(local)
        now, _ = self.day.season(rows, here)
        beside = [self.day.season(rows, (here + by) % self.day.buckets)[0] - now for by in (-1, 1)]
        down, up = np.minimum(np.minimum(*beside), 0.0), np.maximum(np.maximum(*beside), 0.0)
        return np.where(best > 0, down, 0.0), np.where(best > 0, up, 0.0)

    def roughness(self, rows: Ints, local: Floats) -> Floats:
        """How rough this quarter of the day has been: root mean square of residuals, 0 where that is not known."""
        return np.sqrt(self.rough[rows, self.day.bucket(local)]).astype(np.float64)

    def learn(
        self, rows: Ints, at: float, local: Floats, values: Floats, residuals: Floats, logs: bool = False
    ) -> None:
        """Take in values of normal life and what they were off the expected, `(rows,)`. With `logs` the logarithm of a
        quarter's mean is learned, for counts; else the mean of the values, which are logarithms."""
        quarter = self.day.bucket(local)
        over, was, means = self.day.due(rows, quarter)
        if len(over):
            self._close(over, was, np.log(np.maximum(means, LEAST)) if logs else means)
        self.day.gather(rows, quarter, values)
        fresh = rows[self.day.closed[rows] == 0]
        first = self.day.total[fresh] / self.day.points[fresh]
        self.day.level[fresh] = np.log(np.maximum(first, LEAST)) if logs else first
        self.hour[rows], self.seen[rows] = self.week.bucket(local), at
        self.squares[rows] += residuals**2

    def expect(self, row: int, at: float, local: float, since: float, excess: float) -> None:
        """What has come since a time (Unix seconds), `excess` off the expected, comes at these hours: it is no surprise
        there, far more is."""
        places = local - np.arange(self._quarters(at, local, since), dtype=np.float64) * self.day.seconds
        self.rough[row, self.day.bucket(places)] = (excess / ROUGH) ** 2

    def settle(self, row: int, at: float, local: float, since: float, value: float) -> None:
        """Learn that since a time (Unix seconds) a series has been at `value`, as that is its normal life."""
        rows = np.array([row])
        for back in range(self._quarters(at, local, since)):
            place = np.array([local - back * self.day.seconds])
            level = self.day.level[row]
            held = level + np.clip(value - level, -WIDEST, WIDEST)
            self.day.visit(rows, self.day.bucket(place), np.array([held]))
        self.offsets(rows, np.array([local]))

    def _quarters(self, at: float, local: float, since: float) -> int:
        """How many quarters of an hour have been begun since a time, the first and the present one among them."""
        length = self.day.seconds
        return int(np.clip(local // length - (local - (at - since)) // length + 1, 1, self.day.buckets))

    def _close(self, rows: Ints, was: Ints, means: Floats) -> None:
        """Compare each way's error about the quarter that is over, then learn it."""
        hour, seen = self.hour[rows].astype(np.int64), self.seen[rows]
        day, known = self.day.season(rows, was)
        week, week_known = self.week.season(rows, hour)
        left = means[:, None] - np.stack([np.zeros(len(rows)), day, day + week], axis=1)
        error = np.minimum(np.abs(left - self.last[rows]), WIDEST) ** 2
        told = known & (seen - self.before[rows] < NEXT)
        ways = np.stack([told, told, told & week_known], axis=1) & np.isfinite(error)
        self.known[rows] += ways
        share = 1.0 / np.clip(self.known[rows], 1, MEMORY)
        self.loss[rows] += np.where(ways[:, :1], share * (np.nan_to_num(error) - self.loss[rows]), 0.0)
        self.last[rows], self.before[rows] = left, seen

        gain = np.maximum(1 / 8, 1.0 / (self.day.visits[rows, was] + 1.0))
        rough = self.rough[rows, was]
        square = np.minimum(self.squares[rows] / self.day.points[rows], np.maximum(rough, USUAL**2))
        self.rough[rows, was] = rough + gain * (square - rough)
        self.squares[rows] = 0.0
        level = self.day.level[rows]
        held = level + np.clip(means - level, -WIDEST, WIDEST)
        over, last_hour, of_hour = self.week.due(rows, hour)
        self.week.visit(over, last_hour, of_hour)
        self.week.gather(rows, hour, held - level - day)
        self.day.visit(rows, was, held)
