"""Counts of the last three days, and burn rates over every window: the same as the rules compute in Prometheus.

Windows consist of whole minutes (up to six hours) or of five minutes (longer ones), plus the open one.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.model.arrays import Floats
from aiops.slo.rules import tiers

MINUTE: Final = 60
FIVE: Final = 5 * MINUTE
SHORT: Final = 6 * tiers.HOUR
"""The longest window that is counted by the minute, seconds."""


@dataclass(slots=True)
class Ring:
    """Sums over stretches of `width` seconds, the newest `size` of them: `(slots, kinds, size)`. Kinds are events, bad
    events, and further counts.

    A stretch is numbered by its end: number n covers ((n - 1) * width, n * width].
    """

    width: int
    size: int
    kinds: int = 2
    newest: int = -1
    sums: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.sums = np.zeros((0, self.kinds, self.size))

    def add(self, at: float, counts: Floats) -> None:
        """Add the counts `(slots, kinds)` of a step that ends at a time (Unix seconds); counts older than the ring are
        dropped."""
        self.grow(len(counts))
        number = int(-(-at // self.width))
        if self.newest < 0:
            self.newest = number
        for each in range(max(self.newest + 1, number - self.size + 1), number + 1):
            self.sums[:, :, each % self.size] = 0.0
        self.newest = max(self.newest, number)
        if number > self.newest - self.size:
            self.sums[: len(counts), :, number % self.size] += counts

    def grow(self, slots: int) -> None:
        """Make room for so many slots."""
        if slots > len(self.sums):
            more = slots - len(self.sums)
            self.sums = np.concatenate([self.sums, np.zeros((more, self.kinds, self.size))])

    def window(self, seconds: int) -> Floats:
        """Return the sums over the newest stretch and the stretches before it that a window (seconds) has: `(slots,
        kinds)`."""
        numbers = self.newest - np.arange(seconds // self.width + 1)
        found: Floats = self.sums[:, :, numbers[numbers >= 0] % self.size].sum(axis=2)
        return found

    def rewind(self, at: float) -> None:
        """Make the stretch that contains a time the newest one, and drop everything after it."""
        number = int(-(-at // self.width))
        if number < self.newest:
            gone = np.arange(max(number + 1, self.newest - self.size + 1), self.newest + 1)
            self.sums[:, :, gone % self.size] = 0.0
            self.newest = number

    def ends(self) -> NDArray[np.int64]:
        """Return the numbers of the stretches that are kept, in the order of the last axis of `sums`; negative: none
        yet."""
        oldest = self.newest - self.size + 1
        found: NDArray[np.int64] = oldest + (np.arange(self.size) - oldest) % self.size
        return found


@dataclass(slots=True)
class BurnWindows:
    """Both rings of all slots: events, bad events, and seconds watched."""

    minutes: Ring = field(default_factory=lambda: Ring(MINUTE, SHORT // MINUTE + 1, 3))
    fives: Ring = field(default_factory=lambda: Ring(FIVE, max(tiers.WINDOWS) // FIVE + 1, 3))

    def add(self, at: float, counts: Floats) -> None:
        """Add the counts `(slots, 3)` of a step that ends at a time."""
        for ring in (self.minutes, self.fives):
            ring.add(at, counts)

    def rewind(self, at: float) -> None:
        """Go back with clocks that were set back, in both rings."""
        for ring in (self.minutes, self.fives):
            ring.rewind(at)

    def counts(self, window: int) -> Floats:
        """Return events, bad events and seconds watched in a window (seconds): `(slots, 3)`."""
        return (self.minutes if window <= SHORT else self.fives).window(window)

    def ratios(self, window: int) -> Floats:
        """Return the share of bad events in a window: `(slots,)`, NaN where there were no events.

        Time in which the engine did not watch counts as traffic at the same rate without errors: one error in the very
        first minute is not the ratio of a whole hour.
        """
        events, bad, watched = self.counts(window).T
        with np.errstate(invalid="ignore", divide="ignore"):
            every = events * np.maximum(1.0, window / watched)
            found: Floats = np.where(events > 0, bad / every, np.nan)
        return found
