"""Generated history of the shop, loaded into the engine's store before the demo judges anything.

`python -m shop virtual` writes it as slices of Arrow streams; its documentation describes their order. Everything takes
as long as it was measured to take in the live shop.
"""

import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import click
import pyarrow as pa

from aiops.cli.demo.shop import NoShop
from aiops.engine.objectives import Budgets
from aiops.model import Window
from aiops.model.errors import SourceError
from aiops.process.system import OWN_GROUP
from aiops.sources.duckdb.store import Store
from aiops.sources.receiver.batch import Batch, merge

SHORTEST: Final = 300.0
"""Enough for every route to have a level of its own, and for its series to stay young: of those only overwhelming
evidence counts, because nobody has seen how this machine changes."""
DENSE_SECONDS: Final = 3600.0
"""The last part of the history is as dense as the live shop: every span, with the step and the load of the demo."""
LONGEST_DAYS: Final = 60
STEP_SECONDS: Final = 60.0
ROWS: Final = 50_000  # in one transaction

_HEAD: Final = struct.Struct("<d4Q")
_UNITS: Final = {"m": 60.0, "h": 3600.0, "d": 86_400.0}


def length(text: str) -> float:
    """Read a length of history in seconds, such as 5m, 36h or 14d. Raises ValueError with what is allowed."""
    found = re.fullmatch(r"(\d+)([mhd])", text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0.0
    if not SHORTEST <= seconds <= LONGEST_DAYS * _UNITS["d"]:
        raise ValueError(
            f"{text!r} is not a length from {SHORTEST / 60:.0f}m to {LONGEST_DAYS}d; write it like 5m, 36h or 14d"
        )
    return seconds


def memory_mb(seconds: float) -> int:
    """Return the memory in MB that the store needs for queries about a whole history of so many seconds."""
    return 128 + round(16 * seconds / _UNITS["d"])


@dataclass(frozen=True, slots=True)
class ShopHistory:
    """A history of so many seconds up to the Unix time `until`, when the live shop takes over.

    step: seconds between two exports of the live shop. measured: the file of its durations.
    """

    seconds: float
    until: float
    step: float
    measured: Path

    @property
    def end(self) -> float:
        """The end of the last generated export, Unix seconds."""
        return self.until // self.step * self.step

    @property
    def sparse(self) -> Window | None:
        """The part that has metrics alone; None for a short history."""
        end = (self.until - DENSE_SECONDS) // STEP_SECONDS * STEP_SECONDS
        start = (self.until - self.seconds) // STEP_SECONDS * STEP_SECONDS
        return Window(start, end) if start < end else None

    def load(self, store: Store, alive: Callable[[], None]) -> None:
        """Load all of it, with a progress bar on a terminal. Calls `alive` now and then, which may raise. Raises NoShop
        or SourceError."""
        sparse = self.sparse
        start = self.end - self.seconds if sparse is None else sparse.end
        dense = ("--step", f"{self.step:g}s", "--spans", "--daily", "0", "--weekend", "1")
        label = "          generating the past"
        with click.progressbar(length=int(self.seconds), label=label, file=sys.stderr) as bar:
            if sparse is not None:
                for seconds in self._part(store, sparse, "--step", f"{STEP_SECONDS:g}s"):
                    bar.update(int(seconds))
                    alive()
            for seconds in self._part(store, Window(start, self.end), *dense):
                bar.update(int(seconds))
                alive()

    def count(self, budgets: Budgets, alive: Callable[[], None]) -> None:
        """Count the objectives over the sparse part, which the engine does not judge. Raises SourceError."""
        if self.sparse is not None:
            for _ in budgets.look_back(self.sparse, STEP_SECONDS):
                alive()

    def _part(self, store: Store, window: Window, *options: str) -> Iterator[float]:
        return _load(store, window.start, window.end, "--measured", str(self.measured), *options)


def _load(store: Store, start: float, end: float, *options: str) -> Iterator[float]:
    """Load what the shop generates for a stretch of time; yields the seconds that each transaction adds."""
    if end <= start:
        return
    command = [sys.executable, "-m", "shop", "virtual", "--history", f"{end - start:.0f}s", "--until", f"{end:.0f}"]
    # Ctrl-C at the terminal is handled by the demo, which ends this process itself.
    with subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        creationflags=OWN_GROUP,
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
