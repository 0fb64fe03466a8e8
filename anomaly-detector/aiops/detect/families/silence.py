"""Silence: a service that was steady, is still called, and sends nothing (docs/methods.md, Silence)."""

import numpy as np

from aiops.detect import series_state as life
from aiops.detect.rows import Floats, Ints
from aiops.detect.state import SilenceState
from aiops.detect.tuning import Tuning
from aiops.model import SeriesState, Tier

PACE_OF = 20
"""Signals that say what gap between them is usual."""


def judge(
    state: SilenceState, rows: Ints, at: float, step: float, signals: Floats, called: Floats, tuning: Tuning
) -> None:
    """Judge one step of these services. signals: spans and points they sent; called: requests sent to them.

    The boundary is three times the longest gap lately in which the service was called and was well all the same, and
    three times the gap that is usual between its signals, between `silence_seconds` and `silence_most`. What is usually
    silent for half of that, such as a service of long streams, is not judged. A call of this step proves nothing yet:
    whoever serves it may tell of it in the next.
    """
    silent = signals == 0
    before = state.gap[rows]
    gap = np.where(silent, before + step, 0.0)
    state.gap[rows] = gap
    missed = state.called[rows]
    state.called[rows] = np.where(silent, missed + called, 0.0)

    usual = np.maximum(state.longest[rows], state.pace[rows])
    boundary = np.clip(3 * usual, tuning.silence_seconds, tuning.silence_most)
    in_trouble = np.isin(state.life[rows], (SeriesState.INCIDENT, SeriesState.RECOVERING))
    steady = (state.points[rows] >= tuning.defaults_points) & (2 * state.pace[rows] <= tuning.silence_most)
    expected = steady & ((missed > 0) | in_trouble)
    score = np.where(expected & silent, gap / boundary, 0.0)
    score = np.where(steady, score, np.nan)
    state.tier[rows] = np.where(steady, Tier.LEVEL, Tier.WARMUP)

    nobody = np.zeros(len(rows), dtype=bool)
    life.advance(state, rows, at, step, score, nobody, score >= 1.0, ~silent, tuning.recover_steps, tuning)
    normal = state.life[rows] == SeriesState.NORMAL
    state.trouble_total[rows] = np.where(normal, 0.0, state.called[rows])
    # The onset is when the last signal came, not when patience ended.
    state.onset[rows] = np.where(~normal & ~in_trouble & silent, at - gap + step, state.onset[rows])

    back = normal & ~silent
    fading = state.longest[rows] * 0.5 ** (step / tuning.rate_half_life)
    state.longest[rows] = np.where(back & ~in_trouble & (missed > 0), np.maximum(fading, before), fading)
    gain = np.maximum(1.0 - 0.5 ** (step / tuning.half_life), 1.0 / (state.points[rows] + 1.0))
    state.rate[rows] += np.where(back, gain * (signals - state.rate[rows]), 0.0)
    counted = np.minimum(before, tuning.silence_most) - state.pace[rows]
    state.pace[rows] += np.where(back & ~in_trouble, counted / np.minimum(state.points[rows] + 1, PACE_OF), 0.0)
    state.points[rows] += np.where(silent, 0, 1)
    state.seen[rows] = at
