"""The budget of an objective: what is left of it, and how long it lasts. R = 1 - E / (1 - target)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops.model import Slo, Window

HOUR = 3600.0

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Budget:
    """What was counted in a period. `left` is the share of the budget, negative once it is broken and kept so; `spare`
    are the events (slices, where those are counted) that may still be bad, of `every` one that the budget is a share
    of; `coverage` is the share of the time that counts in which data were there."""

    events: float
    bad: float
    every: float
    left: float
    spare: float
    coverage: float


def weights(ends: Floats, period: Window, now: float, excluded: Sequence[Window] = ()) -> Floats:
    """How much of each hour that ends then (Unix seconds) counts in a period until now: `(hours,)`.

    An hour that begins before the period counts whole; of one that an adjustment cuts into, the share that is left.
    """
    inside = (ends > period.start) & (ends <= min(period.end, now) + HOUR)
    share = np.ones(len(ends))
    for one in excluded:
        share -= np.clip(np.minimum(ends, one.end) - np.maximum(ends - HOUR, one.start), 0.0, None) / HOUR
    counted: Floats = np.where(inside, np.clip(share, 0.0, 1.0), 0.0)
    return counted


def lasting(window: Window, excluded: Sequence[Window]) -> float:
    """Seconds of a window that count."""
    out = sum(max(0.0, min(one.end, window.end) - max(one.start, window.start)) for one in excluded)
    return max(0.0, window.seconds - out)


def budget(slo: Slo, counts: Floats, elapsed: float, whole: float) -> Budget:
    """The budget by what a period has counted: events, bad ones, seconds watched and covered; `(4,)`.

    `elapsed` are the seconds of it until now that count, `whole` those of all of it. Time in which nobody
    looked, as what is still to come of a calendar period, counts as traffic like the rest, without errors: one error in
    the first minute is no broken month.
    Slices are a share of the time, so that all of a period's are known beforehand.
    """
    events, bad, watched, covered = (float(one) for one in counts)
    coverage = min(1.0, covered / elapsed) if elapsed > 0 else 0.0
    if slo.slices is not None:
        every = whole / slo.slices.seconds
    else:
        every = events * max(1.0, whole / watched) if watched > 0 else events
    allowed = float(slo.allowed) * every
    left = 1 - bad / allowed if allowed > 0 else 1.0
    return Budget(events, bad, every, left, allowed - bad, coverage)


def exhausted_in(left: float, seconds: float, burning: float, leaving: float = 0.0) -> float | None:
    """Seconds until a budget is gone; 0 where it is, None where it is not running out: one that lasts for longer than a
    period never is gone, because what burns now has aged out by then, or all has begun anew.

    `seconds` is the length of the period, `burning` the burn rate of late; of a rolling period `leaving` is the burn of
    what ages out of it, which gives budget back.
    """
    if left <= 0:
        return 0.0
    net = burning - leaving
    if net <= 0 or left > net:
        return None
    return left * seconds / net


def projected(slo: Slo, so_far: Budget, burning: float, expected: float) -> float:
    """The share of the budget left at the end of a calendar period, if `expected` more events come and errors go on as
    of late (`burning` times what is allowed)."""
    every = so_far.every if slo.slices is not None else so_far.events + expected
    if every <= 0:
        return 1.0
    allowed = float(slo.allowed)
    return 1 - (so_far.bad + burning * allowed * expected) / every / allowed
