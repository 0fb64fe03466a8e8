"""Replay a file, or stored history, with a progress bar on a terminal."""

import json
import sys
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Final

import click

from aiops import detect
from aiops.backtest import Choice, GivenGains, Steps, Unreadable, ValuesReplay, read_table
from aiops.bootstrap import calendars
from aiops.cli.terminal.ending import Failed
from aiops.cli.terminal.past import Past
from aiops.config import ConfigError, Settings, load_settings
from aiops.detect import Calendar
from aiops.model import Labels, Window
from aiops.model.errors import SourceError
from aiops.slo.spec import durations
from aiops.web.backtest import BacktestFindings

STEPS_AT_ONCE: Final = 240
"""Steps of history that are read at once."""
SHOWN_EVERY: Final = 200
"""Points between two updates of the progress bar."""


def settings_of(calendar: str | None) -> tuple[Settings, Calendar]:
    """Return the settings, and the calendar of the command line or of the settings."""
    try:
        settings = load_settings(overrides={"calendar": calendar})
        return settings, calendars.of(settings)
    except (ConfigError, calendars.BadCalendar) as error:
        raise click.UsageError(str(error)) from None


def fitted(path: Path) -> dict[Labels, GivenGains]:
    """Read the gains that `aiops fit` kept, by series."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["fits"]
        return {
            tuple(sorted(one["labels"].items())): tuple(one["gains"][key] for key in ("alpha", "beta", "gamma", "phi"))
            for one in found
            if one["kept"]
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise click.UsageError(f"--fitted {path} is not what `aiops fit -o` writes: {error!r}") from None


def of_file(
    name: str, unit: str, calendar: str | None, gains: dict[Labels, GivenGains]
) -> tuple[BacktestFindings, list[str]]:
    """Replay the values in a file, - for stdin; returns the results and the problems of the file by line."""
    _, place_of = settings_of(calendar)
    place = "stdin" if name == "-" else name
    try:
        with click.open_file(name, encoding="utf-8-sig") as lines:
            found = read_table(lines)
    except Unreadable as error:
        raise click.UsageError(f"{place}: {error}") from None
    except UnicodeError:
        raise click.UsageError(f"{place} is no text in UTF-8; is it a file of comma-separated values?") from None
    except OSError as error:
        raise click.UsageError(f"cannot read {place}: {error.strerror}") from None
    problems = [f"{place}:{line}: {what}" for line, what in found.problems]
    if not any(one.points for one in found.series):
        raise Failed("\n".join([*problems[:3], f"{place} holds no point to judge"]))
    values = ValuesReplay(found.series, place_of.place, gains)
    hidden = not sys.stderr.isatty()
    with click.progressbar(
        values.replay(), len(values), "judging", file=sys.stderr, hidden=hidden, update_min_steps=SHOWN_EVERY
    ) as bar:
        for _ in bar:
            pass
    start, end = min(one.first for one in values.results), max(one.last for one in values.results)
    return BacktestFindings(place, start, end, values.results, unit), problems


def of_history(past: Past, step: str | None, service: str, endpoint: str, calendar: str | None) -> BacktestFindings:
    """Replay stored history with the detector of the engine."""
    settings, days = settings_of(calendar)
    seconds = settings.cycle_seconds if step is None else _seconds(step)
    past.check(seconds)
    try:
        with past.opened() as source:
            window = past.window(source, seconds)
            steps = Steps(window, seconds, Choice(service, endpoint), days)
            blocks = list(_blocks(window, seconds, settings))
            hidden = not sys.stderr.isatty()
            with click.progressbar(blocks, label="judging history", file=sys.stderr, hidden=hidden) as bar:
                for block in bar:
                    for _ in steps.take(source.window(detect.family_selectors(), block, seconds)):
                        pass
    except SourceError as error:
        raise click.UsageError(str(error)) from None
    found = BacktestFindings(past.place, window.start, window.end, steps.results())
    if not found.series:
        raise Failed(_nothing(past.place, steps, service, endpoint))
    return found


def _seconds(step: str) -> float:
    try:
        seconds, months = durations.shorthand(step)
    except ValueError as error:
        raise click.UsageError(f"--step {error}") from None
    if months or seconds > 3600:
        raise click.UsageError(f"--step is {step}, but must be an hour at most, such as 15s")
    return float(seconds)


def _blocks(window: Window, step: float, settings: Settings) -> Iterator[Window]:
    """Yield the window, and the time before it to learn from, in stretches of whole steps."""
    start = window.start - ceil(settings.backfill_seconds / step) * step
    while start < window.end:
        end = min(start + STEPS_AT_ONCE * step, window.end)
        yield Window(start, end)
        start = end


def _nothing(place: str, steps: Steps, service: str, endpoint: str) -> str:
    asked = " ".join(one for one in (service, endpoint) if one)
    if not asked or not steps.services:
        return f"{place} has nothing to judge in that time; is it the right one, and the right time?"
    return f"{place} has nothing of {asked} in that time; services that are there: {', '.join(sorted(steps.services))}"
