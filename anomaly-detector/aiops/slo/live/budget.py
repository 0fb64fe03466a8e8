"""The error budget of an objective: what is left of it, and how long it lasts. R = 1 - E / (1 - target)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aiops.model import Slo, Window
from aiops.model.arrays import Floats

HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The counts of a period. `left` is the share of the budget that is left; it becomes negative, and is not clipped
    at 0. `spare` is the number of events (or slices) that may still be bad. `every` is the number of events that the
    budget is a share of. `coverage` is the share of the counting time with data."""

    events: float
    bad: float
    every: float
    left: float
    spare: float
    coverage: float


def weights(ends: Floats, period: Window, now: float, excluded: Sequence[Window] = ()) -> Floats:
    """Return how much of each hour counts in a period until now, `(hours,)`; `ends` are the ends of the hours, Unix
    seconds.

    An hour that begins before the period counts in full. Of an hour that an adjustment overlaps, the remaining share
    counts.
    """
    inside = (ends > period.start) & (ends <= min(period.end, now) + HOUR)
    share = np.ones(len(ends))
    for one in excluded:
        share -= np.clip(np.minimum(ends, one.end) - np.maximum(ends - HOUR, one.start), 0.0, None) / HOUR
    counted: Floats = np.where(inside, np.clip(share, 0.0, 1.0), 0.0)
    return counted


def lasting(window: Window, excluded: Sequence[Window]) -> float:
    """Return the seconds of a window that count."""
    out = sum(max(0.0, min(one.end, window.end) - max(one.start, window.start)) for one in excluded)
    return max(0.0, window.seconds - out)


def budget(slo: Slo, counts: Floats, elapsed: float, whole: float) -> Budget:
    """Return the budget from the counts of a period: events, bad events, seconds watched and seconds covered, `(4,)`.

    `elapsed` are the counting seconds of the period until now, `whole` those of the whole period. Time in which the
    engine did not watch, and the rest of a calendar period, count as traffic at the same rate without errors: one error
    in the first minute does not spend a month's budget. Slices are a share of the time, so that their number in a
    period is known beforehand.
    """
    events, bad, watched, covered = (float(one) for one in counts)
    coverage = min(1.0, covered / elapsed) if elapsed > 0 else 0.0
    if slo.slices is not None:
        every = whole / slo.slices.seconds
    else:
        every = events * max(1.0, whole / watched) if watched > 0 else events
    allowed = float(slo.allowed) * every
    left = 1 - bad / allowed if allowed > 0 else 1.0
    return Budget(events=events, bad=bad, every=every, left=left, spare=allowed - bad, coverage=coverage)


def exhausted_in(left: float, seconds: float, burning: float, leaving: float = 0.0) -> float | None:
    """Return the seconds until a budget is spent: 0 where it is, None where it is not running out. A budget that lasts
    for longer than a period is never spent, because by then what burns now has left the period, or a new period has
    begun.

    `seconds` is the length of the period, `burning` the recent burn rate. `leaving` is the burn rate of the time that
    leaves a rolling period; it gives budget back.
    """
    if left <= 0:
        return 0.0
    net = burning - leaving
    if net <= 0 or left > net:
        return None
    return left * seconds / net


def projected(slo: Slo, so_far: Budget, burning: float, expected: float) -> float:
    """Return the share of the budget left at the end of a calendar period if `expected` more events come and errors
    continue at the recent burn rate `burning`."""
    every = so_far.every if slo.slices is not None else so_far.events + expected
    if every <= 0:
        return 1.0
    allowed = float(slo.allowed)
    return 1 - (so_far.bad + burning * allowed * expected) / every / allowed
