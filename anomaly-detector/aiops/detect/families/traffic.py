"""Traffic: far fewer requests than this route gets, as counts (docs/methods.md, Counts).

The count of a window is compared with a negative binomial around a slow level, whose spread is learned from the route
itself: what comes in bursts is expected to. More requests than usual are no trouble; they pull the level up only
slowly, so that their end is none either. A route must have been watched for an hour; after an hour of trouble what is
left of its traffic is its new normal, for nobody can tell an application that is no longer used from one in trouble.
"""

import numpy as np
from scipy.special import betainc

from aiops.detect import series_state as life
from aiops.detect.habits import habit
from aiops.detect.rows import Floats, Ints
from aiops.detect.seasonality import LEAST
from aiops.detect.state import TrafficState
from aiops.detect.tuning import Tuning
from aiops.model import SeriesState, Tier

TIERS = np.array([Tier.LEVEL, Tier.DAY, Tier.WEEK])


def judge(
    state: TrafficState, rows: Ints, at: float, local: Floats, step: float, total: Floats, tuning: Tuning
) -> None:
    """Judge one step of these routes. local: (rows,) seconds since Monday 00:00 where the service lives; total:
    (rows,) requests served, zero where the service was heard and they were not."""
    offsets, best = state.rhythm.offsets(rows, local), state.rhythm.best(rows)
    level, points = (state.levels[rows] * np.exp(offsets))[np.arange(len(rows)), best], state.points[rows]
    state.level[rows] = level
    state.born[rows] = np.where(points > 0, state.born[rows], at - step)
    since = np.minimum(at - state.seen[rows], 4 * state.pace[rows])  # a night without counts is no pace
    state.pace[rows] += np.where(points > 0, 0.1 * (since - state.pace[rows]), step)
    old = (at - state.born[rows] >= tuning.traffic_seconds) & (points >= tuning.traffic_points)
    life.push(state.ring, rows, total)
    score = np.zeros(len(rows))
    early, _ = state.rhythm.slack(rows, local, best)
    life.push(state.ring_level, rows, level * np.exp(early))
    for window in tuning.windows[1:]:
        count, expected = state.ring[rows, -window:].sum(axis=1), state.ring_level[rows, -window:].sum(axis=1)
        expected = np.minimum(expected, level * window)  # what has just become busy was not all the time
        few = count <= (1 - tuning.traffic_effect) * expected
        known = old & (points >= window)
        one = _score(count, expected, _spread(state, rows, tuning), tuning)
        score = np.maximum(score, np.where(few & known, one, 0.0))
    score = np.where(old, score, np.nan)
    state.tier[rows] = np.where(old, TIERS[best], Tier.WARMUP)

    recovered = life.in_trouble(state, rows) & _recovered(state, rows)
    score = np.where(recovered, np.minimum(score, 0.0), score)
    often = life.bits(state.hot[rows] << 1 | (score >= 1.0), tuning.confirm_of) >= tuning.confirm_steps
    nothing = np.zeros(len(rows), dtype=bool)
    before = state.life[rows]
    life.advance(state, rows, at, step, score, nothing, often, recovered, tuning.recover_steps, tuning)
    back = rows[(before >= SeriesState.INCIDENT) & (state.life[rows] == SeriesState.NORMAL)]
    state.ring[back] = state.ring_level[back]  # what stayed away is no evidence of another loss
    state.trouble_total[rows] += np.where(state.life[rows] == SeriesState.NORMAL, 0.0, total)
    _learn(state, rows, at, local, step, total, tuning)
    state.points[rows] += 1
    state.seen[rows] = at


def settle(state: TrafficState, row: int, at: float, local: float, tuning: Tuning) -> None:
    """It stays: what comes now is normal. At these hours it is so always only if it came at the same time of another of
    the last days, such as closing: an outage is none."""
    onset = float(state.onset[row])
    if habit(state, row, onset, local - (at - onset), tuning):
        now = float(np.log(max(state.ring[row].mean(), LEAST)))
        for _ in range(2):  # the other day's, too
            state.rhythm.settle(row, at, local, onset, now)
    accept(state, row)


def accept(state: TrafficState, row: int) -> None:
    """Take the traffic of the last minutes for normal from now on."""
    state.level[row] = state.ring[row].mean()
    state.levels[row] = state.level[row] / np.exp(state.rhythm.held[row])
    state.variance[row] = max(state.ring[row].var(), state.level[row])


def _spread(state: TrafficState, rows: Ints, tuning: Tuning) -> Floats:
    """Squared coefficient of variation beyond what counting explains."""
    level = np.maximum(state.level[rows], 1e-9)
    spread: Floats = np.maximum((state.variance[rows] - level) / level**2, tuning.traffic_spread**2)
    return spread


def _score(count: Floats, expected: Floats, spread: Floats, tuning: Tuning) -> Floats:
    """log P(X <= count) / log(false_alarm) for a negative binomial of this mean and spread: 1 at the boundary."""
    size = 1.0 / spread
    tail = betainc(size, count + 1.0, size / (size + np.maximum(expected, 1e-9)))
    out: Floats = np.asarray(np.log(np.maximum(tail, 1e-300)) / np.log(tuning.false_alarm))
    return out


def _recovered(state: TrafficState, rows: Ints) -> life.Mask:
    """Whether the last steps lie nearer to the level than to the trouble."""
    each, age = np.arange(len(rows)), np.maximum(state.age[rows], 1)
    trouble = state.trouble_total[rows] / age
    summed = np.cumsum(state.ring[rows, ::-1], axis=1)
    window = np.clip(age + 1, 1, 4)
    lately = summed[each, window - 1] / window
    near: life.Mask = lately >= (trouble + state.level[rows]) / 2
    return near


def _learn(
    state: TrafficState, rows: Ints, at: float, local: Floats, step: float, total: Floats, tuning: Tuning
) -> None:
    level, points = state.level[rows], state.points[rows]
    learns = state.life[rows] == SeriesState.NORMAL
    width = 3 * np.sqrt(np.maximum(state.variance[rows], level) + 1.0)
    factor = np.exp(state.rhythm.held[rows])
    residuals = total[:, None] - state.levels[rows] * factor
    held = np.where(
        (points < tuning.traffic_points)[:, None], residuals, np.clip(residuals, -width[:, None], width[:, None])
    )
    half = np.where(held > 0, tuning.traffic_rise_half_life, tuning.traffic_fall_half_life)
    gain = np.maximum(1.0 - 0.5 ** (step / half), 1.0 / (points[:, None] + 1.0))
    state.levels[rows] += np.where(learns[:, None], gain * held / factor, 0.0)
    pace = np.maximum(1.0 - 0.5 ** (step / tuning.rate_half_life), 1.0 / (points + 1.0))
    # The first count is no surprise: nothing was expected.
    residual = total - level
    residual = np.where(points < tuning.traffic_points, residual, np.clip(residual, -width, width))
    surprise = np.where(points > 0, residual**2, total)
    state.variance[rows] += np.where(learns, pace * (surprise - state.variance[rows]), 0.0)
    normal = np.flatnonzero(learns)
    state.rhythm.learn(rows[normal], at, local[normal], total[normal], np.zeros(len(normal)), logs=True)
    best = state.rhythm.best(rows)
    state.level[rows] = (state.levels[rows] * factor)[np.arange(len(rows)), best]
