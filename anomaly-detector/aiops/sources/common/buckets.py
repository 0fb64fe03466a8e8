"""Histograms with many small buckets, such as exponential ones, seen in the buckets that everything is counted into."""

from typing import Final

import numpy as np

from aiops.model import names
from aiops.sources.common.grid import Floats

SECONDS: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
"""Seconds in the units that durations are sent in (UCUM)."""


def bounds(scale: float) -> list[float]:
    """The upper bounds that durations are counted by, in a unit of so many seconds."""
    return [float(f"{bound / scale:.12g}") for bound in names.DURATION_BOUNDS]


def below(left: Floats, right: Floats, count: Floats, at: Floats) -> Floats:
    """How many of what lies in buckets (left, right] is at or below each bound `at`.

    The part of a bucket that a bound cuts is told as `histogram_fraction` of Prometheus does: evenly by the logarithm,
    and evenly by the value where a bucket begins at or below zero. Where bounds of both meet it is exact.
    """
    if not len(count):
        return np.zeros(len(at))
    low, high, bound = np.maximum(left, 0.0)[:, None], right[:, None], at[None, :]
    with np.errstate(all="ignore"):  # what comes of bounds that are zero, or beyond every number, is set right below
        by_log = (np.log(bound) - np.log(low)) / (np.log(high) - np.log(low))
        by_value = (bound - low) / (high - low)
    share = np.where(low > 0, by_log, by_value)
    share = np.where(bound >= high, 1.0, np.where(bound <= low, 0.0, np.clip(np.nan_to_num(share), 0.0, 1.0)))
    out: Floats = share.T @ count
    return out
