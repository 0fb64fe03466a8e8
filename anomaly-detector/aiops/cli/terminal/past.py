"""The stored history that a command looks back on: its options, its source, and the window."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from aiops.model import Window
from aiops.ports import MetricSource
from aiops.slo.spec import durations

LONGEST_DAYS: Final = 366


@dataclass(frozen=True, slots=True)
class Past:
    """The values of the options: the source of history, one of two, and how far back."""

    prometheus_url: str | None
    data_dir: Path | None
    since: str
    until: str | None

    @property
    def place(self) -> str:
        """The source of history, in words."""
        return f"the store in {self.data_dir}" if self.data_dir else f"Prometheus at {self.prometheus_url}"

    @contextmanager
    def opened(self) -> Iterator[MetricSource]:
        """Open its metrics. Raises SourceError."""
        from aiops.bootstrap import history as stored

        if self.data_dir is not None:
            with stored.left_by_engine(self.data_dir) as source:
                yield source
        else:
            with stored.prometheus_history(str(self.prometheus_url)) as source:
                yield source

    def check(self, step: float) -> None:
        """Check the options before anything is queried. Raises UsageError."""
        if (self.prometheus_url is None) == (self.data_dir is None):
            raise click.UsageError("say whose history is read: --prometheus-url or --data-dir, one of them")
        if (end := self._until()) is not None:
            self._window(end, step)

    def window(self, source: MetricSource, step: float) -> Window:
        """Return the whole steps (seconds) from `since` to the end, which is not in the future. Raises UsageError or
        SourceError."""
        return self._window(self._until() or source.complete_until() or time.time(), step)

    def _until(self) -> float | None:
        return None if self.until is None else moment_of("--until", self.until, time.time())

    def _window(self, end: float, step: float) -> Window:
        end = min(end, time.time()) // step * step
        start = moment_of("--since", self.since, end) // step * step
        if start >= end:
            raise click.UsageError(f"--since {self.since} must be before the end, {_shown(end)}")
        if end - start > LONGEST_DAYS * 86_400:
            raise click.UsageError(f"--since {self.since} is too long ago: at most {LONGEST_DAYS}d are looked back on")
        return Window(start, end)


def past_options(since: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds the options of a Past; `since` is the default length."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in (
            click.option(
                "--until", metavar="WHEN", help="End: a length before now (1h), or a time. [default: the newest data]"
            ),
            click.option(
                "--since",
                metavar="WHEN",
                help=f"Begin: a length before the end (36h, 7d), or a time. [default: {since}]",
            ),
            click.option(
                "--data-dir",
                type=click.Path(path_type=Path),
                help="Read the history in the data folder of an engine that does not run.",
            ),
            click.option(
                "--prometheus-url", help="Read the history of this Prometheus, such as http://127.0.0.1:9090."
            ),
        ):
            command = option(command)
        return command

    return add


def step_of(step: str) -> float:
    """Read the length of a step in seconds. Raises UsageError."""
    try:
        seconds, months = durations.shorthand(step)
    except ValueError as error:
        raise click.UsageError(f"--step {error}") from None
    if months or seconds > 3600:
        raise click.UsageError(f"--step is {step}, but must be an hour at most, such as 15s")
    return float(seconds)


def moment_of(option: str, text: str, before: float) -> float:
    """Read a time, or a length before a time, in Unix seconds. Raises UsageError."""
    from aiops.presentation.times import unix_seconds

    try:
        seconds, months = durations.shorthand(text)
        if not months:
            return before - seconds
    except ValueError:
        pass
    try:
        return unix_seconds(text)
    except ValueError as error:
        raise click.UsageError(f"{option} is no length such as 36h or 7d, and as a time it {error}") from None


def _shown(at: float) -> str:
    from aiops.presentation.filters import moment

    return moment(at)
