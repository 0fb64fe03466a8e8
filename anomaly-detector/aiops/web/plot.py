"""A replayed series as a drawing: paths on a plane that is as wide as it has columns and HEIGHT high. Labels are placed
in percent, so that lines stretch with the page and words do not."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10, nan
from typing import Final

from aiops.backtest import Alarm, Column, Curve, Replayed, Stretch
from aiops.model import SeriesState
from aiops.presentation import filters
from aiops.web.time_axis import Tick, across, position

HEIGHT: Final = 100.0
HEADROOM: Final = 0.35
"""How far a band may extend the picture beyond the observed values, as a share of their range."""
CROWDED: Final = 3.0
"""The smallest distance between two numbers beside each other, in percent."""
SHADES: Final = {SeriesState.SUSPECT: "suspect", SeriesState.INCIDENT: "incident", SeriesState.RECOVERING: "recovering"}


@dataclass(frozen=True, slots=True)
class Shade:
    """A stretch of time behind the lines; `kind` is a name of SHADES, or `learning`."""

    left: float
    width: float
    kind: str


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
    axis = _Axis.over(trace)
    gap = max(3.0, 3 * one.step / max(trace.end - trace.start, 1e-9) * width)
    return Plot(
        width=width,
        observed=_line(_observed(trace, axis), gap),
        expected=_line([(at, axis.y(each.expected)) for at, each in _known(trace, "expected")], gap),
        band=_area([(at, axis.y(each.lower), axis.y(each.upper)) for at, each in _known(trace, "lower")], gap),
        shades=tuple(_shades(one.stretches, trace)),
        labelled=tuple(_labels(one.labelled, trace)),
        marks=tuple(_marks(alarms, trace, axis)),
        across=tuple(across(trace)),
        upwards=tuple(axis.ticks(amount)),
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    """Values between two bounds, from bottom to top."""

    low: float
    high: float

    @classmethod
    def over(cls, trace: Curve) -> "_Axis":
        """Make room for all observed and expected values, and for the band as far as the picture stays readable."""
        seen = [value for one in trace.columns for value in (one.low, one.high, one.expected) if isfinite(value)]
        low, high = (min(seen), max(seen)) if seen else (0.0, 1.0)
        room = HEADROOM * (high - low or abs(high) or 1.0)
        lower = [one.lower for one in trace.columns if isfinite(one.lower)]
        upper = [one.upper for one in trace.columns if isfinite(one.upper)]
        bottom = min(low, max(min(lower, default=low), low - room))
        top = max(high, min(max(upper, default=high), high + room))
        if (
            low >= 0
        ):  # values that are never negative get no negative range; a range that begins near zero begins at zero
            bottom = 0.0 if bottom < top / 3 else bottom
        if top <= bottom:
            bottom, top = bottom - room, top + room
        return cls(bottom, top + 0.06 * (top - bottom))

    def y(self, value: float) -> float:
        """Return the distance from the top, not far outside the picture."""
        place = HEIGHT * (self.high - value) / (self.high - self.low)
        return round(min(max(place, -HEIGHT / 2), 1.5 * HEIGHT), 1)

    def ticks(self, amount: Callable[[float], str]) -> Iterator[Tick]:
        """Yield about four round values, with as many digits as are needed to tell them apart."""
        rough = (self.high - self.low) / 4
        power = 10.0 ** floor(log10(rough))
        size = next(power * one for one in (1, 2, 2.5, 5, 10) if power * one >= rough)
        values = [size * number for number in range(ceil(self.low / size - 1e-9), floor(self.high / size) + 1)]
        texts = [amount(one) for one in values]
        if len(set(texts)) < len(texts):
            texts = [f"{one:,.{max(0, 1 - floor(log10(size)))}f}" for one in values]
        for value, text in zip(values, texts, strict=True):
            yield Tick(self.y(value), text)


def _known(trace: Curve, name: str) -> list[tuple[int, Column]]:
    return [(at, one) for at, one in enumerate(trace.columns) if isfinite(getattr(one, name))]


def _observed(trace: Curve, axis: _Axis) -> Iterator[tuple[int, float]]:
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


def _line(points: Iterator[tuple[int, float]] | Sequence[tuple[int, float]], gap: float) -> str:
    out = []
    for run in _runs(list(points), gap):
        kept = _bends(run)
        out.append("M" + "L".join(f"{x + 0.5:g},{y:g}" for x, y in kept) + ("h0" if len(kept) == 1 else ""))
    return "".join(out)


def _area(points: Sequence[tuple[int, float, float]], gap: float) -> str:
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


def _marks(alarms: Mapping[int, Alarm], trace: Curve, axis: _Axis) -> Iterator[Mark]:
    last = -CROWDED
    for number, alarm in alarms.items():
        left = round(100 * position(alarm.start, trace), 2)
        crowded = left - last < CROWDED
        last = last if crowded else left
        seen = alarm.peak
        shown = isfinite(seen.observed) and trace.start <= seen.at <= trace.end
        peak = (round(100 * position(seen.at, trace), 2), axis.y(seen.observed)) if shown else None
        yield Mark(left, number, "" if crowded else str(number), peak)
