"""Latency: the mean on a log scale compared with a robust online level, and the share of slow requests as a count.

The level is an exponentially weighted mean of Huber-clipped residuals (Gelper, Fried & Croux 2010), started from the
median and MAD of the first points. Evidence is read over several windows with each step clipped, so that no single
outlier fires a long window (docs/methods.md, Evidence over windows).
"""

from collections.abc import Container
from dataclasses import dataclass, field

import numpy as np

from aiops.detect import series_state
from aiops.detect.families.errors import tail_score
from aiops.detect.families.family import CALL_LABELS, Adoptable, Band, heard, known, requests_ended, verdicts
from aiops.detect.inputs import Step
from aiops.detect.recurrence import recurs
from aiops.detect.seasonality import WAYS, Seasonality
from aiops.detect.series_state import Evidence
from aiops.detect.tails import Tails
from aiops.detect.tracked import BUCKETS, RING, Recurring, float_field
from aiops.detect.tuning import Tuning
from aiops.model import Expectation, Family, Labels, Selector, SeriesState, Tier, Verdict, names, value_of
from aiops.model.arrays import Bools, Floats, Ints

BOUNDS = np.array([*names.DURATION_BOUNDS, np.inf])
DAY = 86_400.0
TIERS = np.array([Tier.LEVEL, Tier.DAY, Tier.WEEK])


@dataclass(slots=True)
class LatencyState(Recurring):
    """Mean latency on the log scale, and the share of requests above a learned bucket bound.

    level, scale: of log(mean seconds), what is expected next. levels: the level without the offset of each kind of
    seasonality, `(series, WAYS)`. tails: of residuals divided by scale. buckets: decayed counts of normal steps by
    bucket of names.DURATION_BOUNDS (last: beyond all bounds). typical: decayed mean of requests per step; the residual
    of a step with fewer requests is shrunk by it.
    """

    level: Floats = float_field()
    levels: Floats = float_field(WAYS)
    scale: Floats = float_field()
    rho: Floats = float_field()  # lag-1 autocorrelation of the standardised residual
    last_z: Floats = float_field()
    typical: Floats = float_field()
    buckets: Floats = float_field(BUCKETS + 1)
    seasonality: Seasonality = field(default_factory=Seasonality, metadata={"saved": "rhythm"})
    tails: Tails = field(default_factory=lambda: Tails(1))
    peak: Floats = float_field()  # the largest residual over scale of a suspicion
    ring_log: Floats = float_field(RING)
    ring_z: Floats = float_field(RING, evidence=True)
    ring_total: Floats = float_field(RING, evidence=True)
    ring_seconds: Floats = float_field(RING, evidence=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Series that had requests in a step, `(rows,)` each.

    at, seconds: end (Unix seconds) and length of the step. local: local time of the service, seconds since Monday
    00:00. total: requests. spent: the sum of their durations, seconds. buckets: `(rows, BUCKETS + 1)`, NaN where not
    known.
    """

    rows: Ints
    at: float
    seconds: float
    local: Floats
    total: Floats
    spent: Floats
    buckets: Floats

    @property
    def log_mean(self) -> Floats:
        """The logarithm of the mean duration in seconds."""
        return np.log(np.maximum(self.spent / self.total, 1e-6))


class Latency(Adoptable[LatencyState]):
    """Symptom family: requests to a route, or from one service to another, take longer than is normal."""

    name = Family.LATENCY
    selectors = (
        *(Selector(name) for name in (names.REQUESTS, names.DURATION, names.BUCKET)),
        *(Selector(name, CALL_LABELS) for name in (names.REQUESTS, names.DURATION)),
    )

    def tracked(self) -> LatencyState:
        """Return an empty state."""
        return LatencyState()

    def judge(self, tracked: LatencyState, step: Step, tuning: Tuning) -> list[Verdict]:
        """Judge one step of all series that had requests; see `SymptomFamily.judge`."""
        heard(tracked, step, np.flatnonzero((step.total > 0) & ~step.usual))
        chosen = np.flatnonzero((step.total > 0) & (step.spent > 0) & step.usual)
        if not len(chosen):
            return []
        scopes = [step.scopes[row] for row in chosen]
        sample = Sample(
            rows=tracked.rows(scopes),
            at=step.at,
            seconds=step.seconds,
            local=step.local[chosen],
            total=step.total[chosen],
            spent=step.spent[chosen],
            buckets=step.buckets[chosen],
        )
        band, mean = _judge(tracked, sample, tuning), sample.spent / sample.total
        return verdicts(self.name, tracked, scopes, sample.rows, step.ends(sample.rows), mean, band)

    def observed(self, tracked: LatencyState, row: int, tuning: Tuning) -> tuple[float, float]:
        """Return the mean duration since onset and the expected one, in seconds."""
        total = max(float(tracked.trouble_total[row]), 1.0)
        return float(tracked.trouble_seconds[row]) / total, float(np.exp(tracked.level[row]))

    def ended(self, tracked: LatencyState, step: Step, tuning: Tuning) -> list[Labels]:
        """End troubles whose requests have stopped; see `requests_ended`."""
        return requests_ended(tracked, step, tuning)

    def settled(self, tracked: LatencyState, step: Step, burning: Container[str], tuning: Tuning) -> list[Labels]:
        """Take latency that stays high as normal, unless an objective burns."""
        out = []
        for row, series in series_state.long_in_trouble(tracked, step.at, tuning.settle_seconds):
            burns = any(value_of(series, role) in burning for role in (names.SERVICE, names.CALLEE, names.CALLER))
            if not burns and tracked.status[row] == SeriesState.INCIDENT:
                _settle(tracked, row, step.at, step.local_of(series), tuning)
                tracked.clear(np.array([row]))
                out.append(series)
        return out

    def expected(self, tracked: LatencyState, rows: Ints, tuning: Tuning) -> Band:
        """Return the expected mean duration and its bounds, in seconds."""
        return _band(tracked.points[rows], tracked.level[rows], _scale(tracked, rows, tuning), tuning)

    def adopt(self, tracked: LatencyState, row: int, tuning: Tuning) -> None:
        """Take the latency of the present trouble as normal from now on."""
        _adopt(tracked, row, tuning)

    def expectation(self, tracked: LatencyState, row: int, tuning: Tuning) -> Expectation:
        """Return the expected duration of a request, in seconds."""
        band = self.expected(tracked, np.array([row]), tuning)
        return Expectation(*(known(float(one[0])) for one in (band.expected, band.lower, band.upper)))

    def patience(self, tuning: Tuning) -> float:
        """Return after how many seconds without a sample a series is forgotten."""
        return tuning.forget_seconds


def _judge(tracked: LatencyState, sample: Sample, tuning: Tuning) -> Band:
    """Score one step of these series, advance their states, then learn. Returns the expected means, in seconds."""
    rows, local, total, log_mean = sample.rows, sample.local, sample.total, sample.log_mean
    points = tracked.points[rows]
    early = points < tuning.defaults_points
    offsets, best = tracked.seasonality.offsets(rows, local), tracked.seasonality.best(rows)
    level = (tracked.levels[rows] + offsets)[np.arange(len(rows)), best]
    tracked.level[rows] = level
    # A quarter-hour with large residuals every day is judged with that wider scale; so is a series that has large
    # residuals now and then.
    scale = np.maximum(_scale(tracked, rows, tuning), tracked.seasonality.roughness(rows, local)) * _heavy(
        tracked, rows, sample.seconds, tuning
    )
    expected = np.exp(level)

    thin = np.sqrt(np.minimum(1.0, total / np.maximum(tracked.typical[rows], 1.0)))
    _, late = tracked.seasonality.slack(rows, local, best)
    z = np.where(points > 0, (log_mean - level - late) / scale * thin, 0.0)
    series_state.push(tracked.ring_z, rows, np.clip(z, -tuning.z_clip, tuning.z_clip))
    series_state.push(tracked.ring_log, rows, log_mean)
    series_state.push(tracked.ring_total, rows, total)
    series_state.push(tracked.ring_seconds, rows, sample.spent)

    alone = z / tuning.z_boundary
    longer = _windowed(tracked, rows, tuning)
    slow = _slow_score(tracked, rows, total, sample.buckets, tuning)
    effect = np.maximum(tuning.latency_effect_seconds, tuning.latency_effect_ratio * expected)
    recent = tracked.ring_seconds[rows, -4:].sum(axis=1) / np.maximum(tracked.ring_total[rows, -4:].sum(axis=1), 1.0)
    felt_now = sample.spent / total - expected >= effect
    alone = np.where(felt_now, alone, np.minimum(alone, 0.99))
    longer = np.where(felt_now & (recent - expected >= effect), longer, np.minimum(longer, 0.99))
    slow = np.where(felt_now, slow, 0.0)

    score = np.maximum(np.maximum(alone, longer), np.minimum(slow, alone * 2))
    by_default = np.exp(log_mean) > tuning.default_latency_factor * expected
    score = np.where(early, np.where(by_default, 1.0, 0.0), score)
    score = np.where((points < tuning.warmup_points) | _streams(tracked, rows, log_mean, early, tuning), np.nan, score)
    tracked.tier[rows] = np.select(
        [points < tuning.warmup_points, early], [Tier.WARMUP, Tier.DEFAULTS], default=TIERS[best]
    )

    # Many slow requests in one step: a single outlier cannot cause that.
    blazing = ~early & (slow >= 2.0) & (alone >= 1.0)
    often = series_state.bits(tracked.hot[rows] << 1 | (score >= 1.0), tuning.confirm_of + 1) > tuning.confirm_of - 1
    fires = (longer >= 1.0) | (often & (score >= 1.0))
    recovered = z < tuning.z_boundary / 2
    recovered |= ~felt_now
    confirmed = np.where(early, often, fires)
    before, onset = tracked.status[rows], tracked.onset[rows]
    took = np.log(np.maximum(tracked.trouble_seconds[rows] / np.maximum(tracked.trouble_total[rows], 1.0), 1e-6))
    evidence = Evidence(
        score=score, blazing=blazing, fires=confirmed, recovered=recovered, calm_steps=tuning.recover_steps
    )
    series_state.advance(tracked, rows, sample.at, sample.seconds, evidence, tuning)
    over = (before >= SeriesState.INCIDENT) & (tracked.status[rows] == SeriesState.NORMAL)
    for place in np.flatnonzero(over):
        excess = float(took[place] - level[place])
        if recurs(
            tracked, int(rows[place]), float(onset[place]), float(local[place]) - (sample.at - onset[place]), tuning
        ):
            # The same trouble came at this time on another of the last days, such as a batch job at night.
            tracked.seasonality.expect(int(rows[place]), sample.at, float(local[place]), float(onset[place]), excess)
    _account(tracked, rows, sample.spent, total)
    _learn(tracked, sample, tuning)
    tracked.points[rows] += 1
    tracked.seen[rows] = sample.at
    return _band(points, level, scale / np.maximum(thin, 1e-9), tuning)


def _band(points: Ints, level: Floats, scale: Floats, tuning: Tuning) -> Band:
    """Return the expected mean latency of a step and its bounds, in seconds; NaN before the first point."""
    expected = np.exp(level)
    effect = np.maximum(tuning.latency_effect_seconds, tuning.latency_effect_ratio * expected)
    width = np.minimum(tuning.z_boundary * scale, 20.0)  # beyond e^20 a bound is useless, and exp overflows
    some = points > 0
    return Band(
        np.where(some, expected, np.nan),
        np.where(some, np.exp(level - width), np.nan),
        np.where(some, np.maximum(np.exp(level + width), expected + effect), np.nan),
    )


def _adopt(tracked: LatencyState, row: int, tuning: Tuning) -> None:
    """Take the latency of the present trouble as normal from now on; the bound for slow requests is relearned."""
    if tracked.trouble_total[row] > 0:
        steps = int(np.clip(tracked.age[row], 1, tracked.ring_log.shape[1]))
        tracked.level[row] = np.median(tracked.ring_log[row, -steps:])
        tracked.levels[row] = tracked.level[row] - tracked.seasonality.held[row]
        tracked.points[row] = max(tracked.points[row], tuning.defaults_points)
        tracked.buckets[row] = 0.0


def _settle(tracked: LatencyState, row: int, at: float, local: float, tuning: Tuning) -> None:
    """The trouble lasts: take the present latency as normal, also for the hours since its onset."""
    _adopt(tracked, row, tuning)
    tracked.seasonality.settle(row, at, local, float(tracked.onset[row]), float(tracked.level[row]))
    tracked.levels[row] = tracked.level[row] - tracked.seasonality.held[row]


def _slow_bound(tracked: LatencyState, rows: Ints, tuning: Tuning) -> Ints:
    """Return the bucket above whose bound a request counts as slow: the lowest bound that at most `slow_share` of
    normal requests exceeded."""
    counts = tracked.buckets[rows]
    above = counts.sum(axis=1, keepdims=True) - np.cumsum(counts, axis=1)
    rare = above <= tuning.slow_share * np.maximum(counts.sum(axis=1, keepdims=True), 1e-9)
    bound: Ints = np.argmax(rare, axis=1)
    return bound


def _slow_score(tracked: LatencyState, rows: Ints, total: Floats, buckets: Floats, tuning: Tuning) -> Floats:
    counts = tracked.buckets[rows]
    known = ~np.isnan(buckets).any(axis=1) & (counts.sum(axis=1) > 0)
    bound = _slow_bound(tracked, rows, tuning)
    beyond = np.arange(BUCKETS + 1)[None, :] > bound[:, None]
    n = counts.sum(axis=1) + tuning.prior_total
    share = ((counts * beyond).sum(axis=1) + tuning.prior_bad) / n
    upper = np.minimum(1.0, share + 1.645 * np.sqrt(share * (1 - share) / n))
    slow = (np.nan_to_num(buckets) * beyond).sum(axis=1)
    scored = tail_score(slow, np.maximum(total, slow), upper, tuning.false_alarm)
    return np.where(known, scored, 0.0)


def _streams(tracked: LatencyState, rows: Ints, log_mean: Floats, early: Bools, tuning: Tuning) -> Bools:
    """Return which series are streams, judging by their durations alone: long, and very different from each other.
    Until enough durations are known, a single long one may be the first stream that has ended."""
    apart = tracked.scale[rows] * np.sqrt(np.maximum(tracked.typical[rows], 1.0))
    long = np.where(early, np.maximum(log_mean, tracked.level[rows]), tracked.level[rows])
    told: Bools = (long >= np.log(tuning.stream_seconds)) & (apart >= tuning.stream_spread)
    return told


def _windowed(tracked: LatencyState, rows: Ints, tuning: Tuning) -> Floats:
    """Return the maximum over windows of sum(z) / sqrt(w), reduced for the lag-1 autocorrelation, as a score."""
    rho = np.clip(tracked.rho[rows], 0.0, 0.8)
    best = np.zeros(len(rows))
    for window in tuning.windows[1:]:
        inflation = np.sqrt((1 + rho) / (1 - rho))
        # A window of 4 needs three clipped steps at least: its boundary is the evidence of three.
        boundary = min(tuning.z_boundary, 3 * tuning.z_clip / np.sqrt(window)) if window == 4 else tuning.z_boundary
        z = tracked.ring_z[rows, -window:].sum(axis=1) / np.sqrt(window) / inflation
        best = np.maximum(best, z / boundary)
    return best


def _scale(tracked: LatencyState, rows: Ints, tuning: Tuning) -> Floats:
    """Return the scale of the residual with a floor: a relative one, and one millisecond for very fast requests."""
    floor = np.maximum(tuning.scale_floor, 0.001 / np.maximum(np.exp(tracked.level[rows]), 1e-6))
    return np.maximum(tracked.scale[rows], floor)


def _account(tracked: LatencyState, rows: Ints, seconds: Floats, total: Floats) -> None:
    counted = np.isin(tracked.status[rows], (SeriesState.SUSPECT, SeriesState.INCIDENT))
    tracked.trouble_seconds[rows] += np.where(counted, seconds, 0.0)
    tracked.trouble_total[rows] += np.where(counted, total, 0.0)


def _start(tracked: LatencyState, rows: Ints, tuning: Tuning) -> tuple[Floats, Floats]:
    """Return median and MAD of the first points."""
    seen = np.minimum(tracked.points[rows] + 1, tuning.defaults_points)
    in_ring = np.arange(tracked.ring_log.shape[1])[None, :] >= tracked.ring_log.shape[1] - seen[:, None]
    first = np.where(in_ring, tracked.ring_log[rows], np.nan)
    median = np.nanmedian(first, axis=1)
    return median, 1.4826 * np.nanmedian(np.abs(first - median[:, None]), axis=1)


def _heavy(tracked: LatencyState, rows: Ints, seconds: float, tuning: Tuning) -> Floats:
    """Return the factor by which residuals of healthy steps exceed what the boundary allows for: 1 where they do not,
    or where too few are known."""
    accepted = np.array([seconds / (tuning.days_per_false_alarm * DAY)])
    bounds = tracked.tails.boundaries(rows, accepted)[:, 0] / tuning.z_boundary
    return np.where(tracked.tails.count[rows, 0] >= tuning.tail_points, np.maximum(bounds, 1.0), 1.0)


def _remember(tracked: LatencyState, rows: Ints, evidence: Floats, learns: Bools) -> None:
    """Add the evidence of healthy steps to the tail. The evidence of a suspicion is added only once it has turned out
    to be a false one."""
    now = tracked.status[rows]
    peak = np.where(now == SeriesState.SUSPECT, np.maximum(tracked.peak[rows], evidence), tracked.peak[rows])
    peak = np.where(now >= SeriesState.INCIDENT, 0.0, peak)
    tracked.tails.add(rows, np.maximum(evidence, peak)[:, None], learns)
    tracked.peak[rows] = np.where(learns, 0.0, peak)


def _learn(tracked: LatencyState, sample: Sample, tuning: Tuning) -> None:
    """Update levels and scale with Huber clipping; until the ring is full, use median and MAD of the points seen."""
    rows, local, log_mean = sample.rows, sample.local, sample.log_mean
    points = tracked.points[rows]
    learns = tracked.status[rows] == SeriesState.NORMAL
    starting = learns & (points < tuning.defaults_points)
    median, mad = np.zeros(len(rows)), np.zeros(len(rows))
    if starting.any():
        median[starting], mad[starting] = _start(tracked, rows[starting], tuning)
    scale = _scale(tracked, rows, tuning)
    gain = 1.0 - 0.5 ** (sample.seconds / tuning.half_life)
    held, levels = tracked.seasonality.held[rows], tracked.levels[rows]
    most = tuning.huber * scale
    follow = levels + gain * np.clip(log_mean[:, None] - held - levels, -most[:, None], most[:, None])
    tracked.levels[rows] = np.select(
        [starting[:, None], learns[:, None]], [median[:, None] - held, follow], default=levels
    )
    residual = log_mean - tracked.level[rows]
    clipped = np.clip(residual, -most, most)
    # The scale learns from the clipped square as well; clipping at 3 keeps 0.99 of a Gaussian's variance.
    spread = np.sqrt((1 - gain) * scale**2 + gain * clipped**2 / 0.99)
    tracked.scale[rows] = np.select([starting, learns], [mad, spread], default=tracked.scale[rows])

    z = np.clip(residual / scale, -tuning.huber, tuning.huber)
    tracked.rho[rows] += np.where(learns & ~starting, gain * (z * tracked.last_z[rows] - tracked.rho[rows]), 0.0)
    tracked.last_z[rows] = z
    pace = np.maximum(gain, 1.0 / (points + 1.0))
    tracked.typical[rows] += np.where(learns, pace * (sample.total - tracked.typical[rows]), 0.0)
    keep = np.where(learns, 0.5 ** (sample.seconds / tuning.rate_half_life), 1.0)[:, None]
    tracked.buckets[rows] = tracked.buckets[rows] * keep + np.where(learns[:, None], np.nan_to_num(sample.buckets), 0.0)
    rough = tracked.seasonality.roughness(rows, local)
    _remember(tracked, rows, np.maximum(residual, 0.0) / np.maximum(scale, rough), learns & ~starting)
    normal = np.flatnonzero(learns)
    widest = np.maximum(most, rough)
    off = np.clip(residual, -widest, widest)
    tracked.seasonality.learn(rows[normal], sample.at, local[normal], log_mean[normal], off[normal])
    tracked.level[rows] = (tracked.levels[rows] + held)[np.arange(len(rows)), tracked.seasonality.best(rows)]
