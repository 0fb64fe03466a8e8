"""The results of a look back, for a terminal and for programs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import click

from aiops.cli.terminal.table import text_table
from aiops.model import Urgency, Window, iso, names
from aiops.model.safe import visible
from aiops.presentation.numbers import span_of_time
from aiops.presentation.objectives import good_share
from aiops.slo.live.backtest import Fired, SloReplay, Trial
from aiops.slo.live.status import SEEN_WHOLE
from aiops.slo.rules.tiers import plain_number

ALERTS_SHOWN: Final = 5
"""The number of alerts shown for each target: the newest."""
COLOURS: Final = {Urgency.PAGE: "red", Urgency.TICKET: "yellow"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What was looked at: the source, the window, the beginning of the data, the results, and what was left out with
    the reason."""

    place: str
    window: Window
    begins: float
    outcomes: Sequence[SloReplay]
    left_out: Mapping[str, str]


def lines(shown: Shown) -> Iterator[str]:
    """Yield the lines for people; colours are left out where there is no terminal."""
    yield f"{stretch(shown.window)} ({span_of_time(shown.window.seconds)}), in {shown.place}"
    if shown.begins > shown.window.start:
        yield click.style(f"nothing was counted before {_minute(shown.begins)}", fg="yellow")
    yield ""
    rows: list[tuple[str, ...]] = []
    below: list[list[str]] = []
    for outcome in sorted(shown.outcomes, key=_worst_first):
        for trial in outcome.trials:
            rows.append(_row(outcome, trial))
            below.append(list(_below(outcome, trial, shown.window.end)))
    head, *texts = text_table(
        ("objective", "target", "SLI", "bad of all", "budget spent", "alerts"), rows, (1, 2, 3, 4)
    )
    yield click.style(head, bold=True)
    for text, more in zip(texts, below, strict=True):
        yield text
        yield from more
    if shown.left_out:
        yield ""
        yield "left out, because only what is counted from raw samples here can be looked back on:"
        yield from (visible(f"  {name}: {why}") for name, why in sorted(shown.left_out.items()))


def slo_document(shown: Shown) -> dict[str, Any]:
    """Return the results for programs."""
    return {
        "source": shown.place,
        "since": iso(shown.window.start),
        "until": iso(shown.window.end),
        "counted_since": iso(shown.begins),
        "slos": [_document(one) for one in sorted(shown.outcomes, key=_worst_first)],
        "left_out": [{"slo": name, "why": why} for name, why in sorted(shown.left_out.items())],
    }


def stretch(window: Window) -> str:
    """Write a window: `from … to …`."""
    return f"from {_minute(window.start)} to {_minute(window.end)}"


def _minute(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def _worst_first(outcome: SloReplay) -> tuple[float, str, Any]:
    return -(outcome.trials[0].spent or 0.0), outcome.slo.name, outcome.group


def _row(outcome: SloReplay, trial: Trial) -> tuple[str, ...]:
    own = trial is outcome.trials[0]
    group = "".join(f" {key}={value}" for key, value in outcome.group)
    target = f"{plain_number(trial.target * 100)}%"
    if trial.spent is None or trial.burn is None:
        spent = "no data"
    else:
        spent = f"{100 * trial.spent:,.1f}% of {outcome.slo.period.text}"
        spent = click.style(spent, fg="red", bold=True) if trial.spent >= 1 else spent
    if not own:
        return f"  if it were {target}", target, "", "", spent, _alerts(trial)
    ratio = "no data" if outcome.good_ratio is None else good_share(outcome.good_ratio, outcome.slo.target)
    if trial.burn is not None:
        ratio = click.style(ratio, fg="red" if trial.burn > 1 else "green")
    slices = "" if outcome.slo.slices is None else " slices"
    counted = f"{outcome.bad:,.0f} of {outcome.events:,.0f}{slices}"
    return outcome.slo.name + group, target, ratio, counted, spent, _alerts(trial)


def _alerts(trial: Trial) -> str:
    """Write how often which alert fired, in the colour of the most urgent one."""
    out, fired = [], []
    for urgency in Urgency:
        count = sum(one.urgency == urgency for one in trial.fired)
        if count:
            fired.append(urgency)
            out.append(f"{count} {urgency}{'s' * (count > 1)}")
        elif urgency not in trial.can:
            out.append(f"cannot {urgency}")
    text = ", ".join(out) or "none"
    return click.style(text, fg=COLOURS[fired[0]]) if fired else text


def _below(outcome: SloReplay, trial: Trial, until: float) -> Iterator[str]:
    """Yield the alerts of one target, and how much data was missing."""
    if trial is outcome.trials[0] and 0 < outcome.coverage < SEEN_WHOLE:
        yield f"    no data for {100 * (1 - outcome.coverage):.0f}% of the time"
    fired = sorted(trial.fired, key=lambda one: one.start)
    if len(fired) > ALERTS_SHOWN:
        yield f"    {len(fired) - ALERTS_SHOWN} earlier ones (--json has them)"
    for one in fired[-ALERTS_SHOWN:]:
        length = span_of_time((one.end or until) - one.start)
        ends = f"to {_minute(one.end)}, {length}" if one.end else f"and still, {length}"
        alert = click.style(f"{one.urgency:<6}", fg=COLOURS[one.urgency])
        yield f"    {alert}  {_minute(one.start)} {ends}"


def _document(outcome: SloReplay) -> dict[str, Any]:
    return {
        "slo": outcome.slo.name,
        "display_name": outcome.slo.display_name,
        "service": outcome.slo.service,
        "group": dict(outcome.group),
        "period": outcome.slo.period.text,
        "method": "occurrences" if outcome.slo.slices is None else "timeslices",
        "events": outcome.events,
        "bad_events": outcome.bad,
        "good_ratio": outcome.good_ratio,
        "coverage": outcome.coverage,
        "targets": [_trial(one, what_if=one is not outcome.trials[0]) for one in outcome.trials],
    }


def _trial(trial: Trial, what_if: bool) -> dict[str, Any]:
    count = {urgency: sum(one.urgency == urgency for one in trial.fired) for urgency in Urgency}
    return {
        "target": str(trial.target),
        "what_if": what_if,
        "burn_rate": trial.burn,
        "budget_spent": trial.spent,
        "pages": count[Urgency.PAGE],
        "tickets": count[Urgency.TICKET],
        "can_fire": [names.BURN_ALERTS[urgency] for urgency in Urgency if urgency in trial.can],
        "alerts": [_fired(one) for one in sorted(trial.fired, key=lambda one: one.start)],
    }


def _fired(one: Fired) -> dict[str, Any]:
    return {
        "alert": names.BURN_ALERTS[one.urgency],
        "start": iso(one.start),
        "end": None if one.end is None else iso(one.end),
        "seconds": None if one.end is None else one.end - one.start,
    }
