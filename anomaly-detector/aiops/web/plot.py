"""A replayed series as a drawing: paths on a plane that is as wide as it has columns and HEIGHT high. Labels are placed
in percent, so that lines stretch with the page and words do not."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Final

from aiops.backtest import Alarm, Column, Curve, Replayed, Stretch
from aiops.model import SeriesState
from aiops.presentation import filters
from aiops.web.drawing import Axis, Shade, area, svg_path
from aiops.web.time_axis import Tick, across, position

CROWDED: Final = 3.0
"""The smallest distance between two numbers beside each other, in percent."""
SHADES: Final = {SeriesState.SUSPECT: "suspect", SeriesState.INCIDENT: "incident", SeriesState.RECOVERING: "recovering"}


@dataclass(frozen=True, slots=True)
class Label:
    """A stretch of time that is labelled as an anomaly; `text` says from when to when."""

    left: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An alarm: where it began, and its peak, in percent. `row` is its number in the list below; `number` is the number
    shown, "" where it is too crowded."""

    left: float
    row: int
    number: str
    peak: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Everything that a template needs to draw a series; paths are those of SVG."""

    width: int
    observed: str
    expected: str
    band: str
    shades: tuple[Shade, ...]
    labelled: tuple[Label, ...]
    marks: tuple[Mark, ...]
    across: tuple[Tick, ...]
    upwards: tuple[Tick, ...]


def plot(one: Replayed, trace: Curve, alarms: Mapping[int, Alarm], amount: Callable[[float], str]) -> Plot:
    """Draw a series, or a part of it, with its alarms by their numbers in the list; `amount` writes a value."""
    width = len(trace.columns)
    axis = Axis.over(
        [value for one in trace.columns for value in (one.low, one.high, one.expected)],
        [one.lower for one in trace.columns],
        [one.upper for one in trace.columns],
    )
    gap = max(3.0, 3 * one.step / max(trace.end - trace.start, 1e-9) * width)
    return Plot(
        width=width,
        observed=svg_path(_observed(trace, axis), gap),
        expected=svg_path([(at, axis.y(each.expected)) for at, each in _known(trace, "expected")], gap),
        band=area([(at, axis.y(each.lower), axis.y(each.upper)) for at, each in _known(trace, "lower")], gap),
        shades=tuple(_shades(one.stretches, trace)),
        labelled=tuple(_labels(one.labelled, trace)),
        marks=tuple(_marks(alarms, trace, axis)),
        across=tuple(across(trace)),
        upwards=tuple(axis.ticks(amount)),
    )


def _known(trace: Curve, name: str) -> list[tuple[int, Column]]:
    return [(at, one) for at, one in enumerate(trace.columns) if isfinite(getattr(one, name))]


def _observed(trace: Curve, axis: Axis) -> Iterator[tuple[int, float]]:
    """Yield the lowest and the highest value of each column, the nearer one first."""
    before = nan
    for at, one in enumerate(trace.columns):
        if isfinite(one.low):
            ends = [axis.y(one.low), axis.y(one.high)]
            if abs(ends[1] - before) < abs(ends[0] - before):
                ends.reverse()
            for y in dict.fromkeys(ends):
                yield at, y
            before = ends[-1]


def _shades(stretches: Sequence[Stretch], trace: Curve) -> Iterator[Shade]:
    """Yield the stretch before the first judgement, then the states; each is wide enough to be seen, and each column
    has at most one."""
    width = len(trace.columns)
    judged = next((at for at, each in enumerate(trace.columns) if each.judged), width)
    if judged:
        yield Shade(0, judged, "learning")
    drawn: set[tuple[int, str]] = set()
    for stretch in sorted(stretches, key=lambda each: list(SHADES).index(each.life)):
        end = trace.end if stretch.end is None else stretch.end
        if end < trace.start or stretch.start > trace.end:
            continue
        left, right = width * position(stretch.start, trace), width * position(end, trace)
        if right - left < 2 and (int(left), SHADES[stretch.life]) in drawn:
            continue
        drawn.add((int(left), SHADES[stretch.life]))
        yield Shade(round(left, 1), round(max(right - left, 2.0), 1), SHADES[stretch.life])


def _labels(stretches: Sequence[tuple[float, float]], trace: Curve) -> Iterator[Label]:
    """Yield what is labelled; stretches less than a column apart are drawn as one, and each is wide enough to be
    seen."""
    width = len(trace.columns)
    drawn: list[tuple[float, float]] = []
    for start, end in stretches:
        if end < trace.start or start > trace.end:
            continue
        if drawn and width * (position(start, trace) - position(drawn[-1][1], trace)) < 1:
            start, _ = drawn.pop()
        drawn.append((start, end))
    for start, end in drawn:
        left, right = width * position(start, trace), width * position(end, trace)
        text = f"{filters.moment(start)} to {filters.moment(end)}"
        yield Label(round(left, 1), round(max(right - left, 2.0), 1), text)


def _marks(alarms: Mapping[int, Alarm], trace: Curve, axis: Axis) -> Iterator[Mark]:
    last = -CROWDED
    for number, alarm in alarms.items():
        left = round(100 * position(alarm.start, trace), 2)
        crowded = left - last < CROWDED
        last = last if crowded else left
        seen = alarm.peak
        shown = isfinite(seen.observed) and trace.start <= seen.at <= trace.end
        peak = (round(100 * position(seen.at, trace), 2), axis.y(seen.observed)) if shown else None
        yield Mark(left, number, "" if crowded else str(number), peak)
