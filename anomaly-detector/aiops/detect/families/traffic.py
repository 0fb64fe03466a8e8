"""Traffic: far fewer requests than a route usually gets, as counts (docs/methods.md, Counts).

The count of a window is compared with a negative binomial around a slow level. The spread is learned from the route
itself, so that bursts are expected where they are usual. More requests than usual are no trouble; they raise the level
only slowly, so that the end of a rush is no trouble either. A route must have been watched for an hour. After an hour
of trouble the remaining traffic is the new normal, because an application that is no longer used cannot be told from
one in trouble.
"""

from collections.abc import Container
from dataclasses import dataclass, field

import numpy as np
from scipy.special import betainc

from aiops.detect import series_state
from aiops.detect.families.family import Adoptable, heard, known
from aiops.detect.inputs import Step
from aiops.detect.recurrence import recurs
from aiops.detect.seasonality import LEAST, WAYS, Seasonality
from aiops.detect.series_state import Evidence
from aiops.detect.tracked import RING, Recurring, float_field
from aiops.detect.tuning import Tuning
from aiops.model import (
    ConfirmationRule,
    Expectation,
    Family,
    Labels,
    Selector,
    SeriesState,
    Tier,
    Verdict,
    names,
    value_of,
)
from aiops.model.arrays import Bools, Floats, Ints

TIERS = np.array([Tier.LEVEL, Tier.DAY, Tier.WEEK])


@dataclass(slots=True)
class TrafficState(Recurring):
    """How many requests a route gets: decayed mean and variance of a count. The rings hold the last counts and the
    lowest expectations for them.

    level: what is expected of the next count. levels: the level without the factor of each kind of seasonality,
    `(series, WAYS)`. pace: seconds between two counts, as its metrics are exported.
    """

    level: Floats = float_field()
    levels: Floats = float_field(WAYS)
    seasonality: Seasonality = field(default_factory=Seasonality, metadata={"saved": "rhythm"})
    variance: Floats = float_field()
    pace: Floats = float_field()
    ring: Floats = float_field(RING)
    ring_level: Floats = float_field(RING)


class Traffic(Adoptable[TrafficState]):
    """Symptom family: far fewer requests than usual reach a route."""

    name = Family.TRAFFIC
    selectors = (Selector(names.REQUESTS),)

    def tracked(self) -> TrafficState:
        """Return an empty state."""
        return TrafficState()

    def judge(self, tracked: TrafficState, step: Step, tuning: Tuning) -> list[Verdict]:
        """Judge one step of all routes that were heard; returns no verdicts."""
        there = ~np.isnan(step.total)
        heard(tracked, step, np.flatnonzero(there & ~step.usual))
        chosen = [row for row in np.flatnonzero(there & step.usual) if value_of(step.scopes[row], names.SERVICE)]
        if chosen:
            rows = tracked.rows([step.scopes[row] for row in chosen])
            _judge(tracked, rows, step.at, step.local[chosen], step.seconds, step.total[chosen], tuning)
        return []

    def observed(self, tracked: TrafficState, row: int, tuning: Tuning) -> tuple[float, float]:
        """Return the requests per second since onset, and the expected ones."""
        pace = max(float(tracked.pace[row]), 1e-9)
        seen = float(tracked.trouble_total[row]) / (max(float(tracked.age[row]), 1.0) * pace)
        return seen, float(tracked.level[row]) / pace

    def settled(self, tracked: TrafficState, step: Step, burning: Container[str], tuning: Tuning) -> list[Labels]:
        """Take traffic that stays away as normal, whether an objective burns or not."""
        out = []
        for row, series in series_state.long_in_trouble(tracked, step.at, tuning.traffic_seconds):
            _settle(tracked, row, step.at, step.local_of(series), tuning)
            tracked.clear(np.array([row]))
            out.append(series)
        return out

    def adopt(self, tracked: TrafficState, row: int, tuning: Tuning) -> None:
        """Take the traffic of the last minutes as normal from now on."""
        _adopt(tracked, row)

    def expectation(self, tracked: TrafficState, row: int, tuning: Tuning) -> Expectation:
        """Return the expected requests per second."""
        return Expectation(known(float(tracked.level[row]) / max(float(tracked.pace[row]), 1e-9)), None, None)

    def rule(self, tuning: Tuning) -> ConfirmationRule:
        """Return how a loss of traffic is confirmed."""
        return ConfirmationRule(
            needed=tuning.confirm_steps,
            of=tuning.confirm_of,
            calm=tuning.recover_steps,
            points=tuning.traffic_points,
            seconds=tuning.traffic_seconds,
        )

    def patience(self, tuning: Tuning) -> float:
        """Return after how many seconds without a sample a series is forgotten."""
        return tuning.forget_seconds


def _judge(
    tracked: TrafficState, rows: Ints, at: float, local: Floats, seconds: float, total: Floats, tuning: Tuning
) -> None:
    """Judge one step of these routes. local: `(rows,)` local time of the service, seconds since Monday 00:00; total:
    `(rows,)` requests served, zero where the service was heard but served none."""
    offsets, best = tracked.seasonality.offsets(rows, local), tracked.seasonality.best(rows)
    level, points = (tracked.levels[rows] * np.exp(offsets))[np.arange(len(rows)), best], tracked.points[rows]
    tracked.level[rows] = level
    tracked.born[rows] = np.where(points > 0, tracked.born[rows], at - seconds)
    since = np.minimum(
        at - tracked.seen[rows], 4 * tracked.pace[rows]
    )  # a night without counts is not the pace of the exports
    tracked.pace[rows] += np.where(points > 0, 0.1 * (since - tracked.pace[rows]), seconds)
    old = (at - tracked.born[rows] >= tuning.traffic_seconds) & (points >= tuning.traffic_points)
    series_state.push(tracked.ring, rows, total)
    score = np.zeros(len(rows))
    early, _ = tracked.seasonality.slack(rows, local, best)
    series_state.push(tracked.ring_level, rows, level * np.exp(early))
    for window in tuning.windows[1:]:
        count, expected = tracked.ring[rows, -window:].sum(axis=1), tracked.ring_level[rows, -window:].sum(axis=1)
        expected = np.minimum(
            expected, level * window
        )  # a route that has just become busy was not busy during the whole window
        few = count <= (1 - tuning.traffic_effect) * expected
        known = old & (points >= window)
        one = _score(count, expected, _spread(tracked, rows, tuning), tuning)
        score = np.maximum(score, np.where(few & known, one, 0.0))
    score = np.where(old, score, np.nan)
    tracked.tier[rows] = np.where(old, TIERS[best], Tier.WARMUP)

    recovered = series_state.in_trouble(tracked, rows) & _recovered(tracked, rows)
    score = np.where(recovered, np.minimum(score, 0.0), score)
    often = series_state.bits(tracked.hot[rows] << 1 | (score >= 1.0), tuning.confirm_of) >= tuning.confirm_steps
    before = tracked.status[rows]
    evidence = Evidence(score=score, fires=often, recovered=recovered, calm_steps=tuning.recover_steps)
    series_state.advance(tracked, rows, at, seconds, evidence, tuning)
    back = rows[(before >= SeriesState.INCIDENT) & (tracked.status[rows] == SeriesState.NORMAL)]
    tracked.ring[back] = tracked.ring_level[back]  # traffic that was lost before is no evidence of another loss
    tracked.trouble_total[rows] += np.where(tracked.status[rows] == SeriesState.NORMAL, 0.0, total)
    _learn(tracked, rows, at, local, seconds, total, tuning)
    tracked.points[rows] += 1
    tracked.seen[rows] = at


def _settle(tracked: TrafficState, row: int, at: float, local: float, tuning: Tuning) -> None:
    """The trouble lasts: take the present traffic as normal. It is learned for these hours of the day only if the same
    happened at this time on another of the last days, such as closing time; an outage does not."""
    onset = float(tracked.onset[row])
    if recurs(tracked, row, onset, local - (at - onset), tuning):
        now = float(np.log(max(tracked.ring[row].mean(), LEAST)))
        for _ in range(2):  # once for this day, once for the other day
            tracked.seasonality.settle(row, at, local, onset, now)
    _adopt(tracked, row)


def _adopt(tracked: TrafficState, row: int) -> None:
    """Take the traffic of the last minutes as normal from now on."""
    tracked.level[row] = tracked.ring[row].mean()
    tracked.levels[row] = tracked.level[row] / np.exp(tracked.seasonality.held[row])
    tracked.variance[row] = max(tracked.ring[row].var(), tracked.level[row])


def _spread(tracked: TrafficState, rows: Ints, tuning: Tuning) -> Floats:
    """Return the squared coefficient of variation beyond the variation of counts (Poisson)."""
    level = np.maximum(tracked.level[rows], 1e-9)
    spread: Floats = np.maximum((tracked.variance[rows] - level) / level**2, tuning.traffic_spread**2)
    return spread


def _score(count: Floats, expected: Floats, spread: Floats, tuning: Tuning) -> Floats:
    """Return log P(X <= count) / log(false_alarm) for a negative binomial of this mean and spread: 1 at the
    boundary."""
    size = 1.0 / spread
    tail = betainc(size, count + 1.0, size / (size + np.maximum(expected, 1e-9)))
    out: Floats = np.asarray(np.log(np.maximum(tail, 1e-300)) / np.log(tuning.false_alarm))
    return out


def _recovered(tracked: TrafficState, rows: Ints) -> Bools:
    """Whether the last steps are nearer to the level than to the trouble."""
    each, age = np.arange(len(rows)), np.maximum(tracked.age[rows], 1)
    trouble = tracked.trouble_total[rows] / age
    summed = np.cumsum(tracked.ring[rows, ::-1], axis=1)
    window = np.clip(age + 1, 1, 4)
    lately = summed[each, window - 1] / window
    near: Bools = lately >= (trouble + tracked.level[rows]) / 2
    return near


def _learn(
    tracked: TrafficState, rows: Ints, at: float, local: Floats, seconds: float, total: Floats, tuning: Tuning
) -> None:
    level, points = tracked.level[rows], tracked.points[rows]
    learns = tracked.status[rows] == SeriesState.NORMAL
    starting = learns & (points < tuning.traffic_points)
    width = 3 * np.sqrt(np.maximum(tracked.variance[rows], level) + 1.0)
    factor = np.exp(tracked.seasonality.held[rows])
    residuals = total[:, None] - tracked.levels[rows] * factor
    held = np.clip(residuals, -width[:, None], width[:, None])
    half = np.where(held > 0, tuning.traffic_rise_half_life, tuning.traffic_fall_half_life)
    follows = (learns & ~starting)[:, None]
    gain = np.maximum(1.0 - 0.5 ** (seconds / half), 1.0 / (points[:, None] + 1.0))
    tracked.levels[rows] += np.where(follows, gain * held / factor, 0.0)
    pace = np.maximum(1.0 - 0.5 ** (seconds / tuning.rate_half_life), 1.0 / (points + 1.0))
    surprise = np.clip(total - level, -width, width) ** 2
    tracked.variance[rows] += np.where(follows[:, 0], pace * (surprise - tracked.variance[rows]), 0.0)
    if starting.any():
        _start(tracked, rows[starting], factor[starting])
    normal = np.flatnonzero(learns)
    tracked.seasonality.learn(rows[normal], at, local[normal], total[normal], np.zeros(len(normal)), logs=True)
    best = tracked.seasonality.best(rows)
    tracked.level[rows] = (tracked.levels[rows] * factor)[np.arange(len(rows)), best]


def _start(tracked: TrafficState, rows: Ints, factor: Floats) -> None:
    """Begin with median and MAD of the last counts, so that odd ones at first do not hide losses for hours. factor: of
    each kind of seasonality, `(rows, WAYS)`."""
    seen = np.minimum(tracked.points[rows] + 1, RING)
    last = np.where(np.arange(RING)[None, :] >= RING - seen[:, None], tracked.ring[rows], np.nan)
    median = np.nanmedian(last, axis=1)
    spread = 1.4826 * np.nanmedian(np.abs(last - median[:, None]), axis=1)
    tracked.levels[rows] = median[:, None] / factor
    tracked.variance[rows] = np.maximum(spread**2, median)
