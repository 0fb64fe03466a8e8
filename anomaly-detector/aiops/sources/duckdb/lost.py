"""What was rejected of the requests that a service tells of, so that no ratio is judged of which one side is missing.

Only what requests are counted by is noted: server and consumer spans, calls, and points of counters and histograms.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, NamedTuple

MOST: Final = 500
"""Losses of an export that are told apart; of the rest it is only known whose they are."""


class Told(IntEnum):
    """What tells of requests."""

    SERVED = 1
    CALLED = 2
    POINT = 3


class Loss(NamedTuple):
    """Something that was rejected: of which service, and of which route and method, or metric, as far as is known.
    `whole`: where in the service it belongs is not known."""

    service: str
    told: Told
    metric: str
    route: str
    method: str
    whole: bool
    reason: str


@dataclass(slots=True)
class Losses:
    """How much was lost, by what it was."""

    counts: Counter[Loss] = field(default_factory=Counter)

    def add(self, one: Loss, count: int = 1) -> None:
        if len(self.counts) >= MOST and one not in self.counts:
            one = one._replace(metric="", route="", method="", whole=True)
        self.counts[one] += count

    def spans(self, service: str, reason: str) -> None:
        """A span that could not be read: whatever it told of."""
        for told in (Told.SERVED, Told.CALLED):
            self.add(Loss(service, told, "", "", "", True, reason))

    def points(self, service: str, metric: str, reason: str, count: int = 1) -> None:
        """Points that could not be read; "" is a metric that is not known."""
        self.add(Loss(service, Told.POINT, metric, "", "", True, reason), count)


def packed(losses: Counter[Loss]) -> list[list[Any]]:
    """As JSON has them."""
    return [[*one, count] for one, count in losses.items()]


def unpacked(rows: Iterable[list[Any]]) -> Counter[Loss]:
    """Read what `packed` wrote."""
    out: Counter[Loss] = Counter()
    for service, told, *rest, count in rows:
        out[Loss(service, Told(told), *rest)] += count
    return out
