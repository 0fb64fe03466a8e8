"""Troubles that come at the same time of the day are habits."""

import numpy as np

from aiops.detect.state import Habitual
from aiops.detect.tuning import Tuning

DAY = 86_400.0


def habit(state: Habitual, row: int, onset: float, local: float, tuning: Tuning) -> bool:
    """Whether a trouble (its onset, Unix seconds and local) came at the same time of another of the last days; it is
    remembered for those to come."""
    since, clock = onset - state.recurred[row], np.abs(local - state.recurred_local[row]) % DAY
    lately = (since > DAY / 2) & (since < tuning.habit_days * DAY)
    found = bool((lately & (np.minimum(clock, DAY - clock) < tuning.habit_seconds)).any())
    for ring, value in ((state.recurred, onset), (state.recurred_local, local)):
        ring[row] = np.append(ring[row, 1:], value)
    return found
