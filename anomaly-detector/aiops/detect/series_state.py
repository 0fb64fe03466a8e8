"""The state of a series: normal, suspect, incident, recovering. This module does not know what is measured.

See docs/methods.md, Series state.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np

from aiops.detect.tracked import Tracked
from aiops.detect.tuning import Tuning
from aiops.model import Labels, SeriesState
from aiops.model.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The evidence of a family for one step of its series, `(rows,)` each.

    score: of this step, NaN where it was not judged. blazing: overwhelming in this step alone; None: never. fires:
    confirmed by the family's own evidence over windows. recovered: evidence that the trouble is over (read only for
    series in trouble); it must last for `calm_steps` steps. told: whether there is enough to tell of a
    series; where not, it is suspect at most. None: always.
    """

    score: Floats
    fires: Bools
    recovered: Bools
    calm_steps: int
    blazing: Bools | None = None
    told: Bools | None = None


def advance(tracked: Tracked, rows: Ints, at: float, seconds: float, evidence: Evidence, tuning: Tuning) -> None:
    """Advance the state of these series by one step that ends at `at` and lasts `seconds`. The end of a trouble clears
    its evidence."""
    score, calm_steps = evidence.score, evidence.calm_steps
    hot = score >= 1.0
    blazing = hot & evidence.blazing if evidence.blazing is not None else np.zeros(len(rows), dtype=bool)
    tracked.score[rows] = score
    tracked.hot[rows] = (tracked.hot[rows] << 1 | hot) & 0xFFFF
    tracked.blazing[rows] = (tracked.blazing[rows] << 1 | blazing) & 0xFFFF
    tracked.calm[rows] = np.where(hot, 0, tracked.calm[rows] + 1)

    fast = (1 << max(1, ceil(tuning.confirm_seconds / seconds))) - 1
    confirmed = hot & (evidence.fires | ((tracked.blazing[rows] & fast) == fast))
    if evidence.told is not None:
        confirmed &= evidence.told

    status = tracked.status[rows]
    troubled = in_trouble(tracked, rows)
    tracked.onset[rows] = np.where(hot & np.isnan(tracked.onset[rows]), at, tracked.onset[rows])
    tracked.age[rows] += ~np.isnan(tracked.onset[rows])

    cooled = (status == SeriesState.SUSPECT) & (tracked.calm[rows] >= tuning.confirm_of)
    over = troubled & evidence.recovered & ~hot & (tracked.calm[rows] >= calm_steps)
    tracked.status[rows] = np.select(
        [over | cooled, confirmed, troubled & ~hot, troubled, hot],
        [SeriesState.NORMAL, SeriesState.INCIDENT, SeriesState.RECOVERING, SeriesState.INCIDENT, SeriesState.SUSPECT],
        default=status,
    )
    tracked.clear(rows[over | cooled])


def in_trouble(tracked: Tracked, rows: Ints) -> Bools:
    """Return which of these series are in an incident, or recovering from one."""
    troubled: Bools = tracked.status[rows] >= SeriesState.INCIDENT
    return troubled


def bits(mask: Ints, of: int) -> Ints:
    """Count how many of the newest `of` steps are marked in a bit mask."""
    window = mask & ((1 << of) - 1)
    return np.array([int(one).bit_count() for one in window], dtype=np.int64)


def push(ring: Floats, rows: Ints, values: Floats) -> None:
    """Append one value to the end of each ring."""
    ring[rows, :-1] = ring[rows, 1:]
    ring[rows, -1] = values


def end_absent(tracked: Tracked, at: float, tuning: Tuning) -> list[Labels]:
    """End the trouble of series that have sent nothing for long. Returns these series, because this end is not a
    recovery."""
    size = len(tracked.index)
    gone = (tracked.status[:size] != SeriesState.NORMAL) & (at - tracked.seen[:size] > tuning.no_data_seconds)
    rows = np.flatnonzero(gone)
    tracked.clear(rows)
    series = list(tracked.index) if len(rows) else []
    return [series[row] for row in rows]


def end_idle(tracked: Tracked, rows: Ints, idle: Bools, apart: Floats, seconds: float, tuning: Tuning) -> list[int]:
    """End the trouble of series that have no requests any more although their sender is heard. Returns their rows.
    idle: which series had no requests in this step although their sender was heard. apart: seconds between requests
    during the trouble. seconds: the length of the step."""
    tracked.idle[rows] = np.where(idle, tracked.idle[rows] + 1, 0)
    patience = np.clip(tuning.ended_calls * np.nan_to_num(apart), tuning.ended_seconds, tuning.no_data_seconds)
    troubled = tracked.status[rows] != SeriesState.NORMAL
    over = rows[idle & troubled & (tracked.idle[rows] * seconds >= patience)]
    tracked.clear(over)
    return [int(row) for row in over]


def long_in_trouble(tracked: Tracked, at: float, patience: float) -> list[tuple[int, Labels]]:
    """Return rows and labels of series that have been in trouble for at least `patience` seconds."""
    rows = np.flatnonzero(at - tracked.onset[: len(tracked.index)] >= patience)
    series = list(tracked.index) if len(rows) else []
    return [(int(row), series[row]) for row in rows]
