"""How long things take on a good day: as the profile says, or as they were measured on one machine.

What was measured of a running shop is drawn again by a bootstrap of blocks: each stretch of the generated time stands
for a stretch of the measured one, and a draw takes one of the few values that were measured nearest to that moment. So
a moment in which the machine was slow makes everything slow, as it was (Künsch 1989, "The jackknife and the bootstrap
for general stationary observations").
"""

import json
import random
from bisect import bisect
from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path
from typing import Protocol

from shop.settings import BadSetting
from shop.virtual.graph import Dependency, Operation

GAP, GAP_SIGMA = log(0.002), 0.3  # seconds between client and server on a good day, log-normal
BLOCK_SECONDS = 3.0
NEAREST = 8
PARTS = ("work", "ways", "dependencies")
Values = tuple[Sequence[float], Sequence[float]]
"""When something was measured, ascending, and how long it took; seconds."""


class Pace(Protocol):
    """Durations in seconds at a Unix time: of an operation's own work, of the way to an operation and back, and of the
    answer of something that sends no telemetry."""

    def work(self, of: Operation, at: float, rng: random.Random) -> float: ...

    def way(self, to: Operation, at: float, rng: random.Random) -> float: ...

    def answer(self, of: Dependency, at: float, rng: random.Random) -> float: ...


class Profiled:
    """As the profile of the shop says, on a machine that has nothing else to do."""

    def work(self, of: Operation, _at: float, rng: random.Random) -> float:
        return of.work.draw_seconds(rng)

    def way(self, _to: Operation, _at: float, rng: random.Random) -> float:
        return rng.lognormvariate(GAP, GAP_SIGMA)

    def answer(self, of: Dependency, _at: float, rng: random.Random) -> float:
        return of.work.draw_seconds(rng)


PROFILED = Profiled()


class Measured:
    """As it was measured; what was not is as the profile says.

    `found` has the keys of PARTS: by operation (`payment /payment`), or by dependency (the system of a database, or the
    name of a service), pairs of when it was measured and how long it took, in seconds.
    """

    def __init__(self, found: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]], seed: int) -> None:
        self._found = {part: {key: _columns(pairs) for key, pairs in found[part].items()} for part in PARTS}
        times = [time for part in self._found.values() for values in part.values() for time in values[0]]
        self._first, self._last = min(times, default=0.0), max(times, default=0.0)
        self._seed = seed
        self._blocks: dict[int, float] = {}

    @classmethod
    def read(cls, path: Path, seed: int) -> "Measured":
        """Read a file of JSON. Raises BadSetting."""
        try:
            return cls(json.loads(path.read_text(encoding="utf-8")), seed)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadSetting(f"--measured: {path} is no file of measured durations ({error})") from None

    def work(self, of: Operation, at: float, rng: random.Random) -> float:
        return self._draw("work", of.key, at, rng) or PROFILED.work(of, at, rng)

    def way(self, to: Operation, at: float, rng: random.Random) -> float:
        return self._draw("ways", to.key, at, rng) or PROFILED.way(to, at, rng)

    def answer(self, of: Dependency, at: float, rng: random.Random) -> float:
        return self._draw("dependencies", of.system or of.name, at, rng) or PROFILED.answer(of, at, rng)

    def _draw(self, part: str, key: str, at: float, rng: random.Random) -> float | None:
        """One of the values measured nearest to the moment that `at` stands for."""
        times, values = self._found[part].get(key, ((), ()))
        if len(values) < NEAREST:
            return None
        low = bisect(times, self._moment(at)) - NEAREST // 2
        low = min(max(low, 0), len(values) - NEAREST)
        return values[low + rng.randrange(NEAREST)]

    def _moment(self, at: float) -> float:
        block = int(at // BLOCK_SECONDS)
        if block not in self._blocks:
            last = max(self._last - BLOCK_SECONDS, self._first)
            self._blocks[block] = random.Random(f"pace {self._seed} {block}").uniform(self._first, last)
        return self._blocks[block] + at % BLOCK_SECONDS


def _columns(pairs: Sequence[tuple[float, float]]) -> Values:
    ordered = sorted((float(at), max(float(took), 1e-6)) for at, took in pairs)
    return [at for at, _ in ordered], [took for _, took in ordered]
