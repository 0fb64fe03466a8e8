"""One value of many series at a time: what was expected, and how surprising it is. Causal: no later point is looked at.

Two views of each point. The first compares with all of the series' past: its mean and deviation, of clipped values,
plus the hour of the day or the week once that has been shown to help. It sees what never was. The second compares with
the last points: it sees a sudden jump in what wanders. Each has a tail of its own, so that neither spikes that come all
the time nor slow drifts tell anybody; a score of 1 is what a healthy series exceeds once in `days_per_false_alarm`.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.detect.online.season import Season
from aiops.detect.online.tails import Tails

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DAY: Final = 86_400.0
WARMUP: Final = 20
VIEWS: Final = 2


@dataclass(frozen=True, slots=True)
class Tuning:
    """One configuration for all series.

    shares: the part of the accepted false alarms that each view may make. least: the evidence below which nothing is an
    alarm, however quiet the series was. relative: the deviation that is taken for granted, as a share of the level.
    clip, jump_clip: deviations that one point may move mean and scale by, of either view. follow, scale_follow: the
    share by which the second view's level and scale follow a point. quiet_points: points under 1 that end an alarm.
    longest_points: an alarm that lasts longer is what the series is like now. remember: how much of an alarm's evidence
    counts for later, in boundaries.
    """

    days_per_false_alarm: float = 5.0
    shares: tuple[float, float] = (1.0, 0.2)
    least: float = 3.5
    relative: float = 0.02
    clip: float = 8.0
    jump_clip: float = 4.0
    follow: float = 0.3
    scale_follow: float = 0.005
    longest_memory: float = 100_000.0
    quiet_points: int = 20
    longest_points: int = 100
    remember: float = 3.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of each row: score (1 is the boundary; NaN where nothing was judged), what was expected, the boundaries of the
    first view, and whether an alarm is on."""

    score: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    alarm: Bools


@dataclass(slots=True)
class Model:
    """What is remembered of every series: arrays over rows, advanced in place by `judge`."""

    tuning: Tuning = field(default_factory=Tuning)
    points: Floats = field(default_factory=lambda: np.zeros(0))
    first: Floats = field(default_factory=lambda: np.zeros((0, WARMUP)))
    mean: Floats = field(default_factory=lambda: np.zeros(0))
    variance: Floats = field(default_factory=lambda: np.zeros(0))
    error: Floats = field(default_factory=lambda: np.zeros(0))  # variance of what the season leaves
    level: Floats = field(default_factory=lambda: np.zeros(0))
    scale: Floats = field(default_factory=lambda: np.zeros(0))
    alarm: Bools = field(default_factory=lambda: np.zeros(0, bool))
    lasted: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    calm: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    peak: Floats = field(default_factory=lambda: np.zeros((0, VIEWS)))
    season: Season = field(default_factory=Season)
    tails: Tails = field(default_factory=lambda: Tails(VIEWS))

    def grow(self, size: int) -> None:
        """Make room for so many series."""
        more = size - len(self.points)
        if more <= 0:
            return
        for name in (
            "points",
            "first",
            "mean",
            "variance",
            "error",
            "level",
            "scale",
            "alarm",
            "lasted",
            "calm",
            "peak",
        ):
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, np.zeros((more, *old.shape[1:]), old.dtype)]))
        self.season.grow(size)
        self.tails.grow(size)

    def judge(self, at: float, values: Floats, step: float) -> Judgement:
        """Score the values that all series have at a time (Unix seconds), one a series, and learn from them.

        NaN and infinities are no values: nothing is judged or learned. `step` is the time between points (s).
        """
        there = np.isfinite(values)
        warm = there & (self.points >= WARMUP)
        size = len(values)
        nothing = np.full(size, np.nan)
        out = Judgement(nothing, nothing.copy(), nothing.copy(), nothing.copy(), self.alarm)
        if (rows := np.flatnonzero(warm)).size:
            self._judge(rows, at, values[rows], step, out)
        if (young := np.flatnonzero(there & ~warm)).size:
            self._begin(young, values[young])
        return out

    def _begin(self, rows: Ints, values: Floats) -> None:
        self.first[rows, self.points[rows].astype(np.int64)] = values
        self.points[rows] += 1
        ready = rows[self.points[rows] >= WARMUP]
        if not len(ready):
            return
        first = self.first[ready]
        middle = np.median(first, axis=1)
        spread = 1.4826 * np.median(np.abs(first - middle[:, None]), axis=1)
        self.mean[ready] = self.level[ready] = middle
        self.variance[ready] = self.error[ready] = np.maximum(first.var(axis=1), 1e-12)
        self.scale[ready] = np.maximum(np.maximum(spread, 0.3 * first.std(axis=1)), self._floor(ready))

    def _floor(self, rows: Ints) -> Floats:
        floor: Floats = 1e-9 + self.tuning.relative * np.abs(self.mean[rows])
        return floor

    def _judge(self, rows: Ints, at: float, values: Floats, step: float, out: Judgement) -> None:
        tuning, floor = self.tuning, self._floor(rows)
        offsets = self.season.offsets(rows, at)
        off = values - self.mean[rows]
        residuals = off[:, None] - offsets
        best = self.season.best(rows, self.points[rows])
        each = np.arange(len(rows))
        residual = residuals[each, best]
        deviation = np.maximum(np.sqrt(np.where(best > 0, self.error[rows], self.variance[rows])), floor)
        scale = np.maximum(self.scale[rows], floor)
        jump = (values - self.level[rows]) / scale
        evidence = np.abs(np.stack([residual / deviation, jump], axis=1))
        accepted = step / (tuning.days_per_false_alarm * DAY) * np.array(tuning.shares)
        bounds = np.maximum(tuning.least, self.tails.boundaries(rows, np.broadcast_to(accepted, evidence.shape)))
        score = (evidence / bounds).max(axis=1)
        self._live(rows, score, evidence, np.minimum(evidence, tuning.remember * bounds))
        expected = self.mean[rows] + offsets[each, best]
        out.score[rows], out.expected[rows] = score, expected
        out.lower[rows], out.upper[rows] = expected - bounds[:, 0] * deviation, expected + bounds[:, 0] * deviation
        self._learn(rows, at, off, residual, residuals, deviation, floor)
        calm = ~self.alarm[rows]
        held = np.clip(jump, -tuning.jump_clip, tuning.jump_clip)
        self.level[rows] += tuning.follow * held * scale
        wider = 1.25 * np.minimum(np.abs(jump), tuning.jump_clip) * scale - self.scale[rows]
        self.scale[rows] += np.where(calm, tuning.scale_follow * wider, 0.0)

    def _live(self, rows: Ints, score: Floats, evidence: Floats, capped: Floats) -> None:
        """Begin and end alarms. While one is on, only its largest evidence is remembered, once, at its end."""
        tuning, was = self.tuning, self.alarm[rows]
        above = score >= 1
        self.peak[rows] = np.where(
            was[:, None], np.maximum(self.peak[rows], capped), np.where(above[:, None], capped, 0)
        )
        self.calm[rows] = np.where(above, 0, self.calm[rows] + 1)
        self.lasted[rows] = np.where(was, self.lasted[rows] + 1, 0)
        on = was | above
        over = on & ((self.calm[rows] > tuning.quiet_points) | (self.lasted[rows] >= tuning.longest_points))
        self.tails.add(rows, evidence, ~on)
        self.tails.add(rows, self.peak[rows], over)
        self.alarm[rows] = on & ~over

    def _learn(
        self, rows: Ints, at: float, off: Floats, residual: Floats, residuals: Floats, deviation: Floats, floor: Floats
    ) -> None:
        tuning, points = self.tuning, self.points[rows]
        share = 1 / np.minimum(points + 1, tuning.longest_memory)
        most = tuning.clip * deviation
        self.season.learn(
            rows,
            at,
            _clipped(off, tuning.clip * np.maximum(np.sqrt(self.variance[rows]), floor)),
            np.minimum(np.abs(residuals), most[:, None]),
            points,
        )
        self.error[rows] += share * (_clipped(residual, most) ** 2 - self.error[rows])
        moved = _clipped(off, tuning.clip * np.sqrt(self.variance[rows]) + floor)
        self.mean[rows] += share * moved
        self.variance[rows] += share * (moved**2 - self.variance[rows])
        self.points[rows] += 1


def _clipped(values: Floats, most: Floats) -> Floats:
    clipped: Floats = np.clip(values, -most, most)
    return clipped
