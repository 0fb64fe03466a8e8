"""Repeat the checks until all pass, or the time is over."""

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import click

from aiops.cli.smoke.answers import METRICS_PATH, Round, exposition
from aiops.cli.smoke.checks import SmokeCheck, Wanted, Watch, checks, version_of
from aiops.model.safe import visible

PAUSE_SECONDS: Final = 1.0


@dataclass(slots=True)
class Wait:
    """A wait for one engine. `look` asks it everything, given how many seconds are left; `found` are the last
    results."""

    look: Callable[[float], Round]
    wanted: Wanted
    found: Sequence[SmokeCheck] = ()
    version: str = ""
    seconds: float = 0.0
    _began: float = field(default_factory=time.monotonic)

    @property
    def works(self) -> bool:
        """Whether all checks passed at the last look."""
        return bool(self.found) and all(one.ok for one in self.found)

    @property
    def lacking(self) -> tuple[SmokeCheck, ...]:
        """The checks that failed at the last look."""
        return tuple(one for one in self.found if not one.ok and one.look)

    def until(self, timeout: float, shown: Callable[["Wait"], object]) -> bool:
        """Look until all checks pass, or `timeout` seconds are over; returns whether they passed. `shown` is called
        after each look."""
        watch = Watch()
        while True:
            self.seconds = time.monotonic() - self._began
            seen = self.look(timeout - self.seconds)
            told = exposition(seen[METRICS_PATH])
            if told.values:
                watch = watch.seen(told)
            self.found = checks(seen, watch, self.wanted, time.time())
            self.version, self.seconds = version_of(told), time.monotonic() - self._began
            shown(self)
            if self.works or self.seconds >= timeout:
                return self.works
            time.sleep(min(PAUSE_SECONDS, timeout - self.seconds))


class Progress:
    """A line on a terminal that shows what is waited for; nothing elsewhere."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def __call__(self, wait: Wait) -> None:
        if self._shown and wait.lacking:
            text = "; ".join(f"{one.name}: {one.measured}" for one in wait.lacking)
            line = f"{wait.seconds:4.0f} s  {visible(text)}"[: shutil.get_terminal_size().columns - 1]
            click.echo(f"\r\033[K{line}", nl=False, err=True)

    def end(self) -> None:
        """Clear the line."""
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)
