"""The budget of an objective: what is left of it, and how long it lasts. METHODS: R = 1 - E / (1 - target)."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiops.model import Slo, Window

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Hour:
    """What the ledger knows of an hour that ends at `end` (Unix seconds): events, bad ones (slices, where the objective
    counts those), and for how many seconds of it data were there."""

    end: float
    events: float
    bad: float
    covered: float = HOUR


@dataclass(frozen=True, slots=True)
class Budget:
    """What was counted in a period. `left` is the share of the budget, negative once it is broken and kept so; `spare`
    are the events that may still be bad of those counted. `coverage` is the share of the time that counts in which data
    were there."""

    events: float
    bad: float
    left: float
    spare: float
    coverage: float


def budget(slo: Slo, hours: Sequence[Hour], period: Window, now: float, excluded: Sequence[Window] = ()) -> Budget:
    """Add up the ledger over a period until now. An hour that begins before the period counts whole; of an hour that an
    adjustment cuts into, the share that is left over counts."""
    events = bad = covered = counted = 0.0
    for hour in hours:
        if not period.start < hour.end <= min(period.end, now) + HOUR:
            continue
        share = 1 - sum(_overlap(hour, one) for one in excluded) / HOUR
        events, bad, covered = events + share * hour.events, bad + share * hour.bad, covered + share * hour.covered
    elapsed = Window(period.start, max(period.start, min(period.end, now)))
    counted = elapsed.seconds - sum(
        max(0.0, min(one.end, elapsed.end) - max(one.start, elapsed.start)) for one in excluded
    )
    allowed = float(slo.allowed)
    left = 1 - bad / events / allowed if events > 0 else 1.0
    return Budget(events, bad, left, allowed * events - bad, min(1.0, covered / counted) if counted > 0 else 0.0)


def exhausted_in(left: float, seconds: float, burning: float, leaving: float = 0.0) -> float | None:
    """Seconds until a budget is gone; 0 where it is, None where it is not running out.

    `seconds` is the length of the period, `burning` the burn rate of late; of a rolling period `leaving` is the burn of
    what ages out of it, which gives budget back.
    """
    if left <= 0:
        return 0.0
    net = burning - leaving
    return left * seconds / net if net > 0 else None


def projected(slo: Slo, so_far: Budget, burning: float, expected: float) -> float:
    """The share of the budget left at the end of a calendar period, if `expected` more events come and errors go on as
    of late (`burning` times what is allowed)."""
    events = so_far.events + expected
    if events <= 0:
        return 1.0
    allowed = float(slo.allowed)
    return 1 - (so_far.bad + burning * allowed * expected) / events / allowed


def _overlap(hour: Hour, window: Window) -> float:
    return max(0.0, min(hour.end, window.end) - max(hour.end - HOUR, window.start))
