"""Young series: of those only overwhelming evidence is told, by the number of bad requests.

A series is young in its first quarter of an hour, and until it has twenty points. What is normal is hardly known then,
and a few requests are easily all slow or all bad by chance. Age is counted in the time of telemetry, so history that
was back-filled or generated counts. Its verdicts have the tier of the fixed rules, and its findings that confidence.
"""

import numpy as np

from aiops.detect.tracked import Tracked
from aiops.detect.tuning import Tuning
from aiops.model.arrays import Bools, Floats, Ints


def note_birth(tracked: Tracked, rows: Ints, at: float, seconds: float) -> None:
    """Note when these series were first heard. at, seconds: end (Unix seconds) and length of this step. What an earlier
    release learned has no such time: it is at least as old as its points."""
    born = tracked.born[rows]
    tracked.born[rows] = np.where(np.isnan(born), at - (tracked.points[rows] + 1) * seconds, born)


def is_young(tracked: Tracked, rows: Ints, at: float, tuning: Tuning) -> Bools:
    """Return which of these series are young at a time, Unix seconds."""
    young: Bools = (at - tracked.born[rows] < tuning.young_seconds) | (tracked.points[rows] < tuning.defaults_points)
    return young


def has_grown(tracked: Tracked, rows: Ints, at: float, tuning: Tuning) -> Bools:
    """Return which of these series were young at their last step and are not at this one."""
    before = tracked.seen[rows] - tracked.born[rows] < tuning.young_seconds
    few = tracked.points[rows] <= tuning.defaults_points
    grown: Bools = (before | few) & ~is_young(tracked, rows, at, tuning)
    return grown


def outweighed(total: Floats, grown: Bools, tuning: Tuning) -> Floats:
    """Return the factor by which sums of requests shrink when a series has grown: what it learned while young counts as
    few requests, so that a bad beginning does not outweigh what follows. total: requests that are remembered."""
    return np.where(grown, tuning.young_weight / np.maximum(total, tuning.young_weight), 1.0)


def overwhelming(score: Floats, bad: Floats, tuning: Tuning) -> Floats:
    """Return a score of counts as the score of a young series: 1 where chance is ruled out by far, 0 where there are
    too few bad requests. score: log of the probability over that of the usual boundary."""
    held: Floats = score * (np.log(tuning.false_alarm) / np.log(tuning.young_false_alarm))
    return np.where(bad >= tuning.young_bad, held, 0.0)
