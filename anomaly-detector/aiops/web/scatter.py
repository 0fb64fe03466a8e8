"""Durations of found traces over time, as points on a plane; places are in percent, so that it fits any width."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Final

from aiops.model import TraceSummary, Window
from aiops.presentation import filters
from aiops.presentation.trace_search import SelectedBox
from aiops.web.drawing import decades
from aiops.web.time_axis import Tick, across, position

TIMES: Final = 20.0
"""The ratio of the longest to the shortest duration from which the axis is logarithmic."""
LEAST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Dot:
    """A point: from the left and from the top, in percent."""

    left: float
    top: float


@dataclass(frozen=True, slots=True)
class DotGroup:
    """Points that look alike: `failed` ones are crosses, `selected` ones are in the box."""

    failed: bool
    selected: bool
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class BoxFrame:
    """The frame of a selection, in percent."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class DurationAxis:
    """Durations between two bounds (s), from bottom to top; logarithmic where `logarithmic`."""

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def over(cls, seconds: Sequence[float]) -> "DurationAxis":
        """Make room for these durations."""
        shortest, longest = max(min(seconds), LEAST), max(*seconds, LEAST)
        if longest / shortest < TIMES:
            return cls(0.0, 1.08 * longest, False)
        return cls(shortest / 1.25, longest * 1.25, True)

    def top(self, seconds: float) -> float:
        """Return the distance from the top, in percent of the height."""
        if self.logarithmic:
            share = log10(max(seconds, self.low) / self.low) / log10(self.high / self.low)
        else:
            share = (seconds - self.low) / (self.high - self.low)
        return round(100 * (1 - min(max(share, 0.0), 1.0)), 2)

    def ticks(self) -> Iterator[Tick]:
        """Yield a few round durations: on a logarithmic axis powers of ten, with 2 and 5 between them where there is
        room."""
        for value in self._round():
            yield Tick(self.top(value), filters.duration(value))

    def _round(self) -> list[float]:
        if self.logarithmic:
            return decades(self.low, self.high)
        rough = self.high / 4
        power = 10.0 ** floor(log10(rough))
        size = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough)
        return [size * number for number in range(floor(self.high / size) + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """A drawing of durations over time."""

    window: Window
    axis: DurationAxis
    groups: tuple[DotGroup, ...]
    across: tuple[Tick, ...]
    upwards: tuple[Tick, ...]
    frame: BoxFrame | None

    def count(self, failed: bool) -> int:
        """Return how many points failed, or did not."""
        return sum(len(one.dots) for one in self.groups if one.failed == failed)


def scatter(
    selected: Sequence[TraceSummary], rest: Sequence[TraceSummary], window: Window, box: SelectedBox | None
) -> Scatter:
    """Draw traces by when the found span ended and how long it took. Raises ValueError where there are none."""
    axis = DurationAxis.over([one.found.duration for one in (*selected, *rest)])
    groups = []
    for inside, side in ((False, rest), (True, selected)):
        for failed in (False, True):
            dots = tuple(
                Dot(round(100 * position(one.found.end, window), 2), axis.top(one.found.duration))
                for one in side
                if one.found.failed == failed
            )
            groups.append(DotGroup(failed, inside, dots))
    return Scatter(
        window=window,
        axis=axis,
        groups=tuple(one for one in groups if one.dots),
        across=tuple(across(window)),
        upwards=tuple(axis.ticks()),
        frame=None if box is None or box == SelectedBox(failed=box.failed) else _frame(box, axis, window),
    )


def _frame(box: SelectedBox, axis: DurationAxis, window: Window) -> BoxFrame:
    left, right = (100 * position(min(max(at, window.start), window.end), window) for at in (box.start, box.end))
    top, bottom = axis.top(min(box.under, axis.high)), axis.top(box.over)
    return BoxFrame(round(left, 2), top, round(right - left, 2), round(bottom - top, 2))
