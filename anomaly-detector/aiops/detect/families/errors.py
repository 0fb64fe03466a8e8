"""Errors: x bad of n against what is normal for the series, as counts (docs/methods.md, Counts)."""

import numpy as np
from scipy.special import bdtr, betainc

from aiops.detect import series_state as life
from aiops.detect.rows import Floats, Ints
from aiops.detect.series_state import Mask
from aiops.detect.state import ErrorState
from aiops.detect.tuning import Tuning
from aiops.model import SeriesState, Tier


def expected_ratio(state: ErrorState, rows: Ints, tuning: Tuning) -> tuple[Floats, Floats]:
    """Normal bad ratio and its upper end (one-sided 95 %), both shrunk to a prior of 1 % worth 50 requests."""
    n = state.total[rows] + tuning.prior_total
    p = (state.bad[rows] + tuning.prior_bad) / n
    return p, np.minimum(1.0, p + 1.645 * np.sqrt(p * (1 - p) / n))


def tail_score(bad: Floats, total: Floats, ratio: Floats, false_alarm: float) -> Floats:
    """log P(X >= bad) / log(false_alarm) for X ~ Binomial(total, ratio): 1 at the boundary."""
    some = bad > 0
    tail = betainc(np.where(some, bad, 1.0), np.maximum(total - bad, 0.0) + 1.0, ratio)
    return np.where(some, np.log(np.maximum(tail, 1e-300)) / np.log(false_alarm), 0.0)


def judge(
    state: ErrorState, rows: Ints, at: float, step: float, bad: Floats, total: Floats, tuning: Tuning
) -> tuple[Floats, Floats]:
    """Score one step of these series, advance their lives, then learn. All had a sample.

    Returns (expected ratio, upper bound of a normal ratio at this step's n).
    """
    usual, upper = expected_ratio(state, rows, tuning)
    life.push(state.ring_bad, rows, bad)
    life.push(state.ring_total, rows, total)

    score, alone = np.zeros(len(rows)), np.zeros(len(rows))
    for window in tuning.windows:
        x = state.ring_bad[rows, -window:].sum(axis=1)
        n = state.ring_total[rows, -window:].sum(axis=1)
        effect = x / np.maximum(n, 1.0) - usual >= tuning.error_effect
        one = np.where(effect, tail_score(x, n, upper, tuning.false_alarm), 0.0)
        score = np.maximum(score, one)
        if window == 1:
            alone = one

    points = state.points[rows]
    early = points < tuning.defaults_points
    recent_bad, recent = state.ring_bad[rows, -4:].sum(axis=1), state.ring_total[rows, -4:].sum(axis=1)
    by_default = (recent >= tuning.default_error_requests) & (recent_bad > tuning.default_error_ratio * recent)
    score = np.where(early, np.where(by_default, 1.0, 0.0), score)
    score = np.where(points < tuning.warmup_points, np.nan, score)
    state.tier[rows] = np.where(points < tuning.warmup_points, Tier.WARMUP, np.where(early, Tier.DEFAULTS, Tier.LEVEL))

    quiet = ~(score >= 1.0)
    state.quiet_bad[rows] = np.where(quiet, state.quiet_bad[rows] + bad, 0.0)
    state.quiet_total[rows] = np.where(quiet, state.quiet_total[rows] + total, 0.0)
    # The longest window looks bad for long after the trouble: once it is ruled out, only this step counts.
    recovered = life.in_trouble(state, rows) & _recovered(state, rows, usual, tuning)
    score = np.where(recovered, np.minimum(score, alone), score)

    often = life.bits(state.hot[rows] << 1 | (score >= 1.0), tuning.confirm_of) >= tuning.confirm_steps
    fires = often & (bad > 0)  # a burst that is over does not fire by what it left in the windows
    blazing = (alone >= 2.0) & ~early
    life.advance(state, rows, at, step, score, blazing, fires, recovered, tuning.recover_errors_steps, tuning)
    _account(state, rows, bad, total)
    _learn(state, rows, step, bad, total, tuning)
    state.points[rows] += 1
    state.seen[rows] = at
    return usual, np.minimum(1.0, upper + 4.75 * np.sqrt(upper * (1 - upper) / np.maximum(total, 1.0)))


def _recovered(state: ErrorState, rows: Ints, usual: Floats, tuning: Tuning) -> Mask:
    """So few bad requests lately that half of the trouble's ratio can be ruled out. Windows reach back to the onset at
    most: what was before the trouble says nothing of its end."""
    trouble = state.trouble_bad[rows] / np.maximum(state.trouble_total[rows], 1.0)
    halfway = np.clip(usual + (trouble - usual) / 2, 1e-9, 1.0)
    bad = np.cumsum(state.ring_bad[rows, ::-1], axis=1)
    total = np.cumsum(state.ring_total[rows, ::-1], axis=1)
    each, age = np.arange(len(rows)), np.clip(state.age[rows] + 1, 1, bad.shape[1])
    over = np.zeros(len(rows), dtype=bool)
    pairs = [(bad[each, np.minimum(w, age) - 1], total[each, np.minimum(w, age) - 1]) for w in (2, 4, 8, 20)]
    for x, n in [*pairs, (state.quiet_bad[rows], state.quiet_total[rows])]:
        over |= bdtr(x, np.maximum(n, x).astype(np.int64), halfway) <= tuning.recover_probability
    return over


def _account(state: ErrorState, rows: Ints, bad: Floats, total: Floats) -> None:
    """Keep the sums of the trouble itself: clean steps after it are not counted, or it would seem ever milder and the
    recovery ever harder to tell."""
    so_far = state.trouble_bad[rows] / np.maximum(state.trouble_total[rows], 1.0)
    lately = state.ring_bad[rows, -2:].sum(axis=1) / np.maximum(state.ring_total[rows, -2:].sum(axis=1), 1.0)
    counted = np.isin(state.life[rows], (SeriesState.SUSPECT, SeriesState.INCIDENT)) & (lately >= so_far / 2)
    state.trouble_bad[rows] += np.where(counted, bad, 0.0)
    state.trouble_total[rows] += np.where(counted, total, 0.0)


def _learn(state: ErrorState, rows: Ints, step: float, bad: Floats, total: Floats, tuning: Tuning) -> None:
    # A slow burn must not teach itself before its evidence is complete. A young series has to learn all the same, but
    # not that its first requests fail.
    young = (state.points[rows] < tuning.defaults_points) & (bad <= tuning.default_error_ratio * total)
    unsuspicious = (state.score[rows] < tuning.learn_below) | young
    learns = (state.life[rows] == SeriesState.NORMAL) & unsuspicious
    keep = np.where(learns, 0.5 ** (step / tuning.rate_half_life), 1.0)
    state.bad[rows] = state.bad[rows] * keep + np.where(learns, bad, 0.0)
    state.total[rows] = state.total[rows] * keep + np.where(learns, total, 0.0)
