"""Series over time as a chart: lines, a band of usual values, marks at moments. `charts.html` draws it.

Labels are placed in percent, so that lines stretch with the page and words do not. Without script the chart is
complete; `page.js` adds a cursor that all charts of a page share, and reads `readings`.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from statistics import median
from typing import Final

from aiops.model import Window
from aiops.web.drawing import Axis, Shade, area, svg_path
from aiops.web.time_axis import Tick, across, position

WIDTH: Final = 480
"""Columns of a chart: where a column has more points than two, its lowest and its highest one are drawn."""
READINGS: Final = 160
"""The most moments at which the cursor can stop."""
DWARFED, DWARFING = 0.02, 0.25
"""Where what is expected lies below this part of the band, and the band takes so much of the height, the axis is
logarithmic."""
GAP_STEPS: Final = 3.5
"""A line is interrupted where so many steps are missing, unless its chart says otherwise."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A moment that is marked: `kind` is onset, detected, change, over or burn; `text` says what happened."""

    at: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Series on one grid of times (Unix seconds, ascending), NaN where absent. `lines` are by name, the first is the
    observed one. `step` is the distance of two times, in seconds; `amount` writes a value with its unit. `levels` are
    lines at one value, by name. What is missing for `gap_steps` interrupts a line, if it is not among the `joined`."""

    title: str
    window: Window
    step: float
    times: Sequence[float]
    lines: Mapping[str, Sequence[float]]
    amount: Callable[[float], str]
    lower: Sequence[float] = ()
    upper: Sequence[float] = ()
    flags: Sequence[Flag] = ()
    levels: Mapping[str, float] = field(default_factory=dict)
    joined: Collection[str] = ()
    gap_steps: float = GAP_STEPS


@dataclass(frozen=True, slots=True)
class Placed:
    """A mark in the chart, in percent from the left."""

    left: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What the template draws: paths of SVG in WIDTH × HEIGHT, labels in percent; `summary` says it in words."""

    title: str
    start: float
    end: float
    width: int
    lines: tuple[tuple[str, str], ...]
    levels: tuple[tuple[str, float], ...]
    band: str
    flags: tuple[Placed, ...]
    across: tuple[Tick, ...]
    upwards: tuple[Tick, ...]
    readings: str
    summary: str
    logarithmic: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(drawn for _, drawn in self.lines)


def chart(of: Curves) -> Chart:
    """Draw series."""
    inside = [at for at, time in enumerate(of.times) if of.window.start <= time <= of.window.end]
    axis = _axis(of, inside)
    gap = max(2.0, WIDTH * of.gap_steps * of.step / max(of.window.seconds, 1e-9))
    where = {at: WIDTH * position(of.times[at], of.window) for at in inside}
    return Chart(
        title=of.title,
        start=of.window.start,
        end=of.window.end,
        width=WIDTH,
        lines=tuple(
            (
                name,
                svg_path(
                    _thinned([(where[at], axis.y(values[at])) for at in inside if isfinite(values[at])]),
                    inf if name in of.joined else gap,
                ),
            )
            for name, values in of.lines.items()
        ),
        levels=tuple((name, axis.y(value)) for name, value in of.levels.items()),
        band=area(_band(of, inside, where, axis), gap),
        flags=tuple(_placed(of.flags, of.window)),
        across=tuple(across(of.window)),
        upwards=tuple(axis.ticks(of.amount)),
        readings=json.dumps([[round(of.times[at], 3), *_written(of, at)] for at in _some(inside)]),
        summary=_summary(of, inside),
        logarithmic=axis.logarithmic,
    )


def _axis(of: Curves, inside: Sequence[int]) -> Axis:
    """Return the axis: a logarithmic one where the band dwarfs what it is around, so that the line would lie on the
    ground."""
    values = [*(values[at] for values in of.lines.values() for at in inside), *of.levels.values()]
    lower, upper = ([bound[at] for at in inside] if bound else [] for bound in (of.lower, of.upper))
    tops = [one for one in upper if isfinite(one)]
    known = [one for one in of.lines.get("expected", ()) if isfinite(one) and one > 0]
    seen = [one for one in values if isfinite(one)]
    if tops and known and min(seen) > 0:
        top = median(tops)
        if median(known) < DWARFED * top and top > DWARFING * max(seen):
            return Axis.decades(values)
    return Axis.over(values, lower, upper)


def spark(values: Sequence[float]) -> str:
    """Return the path of a small line without axes, `len(values)` × HEIGHT; missing values interrupt it."""
    axis = Axis.over(values)
    return svg_path([(at, axis.y(value)) for at, value in enumerate(values) if isfinite(value)], 1.5)


def strip(window: Window, times: Sequence[float], kinds: Sequence[str], step: float) -> tuple[Shade, ...]:
    """Return the stretches in which a kind stayed the same, in percent of the window; `times` are ends of steps."""
    out: list[tuple[float, float, str]] = []
    for end, kind in zip(times, kinds, strict=True):
        if out and out[-1][2] == kind and end - out[-1][1] < GAP_STEPS * step:
            out[-1] = (out[-1][0], end, kind)
        else:
            out.append((end - step, end, kind))
    places = [(100 * position(start, window), 100 * position(end, window), kind) for start, end, kind in out]
    return tuple(Shade(round(left, 2), round(max(right - left, 0.3), 2), kind) for left, right, kind in places)


def _band(
    of: Curves, inside: Sequence[int], where: Mapping[int, float], axis: Axis
) -> list[tuple[float, float, float]]:
    """Return the band; one without an upper end extends to the top of the picture."""
    if not of.lower:
        return []
    return [
        (where[at], axis.y(of.lower[at]), axis.y(of.upper[at] if isfinite(of.upper[at]) else axis.high))
        for at in inside
        if isfinite(of.lower[at])
    ]


def _thinned(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Yield the points; of a column with more than two, the highest and the lowest in their order."""
    start = 0
    while start < len(points):
        end = start + 1
        while end < len(points) and int(points[end][0]) == int(points[start][0]):
            end += 1
        column = range(start, end)
        if len(column) <= 2:
            yield from points[start:end]
        else:
            ends = {min(column, key=lambda at: points[at][1]), max(column, key=lambda at: points[at][1])}
            yield from (points[at] for at in sorted(ends))
        start = end


def _placed(flags: Sequence[Flag], window: Window) -> Iterator[Placed]:
    for one in sorted(flags, key=lambda each: each.at):
        if window.start <= one.at <= window.end:
            yield Placed(round(100 * position(one.at, window), 2), one.kind, one.text)


def _some(inside: Sequence[int]) -> Sequence[int]:
    every = -(-len(inside) // READINGS) or 1
    return inside[::-1][::every][::-1]  # the newest is always among them


def _written(of: Curves, at: int) -> Iterator[str]:
    """Yield the value of each line that has one."""
    known = [(name, values[at]) for name, values in of.lines.items() if isfinite(values[at])]
    if not known:
        yield "no data"
    for name, value in known:
        yield of.amount(value) if name == next(iter(of.lines)) else f"{name} {of.amount(value)}"
    if of.lower and isfinite(of.lower[at]) and isfinite(of.upper[at]):
        yield f"no alert from {of.amount(of.lower[at])} to {of.amount(of.upper[at])}"


def _summary(of: Curves, inside: Sequence[int]) -> str:
    observed = next(iter(of.lines.values()))
    known = [at for at in inside if isfinite(observed[at])]
    if not known:
        return f"{of.title}: no data"
    values = [observed[at] for at in known]
    now = ", ".join(_written(of, known[-1]))
    return f"{of.title}: last {now}; from {of.amount(min(values))} to {of.amount(max(values))}"
