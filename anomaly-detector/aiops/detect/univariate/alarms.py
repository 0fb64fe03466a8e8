"""Alarms of a series: when one begins and ends, what is remembered of it, and which is only a recurrence."""

from typing import Final

import numpy as np

from aiops.detect.univariate.ops import Each, SeriesRows, chosen, clip, double, either, entries, part, part_of_each
from aiops.detect.univariate.season import DAY_SECONDS
from aiops.detect.univariate.state import TROUBLES, VIEWS, State
from aiops.detect.univariate.tails import FINE, add, matters, pass_time
from aiops.detect.univariate.tuning import Tuning
from aiops.model.arrays import Bools

LATELY: Final = 50.0
APART: Final = 200.0
"""Points of an alarm over which its level, and its spread, are taken."""
MOST_DEVIATIONS: Final = 1e12
"""Deviations beyond which more say no more."""
SMALLEST: Final = 1e-3
EVERYTHING: Final = 1e30


def views_of(step: float, t: Tuning) -> int:
    """Return how many views count, each direction by itself: a window of less than two points is none."""
    return VIEWS if t.window_seconds >= 2 * step else VIEWS - 2


def vote(s: State, row: SeriesRows, value: Each) -> None:
    """Find the value that most points have (Boyer and Moore, 1981), and the share of points that have it."""
    same, lost = s.usual[row] == value, s.votes[row] <= 0
    s.usual[row] = either(lost, value, s.usual[row])
    s.votes[row] = either(same | lost, np.minimum(either(same, s.votes[row], 0) + 1, 500), s.votes[row] - 1)
    share = either(same | lost, 1.0, 0.0) - s.still[row]
    s.still[row] += share / np.minimum(s.points[row], 1000.0)


def recall(s: State, row: SeriesRows, at: float, side: Each, size: Each, step: float, t: Tuning) -> None:
    """Find out whether an alarm that begins came at this time of several of the last days, and remember it.

    side: 1 for upwards, -1 for downwards. size: the logarithm of its score, in
    steps of 1/FINE; far more than it
    was then is no recurrence.
    """
    found = either(side > 0, 0, 0)
    near = np.maximum(t.recurrence_seconds, step / 2.0)
    for number in range(TROUBLES):
        then = s.troubles[row, number] * 60.0 * side
        since = at - then
        clock = since % DAY_SECONDS
        like = (then > 0) & (since > DAY_SECONDS / 2) & (since < t.recurrence_days * DAY_SECONDS)
        like = like & (np.minimum(clock, DAY_SECONDS - clock) <= near)
        like = like & (size <= s.sizes[row, number] + FINE * np.log(t.recurrence_size))
        found = found + either(like, 1, 0)
    for number in range(TROUBLES - 1):
        s.troubles[row, number] = s.troubles[row, number + 1]
        s.sizes[row, number] = s.sizes[row, number + 1]
    s.troubles[row, TROUBLES - 1] = side * int(at / 60.0)
    s.sizes[row, TROUBLES - 1] = size
    s.hushed[row] = found >= t.recurrences


def advance_alarm(
    s: State, row: SeriesRows, above: Bools, residual: Each, seen: tuple[tuple[Each, ...], ...], step: float, t: Tuning
) -> Bools:
    """Begin and end alarms. While one is on, only its largest evidence is remembered, once, at its end.

    above: whether a score is 1 or more. seen: the evidence of each view, and its boundaries. Returns which alarms were
    ended because they lasted.
    """
    evidence, bounds = seen
    was = s.alarm[row] != 0
    on, begun = was | above, above & np.logical_not(was)
    half = step / (t.half_life_days * DAY_SECONDS)
    s.alarms[row] = (s.alarms[row] + either(begun & (s.hushed[row] == 0), 1.0, 0.0)) * np.exp2(-half)
    for some in chosen(row, begun):
        _begin(s, some)
    for some in chosen(row, on):
        _go_on(s, some, part(above, on), part(residual, on))
        surplus = np.maximum(double(s.alarms[some]) - t.alarms, 0.0)
        remember = either(s.still[some] > t.still, EVERYTHING, 1.0 + t.excess * surplus)
        for view in range(views_of(step, t)):
            most = np.minimum(remember * part(bounds[view], on), MOST_DEVIATIONS)
            s.peak[some, view] = np.maximum(s.peak[some, view], np.minimum(part(evidence[view], on), most))
    late = on & (s.lasted[row] >= t.longest_points)
    over = on & ((s.calm[row] > t.quiet_points) | late)
    settled: Bools = late & above
    ended, off = over & np.logical_not(settled) & (s.hushed[row] == 0), np.logical_not(on)
    pass_time(s.tails, row, half, off | ended)
    in_window, tails = off & (views_of(step, t) == VIEWS), s.tails
    new = (
        *(off & matters(tails, row, 0, evidence[0]), off & matters(tails, row, 1, evidence[1])),
        *(off & matters(tails, row, 2, evidence[2]), off & matters(tails, row, 3, evidence[3])),
        *(in_window & matters(tails, row, 4, evidence[4]), in_window & matters(tails, row, 5, evidence[5])),
    )
    for some, views in entries(row, new):
        add(tails, some, views, part_of_each(evidence, new, views))
    for some in chosen(row, ended):
        for view in range(views_of(step, t)):
            peak = double(s.peak[some, view])
            high = matters(tails, some, view, peak)
            for these in chosen(some, high):
                add(tails, these, view, part(peak, high))
    s.alarm[row] = on & np.logical_not(over)
    s.hushed[row] = (s.hushed[row] != 0) & s.alarm[row]
    return settled


def _begin(s: State, row: SeriesRows) -> None:
    """Forget what was remembered of the last alarm."""
    s.calm[row], s.lasted[row], s.aside[row], s.apart[row] = 0, -1, 0.0, 0.0
    for which in range(3):
        s.before[row, which] = s.season.spread[row, which]
    for view in range(VIEWS):
        s.peak[row, view] = 0.0


def _go_on(s: State, row: SeriesRows, above: Bools, residual: Each) -> None:
    """Take in a point of an alarm."""
    s.calm[row] = either(above, 0, s.calm[row] + 1)
    s.lasted[row] += 1
    count, off = s.aside_points[row] + 1, residual - s.aside[row]
    s.aside_points[row] = count
    s.aside[row] += off / clip(count, 1.0, LATELY)
    wide = s.apart[row] + (np.minimum(off * off, EVERYTHING) - s.apart[row]) / clip(count, 1.0, APART)
    s.apart[row] = either(count > 1, wide, 0.0)
