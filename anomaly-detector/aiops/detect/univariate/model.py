"""One value of many series at a time: what was expected, and how surprising it is. Causal: no later point is looked at.

Two views of each point. The first compares with all of the series' past: its mean, or Holt-Winters by the time of the
day or the week once that has been shown to help, and the spread of what that leaves. It sees what never was. The second
compares with the last points: it sees a sudden jump in what wanders. Each has a tail of its own, so that neither spikes
that come all the time nor slow drifts tell anybody; a score of 1 is what a healthy series exceeds once in
`days_per_false_alarm`.

While an alarm is on, tails and known hours do not learn, and the mean hardly does. One that lasts is what the series is
like now: the level moves there, and what the alarm taught about spread is forgotten. When the old level fits again it
moves back at once, and nobody is told of it.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.detect.rows import Arrays, array
from aiops.detect.univariate.season import Season, monday
from aiops.detect.univariate.tails import Tails
from aiops.detect.univariate.tuning import Tuning
from aiops.model import Tier
from aiops.model.arrays import Array, Bools, Floats, Ints

DAY: Final = 86_400.0
WARMUP: Final = 20
VIEWS: Final = 2
LATELY: Final = 50.0
"""Points of an alarm over which its level is taken."""
AT_ONCE: Final = 8192
"""Series that are judged at once: what is made on the way stays in the processor's cache."""
LARGEST: Final = 1e30
"""Values beyond are taken for this: their squares would be no numbers."""
MOST: Final = 1e12
"""Deviations beyond which more say no more."""
TIERS: Final = np.array([Tier.LEVEL, Tier.DAY, Tier.WEEK])


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Of each series: score (1 is the boundary; NaN where nothing was judged), what was expected, the boundaries of the
    first view, whether an alarm is on, and the `Tier` that judged."""

    score: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    alarm: Bools
    tier: Ints


@dataclass(slots=True)
class State(Arrays):
    """What is remembered of every series, `(series,)` where nothing else is said.

    first: values of the warm-up `(series, WARMUP)`. mean, variance: of all points, clipped. level, scale: what the last
    points were like. alarm, lasted, calm: whether one is on, its points, those since one was above 1; peak: its largest
    evidence `(series, views)`; aside, aside_points: the mean of what it was off the expected; spread: of the seasons
    when it began. moved: how far the level was moved for an alarm that lasted, 0 if it was not. seen: time of the last
    value, Unix seconds.
    """

    points: Floats = array()
    first: Array = array(WARMUP, dtype=np.float32)
    mean: Floats = array()
    variance: Floats = array()
    level: Floats = array()
    scale: Floats = array()
    alarm: Bools = array(dtype=np.bool_)
    lasted: Array = array(dtype=np.int32)
    calm: Array = array(dtype=np.int32)
    peak: Array = array(VIEWS, dtype=np.float32)
    aside: Floats = array()
    aside_points: Array = array(dtype=np.int32)
    spread: Floats = array(3)
    moved: Floats = array()
    seen: Floats = array(fill=-np.inf)
    season: Season = field(default_factory=Season)
    tails: Tails = field(default_factory=lambda: Tails(VIEWS))


@dataclass(slots=True)
class Model:
    """Every series, advanced in place by `judge`. at: the time judged last."""

    tuning: Tuning = field(default_factory=Tuning)
    state: State = field(default_factory=State)
    at: float = -np.inf

    def grow(self, size: int) -> None:
        """Make room for so many series."""
        self.state.grow(size)

    def judge(self, at: float, values: Floats, step: float, local: Floats | None = None) -> Judgement:
        """Score the values that all series have at a time (Unix seconds), one a series, and learn from them.

        NaN and infinities are no values: nothing is judged or learned, nor of a time that is not later than the last.
        `step` is the time between points (s). `local`: seconds since Monday 00:00 where each series lives, UTC if not
        given.
        """
        size = len(values)
        score, expected, lower, upper = np.full((4, size), np.nan)
        out = Judgement(
            score=score,
            expected=expected,
            lower=lower,
            upper=upper,
            alarm=self.state.alarm[:size].copy(),
            tier=np.zeros(size, dtype=np.int64),
        )
        if not at > self.at:
            return out
        self.at = at
        there, values = np.isfinite(values), np.clip(values, -LARGEST, LARGEST)
        self.state.wipe(np.flatnonzero(there & (at - self.state.seen[:size] > self.tuning.forget_after)))
        warm = there & (self.state.points[:size] >= WARMUP)
        local = np.full(size, monday(at)) if local is None else local
        known = np.flatnonzero(warm)
        for first in range(0, len(known), AT_ONCE):
            rows = known[first : first + AT_ONCE]
            self._judge(rows, at, values[rows], step, local[rows], out)
        if (young := np.flatnonzero(there & ~warm)).size:
            self._begin(young, values[young])
        self.state.seen[:size] = np.where(there, at, self.state.seen[:size])
        return out

    def _begin(self, rows: Ints, values: Floats) -> None:
        state = self.state
        state.first[rows, state.points[rows].astype(np.int64)] = values
        state.points[rows] += 1
        ready = rows[state.points[rows] >= WARMUP]
        if not len(ready):
            return
        first = state.first[ready].astype(np.float64)
        middle = np.median(first, axis=1)
        spread = 1.4826 * np.median(np.abs(first - middle[:, None]), axis=1)
        state.mean[ready] = state.level[ready] = middle
        state.season.move(ready, middle)
        state.variance[ready] = np.maximum(first.var(axis=1), 1e-12)
        state.scale[ready] = np.maximum(np.maximum(spread, 0.3 * first.std(axis=1)), self._floor(ready))

    def _floor(self, rows: Ints) -> Floats:
        floor: Floats = 1e-9 + self.tuning.relative * np.abs(self.state.mean[rows])
        return floor

    def _judge(self, rows: Ints, at: float, values: Floats, step: float, local: Floats, out: Judgement) -> None:
        state, tuning, floor = self.state, self.tuning, self._floor(rows)
        each = np.arange(len(rows))
        points, mean, variance = state.points[rows], state.mean[rows], state.variance[rows]
        forecasts, known = state.season.forecasts(rows, local, mean)
        best = state.season.best(rows, points)
        expected = forecasts[each, best]
        spread = np.where(best > 0, state.season.spread[rows, best], variance)
        deviation = np.maximum(np.sqrt(spread), floor)
        missed = np.maximum((at - state.seen[rows]) / step, 1.0)  # what wanders goes further while nobody looks
        scale = np.maximum(state.scale[rows], floor)
        jump = (values - state.level[rows]) / scale
        residual = np.clip(values - expected, -MOST * deviation, MOST * deviation)
        evidence = np.minimum(np.abs(np.stack([residual / deviation, jump / np.sqrt(missed)], axis=1)), MOST)
        accepted = step / (tuning.days_per_false_alarm * DAY) * np.array(tuning.shares)
        bounds = np.maximum(tuning.least, state.tails.boundaries(rows, accepted))
        scores = evidence / bounds

        back = self._returned(rows, scores, residual, deviation, bounds)
        if back.any():
            moved = np.where(back, state.moved[rows], 0.0)
            expected, residual, forecasts = expected - moved, residual + moved, forecasts - moved[:, None]
            evidence[back] = np.stack([np.abs(residual[back]) / deviation[back], np.zeros(back.sum())], axis=1)
            scores = evidence / bounds
            self._move(rows[back], -moved[back], 0.0)
            state.level[rows[back]], jump[back] = values[back], 0.0
        score = scores.max(axis=1)
        out.score[rows], out.expected[rows], out.tier[rows] = score, expected, TIERS[best]
        out.lower[rows] = expected - bounds[:, 0] * deviation
        out.upper[rows] = expected + bounds[:, 0] * deviation

        settled = self._live(rows, score, evidence, np.minimum(evidence, tuning.remember * bounds), residual)
        self._learn(rows, local, values, forecasts, known, deviation, floor)
        if settled.any():  # it was no spread and no tail, but a level: only that is learned of it
            there = rows[settled]
            state.season.spread[there] = state.spread[there]
            self._move(there, state.aside[there], state.moved[there] + state.aside[there])
        state.aside_points[rows[~state.alarm[rows]]] = 0
        out.alarm[rows] = state.alarm[rows]
        self._follow(rows, jump, scale)

    def _returned(self, rows: Ints, scores: Floats, residual: Floats, deviation: Floats, bounds: Floats) -> Bools:
        """Which series do again what they did before their level was moved."""
        moved = self.state.moved[rows]
        fits = np.abs(residual + moved) < bounds[:, 0] * deviation
        returned: Bools = (scores[:, 0] >= 1) & (moved != 0) & fits
        return returned

    def _move(self, rows: Ints, by: Floats, moved: Floats | float) -> None:
        self.state.mean[rows] += by
        self.state.season.move(rows, by)
        self.state.moved[rows] = moved

    def _live(self, rows: Ints, score: Floats, evidence: Floats, capped: Floats, residual: Floats) -> Bools:
        """Begin and end alarms. While one is on, only its largest evidence is remembered, once, at its end. Returns
        those that were ended because they lasted."""
        state, tuning, was = self.state, self.tuning, self.state.alarm[rows]
        above = score >= 1
        on = was | above
        peak = np.where(was[:, None], np.maximum(state.peak[rows], capped), capped)
        state.peak[rows] = np.where(on[:, None], peak, 0)
        if (begun := rows[above & ~was]).size:
            state.spread[begun] = state.season.spread[begun]
        state.calm[rows] = np.where(above, 0, state.calm[rows] + 1)
        state.lasted[rows] = np.where(was, state.lasted[rows] + 1, 0)
        state.aside_points[rows] += on
        aside = (residual - state.aside[rows]) / np.minimum(np.maximum(state.aside_points[rows], 1), LATELY)
        state.aside[rows] = np.where(on, state.aside[rows] + aside, 0.0)
        late = on & (state.lasted[rows] >= tuning.longest_points)
        over = on & ((state.calm[rows] > tuning.quiet_points) | late)
        settled: Bools = late & above
        state.tails.add(rows, np.where(on[:, None], state.peak[rows], evidence), ~on | (over & ~settled))
        state.alarm[rows] = on & ~over
        return settled

    def _learn(
        self,
        rows: Ints,
        local: Floats,
        values: Floats,
        forecasts: Floats,
        known: Bools,
        deviation: Floats,
        floor: Floats,
    ) -> None:
        state, tuning, points = self.state, self.tuning, self.state.points[rows]
        most = tuning.clip * np.maximum(np.sqrt(state.variance[rows]), floor)
        state.season.judge(rows, values[:, None] - forecasts, known, tuning.clip * deviation, floor, tuning.clip)
        calm = ~state.alarm[rows]
        heard = calm | ~known[:, 1]  # while an hour is not known, an alarm may be what comes every day
        state.season.add(rows[heard], local[heard], values[heard], most[heard])
        share = np.where(calm, 1.0, tuning.frozen) / np.minimum(points + 1, tuning.longest_memory)
        off = np.clip(values - state.mean[rows], -most, most)
        state.mean[rows] += share * off
        state.variance[rows] += share * (off**2 - state.variance[rows])
        state.points[rows] += 1

    def _follow(self, rows: Ints, jump: Floats, scale: Floats) -> None:
        state, tuning = self.state, self.tuning
        held = np.clip(jump, -tuning.jump_clip, tuning.jump_clip)
        state.level[rows] += tuning.follow * held * scale
        wider = tuning.scale_follow * (1.25 * np.abs(held) * scale - state.scale[rows])
        state.scale[rows] += np.where(state.alarm[rows], 0.0, wider)
