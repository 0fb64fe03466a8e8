"""Lines on a plane that is HEIGHT high and as wide as its drawing says: axis of values, paths of SVG."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10
from typing import Final

from aiops.web.time_axis import Tick

HEIGHT: Final = 100.0
HEADROOM: Final = 0.35
"""How far a band may extend the picture beyond the observed values, as a share of their range."""


@dataclass(frozen=True, slots=True)
class Shade:
    """A stretch of time behind the lines, or on a strip: `kind` is the name of its colour."""

    left: float
    width: float
    kind: str


@dataclass(frozen=True, slots=True)
class Axis:
    """Values between two bounds, from bottom to top."""

    low: float
    high: float
    logarithmic: bool = False

    @classmethod
    def decades(cls, values: Iterable[float]) -> "Axis":
        """Make room for all positive values on a logarithmic axis; there must be one."""
        seen = [value for value in values if isfinite(value) and value > 0]
        return cls(min(seen) / 2, max(seen) * 1.5, logarithmic=True)

    @classmethod
    def over(cls, values: Iterable[float], lower: Iterable[float] = (), upper: Iterable[float] = ()) -> "Axis":
        """Make room for all values, and for the band as far as the picture stays readable; what is not finite is left
        out."""
        seen = [value for value in values if isfinite(value)]
        low, high = (min(seen), max(seen)) if seen else (0.0, 1.0)
        room = HEADROOM * (high - low or abs(high) or 1.0)
        bottom = min(low, max(min(filter(isfinite, lower), default=low), low - room))
        top = max(high, min(max(filter(isfinite, upper), default=high), high + room))
        if low >= 0:  # values that are never negative get no negative range; one that begins near zero begins there
            bottom = 0.0 if bottom < top / 3 else bottom
        if top <= bottom:
            bottom, top = bottom - room, top + room
        return cls(bottom, top + 0.06 * (top - bottom))

    def y(self, value: float) -> float:
        """Return the distance from the top, not far outside the picture."""
        if self.logarithmic:
            place = HEIGHT * log10(self.high / max(value, self.low / 2)) / log10(self.high / self.low)
        else:
            place = HEIGHT * (self.high - value) / (self.high - self.low)
        return round(min(max(place, -HEIGHT / 2), 1.5 * HEIGHT), 1)

    def ticks(self, amount: Callable[[float], str]) -> Iterator[Tick]:
        """Yield about four round values, with as many digits as are needed to tell them apart; on a logarithmic axis
        those of `decades`."""
        if self.logarithmic:
            for value in decades(self.low, self.high):
                yield Tick(self.y(value), amount(value))
            return
        rough = (self.high - self.low) / 4
        power = 10.0 ** floor(log10(rough))
        size = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough)
        values = [size * number for number in range(ceil(self.low / size - 1e-9), floor(self.high / size) + 1)]
        texts = [amount(one) for one in values]
        if len(set(texts)) < len(texts):
            texts = [f"{one:,.{max(0, 1 - floor(log10(size)))}f}" for one in values]
        for value, text in zip(values, texts, strict=True):
            yield Tick(self.y(value), text)


def decades(low: float, high: float) -> list[float]:
    """Return the powers of ten between two values, with 2 and 5 between them where there is room."""
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    steps = (1, 2, 5) if log10(high / low) < 2.5 else (1,)
    return [value for power in powers for step in steps if low <= (value := step * 10.0**power) <= high]


def _runs(points: Sequence[tuple[float, ...]], gap: float) -> Iterator[list[tuple[float, ...]]]:
    """Yield points that belong together: a gap separates them."""
    run: list[tuple[float, ...]] = []
    for point in points:
        if run and point[0] - run[-1][0] > gap:
            yield run
            run = []
        run.append(point)
    if run:
        yield run


def svg_path(points: Iterable[tuple[float, float]], gap: float) -> str:
    """Return the path through points, interrupted where two are farther apart than `gap`."""
    out = []
    for run in _runs(list(points), gap):
        kept = _bends(run)
        out.append("M" + "L".join(f"{x + 0.5:g},{y:g}" for x, y in kept) + ("h0" if len(kept) == 1 else ""))
    return "".join(out)


def area(points: Sequence[tuple[float, float, float]], gap: float) -> str:
    """Return the path around a band; points are (x, lower end, upper end)."""
    out = []
    for run in _runs(points, gap):
        above = [f"{x + 0.5:g},{y:g}" for x, y in _bends([(x, upper) for x, _, upper in run])]
        below = [f"{x + 0.5:g},{y:g}" for x, y in _bends([(x, lower) for x, lower, _ in run])]
        out.append("M" + "L".join([*above, *reversed(below)]) + "Z")
    return "".join(out)


def _bends(run: Sequence[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Drop the points in the middle of a level stretch."""
    inner = [
        here for before, here, after in zip(run, run[1:], run[2:], strict=False) if not before[1] == here[1] == after[1]
    ]
    return [run[0], *inner, run[-1]] if len(run) > 1 else [run[0]]
