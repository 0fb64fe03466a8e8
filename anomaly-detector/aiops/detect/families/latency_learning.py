"""What a latency learns from a step: level, scale, tail, slow requests, season; and what it takes for normal.

Only a normal series learns. What a step teaches is clipped, so that a fault teaches little before it is found.
"""

import numpy as np

from aiops.detect.families import scale as scales
from aiops.detect.families.latency_state import LatencyState, Sample
from aiops.detect.families.young import has_grown, outweighed
from aiops.detect.tuning import Tuning
from aiops.detect.univariate import tails
from aiops.model import SeriesState
from aiops.model.arrays import Bools, Floats, Ints

DAY = 86_400.0


def heavy(tracked: LatencyState, rows: Ints, seconds: float, tuning: Tuning) -> Floats:
    """Return the factor by which residuals of healthy steps exceed what the boundary allows for: 1 where they do not,
    or where too few are known."""
    bounds = tails.boundary(tracked.tails, rows, 0, seconds / (tuning.days_per_false_alarm * DAY)) / tuning.z_boundary
    known = (tracked.tails.count[rows] >= tuning.tail_points) & np.isfinite(bounds)
    return np.where(known, np.maximum(bounds, 1.0), 1.0)


def learn(tracked: LatencyState, sample: Sample, tuning: Tuning) -> None:
    """Learn a step, after the states were advanced. The first points give a median; then the level follows within
    minutes, or within `level_requests` requests where steps have few."""
    rows, local, log_mean, total = sample.rows, sample.local, sample.log_mean, sample.total
    points = tracked.points[rows]
    learns = tracked.status[rows] == SeriesState.NORMAL
    starting = learns & (points < tuning.defaults_points)
    settled = learns & ~starting
    scale = scales.scale_of(tracked, rows, tuning)
    held, levels, most = tracked.seasonality.held[rows], tracked.levels[rows], tuning.huber * scale
    few = np.maximum(total / tuning.level_requests, 4.0 / np.maximum(points, 1))
    gain = np.minimum(1.0 - 0.5 ** (sample.seconds / tuning.half_life), few)[:, None]
    tracked.levels[rows] += np.where(
        settled[:, None], gain * np.clip(log_mean[:, None] - held - levels, -most[:, None], most[:, None]), 0.0
    )
    if starting.any():
        first = rows[starting]
        median, spread = scales.first_points(tracked, first, tuning)
        tracked.levels[first] = median[:, None] - held[starting]
        scales.begin_scale(tracked, first, spread, total[starting], sample.seconds, tuning)

    residual = log_mean - tracked.level[rows]
    thin = scales.thinness(tracked, rows, total)
    rough = tracked.seasonality.roughness(rows, local)
    scales.learn_scale(tracked, rows[settled], residual[settled], total[settled], sample.seconds, tuning)
    tracked.last_z[rows] = np.clip(residual * thin / scale, -tuning.huber, tuning.huber)
    _remember(tracked, sample, np.maximum(residual * thin, 0.0) / np.maximum(scale, rough), settled, tuning)
    _count(tracked, sample, learns, tuning)

    normal = np.flatnonzero(learns)
    widest = np.maximum(most, rough)
    off = np.clip(residual, -widest, widest)
    tracked.seasonality.learn(rows[normal], sample.at, local[normal], log_mean[normal], off[normal])
    tracked.level[rows] = (tracked.levels[rows] + held)[np.arange(len(rows)), tracked.seasonality.best(rows)]


def _remember(tracked: LatencyState, sample: Sample, evidence: Floats, learns: Bools, tuning: Tuning) -> None:
    """Add the evidence of healthy steps to the tail: no more than the boundary, so that a trouble that nobody was told
    of does not hide the next. That of a suspicion is added only once it has turned out to be a false one."""
    rows, now = sample.rows, tracked.status[sample.rows]
    peak = np.where(now == SeriesState.SUSPECT, np.maximum(tracked.peak[rows], evidence), tracked.peak[rows])
    peak = np.where(now >= SeriesState.INCIDENT, 0.0, peak)
    most = tuning.z_boundary * heavy(tracked, rows, sample.seconds, tuning)
    passed = np.fmax(sample.at - tracked.seen[rows], sample.seconds) / (tuning.tail_half_life * DAY)
    tails.pass_time(tracked.tails, rows, passed, learns)
    value = np.minimum(np.maximum(evidence, peak), most)
    taken = learns & tails.matters(tracked.tails, rows, 0, value)
    tails.add(tracked.tails, rows[taken], np.zeros(int(taken.sum()), dtype=np.int64), value[taken])
    tracked.peak[rows] = np.where(learns, 0.0, peak)


def _count(tracked: LatencyState, sample: Sample, learns: Bools, tuning: Tuning) -> None:
    """Learn the requests of normal steps by duration."""
    rows = sample.rows
    keep = np.where(learns, 0.5 ** (sample.seconds / tuning.rate_half_life), 1.0)
    keep *= outweighed(tracked.buckets[rows].sum(axis=1), has_grown(tracked, rows, sample.at, tuning), tuning)
    taken = np.where(learns[:, None], np.nan_to_num(sample.buckets), 0.0)
    tracked.buckets[rows] = tracked.buckets[rows] * keep[:, None] + taken


def adopt(tracked: LatencyState, row: int, tuning: Tuning) -> None:
    """Take the latency of the present trouble as normal from now on; the bound for slow requests is relearned."""
    if tracked.trouble_total[row] > 0:
        steps = int(np.clip(tracked.age[row], 1, tracked.ring_log.shape[1]))
        tracked.level[row] = np.median(tracked.ring_log[row, -steps:])
        tracked.levels[row] = tracked.level[row] - tracked.seasonality.held[row]
        tracked.points[row] = max(tracked.points[row], tuning.defaults_points)
        tracked.buckets[row] = 0.0


def settle(tracked: LatencyState, row: int, at: float, local: float, tuning: Tuning) -> None:
    """The trouble lasts: take the present latency as normal, also for the hours since its onset."""
    adopt(tracked, row, tuning)
    tracked.seasonality.settle(row, at, local, float(tracked.onset[row]), float(tracked.level[row]))
    tracked.levels[row] = tracked.level[row] - tracked.seasonality.held[row]
