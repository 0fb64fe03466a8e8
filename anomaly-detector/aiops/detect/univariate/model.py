"""Many series at a time, judged as their values come in. Causal: no later point is looked at."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.detect.univariate.judge import advance, begin
from aiops.detect.univariate.ops import chosen, clip
from aiops.detect.univariate.season import monday
from aiops.detect.univariate.state import WARMUP, State
from aiops.detect.univariate.tuning import Tuning
from aiops.model import Tier
from aiops.model.arrays import Bools, Floats, Ints

AT_ONCE: Final = 12288
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

    def judge(
        self, at: float, values: Floats, step: float, local: float | None = None, reach: bool = False
    ) -> Judgement:
        """Score the values that all series have at a time (Unix seconds), one a series, and learn from them.

        NaN and infinities are no values: nothing is judged or learned, nor of a time that is not later than the last.
        `step` is the time between points (s). `local`: seconds since Monday 00:00 where the series live, UTC if not
        given. reach: whether the smallest `fall` and `rise` that would be told are wanted; else they are NaN.
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
        if at > self.at:
            self.at = at
            here = np.float64(monday(at) if local is None else local)
            held = np.where(np.isfinite(values), clip(values, -LARGEST, LARGEST), np.nan)
            for first in range(0, size, AT_ONCE):
                self._judge(slice(first, min(first + AT_ONCE, size)), (at, step, here, reach), held, out)
        return out

    def _judge(self, block: slice, when: tuple[float, float, float, bool], values: Floats, out: Judgement) -> None:
        """Judge a block of series; its rows are a slice, which needs no copies, unless some have no value now."""
        state, (at, step, local, reach) = self.state, when
        there = ~np.isnan(values[block])
        for gone in chosen(block, there & (at - state.seen[block] > self.tuning.forget_after)):
            state.wipe(gone)
        warm = there & (state.points[block] >= WARMUP)
        for young in chosen(block, there & ~warm):
            begin(state, young, values[young], self.tuning)
            state.seen[young] = at
        known = [block] if warm.all() else chosen(block, warm)
        for rows in known:
            found = advance(state, rows, values[rows], (at, step, local), self.tuning, reach)
            out.score[rows], out.expected[rows], out.lower[rows], out.upper[rows], out.alarm[rows], best, *least = found
            out.tier[rows], (out.fall[rows], out.rise[rows]) = TIERS[best], least
