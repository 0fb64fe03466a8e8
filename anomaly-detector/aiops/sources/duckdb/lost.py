"""What was rejected of the requests of a service, so that no ratio is judged of which one side is missing.

Only data by which requests are counted are recorded: server and consumer spans, calls, and points of counters and
histograms.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final, NamedTuple

MOST: Final = 500
"""The number of losses of an export that are told apart; of further ones only the service is recorded."""


class Told(IntEnum):
    """What kind of data counts the requests."""

    SERVED = 1
    CALLED = 2
    POINT = 3


class Loss(NamedTuple):
    """Something that was rejected: its service, and its route and method, or metric, as far as known. `whole`: its
    place within the service is unknown."""

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
        """Add a loss; beyond MOST only its service is kept."""
        if len(self.counts) >= MOST and one not in self.counts:
            one = one._replace(metric="", route="", method="", whole=True)
        self.counts[one] += count

    def spans(self, service: str, reason: str) -> None:
        """Add a span that could not be read, whatever kind it was."""
        for told in (Told.SERVED, Told.CALLED):
            self.add(Loss(service, told, "", "", "", True, reason))

    def points(self, service: str, metric: str, reason: str, count: int = 1) -> None:
        """Add points that could not be read; "" is an unknown metric."""
        self.add(Loss(service, Told.POINT, metric, "", "", True, reason), count)


def packed(losses: Counter[Loss]) -> list[list[Any]]:
    """Return the losses as lists for JSON."""
    return [[*one, count] for one, count in losses.items()]


def unpacked(rows: Iterable[list[Any]]) -> Counter[Loss]:
    """Read what `packed` wrote."""
    out: Counter[Loss] = Counter()
    for service, told, *rest, count in rows:
        out[Loss(service, Told(told), *rest)] += count
    return out
