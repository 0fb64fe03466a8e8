"""Many series at a time, judged as their values come in. Causal: no later point is looked at."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.detect.univariate.judge import advance, begin
from aiops.detect.univariate.season import monday
from aiops.detect.univariate.state import WARMUP, State
from aiops.detect.univariate.tuning import Tuning
from aiops.model import Tier
from aiops.model.arrays import Bools, Floats, Ints

AT_ONCE: Final = 8192
"""Series that are judged at once: what is made on the way stays in the processor's cache."""
LARGEST: Final = 1e30
"""Values beyond are taken for this: their squares would be no numbers."""
TIERS: Final = np.array([Tier.LEVEL, Tier.DAY, Tier.WEEK])


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Of each series: score (1 is the boundary; NaN where nothing was judged), what was expected, the boundaries of the
    first view, whether an alarm is on, the `Tier` that judged, and the smallest fall and rise that any view would have
    told: infinite while nothing is."""

    score: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    alarm: Bools
    tier: Ints
    fall: Floats
    rise: Floats


@dataclass(slots=True)
class Model:
    """Every series, advanced in place by `judge`. at: the time judged last."""

    tuning: Tuning = field(default_factory=Tuning)
    state: State = field(default_factory=State)
    at: float = -np.inf

    def grow(self, size: int) -> None:
        """Make room for so many series."""
        self.state.grow(size)

    def judge(self, at: float, values: Floats, step: float, local: Floats | None = None) -> Judgement:
        """Score the values that all series have at a time (Unix seconds), one a series, and learn from them.

        NaN and infinities are no values: nothing is judged or learned, nor of a time that is not later than the last.
        `step` is the time between points (s). `local`: seconds since Monday 00:00 where each series lives, UTC if not
        given.
        """
        size = len(values)
        score, expected, lower, upper = np.full((4, size), np.nan)
        out = Judgement(
            score=score,
            expected=expected,
            lower=lower,
            upper=upper,
            alarm=self.state.alarm[:size] & ~self.state.hushed[:size],
            tier=np.zeros(size, dtype=np.int64),
            fall=np.full(size, np.nan),
            rise=np.full(size, np.nan),
        )
        if not at > self.at:
            return out
        self.at = at
        there, values = np.isfinite(values), np.clip(values, -LARGEST, LARGEST)
        self.state.wipe(np.flatnonzero(there & (at - self.state.seen[:size] > self.tuning.forget_after)))
        warm = there & (self.state.points[:size] >= WARMUP)
        local = np.full(size, monday(at)) if local is None else local
        known = np.flatnonzero(warm)
        for first in range(0, len(known), AT_ONCE):
            rows = known[first : first + AT_ONCE]
            found = advance(self.state, rows, at, values[rows], step, local[rows], self.tuning)
            out.score[rows], out.expected[rows], out.lower[rows], out.upper[rows], out.alarm[rows], best, *least = found
            out.tier[rows], (out.fall[rows], out.rise[rows]) = TIERS[best], least
        if (young := np.flatnonzero(there & ~warm)).size:
            begin(self.state, young, values[young], self.tuning)
        self.state.seen[:size] = np.where(there, at, self.state.seen[:size])
        return out
