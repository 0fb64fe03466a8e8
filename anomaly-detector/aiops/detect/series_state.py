"""The state of a series: normal, suspect, incident, recovering. Nothing here knows what is measured.

See docs/methods.md, Series state.
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray

from aiops.detect.rows import Floats, Ints
from aiops.detect.state import Lived
from aiops.detect.tuning import Tuning
from aiops.model import SeriesState

Mask = NDArray[np.bool_]


def advance(
    state: Lived,
    rows: Ints,
    at: float,
    step: float,
    score: Floats,
    blazing: Mask,
    fires: Mask,
    recovered: Mask,
    calm_steps: int,
    tuning: Tuning,
) -> None:
    """Move these series one step on; what ends a trouble clears its evidence.

    score: of this step, NaN where it was not judged. blazing: overwhelming by this step alone. fires: confirmed by the
    judge's own evidence over windows. recovered: evidence that the trouble is over (only asked of series in trouble),
    which must last `calm_steps` steps.
    """
    hot = score >= 1.0
    state.score[rows] = score
    state.hot[rows] = (state.hot[rows] << 1 | hot) & 0xFFFF
    state.blazing[rows] = (state.blazing[rows] << 1 | (blazing & hot)) & 0xFFFF
    state.calm[rows] = np.where(hot, 0, state.calm[rows] + 1)

    fast = (1 << max(1, ceil(tuning.confirm_seconds / step))) - 1
    confirmed = hot & (fires | ((state.blazing[rows] & fast) == fast))

    life = state.life[rows]
    troubled = in_trouble(state, rows)
    state.onset[rows] = np.where(hot & np.isnan(state.onset[rows]), at, state.onset[rows])
    state.age[rows] += ~np.isnan(state.onset[rows])

    cooled = (life == SeriesState.SUSPECT) & (state.calm[rows] >= tuning.confirm_of)
    over = troubled & recovered & ~hot & (state.calm[rows] >= calm_steps)
    state.life[rows] = np.select(
        [over | cooled, confirmed, troubled & ~hot, troubled, hot],
        [SeriesState.NORMAL, SeriesState.INCIDENT, SeriesState.RECOVERING, SeriesState.INCIDENT, SeriesState.SUSPECT],
        default=life,
    )
    state.clear(rows[over | cooled])


def in_trouble(state: Lived, rows: Ints) -> Mask:
    """Which of these series are in an incident, or recovering from one."""
    troubled: Mask = state.life[rows] >= SeriesState.INCIDENT
    return troubled


def bits(mask: Ints, of: int) -> Ints:
    """How many of the newest `of` steps are marked."""
    window = mask & ((1 << of) - 1)
    return np.array([int(one).bit_count() for one in window], dtype=np.int64)


def push(ring: Floats, rows: Ints, values: Floats) -> None:
    """Append one value to the end of each ring."""
    ring[rows, :-1] = ring[rows, 1:]
    ring[rows, -1] = values


def settle_absent(state: Lived, at: float, tuning: Tuning) -> list[int]:
    """End the trouble of series that have sent nothing for long; their rows are returned, to be told apart from
    recoveries."""
    size = len(state.index)
    gone = (state.life[:size] != SeriesState.NORMAL) & (at - state.seen[:size] > tuning.no_data_seconds)
    rows = np.flatnonzero(gone)
    state.clear(rows)
    return [int(row) for row in rows]


def settle_ended(state: Lived, rows: Ints, idle: Mask, apart: Floats, step: float, tuning: Tuning) -> list[int]:
    """End the trouble of series that have no requests any more, while whoever sends them is heard; their rows are
    returned. idle: which of these were without requests in this step, and not for want of a sender. apart: how far
    apart requests came during the trouble, seconds."""
    state.idle[rows] = np.where(idle, state.idle[rows] + 1, 0)
    patience = np.clip(tuning.ended_calls * np.nan_to_num(apart), tuning.ended_seconds, tuning.no_data_seconds)
    troubled = state.life[rows] != SeriesState.NORMAL
    over = rows[idle & troubled & (state.idle[rows] * step >= patience)]
    state.clear(over)
    return [int(row) for row in over]
