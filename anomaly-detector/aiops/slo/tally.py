"""Counts of the last three days, and burn rates over every window: what the rules do in Prometheus, done here.

Windows are of whole minutes (up to six hours) or five minutes (longer ones), and of the one that is not over yet.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.slo import tiers

MINUTE: Final = 60
FIVE: Final = 5 * MINUTE
SHORT: Final = 6 * tiers.HOUR
"""Longest window that is counted by the minute."""

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Ring:
    """Sums of events and bad ones by stretches of `width` seconds, the newest `size` of them: `(slots, 2, size)`.

    A stretch is numbered by its end: number n covers ((n - 1) * width, n * width].
    """

    width: int
    size: int
    newest: int = -1
    sums: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.sums = np.zeros((0, 2, self.size))

    def add(self, at: float, counts: Floats) -> None:
        """Add the counts `(slots, 2)` of a step that ends at a time (Unix seconds); older than the ring is left out."""
        if len(counts) > len(self.sums):
            more = len(counts) - len(self.sums)
            self.sums = np.concatenate([self.sums, np.zeros((more, 2, self.size))])
        number = int(-(-at // self.width))
        if self.newest < 0:
            self.newest = number
        for each in range(max(self.newest + 1, number - self.size + 1), number + 1):
            self.sums[:, :, each % self.size] = 0.0
        self.newest = max(self.newest, number)
        if number > self.newest - self.size:
            self.sums[: len(counts), :, number % self.size] += counts

    def window(self, seconds: int) -> Floats:
        """Sums over the newest stretch and as many before it as the window has: `(slots, 2)`."""
        numbers = self.newest - np.arange(seconds // self.width + 1)
        found: Floats = self.sums[:, :, numbers[numbers >= 0] % self.size].sum(axis=2)
        return found


@dataclass(slots=True)
class Tally:
    """Both rings of all slots."""

    minutes: Ring = field(default_factory=lambda: Ring(MINUTE, SHORT // MINUTE + 1))
    fives: Ring = field(default_factory=lambda: Ring(FIVE, max(tiers.WINDOWS) // FIVE + 1))

    def add(self, at: float, events: Floats, bad: Floats) -> None:
        """Add a step that ends at a time: `(slots,)` each, NaN where nothing is known."""
        counts = np.nan_to_num(np.stack([events, bad], axis=1))
        for ring in (self.minutes, self.fives):
            ring.add(at, counts)

    def counts(self, window: int) -> Floats:
        """Events and bad ones in a window (seconds): `(slots, 2)`."""
        return (self.minutes if window <= SHORT else self.fives).window(window)

    def ratios(self, window: int) -> Floats:
        """The share of bad events in a window: `(slots,)`, NaN where there were none."""
        events, bad = self.counts(window).T
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = np.where(events > 0, bad / events, np.nan)
        return found
