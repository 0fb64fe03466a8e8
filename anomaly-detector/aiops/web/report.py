"""The status of objectives for people: rows for a terminal, and one self-contained page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import TypeAdapter

from aiops.presentation import filters, numbers
from aiops.presentation.documents.base import Json
from aiops.presentation.objectives import good_share
from aiops.presentation.status import BELOW_TARGET, SLO_STATES, StatusStyle, slo_style
from aiops.slo.live.status import SEEN_WHOLE
from aiops.slo.rules.tiers import plain_number

_DURATION: Final = TypeAdapter(timedelta)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An objective, or a group of it, in words. `level` is a name of SLO_STATES; `bar` is the share of the budget that
    is left, 0..1; `burn` are windows and rates. Empty texts are not shown."""

    name: str
    group: str
    title: str
    service: str
    level: str
    target: str
    good: str
    counted: str
    period: str
    left: str
    bar: float
    spare: str
    burn: tuple[tuple[str, str], ...]
    runs_out: str
    coverage: str
    excluded: str
    short: bool = False

    @property
    def style(self) -> StatusStyle:
        """The style of the state."""
        return slo_style(self.level, self.short)

    @property
    def mark(self) -> str:
        """The character of the state."""
        return self.style.mark

    @property
    def state(self) -> str:
        """The state in words."""
        return self.style.words


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeRow:
    """A composite objective in words; the fields are those of `Row`."""

    title: str
    service: str
    left: str
    bar: float
    burn: tuple[tuple[str, str], ...]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The answer of an engine to /aiops/slos, in words; the worst objectives first."""

    as_of: str
    rows: tuple[Row, ...]
    journeys: tuple[CompositeRow, ...]
    left_out: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]

    @property
    def summary(self) -> str:
        """How many objectives are in which state."""
        counts = {
            each.words: sum(row.style == each for row in self.rows) for each in (*SLO_STATES.values(), BELOW_TARGET)
        }
        return ", ".join(f"{count} {words}" for words, count in counts.items() if count) or "no objectives"


def report_of(answer: Json) -> Report:
    """Put an answer into words. Raises KeyError, TypeError or ValueError where it is not of this release."""
    ordered = sorted(answer["slos"], key=_worst_first)
    return Report(
        filters.moment(datetime.fromisoformat(answer["as_of"]).timestamp()),
        tuple(_row(one) for one in ordered),
        tuple(_journey(one) for one in sorted(answer["journeys"], key=lambda one: _least(one["budget_left"]))),
        tuple((one["slo"], one["why"]) for one in answer["left_out"]),
        tuple(map(str, answer["problems"])),
    )


def report_page(report: Report) -> str:
    """Return the report as an HTML page without scripts or anything to download."""
    environment = Environment(
        loader=PackageLoader("aiops", "web/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(report=report)


def _row(one: Mapping[str, Any]) -> Row:
    left, events = one["budget_left"], one["events"]
    split = " ".join(f"{key}={value}" for key, value in one["group"].items())
    target = Decimal(one["target"])
    if one["state"] not in SLO_STATES:
        raise ValueError(f"the state {one['state']!r} is not known")
    return Row(
        name=one["slo"],
        group=split,
        title=f"{one['display_name']} {split}".strip(),
        service=one["service"],
        level=one["state"],
        target=f"{plain_number(target * 100)}%",
        good="" if one["good_ratio"] is None else good_share(one["good_ratio"], target),
        counted=f"{one['bad_events']:,.0f} of {events:,.0f} {'slices' if one['method'] == 'timeslices' else 'events'}",
        period=one["period"],
        left=_percent(left),
        bar=_bar(left),
        spare=_spare(one),
        burn=_burn(one["burn_rates"]),
        runs_out=_runs_out(one),
        coverage=_coverage(one),
        excluded=one["excluded"] or "",
        short=one["good_ratio"] is not None and one["good_ratio"] < float(target),
    )


def _coverage(one: Mapping[str, Any]) -> str:
    """Write since when, and for how much of the period, there are data; "" where for all of it."""
    if one["coverage"] >= SEEN_WHOLE:
        return ""
    much = f"data for {numbers.percent(one['coverage'])} of the period"
    if one["data_since"] is None:
        return much
    return f"{much}, since {filters.moment(datetime.fromisoformat(one['data_since']).timestamp())}"


def _journey(one: Mapping[str, Any]) -> CompositeRow:
    whole = sum(float(part["weight"]) for part in one["parts"])
    return CompositeRow(
        title=one["display_name"],
        service=one["service"],
        left=_percent(one["budget_left"]),
        bar=_bar(one["budget_left"]),
        burn=_burn(one["burn_rates"]),
        parts=tuple(f"{part['slo']} ({numbers.percent(float(part['weight']) / whole)})" for part in one["parts"]),
    )


def _worst_first(one: Mapping[str, Any]) -> tuple[int, float, str]:
    return (
        list(SLO_STATES).index(one["state"]) if one["state"] in SLO_STATES else 0,
        _least(one["budget_left"]),
        one["slo"],
    )


def _least(left: float | None) -> float:
    return 1.0 if left is None else left


def _percent(left: float | None) -> str:
    return "" if left is None else f"{100 * left:.1f}%"


def _bar(left: float | None) -> float:
    return min(max(left or 0.0, 0.0), 1.0)


def _spare(one: Mapping[str, Any]) -> str:
    minutes = one["budget_minutes_left"]
    if minutes is not None:
        return f"{numbers.span_of_time(60 * minutes)} of bad time left" if minutes > 0 else ""
    events = one["budget_events_left"]
    return f"{events:,.0f} more may fail" if events is not None and events >= 1 else ""


def _burn(rates: Mapping[str, float | None]) -> tuple[tuple[str, str], ...]:
    return tuple((window, "–" if rate is None else f"{rate:.3g}×") for window, rate in rates.items())


def _runs_out(one: Mapping[str, Any]) -> str:
    if one["budget_left"] is None:
        return ""
    if one["budget_left"] <= 0:
        return "spent"
    if one["exhausted_in"] is not None:
        seconds = _DURATION.validate_python(one["exhausted_in"]).total_seconds()
        return f"in {numbers.span_of_time(seconds)}, by the last {one['lookback']}"
    projected = one["projected_left"]
    return "does not run out" if projected is None else f"{_percent(projected)} left at the end of the period"
