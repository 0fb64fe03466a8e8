"""Latency: the mean on a log scale against a robust online level, and the share of slow requests as a count.

The level is an exponentially weighted mean fed with Huber-clipped residuals (Gelper, Fried & Croux 2010), started from
the median and MAD of the first points. Evidence is read over several windows with each step clipped, so that no single
outlier fires a long window (docs/methods.md, Evidence over windows).
"""

import numpy as np

from aiops.detect import series_state as life
from aiops.detect.families import errors
from aiops.detect.habits import habit
from aiops.detect.rows import Floats, Ints
from aiops.detect.series_state import Mask
from aiops.detect.state import BUCKETS, LatencyState
from aiops.detect.tuning import Tuning
from aiops.model import SeriesState, Tier, names

BOUNDS = np.array([*names.DURATION_BOUNDS, np.inf])
DAY = 86_400.0
TIERS = np.array([Tier.LEVEL, Tier.DAY, Tier.WEEK])


def judge(
    state: LatencyState,
    rows: Ints,
    at: float,
    local: Floats,
    step: float,
    seconds: Floats,
    total: Floats,
    buckets: Floats,
    tuning: Tuning,
) -> tuple[Floats, Floats, Floats]:
    """Score one step of these series, advance their lives, then learn. All had at least one request.

    local: (rows,) seconds since Monday 00:00 where the service lives; seconds: (rows,) sum of durations; total: (rows,)
    requests; buckets: (rows, BUCKETS + 1), NaN where not known. Returns expected, lower and upper mean latency (s).
    """
    log_mean = np.log(np.maximum(seconds / total, 1e-6))
    points = state.points[rows]
    early = points < tuning.defaults_points
    offsets, best = state.rhythm.offsets(rows, local), state.rhythm.best(rows)
    level = (state.levels[rows] + offsets)[np.arange(len(rows)), best]
    state.level[rows] = level
    # A quarter of the day that is always rough is judged by that; so is a series that has large residuals now and then.
    scale = np.maximum(_scale(state, rows, tuning), state.rhythm.roughness(rows, local)) * _heavy(
        state, rows, step, tuning
    )
    expected = np.exp(level)

    thin = np.sqrt(np.minimum(1.0, total / np.maximum(state.typical[rows], 1.0)))
    _, late = state.rhythm.slack(rows, local, best)
    z = np.where(points > 0, (log_mean - level - late) / scale * thin, 0.0)
    life.push(state.ring_z, rows, np.clip(z, -tuning.z_clip, tuning.z_clip))
    life.push(state.ring_log, rows, log_mean)
    life.push(state.ring_total, rows, total)
    life.push(state.ring_seconds, rows, seconds)

    alone = z / tuning.z_boundary
    longer = _windowed(state, rows, tuning)
    slow = _slow_score(state, rows, total, buckets, tuning)
    effect = np.maximum(tuning.latency_effect_seconds, tuning.latency_effect_ratio * expected)
    recent = state.ring_seconds[rows, -4:].sum(axis=1) / np.maximum(state.ring_total[rows, -4:].sum(axis=1), 1.0)
    felt_now = seconds / total - expected >= effect
    alone = np.where(felt_now, alone, np.minimum(alone, 0.99))
    longer = np.where(felt_now & (recent - expected >= effect), longer, np.minimum(longer, 0.99))
    slow = np.where(felt_now, slow, 0.0)

    score = np.maximum(np.maximum(alone, longer), np.minimum(slow, alone * 2))
    by_default = np.exp(log_mean) > tuning.default_latency_factor * expected
    score = np.where(early, np.where(by_default, 1.0, 0.0), score)
    score = np.where((points < tuning.warmup_points) | _streams(state, rows, log_mean, early, tuning), np.nan, score)
    state.tier[rows] = np.select(
        [points < tuning.warmup_points, early], [Tier.WARMUP, Tier.DEFAULTS], default=TIERS[best]
    )

    # Many requests of one step all slow: no outlier among them can do that.
    blazing = ~early & (slow >= 2.0) & (alone >= 1.0)
    often = life.bits(state.hot[rows] << 1 | (score >= 1.0), tuning.confirm_of + 1) > tuning.confirm_of - 1
    fires = (longer >= 1.0) | (often & (score >= 1.0))
    recovered = z < tuning.z_boundary / 2
    recovered |= ~felt_now
    confirmed = np.where(early, often, fires)
    before, onset = state.life[rows], state.onset[rows]
    took = np.log(np.maximum(state.trouble_seconds[rows] / np.maximum(state.trouble_total[rows], 1.0), 1e-6))
    life.advance(state, rows, at, step, score, blazing, confirmed, recovered, tuning.recover_steps, tuning)
    over = (before >= SeriesState.INCIDENT) & (state.life[rows] == SeriesState.NORMAL)
    for place in np.flatnonzero(over):
        excess = float(took[place] - level[place])
        _recur(state, int(rows[place]), at, float(local[place]), float(onset[place]), excess, tuning)
    _account(state, rows, seconds, total)
    _learn(state, rows, at, local, step, log_mean, total, buckets, tuning)
    state.points[rows] += 1
    state.seen[rows] = at
    return _band(points, level, scale / np.maximum(thin, 1e-9), tuning)


def band(state: LatencyState, rows: Ints, tuning: Tuning) -> tuple[Floats, Floats, Floats]:
    """Expected, lower and upper mean latency of the next step, in seconds; NaN before the first point."""
    return _band(state.points[rows], state.level[rows], _scale(state, rows, tuning), tuning)


def _band(points: Ints, level: Floats, scale: Floats, tuning: Tuning) -> tuple[Floats, Floats, Floats]:
    expected = np.exp(level)
    effect = np.maximum(tuning.latency_effect_seconds, tuning.latency_effect_ratio * expected)
    width = np.minimum(tuning.z_boundary * scale, 20.0)  # beyond e^20 a bound says nothing, and exp overflows
    known = points > 0
    return (
        np.where(known, expected, np.nan),
        np.where(known, np.exp(level - width), np.nan),
        np.where(known, np.maximum(np.exp(level + width), expected + effect), np.nan),
    )


def accept(state: LatencyState, row: int, tuning: Tuning) -> None:
    """Take the latency of the present trouble for normal from now on; what is slow is learned anew."""
    if state.trouble_total[row] > 0:
        steps = int(np.clip(state.age[row], 1, state.ring_log.shape[1]))
        state.level[row] = np.median(state.ring_log[row, -steps:])
        state.levels[row] = state.level[row] - state.rhythm.held[row]
        state.points[row] = max(state.points[row], tuning.defaults_points)
        state.buckets[row] = 0.0


def settle(state: LatencyState, row: int, at: float, local: float, tuning: Tuning) -> None:
    """It stays: what it takes now is normal, and was at these hours."""
    accept(state, row, tuning)
    state.rhythm.settle(row, at, local, float(state.onset[row]), float(state.level[row]))
    state.levels[row] = state.level[row] - state.rhythm.held[row]


def slow_bound(state: LatencyState, rows: Ints, tuning: Tuning) -> Ints:
    """Bucket above whose bound a request counts as slow: the lowest bound that at most `slow_share` of normal
    requests exceeded."""
    counts = state.buckets[rows]
    above = counts.sum(axis=1, keepdims=True) - np.cumsum(counts, axis=1)
    rare = above <= tuning.slow_share * np.maximum(counts.sum(axis=1, keepdims=True), 1e-9)
    bound: Ints = np.argmax(rare, axis=1)
    return bound


def _slow_score(state: LatencyState, rows: Ints, total: Floats, buckets: Floats, tuning: Tuning) -> Floats:
    counts = state.buckets[rows]
    known = ~np.isnan(buckets).any(axis=1) & (counts.sum(axis=1) > 0)
    bound = slow_bound(state, rows, tuning)
    beyond = np.arange(BUCKETS + 1)[None, :] > bound[:, None]
    n = counts.sum(axis=1) + tuning.prior_total
    share = ((counts * beyond).sum(axis=1) + tuning.prior_bad) / n
    upper = np.minimum(1.0, share + 1.645 * np.sqrt(share * (1 - share) / n))
    slow = (np.nan_to_num(buckets) * beyond).sum(axis=1)
    scored = errors.tail_score(slow, np.maximum(total, slow), upper, tuning.false_alarm)
    return np.where(known, scored, 0.0)


def _streams(state: LatencyState, rows: Ints, log_mean: Floats, early: Mask, tuning: Tuning) -> Mask:
    """Which of these last for as long as somebody listens, as nothing but their durations tells: long, and each
    otherwise. Until enough are known one that is long by itself may be the first of them that has ended."""
    apart = state.scale[rows] * np.sqrt(np.maximum(state.typical[rows], 1.0))
    long = np.where(early, np.maximum(log_mean, state.level[rows]), state.level[rows])
    told: Mask = (long >= np.log(tuning.stream_seconds)) & (apart >= tuning.stream_spread)
    return told


def _windowed(state: LatencyState, rows: Ints, tuning: Tuning) -> Floats:
    """max over windows of sum(z) / sqrt(w), deflated by the lag-1 autocorrelation, as a score."""
    rho = np.clip(state.rho[rows], 0.0, 0.8)
    best = np.zeros(len(rows))
    for window in tuning.windows[1:]:
        inflation = np.sqrt((1 + rho) / (1 - rho))
        # A window of 4 asks for three clipped steps at least: its boundary is theirs.
        boundary = min(tuning.z_boundary, 3 * tuning.z_clip / np.sqrt(window)) if window == 4 else tuning.z_boundary
        z = state.ring_z[rows, -window:].sum(axis=1) / np.sqrt(window) / inflation
        best = np.maximum(best, z / boundary)
    return best


def _scale(state: LatencyState, rows: Ints, tuning: Tuning) -> Floats:
    """Scale of the residual with a floor: relative, and one millisecond for what is very fast."""
    floor = np.maximum(tuning.scale_floor, 0.001 / np.maximum(np.exp(state.level[rows]), 1e-6))
    return np.maximum(state.scale[rows], floor)


def _account(state: LatencyState, rows: Ints, seconds: Floats, total: Floats) -> None:
    counted = np.isin(state.life[rows], (SeriesState.SUSPECT, SeriesState.INCIDENT))
    state.trouble_seconds[rows] += np.where(counted, seconds, 0.0)
    state.trouble_total[rows] += np.where(counted, total, 0.0)


def _start(state: LatencyState, rows: Ints, tuning: Tuning) -> tuple[Floats, Floats]:
    """Median and MAD of the first points."""
    seen = np.minimum(state.points[rows] + 1, tuning.defaults_points)
    in_ring = np.arange(state.ring_log.shape[1])[None, :] >= state.ring_log.shape[1] - seen[:, None]
    first = np.where(in_ring, state.ring_log[rows], np.nan)
    median = np.nanmedian(first, axis=1)
    return median, 1.4826 * np.nanmedian(np.abs(first - median[:, None]), axis=1)


def _heavy(state: LatencyState, rows: Ints, step: float, tuning: Tuning) -> Floats:
    """By how much residuals of healthy steps exceed what the boundary allows for: 1 where they do not, or where too few
    are known to tell."""
    accepted = np.array([step / (tuning.days_per_false_alarm * DAY)])
    bounds = state.tails.boundaries(rows, accepted)[:, 0] / tuning.z_boundary
    return np.where(state.tails.count[rows, 0] >= tuning.tail_points, np.maximum(bounds, 1.0), 1.0)


def _remember(state: LatencyState, rows: Ints, evidence: Floats, learns: Mask) -> None:
    """Add the evidence of healthy steps to the tail. That of a suspicion waits until it has turned out to be none."""
    now = state.life[rows]
    peak = np.where(now == SeriesState.SUSPECT, np.maximum(state.peak[rows], evidence), state.peak[rows])
    peak = np.where(now >= SeriesState.INCIDENT, 0.0, peak)
    state.tails.add(rows, np.maximum(evidence, peak)[:, None], learns)
    state.peak[rows] = np.where(learns, 0.0, peak)


def _recur(state: LatencyState, row: int, at: float, local: float, onset: float, excess: float, tuning: Tuning) -> None:
    """A trouble is over, in which requests took so much longer (log). If it came at the same time of another of the
    last days, it is a habit, such as a batch at night."""
    if habit(state, row, onset, local - (at - onset), tuning):
        state.rhythm.expect(row, at, local, onset, excess)


def _learn(
    state: LatencyState,
    rows: Ints,
    at: float,
    local: Floats,
    step: float,
    log_mean: Floats,
    total: Floats,
    buckets: Floats,
    tuning: Tuning,
) -> None:
    """Huber-clipped update of levels and scale; median and MAD of what was seen until the ring is full."""
    points = state.points[rows]
    learns = state.life[rows] == SeriesState.NORMAL
    starting = learns & (points < tuning.defaults_points)
    median, mad = np.zeros(len(rows)), np.zeros(len(rows))
    if starting.any():
        median[starting], mad[starting] = _start(state, rows[starting], tuning)
    scale = _scale(state, rows, tuning)
    gain = 1.0 - 0.5 ** (step / tuning.half_life)
    held, levels = state.rhythm.held[rows], state.levels[rows]
    most = tuning.huber * scale
    follow = levels + gain * np.clip(log_mean[:, None] - held - levels, -most[:, None], most[:, None])
    state.levels[rows] = np.select(
        [starting[:, None], learns[:, None]], [median[:, None] - held, follow], default=levels
    )
    residual = log_mean - state.level[rows]
    clipped = np.clip(residual, -most, most)
    # The scale learns from the clipped square as well; 0.99 is what clipping at 3 leaves of a Gaussian's variance.
    spread = np.sqrt((1 - gain) * scale**2 + gain * clipped**2 / 0.99)
    state.scale[rows] = np.select([starting, learns], [mad, spread], default=state.scale[rows])

    z = np.clip(residual / scale, -tuning.huber, tuning.huber)
    state.rho[rows] += np.where(learns & ~starting, gain * (z * state.last_z[rows] - state.rho[rows]), 0.0)
    state.last_z[rows] = z
    pace = np.maximum(gain, 1.0 / (points + 1.0))
    state.typical[rows] += np.where(learns, pace * (total - state.typical[rows]), 0.0)
    keep = np.where(learns, 0.5 ** (step / tuning.rate_half_life), 1.0)[:, None]
    state.buckets[rows] = state.buckets[rows] * keep + np.where(learns[:, None], np.nan_to_num(buckets), 0.0)
    rough = state.rhythm.roughness(rows, local)
    _remember(state, rows, np.maximum(residual, 0.0) / np.maximum(scale, rough), learns & ~starting)
    normal = np.flatnonzero(learns)
    widest = np.maximum(most, rough)
    off = np.clip(residual, -widest, widest)
    state.rhythm.learn(rows[normal], at, local[normal], log_mean[normal], off[normal])
    state.level[rows] = (state.levels[rows] + held)[np.arange(len(rows)), state.rhythm.best(rows)]
