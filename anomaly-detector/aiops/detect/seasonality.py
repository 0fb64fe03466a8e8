"""Seasonality of a service by day and week: an offset by the time of the day, added to a level that follows a series
closely.

The level of latency and traffic follows within minutes, so that slow drifts raise no alarm. It cannot know what comes
next: that a service gets busy at nine, or that a batch job begins at two. That is learned here, in buckets of a quarter
of an hour of local time, with a correction by the hour of the week. It is used once it has been shown to predict the
next quarter-hour better than the last quarter-hour does.
"""

from dataclasses import dataclass, field

import numpy as np

from aiops.detect.rows import Arrays, array
from aiops.detect.univariate import holt_winters
from aiops.detect.univariate.holt_winters import HoltWinters
from aiops.model.arrays import Array, Floats, Ints

BETTER = 0.9
"""By which factor the mean squared errors must be smaller. Squared, because large errors cause false alarms."""
MEMORY = 672
"""Quarter-hours over which errors are compared (a week); `SURE` of them must be known, by day and by week."""
SURE = np.array([0, 24, 96])
WIDEST = 3.0
"""The largest offset of a quarter-hour from the level, as a logarithm: twenty times as much, or a twentieth."""
NEXT = 2700.0
"""Seconds within which one quarter-hour follows another; after a longer gap nothing is compared."""
LEAST = 0.1
"""Requests per step to which smaller means are raised before the logarithm is taken."""
USUAL = 0.15
"""The largest roughness that is learned step by step in normal operation, as a logarithm; only `expect` sets a larger
one."""
ROUGH = 3.0
"""How many times larger the excess of a habitual trouble is than the roughness that is stored for it."""
WAYS = 3


@dataclass(slots=True)
class Seasonality(Arrays):
    """The seasonality of each series. held: the offset of each kind of seasonality `(series, WAYS)`: none, by day, by
    day and week. last: the mean of the last quarter-hour without the offset. before: the time of the last point of that
    quarter-hour; seen: the time of the last point of all; Unix seconds. hour: hour of the week of the open
    quarter-hour. loss, known: mean squared error of each kind, and the number of quarter-hours that it has predicted.
    rough: mean square of residuals by quarter-hour of the day; squares: their sum in the open one."""

    day: HoltWinters = field(default_factory=lambda: HoltWinters(96, 900.0))
    week: HoltWinters = field(default_factory=lambda: HoltWinters(168, 3600.0))
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
        """Return the offsets at a local time (seconds since Monday 00:00), `(rows, WAYS)`. Where a quarter-hour is not
        known, the last offset stays."""
        day, known = holt_winters.season(self.day, rows, holt_winters.bucket_at(self.day, local))
        week, _ = holt_winters.season(self.week, rows, holt_winters.bucket_at(self.week, local))
        held = self.held[rows]
        now = _ways(len(rows), day, week)
        self.held[rows] = np.where(known[:, None], now, held)
        return self.held[rows]

    def best(self, rows: Ints) -> Ints:
        """Return the kind of seasonality to use, `(rows,)`: another than the first only if it has predicted clearly
        better."""
        none, day, week = self.loss[rows].T
        sure = self.known[rows] >= SURE
        found = np.where(sure[:, 1] & (day < BETTER * none), 1, 0)
        return np.where(sure[:, 2] & (week < BETTER * np.minimum(none, day)), 2, found)

    def slack(self, rows: Ints, local: Floats, best: Ints) -> tuple[Floats, Floats]:
        """Return how far the neighbouring quarter-hours lie below and above the present offset, `(rows,)` each, because
        habits are not punctual to the minute."""
        here = holt_winters.bucket_at(self.day, local)
        now, _ = holt_winters.season(self.day, rows, here)
        beside = [holt_winters.season(self.day, rows, (here + by) % self.day.buckets)[0] - now for by in (-1, 1)]
        down, up = np.minimum(np.minimum(*beside), 0.0), np.maximum(np.maximum(*beside), 0.0)
        return np.where(best > 0, down, 0.0), np.where(best > 0, up, 0.0)

    def roughness(self, rows: Ints, local: Floats) -> Floats:
        """Return the roughness of this quarter-hour of the day: root mean square of its residuals, 0 where not
        known."""
        return np.sqrt(self.rough[rows, holt_winters.bucket_at(self.day, local)]).astype(np.float64)

    def learn(
        self, rows: Ints, at: float, local: Floats, values: Floats, residuals: Floats, logs: bool = False
    ) -> None:
        """Learn values of normal operation and their residuals, `(rows,)`. With `logs`, for counts, the logarithm of
        the quarter-hour's mean is learned; otherwise the mean of the values, which are logarithms already."""
        quarter = holt_winters.bucket_at(self.day, local)
        over = rows[holt_winters.bucket_ended(self.day, rows, quarter)]
        if len(over):
            means = self.day.total[over] / self.day.points[over]
            self._close(over, self.day.open[over].astype(np.int64), np.log(np.maximum(means, LEAST)) if logs else means)
        holt_winters.gather(self.day, rows, quarter, values)
        fresh = rows[self.day.closed[rows] == 0]
        first = self.day.total[fresh] / self.day.points[fresh]
        self.day.level[fresh] = np.log(np.maximum(first, LEAST)) if logs else first
        self.hour[rows], self.seen[rows] = holt_winters.bucket_at(self.week, local), at
        self.squares[rows] += residuals**2

    def expect(self, row: int, at: float, local: float, since: float, excess: float) -> None:
        """Expect at these hours what has happened since a time (Unix seconds), `excess` off the expected value: it is
        no surprise there, but far more is."""
        places = local - np.arange(self._quarters(at, local, since), dtype=np.float64) * self.day.seconds
        self.rough[row, holt_winters.bucket_at(self.day, places)] = (excess / ROUGH) ** 2

    def settle(self, row: int, at: float, local: float, since: float, value: float) -> None:
        """Learn that a series has been at `value` since a time (Unix seconds) as its normal operation."""
        rows = np.array([row])
        for back in range(self._quarters(at, local, since)):
            place = np.array([local - back * self.day.seconds])
            level = self.day.level[row]
            held = level + np.clip(value - level, -WIDEST, WIDEST)
            holt_winters.visit(self.day, rows, holt_winters.bucket_at(self.day, place), np.array([held]))
        self.offsets(rows, np.array([local]))

    def _quarters(self, at: float, local: float, since: float) -> int:
        """Return how many quarter-hours have begun since a time, including the first and the present one."""
        length = self.day.seconds
        return int(np.clip(local // length - (local - (at - since)) // length + 1, 1, self.day.buckets))

    def _close(self, rows: Ints, was: Ints, means: Floats) -> None:
        """Compare the error of each kind of seasonality for the quarter-hour that has ended, then learn it."""
        hour, seen = self.hour[rows].astype(np.int64), self.seen[rows]
        day, known = holt_winters.season(self.day, rows, was)
        week, week_known = holt_winters.season(self.week, rows, hour)
        left = means[:, None] - _ways(len(rows), day, week)
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
        over = rows[holt_winters.bucket_ended(self.week, rows, hour)]
        of_hour = self.week.total[over] / self.week.points[over]
        holt_winters.visit(self.week, over, self.week.open[over].astype(np.int64), of_hour)
        holt_winters.gather(self.week, rows, hour, held - level - day)
        holt_winters.visit(self.day, rows, was, held)


def _ways(size: int, day: Floats, week: Floats) -> Floats:
    """Return the offsets of each kind `(size, WAYS)`: those by day or week may be one number for all."""
    return np.stack(np.broadcast_arrays(np.zeros(size), day, day + week), axis=1)
