"""The results of a backtest in words, the same in a terminal and on a page."""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Final

from aiops.backtest import Alarm, KnownBy, MetricKind, Recognised, Replayed, Seen, Tally, Wide
from aiops.backtest.shapes import SHAPE
from aiops.model import Family
from aiops.presentation import filters, numbers

NO_BREAK: Final = "\N{NO-BREAK SPACE}"
BY: Final = {KnownBy.NAME: "by its name", KnownBy.BEHAVIOUR: "by its behaviour", KnownBy.OPTION: "as --kind says"}
THEIR: Final = {**BY, KnownBy.NAME: "by their names", KnownBy.BEHAVIOUR: "by their behaviour"}


def series_title(one: Replayed) -> str:
    """Write the title of a series: `payment POST /payment: too many errors`, or its labels."""
    if one.family is not None:
        return filters.symptom((one.series, one.family))
    return ", ".join(f"{name}={value}" for name, value in one.series) or "value"


def amount(value: float, family: Family | None, unit: str = "") -> str:
    """Write a value with its unit."""
    if not isfinite(value):
        return "–"
    if family == Family.ERRORS:
        return numbers.percent(value)
    if family == Family.LATENCY:
        return filters.duration(value) if value > 0 else "0"
    if family == Family.TRAFFIC:
        return f"{value:.3g}/s"
    text = f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    return f"{text}{'' if unit.startswith('/') else NO_BREAK}{unit}" if unit else text


def expectation(seen: Seen, family: Family | None, unit: str = "") -> str:
    """Write the expectation with its band: `20 (4 to 36)`. A value without a known meaning can raise an alarm inside
    the band too, if it jumps."""
    text = amount(seen.expected, family, unit)
    if isfinite(seen.lower) and isfinite(seen.upper):
        text += f" ({amount(seen.lower, family)} to {amount(seen.upper, family)})"
        if family is None and seen.lower <= seen.observed <= seen.upper:
            text += ", sudden"
    return text


def lasted(one: Alarm, until: float) -> str:
    """Write how long an alarm was on."""
    return numbers.span_of_time((until if one.end is None else one.end) - one.start)


def pace(alarms: int, days: float) -> str:
    """Write the alarms per series and day."""
    return f"{alarms / days:.2g}" if days else "–"


def unit_of(one: Replayed, unit: str) -> str:
    """Return the unit of what is judged: a counter's values are judged by second."""
    return f"{unit}/s" if one.kind is not None and one.kind.kind == MetricKind.COUNTER else unit


def judged_in_words(one: Replayed) -> str:
    """Write what is judged of values without a known meaning; "" for others."""
    if SHAPE in one.series:
        return (
            "how it moves: the mean size of its steps within two hours is judged, or within 24 points if they are rarer"
        )
    return kind_in_words(one.kind) if one.kind is not None else ""


def kind_in_words(found: Recognised) -> str:
    """Write what kind of metric a series is, and what is judged of it."""
    is_a = f"a {found.kind} {BY[found.by]}"
    if found.kind == MetricKind.COUNTER:
        resets = f"{found.resets} reset{'' if found.resets == 1 else 's'}"
        other = "" if found.by == KnownBy.OPTION else "; if it is none, give --kind gauge"
        return f"{is_a}, {resets}: its increase per second is judged{other}"
    other = "; it never fell, so if it is a counter, give --kind counter" if found.grew else ""
    return f"{is_a}: its values are judged{other}"


def kinds_in_words(every: Iterable[Replayed]) -> str:
    """Count the kinds of all series: `2 counters by their names, 1 gauge by its behaviour`; "" where none is known."""
    counts = Counter((one.kind.kind, one.kind.by) for one in every if one.kind is not None)
    return ", ".join(
        f"{count} {kind}{'' if count == 1 else 's'} {BY[by] if count == 1 else THEIR[by]}"
        for (kind, by), count in sorted(counts.items())
    )


def wide_in_words(every: Sequence[Wide], unit: str = "") -> list[str]:
    """Write when the boundary was too wide lastly, a sentence for each side, and how often before."""
    out = []
    for rise in (False, True):
        of = [one for one in every if one.rise == rise]
        times = "once" if len(of) == 2 else f"{len(of) - 1} times"
        before = f"; so too {times} before (--json has it all)" if len(of) > 1 else ""
        out += [f"{_wide(of[-1], unit)}{before}"] if of else []
    return out


def _wide(found: Wide, unit: str) -> str:
    """Write one: `since … no rise smaller than 45 would be told; values went from 2 to 40`."""
    when = f"since {filters.moment(found.start)}"
    if found.end is not None:
        when = f"from {filters.moment(found.start)} to {filters.moment(found.end)}"
    change = "rise" if found.rise else "fall"
    smaller = f" smaller than {amount(found.size, None, unit)}" if isfinite(found.size) else ""
    edge = "" if found.edge is None else f", not even one to {found.edge:g}"
    known = f"{amount(found.low, None)} to {amount(found.high, None, unit)}"
    return f"{when} no {change}{smaller} would be told{edge}; values went from {known}"


def scores_in_words(found: Tally) -> str:
    """Write how well labelled anomalies were found."""
    false = f"{found.false} false alert{'' if found.false == 1 else 's'}, {found.false_a_day:.2g} a day"
    if not found.events:
        return f"no labelled event; {false}"
    shares = f"F1 {found.f1:.2f}, precision {found.precision:.2f}, recall {found.recall:.2f}"
    delay = f"; median delay {found.delay:g} point{'' if found.delay == 1 else 's'}" if found.found else ""
    events = f"{found.found} of {found.events} labelled event{'' if found.events == 1 else 's'} found"
    return f"{events}; {shares}; {false}{delay}"
