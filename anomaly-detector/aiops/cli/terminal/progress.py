"""How far a command is that takes long: a bar on a terminal, elsewhere a plain line now and then."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import click

PAUSE_SECONDS: Final = 5.0
"""The least time between two lines, and before the first."""
UPDATES: Final = 500
"""Updates of the bar from begin to end, at most."""


@contextmanager
def advancing(label: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
    """Show on stderr how much of `total` is done; what is given is called with how much more is. `unit`: what is
    counted, such as `points`."""
    if not sys.stderr.isatty():
        yield ProgressLines(label, total, unit).add
        return
    steps = max(total // UPDATES, 1)
    with click.progressbar(length=total, label=label, file=sys.stderr, update_min_steps=steps) as bar:
        yield bar.update


@dataclass(slots=True)
class ProgressLines:
    """Progress in lines: `judging: 12,000 of 36,000 points`. Nothing is said of what takes less than PAUSE_SECONDS."""

    label: str
    total: int
    unit: str
    clock: Callable[[], float] = time.monotonic
    _done: int = 0
    _said: float = field(default=0.0)

    def __post_init__(self) -> None:
        self._said = self.clock()

    def add(self, more: int) -> None:
        """Count what was done since the last call."""
        self._done += more
        now = self.clock()
        if now - self._said >= PAUSE_SECONDS and self._done < self.total:
            self._said = now
            click.echo(f"{self.label}: {self._done:,} of {self.total:,} {self.unit}", err=True)
