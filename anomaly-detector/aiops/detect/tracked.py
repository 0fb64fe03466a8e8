"""What every symptom family remembers of a series, and the state of its trouble.

Arrays grow by rows; every field is `(series,)` or `(series, ring)`. The longest window of `Tuning` sets the length of
the ring.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from aiops.detect.rows import SeriesRows, array
from aiops.model import names
from aiops.model.arrays import Array, Floats, Ints

RING = 20
TROUBLES = 8
BUCKETS = len(names.DURATION_BOUNDS)


def float_field(ring: int = 0, fill: float = 0.0, evidence: bool = False) -> Floats:
    """Define a field of numbers: one per series, or a ring of the last ones. `evidence` is cleared when a trouble ends,
    see `clear`."""
    made: Floats = array(*([ring] if ring else []), fill=fill, evidence=evidence)
    return made


def int_field(evidence: bool = False, saved: str | None = None) -> Ints:
    """Define a field of whole numbers, one per series."""
    made: Ints = array(dtype=np.int64, evidence=evidence, saved=saved)
    return made


@dataclass(slots=True)
class Tracked(SeriesRows):
    """The state of each series: `status` and `tier` hold SeriesState and Tier numbers, times are Unix seconds.

    Some arrays are evidence of the present trouble and are cleared with it: see `clear`.
    """

    status: Ints = int_field(evidence=True, saved="life")
    tier: Ints = int_field()
    points: Ints = int_field()
    hot: Ints = int_field(evidence=True)  # the last steps that scored >= 1, a bit each, newest lowest
    blazing: Ints = int_field(evidence=True)  # the same for steps that scored >= 2 by themselves
    calm: Ints = int_field(evidence=True)  # calm steps in a row
    age: Ints = int_field(evidence=True)  # steps with a sample since onset, including the onset
    idle: Ints = int_field(evidence=True)  # steps in a row in which its sender was heard, but without a request
    onset: Floats = float_field(fill=np.nan, evidence=True)
    born: Floats = float_field(fill=np.nan)  # begin of the first step with a sample, see `families.young`
    seen: Floats = float_field(fill=np.nan)  # end of the last step with a sample
    score: Floats = float_field(fill=np.nan)
    trouble_bad: Floats = float_field(evidence=True)  # since onset
    trouble_total: Floats = float_field(evidence=True)
    trouble_seconds: Floats = float_field(evidence=True)

    def clear(self, rows: Ints) -> None:
        """End the trouble of these series and clear its evidence, so that the remains do not count as evidence of a new
        one."""
        for one in fields(self):
            if one.metadata.get("evidence"):
                getattr(self, one.name)[rows] = one.metadata["fill"]

    def inherit(self, older: Mapping[str, Array]) -> str:  # noqa: ARG002
        """Take over what an earlier release saved in another form. older: arrays that this state has no place for, by
        the names under which they were saved, one row per series. Called once everything else is in place. Returns
        what became of them, in words for the log; "" where there is nothing to say."""
        return ""

    def copy(self) -> Self:
        """Return a copy that later steps do not change."""
        out = self.taken(slice(None))
        out.index = dict(self.index)
        return out


@dataclass(slots=True)
class Recurring(Tracked):
    """A state that also keeps the onsets of the last troubles: in Unix seconds, and as local time in seconds since a
    Monday 00:00."""

    recurred: Floats = float_field(TROUBLES, fill=np.nan)
    recurred_local: Floats = float_field(TROUBLES, fill=np.nan)
