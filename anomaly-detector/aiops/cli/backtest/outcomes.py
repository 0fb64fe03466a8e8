"""The results of a backtest, for a terminal and for programs."""

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any, Final

import click

from aiops.backtest import Alarm, Replayed, Wide
from aiops.cli.terminal.table import text_table
from aiops.model import SeriesState, iso
from aiops.presentation.filters import moment
from aiops.presentation.numbers import span_of_time
from aiops.web.backtest import BacktestFindings
from aiops.web.backtest_words import (
    amount,
    expectation,
    judged_in_words,
    kinds_in_words,
    lasted,
    pace,
    scores_in_words,
    series_title,
    unit_of,
    wide_in_words,
)

ALARMS_SHOWN: Final = 10
"""The number of alarms shown for each series: the newest."""
SERIES_SHOWN: Final = 50
"""The number of series shown: those with most alarms. Those without alarms are only counted, unless anomalies were
missed or a boundary was too wide."""
PROBLEMS_SHOWN: Final = 10


def lines(found: BacktestFindings) -> Iterator[str]:
    """Yield the lines for people; colours are left out where there is no terminal."""
    length = span_of_time(found.end - found.start)
    yield f"from {moment(found.start)} to {moment(found.end)} ({length}), in {found.place}"
    yield from found.notes
    yield ""
    several = len(found.series) > 1
    shown = [one for one in found.ordered if one.alarms or one.wide or not several or _missed(one)][:SERIES_SHOWN]
    rows = [_row(one) for one in shown]
    if several or not rows:
        told = sum(bool(one.alarms) for one in found.series)
        count = f"{told} of {len(found.series)} series told anything"
        rows.append(
            (count, f"{found.points:,}", f"{found.days:.1f}", str(found.alarms), pace(found.alarms, found.days))
        )
    head, *texts = text_table(("series", "points", "days", "alarms", "a series and day"), rows, (1, 2, 3, 4))
    yield click.style(head, bold=True)
    for text, one in zip(texts, [*shown, None], strict=False):
        yield text
        if one is not None:
            yield from _below(one, unit_of(one, found.unit))
    if several and found.scores is not None:
        yield f"    {scores_in_words(found.scores)}"
    if several and (kinds := kinds_in_words(found.series)):
        yield f"    {kinds}"
    unlearned = sum(not one.judged for one in found.series)
    if unlearned:
        yield f"{unlearned} of {len(found.series)} series have too few points for any to be judged"


def named(problems: Sequence[str]) -> Iterator[str]:
    """Yield the first problems."""
    yield from problems[:PROBLEMS_SHOWN]
    if len(problems) > PROBLEMS_SHOWN:
        yield f"and {len(problems) - PROBLEMS_SHOWN:,} more; they are left out, all of them (--json has the rest)"


def backtest_document(found: BacktestFindings) -> dict[str, Any]:
    """Return the results for programs."""
    return {
        "source": found.place,
        "since": iso(found.start),
        "until": iso(found.end),
        "totals": {
            "series": len(found.series),
            "points": found.points,
            "series_days": found.days,
            "alarms": found.alarms,
            "alarms_per_series_day": found.alarms / found.days if found.days else None,
        },
        "scores": found.scores.document() if found.scores else None,
        "notes": list(found.notes),
        "series": [_series(one) for one in found.ordered],
    }


def _missed(one: Replayed) -> bool:
    return one.scores is not None and one.scores.found < one.scores.events


def _row(one: Replayed) -> tuple[str, ...]:
    count = str(len(one.alarms))
    alarms = click.style(count, fg="red", bold=True) if one.alarms else click.style(count, fg="green")
    return series_title(one), f"{one.points:,}", f"{one.days:.1f}", alarms, pace(len(one.alarms), one.days)


def _below(one: Replayed, unit: str) -> Iterator[str]:
    """Yield what a series is, how well its labels were found, and its alarms."""
    if judged := judged_in_words(one):
        yield f"    {judged}"
    if one.scores is not None:
        yield f"    {scores_in_words(one.scores)}"
    yield from (f"    {each}" for each in wide_in_words(one.wide, unit))
    if len(one.alarms) > ALARMS_SHOWN:
        yield f"    {len(one.alarms) - ALARMS_SHOWN} earlier ones (--json has them)"
    rows = []
    for alarm in one.alarms[-ALARMS_SHOWN:]:
        until = "still on" if alarm.end is None else f"to {moment(alarm.end)}"
        seen = f"{amount(alarm.peak.observed, one.family, unit)}, expected {expectation(alarm.peak, one.family, unit)}"
        since = f", wrong since {moment(alarm.onset)}" if alarm.onset != alarm.start else ""
        rows.append(
            (moment(alarm.start), until, lasted(alarm, one.last), f"score {alarm.peak.score:.1f}", seen + since)
        )
    if rows:
        _, *texts = text_table(("",) * 5, rows, (2,))
        yield from (f"    {text}" for text in texts)


def _series(one: Replayed) -> dict[str, Any]:
    return {
        "labels": dict(one.series),
        "family": None if one.family is None else str(one.family),
        "kind": None if one.kind is None else one.kind.kind,
        "kind_by": None if one.kind is None else one.kind.by,
        "points": one.points,
        "judged": one.judged,
        "step_seconds": one.step,
        "since": iso(one.first) if isfinite(one.first) else None,
        "until": iso(one.last),
        "scores": one.scores.document() if one.scores else None,
        "labelled": [{"start": iso(start), "end": iso(end)} for start, end in one.labelled],
        "too_wide": [_wide(each) for each in one.wide],
        "alarms": [_alarm(each) for each in one.alarms],
        "states": [
            {
                "state": SeriesState(each.life).name.lower(),
                "start": iso(each.start),
                "end": None if each.end is None else iso(each.end),
            }
            for each in one.stretches
        ],
    }


def _wide(one: Wide) -> dict[str, Any]:
    return {
        "change": "rise" if one.rise else "fall",
        "start": iso(one.start),
        "end": None if one.end is None else iso(one.end),
        "smallest_told": _number(one.size),
        "range": [one.low, one.high],
        "not_even_to": one.edge,
    }


def _alarm(one: Alarm) -> dict[str, Any]:
    seen = one.peak
    values = {"score": seen.score, "observed": seen.observed, "expected": seen.expected}
    band = {"lower": seen.lower, "upper": seen.upper}
    return {
        "onset": iso(one.onset),
        "start": iso(one.start),
        "end": None if one.end is None else iso(one.end),
        "over": None if one.over is None else iso(one.over),
        "seconds": None if one.end is None else one.end - one.start,
        "peak": {"at": iso(seen.at), **{key: _number(value) for key, value in {**values, **band}.items()}},
    }


def _number(value: float) -> float | None:
    return value if isfinite(value) else None
