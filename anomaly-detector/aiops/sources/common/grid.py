"""The aligned grid of steps for counts, in integer nanoseconds, so that a sample on a border belongs to exactly one
step."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.model import Window
from aiops.model.arrays import Floats, Ints

NANO: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Grid:
    """`steps` steps of `step_ns` after `start_ns`; step k covers (start + k * step, start + (k + 1) * step]."""

    start_ns: int
    step_ns: int
    steps: int

    @classmethod
    def over(cls, window: Window, step: float) -> "Grid":
        """Make a grid of the whole steps in a window; a remainder at its end is left out."""
        if not step >= 0.001:
            raise ValueError(f"a step must last at least 1 ms, not {step} s")
        start, width = round(window.start * NANO), round(step * NANO)
        # Unix seconds as floats are 240 ns apart: a window of exactly n steps may be shorter by that much.
        return cls(start, width, (round(window.end * NANO) - start + 1000) // width)

    @property
    def end_ns(self) -> int:
        """The end of the last step, Unix nanoseconds."""
        return self.start_ns + self.steps * self.step_ns

    @property
    def ends_ns(self) -> Ints:
        """The end of each step in Unix nanoseconds, `(steps,)`."""
        return self.start_ns + self.step_ns * np.arange(1, self.steps + 1, dtype=np.int64)

    def ends(self) -> Floats:
        """Return the end of each step in Unix seconds, `(steps,)`."""
        return self.ends_ns / NANO

    def columns(self, times_ns: Ints) -> Ints:
        """Return the step of each time; -1 for times at or before the start. Times must lie at or before the end."""
        return np.maximum((times_ns - self.start_ns - 1) // self.step_ns, -1)

    def sql(self, time: str) -> str:
        """Return `columns` as an SQL expression."""
        return f"CASE WHEN {time} <= {self.start_ns} THEN -1 ELSE ({time} - {self.start_ns} - 1) // {self.step_ns} END"

    def sums(self, rows: Ints, columns: Ints, values: Floats, count: int) -> Floats:
        """Sum values by row and step, `(count, steps)`. NaN values add nothing; cells without any value are NaN."""
        good = ~np.isnan(values) & (columns >= 0)
        flat = rows[good] * self.steps + columns[good]
        size = count * self.steps
        out = np.bincount(flat, weights=values[good], minlength=size).astype(np.float64)
        out[np.bincount(flat, minlength=size) == 0] = np.nan
        return out.reshape(count, self.steps)

    def quiet(self, last_ns: Ints, active: NDArray[np.bool_], remember_seconds: float) -> NDArray[np.bool_]:
        """Return where a missing value counts as zero: another row was heard in the step, and this row recently.

        last_ns: `(rows, steps + 1)` newest time of each row before the start and in each step, 0 where there is none.
        active: `(rows, steps)` whether the sender of the row was heard in the step.
        """
        heard = np.maximum.accumulate(last_ns, axis=1)
        recent = (heard[:, :-1] > 0) & (self.ends_ns - heard[:, :-1] <= round(remember_seconds * NANO))
        zero: NDArray[np.bool_] = active & recent & (last_ns[:, 1:] == 0)
        return zero
