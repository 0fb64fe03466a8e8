"""Series that live for months, with an incident a week: ten kinds of metric, in virtual time, from a seed.

Every quantity is in units of time, so a kind is the same at any step between points. A series has no anomaly but its
incidents. These are of many sizes, lengths and shapes, upwards and downwards, at any time of the week; sizes are in
deviations of the series' own noise at that time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.signal import lfilter

from bench.series import Floats

MONDAY: Final = 1_736_121_600.0
"""2025-01-06 00:00 UTC, where every series begins."""
HOUR, DAY, WEEK, MONTH, YEAR = 3600.0, 86_400.0, 7 * 86_400.0, 28 * 86_400.0, 336 * 86_400.0
LENGTHS: Final = (600.0, 900.0, 1800.0, 3600.0, 7200.0, 10_800.0)
SIZES: Final = (6.0, 60.0)
"""Shortest and longest incidents (s), and the smallest and largest (deviations)."""
FEWEST: Final = 2
"""The points of an incident are no fewer."""
UPWARDS: Final = 0.6
MARGIN: Final = 0.97
"""The share of incidents that go upwards, and how much of the room to a limit one may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """A series without incidents. values, expected, deviation: `(points,)`, the last two as its maker knows them.
    least, most: limits of its values. whole: whether it counts, and so has no fractions."""

    values: Floats
    expected: Floats
    deviation: Floats
    least: float = -np.inf
    most: float = np.inf
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Incident:
    """first, last: rows. size: the largest deviation, negative for downwards."""

    first: int
    last: int
    size: float


@dataclass(frozen=True, slots=True)
class AgedSeries:
    """times: Unix seconds `(points,)`, one `step` apart."""

    kind: str
    seed: int
    times: Floats
    values: Floats
    incidents: tuple[Incident, ...]


class Maker:
    """What kinds are made of: times `(points,)`, the phases of the day and the week, and noise. Each noise has a
    generator of its own, so that a long series begins as a short one."""

    def __init__(self, rng: np.random.Generator, points: int, step: float) -> None:
        self.rng, self.points, self.step = rng, points, step
        self.times: Floats = MONDAY + np.arange(points) * step
        self.second = self.times % DAY
        self.weekend = (self.times - MONDAY) % WEEK >= 5 * DAY
        self.age = (self.times - MONDAY) / YEAR

    def dice(self) -> np.random.Generator:
        """A generator for one use."""
        return self.rng.spawn(1)[0]

    def white(self) -> Floats:
        """Noise of deviation 1 whose points know nothing of each other."""
        return self.dice().standard_normal(self.points)

    def wander(self, seconds: float) -> Floats:
        """Noise of deviation 1 that remembers itself for so long (an Ornstein-Uhlenbeck process)."""
        kept = np.exp(-self.step / seconds)
        out: Floats = lfilter([np.sqrt(1 - kept * kept)], [1, -kept], self.white())
        return out

    def noise(self) -> Floats:
        """Noise of deviation 1, most of it remembered for a few minutes."""
        return 0.8 * self.wander(300.0) + 0.6 * self.white()

    def day(self) -> Floats:
        """A busy day and a quiet night, between 0 and about 1, with a second peak somewhere."""
        turn = 2 * np.pi * self.second / DAY
        out: Floats = 0.5 - 0.5 * np.cos(turn - 0.6) + 0.15 * np.cos(2 * turn + self.dice().uniform(0, 6))
        return out

    def weekends(self) -> Floats:
        """1, and a share of it on weekends."""
        return np.where(self.weekend, self.dice().uniform(0.5, 0.8), 1.0)


def traffic(make: Maker) -> Normal:
    """Requests a second: by day, less on weekends, twice as many after a year."""
    expected = 100 * (0.4 + make.day()) * make.weekends() * (1 + make.age)
    deviation = 0.05 * expected + 0.5
    return Normal(values=expected + deviation * make.noise(), expected=expected, deviation=deviation, least=0.0)


def latency(make: Maker) -> Normal:
    """Milliseconds: longer by day, a fifth longer after a year, with a heavy tail."""
    expected = 50 * (1 + 0.15 * make.day()) * (1 + 0.2 * make.age)
    values = expected * np.exp(0.064 * make.dice().standard_t(5, make.points))
    return Normal(values=values, expected=expected, deviation=0.08 * expected, least=0.0)


def cpu(make: Maker) -> Normal:
    """Per cent: by day, less on weekends, and it wanders for hours."""
    expected = 30 + 15 * make.day() * make.weekends() + 4 * make.wander(16 * HOUR)
    deviation = np.full(make.points, 2.0)
    return Normal(values=expected + 2 * make.noise(), expected=expected, deviation=deviation, least=0.0, most=100.0)


def rare(make: Maker) -> Normal:
    """Errors a step: nearly always none, one or two now and then."""
    values = make.dice().poisson(0.02 * make.step / 300.0, make.points) * make.dice().integers(1, 3, make.points)
    deviation = np.full(make.points, 0.7)
    return Normal(
        values=values.astype(np.float64), expected=np.zeros(make.points), deviation=deviation, least=0.0, whole=True
    )


def half_hourly(make: Maker) -> Normal:
    """Load of a machine with a job of five minutes twice an hour."""
    running = make.second % (HOUR / 2) < 300.0
    expected = 20 + 3 * make.day()
    values = expected + 1.5 * make.white() + np.where(running, 30 * np.exp(0.15 * make.white()), 0.0)
    return Normal(values=values, expected=expected, deviation=np.full(make.points, 1.5), least=0.0)


def nightly(make: Maker) -> Normal:
    """Load of a machine with a job of ten minutes at five every morning."""
    running = (make.second >= 5 * HOUR) & (make.second < 5 * HOUR + 600.0)
    expected = np.full(make.points, 20.0)
    values = expected + 1.5 * make.white() + np.where(running, 60 * np.exp(0.1 * make.white()), 0.0)
    return Normal(values=values, expected=expected, deviation=np.full(make.points, 1.5), least=0.0)


def flat(make: Maker) -> Normal:
    """Connections of a pool: nearly always the same number."""
    values = np.round(512 + 0.4 * make.white())
    return Normal(
        values=values, expected=np.full(make.points, 512.0), deviation=np.ones(make.points), least=0.0, whole=True
    )


def quiet_nights(make: Maker) -> Normal:
    """Requests a step of a shop in one country: a thousand by day, hardly any at night."""
    expected = 1000 * np.clip(make.day(), 0.02, None) ** 2 * make.weekends()
    deviation = 0.06 * expected + 0.5 * np.sqrt(expected) + 2
    return Normal(values=expected + deviation * make.noise(), expected=expected, deviation=deviation, least=0.0)


def ratio(make: Maker) -> Normal:
    """Failed requests of all, 0 to 1: half a per cent, of many requests by day and few at night."""
    requests = np.round(10_000 * make.step / 300.0 * np.maximum(make.day(), 0.1))
    usual = 0.005
    values = make.dice().binomial(requests.astype(np.int64), usual) / requests
    deviation = np.sqrt(usual * (1 - usual) / requests)
    return Normal(values=values, expected=np.full(make.points, usual), deviation=deviation, least=0.0, most=1.0)


def office(make: Maker) -> Normal:
    """Users who are logged in: from eight to six on working days, hardly any else."""
    opened = np.clip((make.second - 8 * HOUR) / HOUR, 0, 1) * np.clip((18 * HOUR - make.second) / HOUR, 0, 1)
    expected = 10 + 200 * np.where(make.weekend, 0.0, opened)
    deviation = 0.04 * expected + 1
    return Normal(values=expected + deviation * make.noise(), expected=expected, deviation=deviation, least=0.0)


KINDS: Final[dict[str, Callable[[Maker], Normal]]] = {
    one.__name__: one for one in (traffic, latency, cpu, rare, half_hourly, nightly, flat, quiet_nights, ratio, office)
}


def steady(points: int) -> Floats:
    """At once, and as large until the end."""
    return np.ones(points)


def rising(points: int) -> Floats:
    """Whole by the middle."""
    return np.minimum(np.arange(1, points + 1) / (points / 2), 1.0)


def fading(points: int) -> Floats:
    """A third of it is left at the end."""
    return 3.0 ** -(np.arange(points) / points)


def broken(points: int) -> Floats:
    """Every third point is as if nothing were."""
    return np.where(np.arange(points) % 3 == 2, 0.0, 1.0)


SHAPES: Final = (steady, rising, fading, broken)
SHARES: Final = (0.4, 0.2, 0.2, 0.2)


def fleet(seeds: int, months: int, step: float) -> Iterator[AgedSeries]:
    """Every kind with every seed."""
    for seed in range(seeds):
        for kind in KINDS:
            yield lived(kind, seed, months, step)


def lived(kind: str, seed: int, months: int, step: float) -> AgedSeries:
    """One series of so many months of 28 days. Its first week has no incident, every later one has one."""
    rng = np.random.default_rng([list(KINDS).index(kind), seed])
    make = Maker(rng, int(months * MONTH / step), step)
    normal = KINDS[kind](make)
    values: Floats = normal.values.copy()
    incidents: list[Incident] = []
    week = int(WEEK / step)
    last_start = week - int(2 * max(LENGTHS) / step)
    for number in range(1, int(months * MONTH / WEEK)):
        first = number * week + int(rng.integers(0, last_start))
        points = max(round(float(rng.choice(LENGTHS)) / step), FEWEST)
        size = _size(normal, first, rng)
        shape = SHAPES[rng.choice(len(SHAPES), p=SHARES)](points) * np.exp(0.1 * rng.standard_normal(points))
        values[first : first + points] += size * normal.deviation[first] * shape
        incidents.append(Incident(first, first + points - 1, size))
    values = np.clip(values, normal.least, normal.most)
    if normal.whole:
        values = np.rint(values)
    return AgedSeries(kind, seed, make.times, values, tuple(incidents))


def _size(normal: Normal, row: int, rng: np.random.Generator) -> float:
    """Deviations of an incident, within the limits of its values. It goes the other way where there is no room."""
    size = float(np.exp(rng.uniform(*np.log(SIZES))))
    rooms = {
        1.0: MARGIN * (normal.most - normal.expected[row]) / normal.deviation[row],
        -1.0: MARGIN * (normal.expected[row] - normal.least) / normal.deviation[row],
    }
    side = 1.0 if rng.random() < UPWARDS else -1.0
    if rooms[side] < SIZES[0]:
        side = -side
    return side * min(size, float(rooms[side]))
