"""When customers come: more by day than by night, fewer at weekends, never quite as many as expected."""

import math
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAY = 86_400.0
WEEKEND = (5, 6)  # Saturday and Sunday, Monday is 0
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
KNOT = 300.0  # seconds between independent values of the noise


@dataclass(frozen=True, slots=True)
class Load:
    """Requests a second over time.

    rate: mean of a weekday. daily: how far peak and trough (15:00 and 03:00 UTC) lie from it, as a share. weekend:
    factor on Saturdays and Sundays. noise: sigma of the logarithm of a slow random factor.
    """

    rate: float
    daily: float = 0.0
    weekend: float = 1.0
    noise: float = 0.0
    seed: int = 0

    def at(self, times: Floats) -> Floats:
        """The rate at these Unix times, `(n,)`."""
        day = times / DAY
        shape = 1.0 + self.daily * np.sin(2 * math.pi * (day % 1.0 - 0.375))
        # Days melt into each other: the factor moves over an hour around midnight.
        hours = day % 1.0 * 24
        before, after = np.clip(0.5 - hours, 0.0, 0.5), np.clip(hours - 23.5, 0.0, 0.5)
        factor = self._factor(day) * (1 - before - after)
        factor += self._factor(day - 1) * before + self._factor(day + 1) * after
        return self.rate * shape * factor * self._noise(times)

    @property
    def most(self) -> float:
        """A bound that the rate does not pass."""
        return self.rate * (1 + self.daily) * max(1.0, self.weekend) * math.exp(4 * self.noise)

    def _factor(self, day: Floats) -> Floats:
        """The factor of the day of the week; `day` counts from 1970."""
        weekday = (np.floor(day).astype(np.int64) + EPOCH_WEEKDAY) % 7
        return np.where(np.isin(weekday, WEEKEND), self.weekend, 1.0)

    def _noise(self, times: Floats) -> Floats:
        if not self.noise:
            return np.ones_like(times)
        place = times / KNOT
        low = np.floor(place).astype(np.int64)
        knots = {int(one): self._normal(int(one)) for one in np.unique(np.concatenate([low, low + 1]))}
        left = np.array([knots[int(one)] for one in low])
        right = np.array([knots[int(one)] for one in low + 1])
        part = place - low
        # A blend of two unit normals with weights that keep the variance.
        norm = np.sqrt(part**2 + (1 - part) ** 2)
        return np.exp(self.noise * np.clip((left * (1 - part) + right * part) / norm, -4, 4))

    def _normal(self, knot: int) -> float:
        digest = blake2b(f"{self.seed} {knot}".encode(), digest_size=16).digest()
        u, v = (int.from_bytes(digest[i : i + 8], "big") / 2**64 for i in (0, 8))
        return math.sqrt(-2 * math.log(max(u, 1e-300))) * math.cos(2 * math.pi * v)


def arrivals(load: Load, start: float, end: float, rng: np.random.Generator) -> Floats:
    """Draw the arrival times of one slice, sorted: a Poisson process of that rate, by thinning."""
    count = rng.poisson(load.most * (end - start))
    times = np.sort(rng.uniform(start, end, count))
    kept: Floats = times[rng.uniform(0, load.most, count) < load.at(times)]
    return kept
