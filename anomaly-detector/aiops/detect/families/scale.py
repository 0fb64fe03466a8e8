"""The scale of a latency: how far the mean of a step is usually from its level.

It is the square root of a weighted mean of clipped squares (Huber, "Robust Statistics", Wiley 1981, Proposal 2): of all
steps at first, later with a half-life of hours. So one step moves it by little, and a fault hardly before it is found.
The mean of a few requests varies more than that of many, and says less: its residual is shrunk, and its weight small.
"""

import numpy as np
from scipy.special import ndtr

from aiops.detect.families.latency_state import LatencyState
from aiops.detect.tuning import Tuning
from aiops.model.arrays import Floats, Ints


def clipped_share(most: float) -> float:
    """Return the mean square of a normal deviate that is clipped at `most` deviations."""
    density = np.exp(-most * most / 2) / np.sqrt(2 * np.pi)
    return float(2 * ndtr(most) - 1 - 2 * most * density + 2 * most**2 * ndtr(-most))


def scale_of(tracked: LatencyState, rows: Ints, tuning: Tuning) -> Floats:
    """Return the scale with a floor: a relative one, and one millisecond for very fast requests."""
    floor = np.maximum(tuning.scale_floor, 0.001 / np.maximum(np.exp(tracked.level[rows]), 1e-6))
    return np.maximum(tracked.scale[rows], floor)


def thinness(tracked: LatencyState, rows: Ints, total: Floats) -> Floats:
    """Return by what the residual of a step is multiplied, because it has fewer requests than usual: 1 or less."""
    thin: Floats = np.sqrt(np.minimum(1.0, total / np.maximum(tracked.typical[rows], 1.0)))
    return thin


def first_points(tracked: LatencyState, rows: Ints, tuning: Tuning) -> tuple[Floats, Floats]:
    """Return median and spread (MAD, as a deviation) of the logarithms of the last points, this one included."""
    length = tracked.ring_log.shape[1]
    seen = np.minimum(tracked.points[rows] + 1, min(tuning.defaults_points, length))
    last = np.where(np.arange(length)[None, :] >= length - seen[:, None], tracked.ring_log[rows], np.nan)
    median = np.nanmedian(last, axis=1)
    return median, 1.4826 * np.nanmedian(np.abs(last - median[:, None]), axis=1)


def learn_scale(
    tracked: LatencyState, rows: Ints, residual: Floats, total: Floats, seconds: float, tuning: Tuning
) -> None:
    """Learn scale, correlation and typical count of normal steps that are past the first points. residual: of the
    logarithm of the mean; total: requests; seconds: length of the step."""
    scale, thin = scale_of(tracked, rows, tuning), thinness(tracked, rows, total)
    gain = _count(tracked, rows, total, seconds, tuning)
    z = residual * thin / scale
    square = (np.clip(z, -tuning.scale_clip, tuning.scale_clip) * scale) ** 2 / clipped_share(tuning.scale_clip)
    tracked.scale[rows] = np.sqrt(tracked.scale[rows] ** 2 + gain * (square - tracked.scale[rows] ** 2))
    lately = 1.0 - 0.5 ** (seconds / tuning.half_life)
    tracked.rho[rows] += lately * (np.clip(z, -tuning.huber, tuning.huber) * tracked.last_z[rows] - tracked.rho[rows])
    fresh = tracked.learned[rows] < tuning.scale_fresh
    some = rows[fresh]
    if len(some):  # what was noisy at the beginning and is calm now
        tracked.scale[some] = np.minimum(tracked.scale[some], 2 * first_points(tracked, some, tuning)[1])


def begin_scale(tracked: LatencyState, rows: Ints, spread: Floats, total: Floats, seconds: float, t: Tuning) -> None:
    """Take the spread of the first points as the scale; they say little."""
    _count(tracked, rows, total, seconds, t)
    tracked.learned[rows] = np.minimum(tracked.learned[rows], t.scale_first)
    tracked.scale[rows] = spread


def _count(tracked: LatencyState, rows: Ints, total: Floats, seconds: float, tuning: Tuning) -> Floats:
    """Add the weight of a step, and learn its count. Returns the share by which it moves a scale."""
    weight = total / (total + tuning.scale_few)
    tracked.learned[rows] += weight
    share: Floats = np.maximum(
        (1.0 - 0.5 ** (seconds / tuning.scale_half_life)) * weight, weight / np.maximum(tracked.learned[rows], 1e-9)
    )
    tracked.typical[rows] += share * (total - tracked.typical[rows])
    return share
