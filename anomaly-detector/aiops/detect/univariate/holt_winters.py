"""Additive Holt-Winters with a damped trend, on the clock of its buckets, over many series at once.

In error-correction form, with the error e of a bucket's mean: level + φ trend + α e, φ trend + α β e, season + γ e:
what statsmodels' `ExponentialSmoothing` does, to the last digits, where each bucket has one value and the parameters
are fixed (a test holds it to that). Its input is clipped by the caller (Gelper, Fried & Croux, Journal of Forecasting
29(3), 2010), and it learns faster while it is young: no gain is less than what a plain mean would give.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from aiops.detect.rows import Arrays, array
from aiops.detect.univariate.ops import Each, SeriesRows, chosen, double, either, largest, part, truncated
from aiops.model.arrays import Array, Bools, Floats

KnownValue = tuple[Floats, Bools]
"""Offsets of series, and whether they are known."""
WEEK = 604_800.0
VISITS = 2
"""Times that a bucket must have been seen before it counts."""
ALPHA, BETA, GAMMA, PHI = 0.001, 0.0, 0.08, 0.98
"""Gains of level, trend and season, and the damping, where none were fitted."""
FULL = 32_000.0
"""The largest count of quanta that a bucket holds."""


@dataclass(slots=True)
class Profile(Arrays):
    """What is known of `buckets` buckets, of `seconds` each, that come again and again; arrays are `(series,)`, or
    `(series, buckets)`.

    whole: whether the profile holds whole quanta, to be small; it holds fractions by default. profile: the offset of
    each bucket, in quanta if they are whole. quantum: the size of one, None without. visits: how often a bucket was
    seen, up to 255. open: the bucket that is being filled, -1 for none, with the sum and number of its points.
    """

    buckets: int
    seconds: float
    whole: bool = False
    open: Array = array(fill=-1, dtype=np.int16)
    total: Floats = array()
    points: Array = array(dtype=np.int32)
    quantum: Any = None
    profile: Array = array(0, dtype=np.float32, order="F")
    visits: Array = array(0, dtype=np.uint8, order="F")

    def __post_init__(self) -> None:
        if self.whole:
            self.quantum = np.zeros(0, dtype=np.float32)
        self.profile = np.zeros((0, self.buckets), dtype=np.int16 if self.whole else np.float32)
        self.visits = np.zeros((0, self.buckets), dtype=np.uint8)


@dataclass(slots=True)
class HoltWinters(Profile):
    """A profile of offsets from a level with a trend, `(series,)` each. closed: how many buckets were learned. gains:
    α, β, γ, φ; NaN where none were fitted."""

    level: Floats = array()
    trend: Floats = array()
    closed: Array = array(dtype=np.int32)
    gains: Array = array(4, fill=np.nan, dtype=np.float32, kept=True, order="F")


def bucket_at(h: Profile, local: Each) -> Each:
    """Return the bucket of a local time, in seconds since Monday 00:00."""
    return truncated((local % (h.buckets * h.seconds)) / h.seconds)


def forecast(h: HoltWinters, row: SeriesRows, local: Each) -> KnownValue:
    """Return the value expected at a local time, in seconds since Monday 00:00, and whether its bucket is known."""
    offset, known = between(h, seasons(h, row, bucket_at(h, local)), local, 0.0)
    return ahead(h, row) + offset, known


def ahead(h: HoltWinters, row: SeriesRows) -> Floats:
    """Return the level that is expected next."""
    level: Floats = h.level[row] + gain(h, row, 3, PHI) * h.trend[row]
    return level


def between(h: Profile, around: tuple[KnownValue, KnownValue, KnownValue], local: Each, step: float) -> KnownValue:
    """Return the offset at a local time, and whether its bucket is known. Between the middles of two buckets it goes
    from one to the other, unless points are as far apart as buckets. around: what `seasons` returns of the bucket."""
    place = (local % (h.buckets * h.seconds)) / h.seconds
    off = place - truncated(place) - 0.5
    (before, known_before), (here, known), (after, known_after) = around
    there, known_there = either(off > 0, after, before), either(off > 0, known_after, known_before)
    share = either(known_there & (step < 0.9 * h.seconds), np.abs(off), 0.0)
    return either(known, (1 - share) * here + share * there, 0.0), known


def seasons(h: Profile, row: SeriesRows, bucket: Each) -> tuple[KnownValue, KnownValue, KnownValue]:
    """Return what `season` returns of the bucket before, of this one, and of that after it."""
    before, after = (bucket + h.buckets - 1) % h.buckets, (bucket + 1) % h.buckets
    return season(h, row, before), season(h, row, bucket), season(h, row, after)


def season(h: Profile, row: SeriesRows, bucket: Each) -> KnownValue:
    """Return the offset of a bucket from the level, 0 where it is not known, and whether it is known."""
    known = h.visits[row, bucket] >= VISITS
    return either(known, offset_held(h, row, bucket), 0.0), known


def take(h: HoltWinters, row: SeriesRows, local: Each, values: Each) -> None:
    """Take values in; a bucket is learned when a point of another one comes."""
    bucket = bucket_at(h, local)
    over = bucket_ended(h, row, bucket)
    for some in chosen(row, over):
        visit(h, some, h.open[some] * 1, h.total[some] / h.points[some])
    gather(h, row, bucket, values)


def offset_held(h: Profile, row: SeriesRows, bucket: Each) -> Floats:
    """Return the offset that a bucket holds, known or not."""
    offset: Floats = double(h.profile[row, bucket])
    if h.whole:
        offset = offset * double(h.quantum[row])
    return offset


def gather(h: Profile, row: SeriesRows, bucket: Each, values: Each) -> None:
    """Add a point to the open bucket, or open another. What `bucket_ended` names must have been learned before."""
    for some in chosen(row, h.open[row] != bucket):
        h.total[some] = 0.0
        h.points[some] = 0
    h.total[row] += values
    h.points[row] += 1
    h.open[row] = bucket


def bucket_ended(h: Profile, row: SeriesRows, bucket: Each) -> Bools:
    """Return whether the open bucket, with points in it, is another than the one of now."""
    is_over: Bools = (h.open[row] != bucket) & (h.points[row] > 0)
    return is_over


def visit(h: HoltWinters, row: SeriesRows, bucket: Each, means: Each) -> None:
    """Learn the mean of a bucket that has ended, one a row."""
    seen = np.minimum(h.visits[row, bucket], 254) + 1
    h.visits[row, bucket] = seen
    h.closed[row] += 1
    alpha = np.maximum(gain(h, row, 0, ALPHA), 1 / (h.closed[row] + 1.0))
    gamma = np.maximum(gain(h, row, 2, GAMMA), 1.0 / seen)
    damped = gain(h, row, 3, PHI) * h.trend[row]
    offset = offset_held(h, row, bucket)
    error = means - h.level[row] - damped - offset
    h.level[row] += damped + alpha * error
    h.trend[row] = damped + alpha * gain(h, row, 1, BETA) * error
    put(h, row, bucket, offset + gamma * error)


def put(h: Profile, row: SeriesRows, bucket: Each, offset: Each) -> None:
    """Set the offset of a bucket. Where it is too large for the quantum, that is made larger for the whole row."""
    if h.whole:
        large = np.abs(offset) > FULL * double(h.quantum[row])
        for some in chosen(row, large):
            factor = np.exp2(np.ceil(np.log2(np.abs(part(offset, large)) / (FULL * double(h.quantum[some])))))
            rescale(h, some, factor)
        h.profile[row, bucket] = np.rint(offset / h.quantum[row])
    else:
        h.profile[row, bucket] = offset


def rescale(h: Profile, row: SeriesRows, factor: Each) -> None:
    """Make the quantum larger, or smaller, by a factor."""
    for bucket in range(h.buckets):
        h.profile[row, bucket] = np.rint(h.profile[row, bucket] / factor)
    h.quantum[row] *= factor


def sharpen(h: Profile, row: SeriesRows, quantum: Each) -> None:
    """Make the quantum as small as wanted, as far as the profile allows."""
    peak = np.maximum(largest(np.abs(h.profile[row])), 1.0)
    factor = np.maximum(quantum / h.quantum[row], np.exp2(np.ceil(np.log2(2.0 * peak / FULL))))
    rescale(h, row, factor)


def gain(h: HoltWinters, row: SeriesRows, which: int, default: float) -> Floats:
    """Return a gain: the fitted one, or the default."""
    fitted = h.gains[row, which]
    gains: Floats = either(np.isnan(fitted), default, double(fitted))
    return gains
