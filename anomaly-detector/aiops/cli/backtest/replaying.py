"""Replay a file, or stored history, and show progress."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Final

import click

from aiops import detect
from aiops.backtest import Choice, GivenGains, MetricKind, Read, Steps, TableReplay, TableSeries, Unreadable, read_table
from aiops.backtest.rows import AUTO
from aiops.backtest.shapes import SHAPE
from aiops.bootstrap import calendars
from aiops.cli.terminal.ending import Failed
from aiops.cli.terminal.past import Past, step_of
from aiops.cli.terminal.progress import PAUSE_SECONDS, advancing
from aiops.config import ConfigError, Settings, load_settings
from aiops.detect import Calendar
from aiops.model import Labels
from aiops.model.errors import SourceError
from aiops.model.safe import visible
from aiops.service.backtest import stretches
from aiops.web.backtest import BacktestFindings

ALL: Final = "all"
"""Every series."""
COMPILING: Final = "judging: the detector is compiled for this machine first; that takes half a minute, and once only"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of values, - for stdin. unit: for display only. kind: what kind of metrics they are, None to recognise it.
    labels: the column that labels anomalies, AUTO to recognise it. shapes: labels like host=a of the series of which is
    judged how they move, too, or ALL. gains: fitted ones, by series."""

    name: str
    unit: str = ""
    kind: MetricKind | None = None
    labels: str = AUTO
    shapes: tuple[str, ...] = ()
    gains: Mapping[Labels, GivenGains] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """What messages call it."""
        return "stdin" if self.name == "-" else self.name

    def moving(self, series: Iterable[TableSeries]) -> set[Labels]:
        """Return the labels of the series of which is judged how they move."""
        every = {one.labels for one in series}
        chosen = set()
        for text in self.shapes:
            pair = tuple(part.strip() for part in text.split("=", 1))
            found = {labels for labels in every if text == ALL or pair in labels}
            if not found:
                raise click.UsageError(
                    f"--shapes {text}: {self.place} has no such series; write a label like host=a, or {ALL}"
                )
            chosen |= found
        if any(name == SHAPE[0] for labels in chosen for name, _ in labels):
            raise click.UsageError(f"--shapes adds a label `{SHAPE[0]}`, and {self.place} has a column of this name")
        return chosen

    def read(self) -> Read:
        """Read the series."""
        try:
            with click.open_file(self.name, encoding="utf-8-sig") as lines:
                return read_table(lines, self.labels)
        except Unreadable as error:
            raise click.UsageError(f"{self.place}: {error}") from None
        except UnicodeError:
            what = "is no text in UTF-8; is it a file of comma-separated values?"
            raise click.UsageError(f"{self.place} {what}") from None
        except OSError as error:
            raise click.UsageError(f"cannot read {self.place}: {error.strerror}") from None


def of_file(file: File, calendar: str | None) -> tuple[BacktestFindings, list[str]]:
    """Replay the values in a file; returns the results and the problems of the file by line."""
    _, place_of = settings_of(calendar)
    found = file.read()
    problems = [f"{file.place}:{line}: {what}" for line, what in found.problems]
    if not any(one.points for one in found.series):
        raise Failed("\n".join([*problems[:3], f"{file.place} holds no point to judge"]))
    table = TableReplay(found.series, file.kind, place_of.place, file.gains, file.moving(found.series))
    waiting = Timer(PAUSE_SECONDS, click.echo, (COMPILING,), {"err": True})
    waiting.start()
    try:
        with advancing("judging", len(table), "points") as done:
            for points in table.replay():
                waiting.cancel()
                done(points)
    finally:
        waiting.cancel()
    results = table.results
    return BacktestFindings(
        place=file.place,
        start=min(one.first for one in results),
        end=max(one.last for one in results),
        series=results,
        unit=file.unit,
        notes=tuple(_notes(found, file.labels)),
    ), problems


def of_history(past: Past, step: str | None, service: str, endpoint: str, calendar: str | None) -> BacktestFindings:
    """Replay stored history with the detector of the engine."""
    settings, days = settings_of(calendar)
    seconds = settings.cycle_seconds if step is None else step_of(step)
    past.check(seconds)
    try:
        with past.opened() as source:
            window = past.window(source, seconds)
            steps = Steps(window, seconds, Choice(service, endpoint), days)
            blocks = list(stretches(window, seconds, settings.backfill_seconds))
            total = sum(round((block.end - block.start) / seconds) for block in blocks)
            with advancing("judging history", total, "steps") as done:
                for block in blocks:
                    for _ in steps.take(source.window(detect.family_selectors(), block, seconds)):
                        done(1)
    except SourceError as error:
        raise click.UsageError(str(error)) from None
    found = BacktestFindings(place=past.place, start=window.start, end=window.end, series=steps.results())
    if not found.series:
        raise Failed(_nothing(past.place, steps, service, endpoint))
    return found


def _notes(found: Read, labels: str) -> Iterator[str]:
    if found.labelling:
        taken = f"column `{visible(found.labelling)}` holds 0 and 1: taken as labels of anomalies"
        yield f"{taken}; give --labels none to take it as a label of series" if labels == AUTO else taken


def _nothing(place: str, steps: Steps, service: str, endpoint: str) -> str:
    asked = " ".join(one for one in (service, endpoint) if one)
    if not asked or not steps.services:
        return f"{place} has nothing to judge in that time; is it the right one, and the right time?"
    return f"{place} has nothing of {asked} in that time; services that are there: {', '.join(sorted(steps.services))}"
