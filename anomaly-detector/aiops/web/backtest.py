"""The results of a backtest as one self-contained page: no scripts, nothing to download."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aiops.backtest import Alarm, MetricKind, Replayed, Tally
from aiops.backtest.shapes import SHAPE
from aiops.model import Family, Window
from aiops.presentation import filters, numbers
from aiops.web.backtest_words import (
    amount,
    expectation,
    judged_in_words,
    lasted,
    pace,
    scores_in_words,
    series_title,
    unit_of,
    wide_in_words,
)
from aiops.web.plot import Plot, plot
from aiops.web.time_axis import across, position

MOST_PLOTS: Final = 40
MOST_PROBLEMS: Final = 100
MOST_ALARMS: Final = 60
"""The most alarms listed below a plot: those with the highest scores."""
CLOSER: Final = 0.4
"""An alarm is drawn a second time, enlarged, where that shows less than this share of the series."""
UNITS: Final = {
    Family.ERRORS: "share of requests that failed",
    Family.LATENCY: "mean time of a request",
    Family.TRAFFIC: "requests a second",
    Family.SILENCE: "spans and points that came in a step",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestFindings:
    """What was replayed: where it was stored, from when to when (Unix seconds), the outcome of each series, the unit of
    values without a known meaning, and what a reader must know of how it was read."""

    place: str
    start: float
    end: float
    series: tuple[Replayed, ...]
    unit: str = ""
    notes: tuple[str, ...] = ()

    @property
    def alarms(self) -> int:
        """The number of alarms of all series."""
        return sum(len(one.alarms) for one in self.series)

    @property
    def points(self) -> int:
        """The number of points of all series."""
        return sum(one.points for one in self.series)

    @property
    def days(self) -> float:
        """Series-days that were watched."""
        return sum(one.days for one in self.series)

    @property
    def scores(self) -> Tally | None:
        """How well labelled anomalies were found in all series together, None if there are no labels. How series move
        is left out: their events would count twice."""
        every = [one.scores for one in self.series if one.scores is not None and SHAPE not in one.series]
        return reduce(add, every) if every else None

    @property
    def ordered(self) -> list[Replayed]:
        """The series, those with most alarms first."""
        return sorted(self.series, key=lambda one: (-one.worst, series_title(one)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An alarm in words. Times are Unix seconds; `onset` is None if it is that of `told`, `ended` while it is on."""

    number: int
    told: float
    onset: float | None
    ended: float | None
    lasted: str
    score: str
    observed: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A series in words, with its plot and enlarged plots of some alarms. `lane` is where the alarms of `rows` lie in
    the whole time: number, left and width in percent."""

    title: str
    unit: str
    facts: str
    kind: str
    scores: str
    wide: tuple[str, ...]
    count: int
    rows: tuple[Row, ...]
    hidden: int
    plot: Plot
    closer: tuple[tuple[int, Plot], ...]
    lane: tuple[tuple[int, float, float], ...]

    @property
    def onsets(self) -> bool:
        """Whether any alarm looked abnormal before it was on."""
        return any(row.onset is not None for row in self.rows)


def backtest_page(found: BacktestFindings, problems: Sequence[str] = ()) -> str:
    """Return the page; at most MOST_PLOTS series are drawn, those with most alarms."""
    environment = Environment(
        loader=PackageLoader("aiops", "web/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {one.__name__: one for one in filters.FILTERS}
    styles = Markup((Path(__file__).parent / "static" / "backtest.css").read_text(encoding="utf-8"))  # noqa: S704 - ours
    return environment.get_template("backtest.html").render(**shown_findings(found, problems), styles=styles)


def shown_findings(found: BacktestFindings, problems: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the templates show of findings: those of a file, and those of the engine's page."""
    drawn = [_card(one, found) for one in found.ordered[:MOST_PLOTS]]
    loud = [one for one in drawn if one.count]
    return {
        "found": found,
        "when": f"{filters.moment(found.start)} to {filters.moment(found.end)}",
        "length": numbers.span_of_time(found.end - found.start),
        "across": list(across(Window(found.start, found.end))),
        "loud": loud,
        "lanes": sorted(enumerate(loud, 1), key=lambda pair: pair[1].lane[0][1]),
        "quiet": [one for one in drawn if not one.count],
        "loud_count": sum(bool(one.alarms) for one in found.series),
        "a_day": pace(found.alarms, found.days) if found.days >= 1 else "",  # of less, nothing follows for a day
        "scores": scores_in_words(found.scores) if found.scores else "",
        "problems": problems,
        "most_problems": MOST_PROBLEMS,
        "states": any(one.family for one in found.series),
    }


def _card(one: Replayed, found: BacktestFindings) -> Card:
    worst = sorted(one.alarms, key=lambda each: -each.peak.score)[:MOST_ALARMS]
    listed = dict(enumerate(sorted(worst, key=lambda each: each.start), 1))
    facts = [f"{one.points:,} points, {numbers.span_of_time(one.step)} apart", numbers.span_of_time(one.seconds)]
    if one.alarms and one.days >= 1:
        facts.append(f"alarms a day: {pace(len(one.alarms), one.days)}")
    if not one.judged:
        facts.append("too few to judge any")
    unit = unit_of(one, found.unit)

    def written(value: float) -> str:
        return amount(value, one.family, unit)

    return Card(
        title=series_title(one),
        unit=UNITS.get(one.family, "") if one.family else _axis(one, found.unit),
        facts=" · ".join(facts),
        kind=judged_in_words(one),
        scores=scores_in_words(one.scores) if one.scores else "",
        wide=tuple(wide_in_words(one.wide, unit)),
        count=len(one.alarms),
        rows=tuple(_row(number, each, one, found) for number, each in listed.items()),
        hidden=len(one.alarms) - len(listed),
        plot=plot(one, one.trace, listed, written),
        closer=tuple(
            (number, plot(one, each.around, {number: each}, written))
            for number, each in listed.items()
            if each.around is not None and each.around.end - each.around.start < CLOSER * one.seconds
        ),
        lane=tuple(_lane(number, each, found) for number, each in listed.items()),
    )


def _axis(one: Replayed, unit: str) -> str:
    if SHAPE in one.series:
        return f"mean step{f', {unit}' if unit else ''}"
    if one.kind is not None and one.kind.kind == MetricKind.COUNTER:
        return f"increase per second{f', {unit}' if unit else ''}"
    return unit or "value"


def _lane(number: int, alarm: Alarm, found: BacktestFindings) -> tuple[int, float, float]:
    window = Window(found.start, found.end)
    left, right = position(alarm.start, window), position(found.end if alarm.end is None else alarm.end, window)
    return number, round(100 * left, 2), round(100 * (right - left), 2)


def _row(number: int, alarm: Alarm, one: Replayed, found: BacktestFindings) -> Row:
    seen = alarm.peak
    return Row(
        number=number,
        told=alarm.start,
        onset=alarm.onset if alarm.onset != alarm.start else None,
        ended=alarm.end,
        lasted=lasted(alarm, one.last),
        score=f"{seen.score:.1f}",
        observed=amount(seen.observed, one.family, unit_of(one, found.unit)),
        expected=expectation(seen, one.family, unit_of(one, found.unit)),
    )
