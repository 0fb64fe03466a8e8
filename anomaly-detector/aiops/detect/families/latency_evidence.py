"""Evidence that a latency is too high: slow requests as a count (docs/methods.md, Counts), and residuals over windows
(docs/methods.md, Evidence over windows)."""

import numpy as np

from aiops.detect import series_state
from aiops.detect.families.errors import tail_score
from aiops.detect.families.latency_state import LatencyState
from aiops.detect.families.young import overwhelming
from aiops.detect.tracked import BUCKETS
from aiops.detect.tuning import Tuning
from aiops.model.arrays import Bools, Floats, Ints


def slow_bound(tracked: LatencyState, rows: Ints, tuning: Tuning) -> Ints:
    """Return the bucket above whose bound a request counts as slow: the lowest bound that at most `slow_share` of
    normal requests exceeded."""
    counts = tracked.buckets[rows]
    above = counts.sum(axis=1, keepdims=True) - np.cumsum(counts, axis=1)
    rare = above <= tuning.slow_share * np.maximum(counts.sum(axis=1, keepdims=True), 1e-9)
    bound: Ints = np.argmax(rare, axis=1)
    return bound


def slow_scores(tracked: LatencyState, rows: Ints, buckets: Floats, tuning: Tuning) -> tuple[Floats, Floats]:
    """Return how surprising the number of slow requests is: in this step, as a score; and over windows, as
    `overwhelming` evidence. Both are 0 where buckets are not known. buckets: `(rows, BUCKETS + 1)` of this step."""
    counts = tracked.buckets[rows]
    known = ~np.isnan(buckets).any(axis=1) & (counts.sum(axis=1) > 0)
    bound = slow_bound(tracked, rows, tuning)
    beyond = np.arange(BUCKETS + 1)[None, :] > bound[:, None]
    n = counts.sum(axis=1) + tuning.prior_total
    share = ((counts * beyond).sum(axis=1) + tuning.prior_bad) / n
    upper = np.minimum(1.0, share + 1.645 * np.sqrt(share * (1 - share) / n))
    series_state.push(tracked.ring_slow, rows, np.where(known, (np.nan_to_num(buckets) * beyond).sum(axis=1), 0.0))
    alone, sure = np.zeros(len(rows)), np.zeros(len(rows))
    for window in tuning.windows:
        slow = tracked.ring_slow[rows, -window:].sum(axis=1)
        requests = np.maximum(tracked.ring_total[rows, -window:].sum(axis=1), slow)
        one = np.where(known, tail_score(slow, requests, upper, tuning.false_alarm), 0.0)
        sure = np.maximum(sure, overwhelming(one, slow, tuning))
        if window == 1:
            alone = one
    return alone, sure


def streams(tracked: LatencyState, rows: Ints, log_mean: Floats, early: Bools, tuning: Tuning) -> Bools:
    """Return which series are streams, judging by their durations alone: long, and very different from each other.
    Until enough durations are known, a single long one may be the first stream that has ended."""
    apart = tracked.scale[rows] * np.sqrt(np.maximum(tracked.typical[rows], 1.0))
    long = np.where(early, np.maximum(log_mean, tracked.level[rows]), tracked.level[rows])
    told: Bools = (long >= np.log(tuning.stream_seconds)) & (apart >= tuning.stream_spread)
    return told


def windowed(tracked: LatencyState, rows: Ints, tuning: Tuning) -> Floats:
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
