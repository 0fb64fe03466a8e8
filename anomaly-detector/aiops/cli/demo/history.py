"""Generated history of the shop, loaded into the engine's store before the demo begins.

`python -m shop virtual` writes it as slices of Arrow streams; its documentation describes their order.
"""

import re
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Final

import click
import pyarrow as pa

from aiops.cli.demo.shop import NoShop
from aiops.engine.objectives import Budgets
from aiops.model import Window
from aiops.model.errors import SourceError
from aiops.sources.duckdb.store import Store
from aiops.sources.receiver.batch import Batch, merge

HOUR: Final = 3600.0
RECENT_SECONDS: Final = HOUR
"""The last part of the history is as dense as the live shop: every span, with the step and the load of the demo."""
LONGEST_DAYS: Final = 60
STEP_SECONDS: Final = 60.0
ROWS: Final = 50_000  # in one transaction

_HEAD: Final = struct.Struct("<d4Q")
_UNITS: Final = {"h": HOUR, "d": 24 * HOUR}


def length(text: str) -> float:
    """Read a length of history in seconds, such as 36h or 14d. Raises ValueError with what is allowed."""
    found = re.fullmatch(r"(\d+)([hd])", text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0.0
    if not RECENT_SECONDS <= seconds <= LONGEST_DAYS * _UNITS["d"]:
        raise ValueError(f"{text!r} is not a length from 1h to {LONGEST_DAYS}d; write it like 36h or 14d")
    return seconds


def memory_mb(seconds: float) -> int:
    """Return the memory in MB that the store needs for queries about a whole history of so many seconds."""
    return 128 + round(16 * seconds / _UNITS["d"])


@dataclass(slots=True)
class ShopHistory:
    """A history of so many seconds that ends when the live shop takes over.

    It is loaded in two parts: `distant` takes long, `recent` reaches to a moment that is known only when the shop is
    up.
    """

    seconds: float
    step: float
    _reached: float = 0.0

    def distant(self, store: Store, alive: Callable[[], None]) -> str:
        """Load everything but the last hour, with a progress bar on a terminal, and return a line about it.

        Calls `alive` now and then, which may raise. Raises NoShop or SourceError.
        """
        started = time.monotonic()
        end = STEP_SECONDS * (time.time() // STEP_SECONDS)
        start, self._reached = end - self.seconds, end - RECENT_SECONDS
        bar = click.progressbar(length=int(self.seconds), label="          loading generated history", file=sys.stderr)
        with bar:
            for seconds in _load(store, start, self._reached, "--step", f"{STEP_SECONDS:g}s"):
                bar.update(int(seconds))
                alive()
        days = self.seconds / _UNITS["d"]
        length = f"{days:g} d" if days >= 1 else f"{self.seconds / HOUR:g} h"
        took = time.monotonic() - started
        return f"history loaded      {length} of generated telemetry in {took:.0f} s"

    def counted(self, budgets: Budgets, alive: Callable[[], None]) -> None:
        """Count the objectives over what `distant` loaded. Raises SourceError."""
        for _ in budgets.look_back(Window(self._reached - self.seconds + RECENT_SECONDS, self._reached), STEP_SECONDS):
            alive()

    def recent(self, store: Store, alive: Callable[[], None]) -> None:
        """Load the rest until now, in the way of `distant`."""
        end = self._reached + self.step * ((time.time() - self._reached) // self.step)
        for _ in _load(
            store, self._reached, end, "--step", f"{self.step:g}s", "--spans", "--daily", "0", "--weekend", "1"
        ):
            alive()


def _load(store: Store, start: float, end: float, *options: str) -> Iterator[float]:
    """Load what the shop generates for a stretch of time; yields the seconds that each transaction adds."""
    if end <= start:
        return
    command = [sys.executable, "-m", "shop", "virtual", "--history", f"{end - start:.0f}s", "--until", f"{end:.0f}"]
    # Ctrl-C at the terminal is handled by the demo, which ends this process itself.
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            seen = start
            for until, batch in _gathered(_slices(process.stdout)):
                store.append(resources=batch.resources, series=batch.series, points=batch.points, spans=batch.spans)
                yield until - seen
                seen = until
            why = process.stderr.read().decode(errors="replace").strip().splitlines()[-1:]
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise NoShop(f"the shop could not generate history: {why[0] if why else process.returncode}")


def _gathered(slices: Iterator[tuple[float, Batch]]) -> Iterator[tuple[float, Batch]]:
    """Join slices until they are large enough for a transaction."""
    waiting: list[Batch] = []
    rows, until = 0, 0.0
    for until, batch in slices:
        waiting.append(batch)
        rows += sum(of.num_rows for of in (batch.points, batch.spans) if of is not None)
        if rows >= ROWS:
            yield until, merge(waiting)
            waiting, rows = [], 0
    if waiting:
        yield until, merge(waiting)


def _slices(file: IO[bytes]) -> Iterator[tuple[float, Batch]]:
    """Read slices and the end of each, Unix seconds. Raises SourceError for an incomplete one."""
    while head := file.read(_HEAD.size):
        try:
            until, *lengths = _HEAD.unpack(head)
            resources, series, points, spans = (
                pa.ipc.open_stream(file.read(size)).read_all() if size else None for size in lengths
            )
        except (struct.error, pa.ArrowException) as problem:
            raise SourceError(f"generated history cannot be read: {problem}") from problem
        yield until, Batch(resources=resources, series=series, points=points, spans=spans)
