"""What differs by the time of the day and by the hour of the week, used once it has been shown to help."""

from dataclasses import dataclass, field

import numpy as np

from aiops.detect.rows import Arrays, array
from aiops.detect.univariate.holt_winters import WEEK, HoltWinters
from aiops.model.arrays import Array, Bools, Floats, Ints

BETTER = 0.95
"""How much smaller a season must make the errors."""
LOSS_POINTS = 500
SURE_POINTS = 50
FITTED_POINTS = 25
"""Points of a series, and of those where the season was known, before it is trusted."""
LEARNT = 100_000.0
"""Points over which the spread of what a season leaves is taken."""


def by_day() -> HoltWinters:
    """Return the season of a day: 96 buckets of a quarter of an hour."""
    return HoltWinters(96, 900.0)


def by_week() -> HoltWinters:
    """Return the season of a week: 168 buckets of an hour."""
    return HoltWinters(168, 3600.0)


def monday(at: float | Floats) -> Floats:
    """Seconds since Monday 00:00 UTC of a Unix time."""
    return np.asarray((np.asarray(at) + 3 * 86_400.0) % WEEK)


@dataclass(slots=True)
class Season(Arrays):
    """Two Holt-Winters beside each other, and how well none, the first and the second did: `(series, 3)` each.

    loss: mean absolute errors, clipped. spread: mean squares of what was left. known: points at which each could say
    something of the hour.
    """

    day: HoltWinters = field(default_factory=by_day)
    week: HoltWinters = field(default_factory=by_week)
    loss: Floats = array(3)
    spread: Floats = array(3)
    known: Array = array(3, dtype=np.int32)

    def forecasts(self, rows: Ints, local: Floats, plain: Floats) -> tuple[Floats, Bools]:
        """What is expected `(rows, 3)`: without a season it is `plain`, and where the hour of the week is not known yet
        it is as by the day. Also where each knows its hour."""
        day, day_known = self.day.forecast(rows, local)
        week, week_known = self.week.forecast(rows, local)
        values = np.stack([plain, day, np.where(week_known, week, day)], axis=1)
        return values, np.stack([np.ones(len(rows), bool), day_known, week_known], axis=1)

    def best(self, rows: Ints, points: Floats) -> Ints:
        """Which of the three to go by: a season only once it has made errors clearly smaller. `(rows,)`."""
        none, day, week = self.loss[rows].T
        sure = (self.known[rows] >= FITTED_POINTS) & (points > SURE_POINTS)[:, None]
        found = np.where(sure[:, 1] & (day < BETTER * none), 1, 0)
        return np.where(sure[:, 2] & (week < BETTER * np.minimum(none, day)), 2, found)

    def judge(self, rows: Ints, residuals: Floats, known: Bools, most: Floats, least: Floats, clip: float) -> None:
        """Take in what each of the three left `(rows, 3)`, clipped at `most` `(rows,)` for comparison, and at `clip` of
        its own spread, or `least`, for the spread."""
        count, loss, spread, error = self.known[rows] + known, self.loss[rows], self.spread[rows], np.abs(residuals)
        share = 1 / np.minimum(count[:, :1] + 1.0, LOSS_POINTS)
        widest = np.where(count > 1, clip * np.maximum(np.sqrt(spread), least[:, None]), np.inf)
        step = (np.minimum(error, widest) ** 2 - spread) / np.clip(count, 1, LEARNT)
        self.known[rows] = count
        self.loss[rows] = loss + share * (np.minimum(error, most[:, None]) - loss)
        self.spread[rows] = spread + np.where(known, step, 0.0)

    def add(self, rows: Ints, local: Floats, values: Floats, most: Floats) -> None:
        """Learn values `(rows,)`, clipped at `most` off either level."""
        for one in (self.day, self.week):
            level = one.level[rows]
            one.add(rows, local, level + np.clip(values - level, -most, most))

    def move(self, rows: Ints, by: Floats) -> None:
        """Raise both levels."""
        self.day.move(rows, by)
        self.week.move(rows, by)
