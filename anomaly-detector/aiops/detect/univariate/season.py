"""What differs by the time of the day and by the hour of the week, used once it has been shown to help.

Three forecasts stand beside each other: the mean; Holt-Winters by the time of the day; the same with a correction by
the hour of the week. Their errors decide which one counts. Where the mean counts, a time of the day may still earn its
place alone: a job of ten minutes at night does not make the errors of a day smaller, but that time is known by itself.
"""

from dataclasses import dataclass, field

import numpy as np

from aiops.detect.rows import Arrays, array
from aiops.detect.univariate.holt_winters import (
    ALPHA,
    BETA,
    GAMMA,
    PHI,
    VISITS,
    WEEK,
    HoltWinters,
    KnownValue,
    Profile,
    bucket_at,
    bucket_ended,
    gain,
    gather,
    offset_held,
    put,
    sharpen,
)
from aiops.detect.univariate.ops import Each, SeriesRows, chosen, clip, double, either, part, truncated
from aiops.model.arrays import Array, Bools, Floats

DAY_SECONDS = 86_400.0
FORECASTS = 3
BETTER = 0.95
"""How much smaller a season must make the errors."""
LOSS_POINTS = 500
SURE_POINTS = 50
FITTED_POINTS = 25
"""Points of a series, and of those where the season was known, before it is trusted."""
HOUR_POINTS = 1000.0
HOUR_DAYS = 21.0
"""Points and days over which the spread of an hour of the day is learned."""
SHARP = 32.0
"""Quanta of a profile in one deviation, at least half as many."""
MOST_GAIN = 8.0
GAIN_DAYS = 4.0
"""The largest gain, in deviations, that one day gives a time of the day, and the days over which it is learned."""
FINE = 4.0
"""Steps of a gain, as it is stored, in one deviation."""


@dataclass(slots=True)
class Season(Arrays):
    """The seasons of each series. loss: mean absolute errors of the three forecasts, clipped `(series, FORECASTS)`;
    spread: mean squares of their residuals; known: points at which each knew the time. hour: by the hour of the day,
    the mean square of residuals over that of all hours `(series, 24)`. slots: of each time of the day, by how many
    deviations it is better known by itself, and whether the day before was far off and to which side. unusual: whether
    the open bucket of the day has a point of an alarm."""

    day: HoltWinters = field(default_factory=lambda: HoltWinters(288, 300.0, whole=True))
    week: Profile = field(default_factory=lambda: Profile(42, 14_400.0, whole=True))
    loss: Array = array(FORECASTS, dtype=np.float32, order="F")
    spread: Floats = array(FORECASTS, order="F")
    known: Array = array(FORECASTS, dtype=np.int32, order="F")
    hour: Array = array(24, fill=1, dtype=np.float32, order="F")
    slots: Array = array(288, dtype=np.int8, order="F")
    unusual: Array = array(dtype=np.bool_)


def monday(at: float | Floats) -> Floats:
    """Seconds since Monday 00:00 UTC of a Unix time."""
    return np.asarray((np.asarray(at) + 3 * 86_400.0) % WEEK)


def best_forecast(n: Season, row: SeriesRows, points: Each) -> Each:
    """Return the forecast to go by: 0 the mean, 1 by day, 2 by week; a season only once it has made errors clearly
    smaller."""
    none, day, week = double(n.loss[row, 0]), double(n.loss[row, 1]), double(n.loss[row, 2])
    old = points > SURE_POINTS
    by_day = old & (n.known[row, 1] >= FITTED_POINTS) & (day < BETTER * none)
    by_week = old & (n.known[row, 2] >= FITTED_POINTS) & (week < BETTER * np.minimum(none, day))
    return either(by_week, 2, either(by_day, 1, 0))


def steepness(around: tuple[KnownValue, KnownValue, KnownValue]) -> Floats:
    """Return how far a time of the day is from the times before and after it, 0 where one is not known."""
    (before, known_before), (here, known), (after, known_after) = around
    farther = np.maximum(np.abs(here - before), np.abs(here - after))
    steep: Floats = either(known & known_before & known_after, farther, 0.0)
    return steep


def gained(n: Season, row: SeriesRows, slot: Each) -> Floats:
    """Return by how many deviations a time of the day is better known by itself."""
    gains: Floats = np.rint(n.slots[row, slot] / 3.0) / FINE
    return gains


def far_off(n: Season, row: SeriesRows, slot: Each) -> Each:
    """Return the side on which the day before was far off at a time of the day: -1, 0 or 1."""
    return n.slots[row, slot] - 3.0 * np.rint(n.slots[row, slot] / 3.0)


def spread_at(n: Season, row: SeriesRows, local: Each) -> Floats:
    """Return the mean square of residuals at this hour of the day over that of all hours."""
    spreads: Floats = double(n.hour[row, truncated((local % DAY_SECONDS) / 3600.0)])
    return spreads


def learn_error(n: Season, row: SeriesRows, which: int, residual: Each, known: Bools, limits: tuple[Each, ...]) -> None:
    """Take in the residual of a forecast. limits: the largest error for the comparison of forecasts, the smallest
    deviation, the points over which the spread is learned, and the share of that gain now."""
    most, floor, memory, share_now = limits
    count = n.known[row, which] + known
    loss, spread, error = double(n.loss[row, which]), double(n.spread[row, which]), np.abs(residual)
    share = 1 / np.minimum(n.known[row, 0] + 1.0, LOSS_POINTS)
    widest = either(count > 1, MOST_GAIN * np.maximum(np.sqrt(spread), floor), np.inf)
    change = (np.minimum(error, widest) ** 2 - spread) / clip(count, 1, memory)
    n.known[row, which] = count
    n.loss[row, which] = loss + share * (np.minimum(error, most) - loss)
    n.spread[row, which] = spread + either(known, share_now * change, 0.0)


def learn_hour(n: Season, row: SeriesRows, local: Each, square: Each, gain_: Each) -> None:
    """Learn the spread of an hour of the day. square: of the residual over the deviation; gain_: 0 for no learning."""
    hour = truncated((local % DAY_SECONDS) / 3600.0)
    n.hour[row, hour] = clip(n.hour[row, hour] * (1 + (np.minimum(square, 16.0) - 1) * gain_), 0.05, 20.0)


def learn(
    n: Season, row: SeriesRows, local: Each, value: Each, alarm: Bools, known: Bools, around: tuple[Each, ...]
) -> None:
    """Learn a value. known: whether the hour of the week is. around: the mean, the forecast by day, the deviation, and
    the most that a value may move a season by."""
    mean, day, deviation, most = around
    slot, hour = bucket_at(n.day, local), bucket_at(n.week, local)
    over = bucket_ended(n.day, row, slot)
    for some in chosen(row, over):
        _close_day(n, some, part(mean, over), part(deviation, over), part(most, over))
    gather(n.day, row, slot, value)
    n.unusual[row] = (n.unusual[row] != 0) | alarm
    heard = np.logical_not(alarm & known)  # while an hour is not known, an alarm may be what comes every day
    last = heard & bucket_ended(n.week, row, hour)
    for some in chosen(row, last):
        _close_week(n, some)
    off = clip(value - day, -most, most)
    if np.all(heard):
        gather(n.week, row, hour, off)
    else:
        for some in chosen(row, heard):
            gather(n.week, some, part(hour, heard), part(off, heard))


def _close_week(n: Season, row: SeriesRows) -> None:
    """Learn by how much these hours of the week differ from the forecast by day."""
    bucket = n.week.open[row] * 1
    seen = np.minimum(n.week.visits[row, bucket] * 1 + 1, 255)
    offset = offset_held(n.week, row, bucket)
    share = np.maximum(GAMMA, 1.0 / seen)
    n.week.visits[row, bucket] = seen
    put(n.week, row, bucket, offset + share * (n.week.total[row] / n.week.points[row] - offset))


def _close_day(n: Season, row: SeriesRows, mean: Each, deviation: Each, most: Each) -> None:
    """Learn the time of the day that has ended: by little, if it is far off once; wholly, if it was far off to the same
    side on the day before."""
    h = n.day
    slot, level = h.open[row] * 1, h.level[row] * 1.0
    found, visits = h.total[row] / h.points[row], h.visits[row, slot] * 1
    offset, damped = offset_held(h, row, slot), gain(h, row, 3, PHI) * h.trend[row]
    error = found - level - damped - offset
    moved, side, alarm = clip(error, -most, most), np.sign(error), n.unusual[row] != 0
    far = (np.abs(error) > most) & (visits >= 1)
    again = far & (far_off(n, row, slot) == side)
    near = np.logical_not(far) & (np.logical_not(alarm) | (visits < VISITS))
    learned = again | near | (far & np.logical_not(alarm))
    seen = np.minimum(visits + learned, 255)
    share = either(again, error, np.maximum(gain(h, row, 2, GAMMA), 1.0 / np.maximum(seen, 1)) * moved)
    alpha = np.maximum(gain(h, row, 0, ALPHA), 1 / (h.closed[row] + 2.0))
    better = clip((np.abs(found - mean) - np.abs(found - mean - offset)) / deviation, -MOST_GAIN / 4, MOST_GAIN)
    before = gained(n, row, slot)
    gains = before + either(visits >= VISITS, (better - before) / clip(visits - 1.0, 1.0, GAIN_DAYS), 0.0)
    h.level[row] = level + either(near, damped + alpha * moved, 0.0)
    h.trend[row] = either(near, damped + alpha * gain(h, row, 1, BETA) * moved, h.trend[row])
    h.closed[row] += near * 1
    h.visits[row, slot] = seen
    n.slots[row, slot] = 3.0 * np.rint(FINE * gains) + either(far & np.logical_not(again), side, 0.0)
    n.unusual[row] = False
    put(h, row, slot, offset + either(learned, share, 0.0))
    coarse = (slot == 0) & (h.quantum[row] > 2 * deviation / SHARP)
    for some in chosen(row, coarse):
        sharpen(h, some, part(deviation, coarse) / SHARP)
        sharpen(n.week, some, part(deviation, coarse) / SHARP)
