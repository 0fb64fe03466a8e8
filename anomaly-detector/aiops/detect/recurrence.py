"""Troubles that come back at the same time of the day."""

import numpy as np

from aiops.detect.tracked import Recurring
from aiops.detect.tuning import Tuning

DAY = 86_400.0


def recurs(tracked: Recurring, row: int, onset: float, local: float, tuning: Tuning) -> bool:
    """Whether a trouble (onset in Unix seconds and in local time) came at the same time on another of the last days.
    The trouble is remembered for later comparisons."""
    since, clock = onset - tracked.recurred[row], np.abs(local - tracked.recurred_local[row]) % DAY
    lately = (since > DAY / 2) & (since < tuning.habit_days * DAY)
    found = bool((lately & (np.minimum(clock, DAY - clock) < tuning.habit_seconds)).any())
    for ring, value in ((tracked.recurred, onset), (tracked.recurred_local, local)):
        ring[row] = np.append(ring[row, 1:], value)
    return found
