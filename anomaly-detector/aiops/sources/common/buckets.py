"""Histograms with many small buckets, such as exponential ones, converted to the buckets by which everything is
counted."""

from typing import Final

import numpy as np

from aiops.model import names
from aiops.model.arrays import Floats

SECONDS_PER_UNIT: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
"""Seconds per unit of durations (UCUM)."""


def bounds(scale: float) -> list[float]:
    """Return the upper bounds by which durations are counted, in a unit of so many seconds."""
    return [float(f"{bound / scale:.12g}") for bound in names.DURATION_BOUNDS]


def below(left: Floats, right: Floats, count: Floats, at: Floats) -> Floats:
    """Return how many events in buckets (left, right] are at or below each bound `at`.

    A bucket that contains a bound is divided as by `histogram_fraction` of Prometheus: evenly by the logarithm, and
    evenly by the value where the bucket begins at or below zero. Where the bounds of both coincide, the result is
    exact.
    """
    if not len(count):
        return np.zeros(len(at))
    low, high, bound = np.maximum(left, 0.0)[:, None], right[:, None], at[None, :]
    with np.errstate(all="ignore"):  # bounds that are zero or infinite are corrected below
        by_log = (np.log(bound) - np.log(low)) / (np.log(high) - np.log(low))
        by_value = (bound - low) / (high - low)
    share = np.where(low > 0, by_log, by_value)
    share = np.where(bound >= high, 1.0, np.where(bound <= low, 0.0, np.clip(np.nan_to_num(share), 0.0, 1.0)))
    out: Floats = share.T @ count
    return out
