"""What differs by the hour of the day and of the week, used once it has been shown to help."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOUR = 3600.0
DAY, WEEK = 24, 168
VISITS = 2
"""Times that an hour must have been seen before it counts."""
MEMORY = 8
"""Visits over which an hour's mean is taken."""
BETTER = 0.95
"""How much smaller a season must make the errors."""
LOSS_POINTS = 500
SURE_POINTS = 50


@dataclass(slots=True)
class Profile:
    """Means by hour of a cycle of `hours`: `(series, hours)`, how often each was seen, and the hour that is open."""

    hours: int
    mean: Floats = field(init=False)
    visits: Ints = field(init=False)
    open: Ints = field(init=False)
    total: Floats = field(init=False)
    points: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.mean, self.visits = np.zeros((0, self.hours)), np.zeros((0, self.hours), np.int64)
        self.open, self.total, self.points = np.zeros(0, np.int64), np.zeros(0), np.zeros(0)

    def grow(self, size: int) -> None:
        more = size - len(self.open)
        if more > 0:
            self.mean = np.concatenate([self.mean, np.zeros((more, self.hours))])
            self.visits = np.concatenate([self.visits, np.zeros((more, self.hours), np.int64)])
            self.open = np.concatenate([self.open, np.full(more, -1)])
            self.total, self.points = (np.concatenate([one, np.zeros(more)]) for one in (self.total, self.points))

    def at(self, rows: Ints, hour: Ints) -> tuple[Floats, NDArray[np.bool_]]:
        """What an hour is off the level, and whether that is known: `(rows,)` each."""
        known = self.visits[rows, hour] >= VISITS
        return np.where(known, self.mean[rows, hour], 0.0), known

    def add(self, rows: Ints, hour: Ints, residual: Floats) -> None:
        """Take residuals in; an hour's mean moves when another one begins."""
        over = rows[(self.open[rows] != hour) & (self.points[rows] > 0)]
        was = self.open[over]
        self.visits[over, was] += 1
        step = self.total[over] / self.points[over] - self.mean[over, was]
        self.mean[over, was] += step / np.minimum(self.visits[over, was], MEMORY)
        self.total[over] = self.points[over] = 0.0
        self.open[rows] = hour
        self.total[rows] += residual
        self.points[rows] += 1.0


@dataclass(slots=True)
class Season:
    """Hour of day and hour of week, and the mean errors without either, with the first, with the second."""

    day: Profile = field(default_factory=lambda: Profile(DAY))
    week: Profile = field(default_factory=lambda: Profile(WEEK))
    loss: Floats = field(default_factory=lambda: np.zeros((0, 3)))

    def grow(self, size: int) -> None:
        self.day.grow(size)
        self.week.grow(size)
        if size > len(self.loss):
            self.loss = np.concatenate([self.loss, np.zeros((size - len(self.loss), 3))])

    def offsets(self, rows: Ints, at: float) -> Floats:
        """What to add to the level at a time (Unix seconds): nothing, by the day, by the week; `(rows, 3)`."""
        hour = int(at // HOUR)
        by_day, _ = self.day.at(rows, np.full(len(rows), hour % DAY))
        by_week, known = self.week.at(rows, np.full(len(rows), hour % WEEK))
        return np.stack([np.zeros(len(rows)), by_day, np.where(known, by_week, by_day)], axis=1)

    def best(self, rows: Ints, points: Floats) -> Ints:
        """Which of the three to go by: a season only once it has made errors clearly smaller. `(rows,)`."""
        none, day, week = self.loss[rows].T
        found = np.where(day < BETTER * none, 1, 0)
        found = np.where(week < BETTER * np.minimum(none, day), 2, found)
        return np.where(points > SURE_POINTS, found, 0)

    def learn(self, rows: Ints, at: float, residual: Floats, errors: Floats, points: Floats) -> None:
        """Take in how far points were off the level `(rows,)`, and the errors that each of the three made `(rows, 3)`;
        `points` is how many each series had."""
        hour = int(at // HOUR)
        self.loss[rows] += (errors - self.loss[rows]) / np.minimum(points + 1, LOSS_POINTS)[:, None]
        self.day.add(rows, np.full(len(rows), hour % DAY), residual)
        self.week.add(rows, np.full(len(rows), hour % WEEK), residual)
