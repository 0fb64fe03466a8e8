"""The past of a budget: how its period spent it, and how it would be spent from now on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.model import LedgerHour, Window
from aiops.slo.live.budget import HOUR, weights
from aiops.slo.live.status import SloState, SloStatus

MOST_BUCKETS: Final = 180
"""The most whole buckets of a history: a period of thirty days has buckets of four hours."""
WIDTHS: Final = (1, 2, 3, 4, 6, 12, 24, 48, 72, 168)
"""Hours of a bucket. They end at multiples of their width since 1970 in UTC, so that no change of clocks moves them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """The counts of a stretch of time, Unix seconds. `left` is the share of the budget that was left at its end."""

    start: float
    end: float
    events: float
    bad: float
    left: float

    @property
    def good(self) -> float | None:
        """The share of good events; None where nothing happened."""
        return 1 - self.bad / self.events if self.events > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetHistory:
    """The buckets of a period up to now, each at most `width` seconds; a stretch without data has none. Every `left` is
    a share of the budget as it is known now, so that the last one is the budget that is left now.

    `projection` goes on from there: times (Unix seconds) and shares, by the estimates `exhausted_in` and `projected` of
    the status; empty where the budget is not running out and no calendar period ends."""

    width: float
    buckets: tuple[Bucket, ...]
    projection: tuple[tuple[float, float], ...]


def budget_history(of: SloStatus, hours: Iterable[LedgerHour], excluded: Sequence[Window] = ()) -> BudgetHistory:
    """Return the history of a budget from the saved hours of its group; `excluded` is the time of the period that does
    not count."""
    rows = sorted(hours, key=lambda one: one.hour)
    ends = np.array([one.hour * HOUR for one in rows])
    share = weights(ends, of.period, of.until, excluded) if rows else ends
    width = _width(of.until - of.began)
    sums: dict[int, list[float]] = {}
    for one, weight in zip(rows, share.tolist(), strict=True):
        if weight > 0 and (one.covered > 0 or one.events > 0):
            counts = sums.setdefault(-(-one.hour // width), [0.0, 0.0])
            counts[0] += weight * one.events
            counts[1] += weight * one.bad
    allowed = of.budget.spare + of.budget.bad
    spent = 0.0
    buckets = []
    for number, (events, bad) in sums.items():
        spent += bad
        end = min(number * width * HOUR, of.until)
        buckets.append(
            Bucket(
                start=min(max((number - 1) * width * HOUR, of.began), end),
                end=end,
                events=events,
                bad=bad,
                left=1 - spent / allowed if allowed > 0 else 1.0,
            )
        )
    return BudgetHistory(width=width * HOUR, buckets=tuple(buckets), projection=_projection(of))


def _width(seconds: float) -> int:
    """Return the hours of a bucket."""
    hours = max(seconds / HOUR, 1.0)
    return next((one for one in WIDTHS if hours <= MOST_BUCKETS * one), int(-(-hours // MOST_BUCKETS)))


def _projection(of: SloStatus) -> tuple[tuple[float, float], ...]:
    if of.state == SloState.NO_DATA:
        return ()
    points = [(of.at, of.budget.left)]
    last = of.projected if of.at < of.period.end else None
    # The traffic of the coming nights may spare a budget that the rate of the last hour would spend.
    if of.exhausted_in and (last is None or last <= 0):
        points.append((of.at + of.exhausted_in, 0.0))
    if last is not None:
        points.append((of.period.end, last))
    return tuple(points) if len(points) > 1 else ()
