"""Stretches in which the boundary of a series was so wide that no change which can be expected would reach it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import inf
from typing import Final

import numpy as np

from aiops.backtest.alarms import Wide
from aiops.detect.univariate.season import DAY_SECONDS
from aiops.model.arrays import Bools, Floats

WEEKS_DAYS: Final = 21
"""Days whose range counts: as long as tails remember half of what they saw."""
FEWEST_DAYS: Final = 7
"""Days of them that must have values: before, the range says little, and boundaries are wide because they are young."""
LEAST_DAYS: Final = 3
"""Days that a stretch lasts to be named: a boundary that is wide for a day has had a bad day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """start: time of its first value. low, high, median: of its values. fall, rise: the smallest that would have been
    told at any time of it; to_zero, to_one: whether a fall to 0, or a rise to 1, would have been told at any time of
    it. judged: whether any point was. whole: whether all values are whole. full: whether it is not cut off."""

    number: int
    start: float
    low: float
    high: float
    median: float
    fall: float
    rise: float
    to_zero: bool
    to_one: bool
    judged: bool
    whole: bool
    full: bool


def too_wide(times: Floats, values: Floats, expected: Floats, least: Floats, alarm: Bools) -> tuple[Wide, ...]:
    """Return the stretches of three days or more in which the boundary to a side was too wide.

    times: Unix seconds, in order; values and expected: NaN where there are none; least: the smallest fall and rise that
    would be told, `(points, 2)`; alarm: whether one is on; such points say nothing; all others `(points,)`.

    Upwards it is too wide while at no time of a day a rise is told that is as large as the range of the last 21 days,
    and as the median: neither the widest swing nor twice of what is usual. What never changed has no range. Of a ratio
    (never below 0 or above 1) it is, while at no time of a day a rise to 1 is told. Downwards likewise; but of a series
    that was never negative, while at no time of a day a fall to 0 is told, unless 0 is its median. A day is judged by
    values before its end only.
    """
    out: list[Wide] = []
    open_: dict[bool, Wide] = {}
    days: list[_Day] = []
    for day in _days(times, values, expected, least, alarm):
        days.append(day)
        for rise in (False, True) if day.judged else ():
            found, before = _wide(days, rise), open_.pop(rise, None)
            if found is None:
                out += [replace(before, end=day.start)] if before else []
            elif before is not None:
                open_[rise] = replace(found, start=before.start, size=min(before.size, found.size))
            elif day.full:
                open_[rise] = found
    last = days[-1].start + DAY_SECONDS if days else inf
    long = (one for one in (*out, *open_.values()) if (one.end or last) - one.start > (LEAST_DAYS - 0.5) * DAY_SECONDS)
    return tuple(sorted(long, key=lambda one: (one.start, one.rise)))


def _wide(days: list[_Day], rise: bool) -> Wide | None:
    """Return the last day as a stretch, None if the boundary upwards, or downwards, was not too wide in it."""
    day = days[-1]
    near = [one for one in days[-WEEKS_DAYS:] if one.number > day.number - WEEKS_DAYS]
    if len(near) < FEWEST_DAYS:
        return None
    low, high = min(one.low for one in near), max(one.high for one in near)
    size = day.rise if rise else day.fall
    wide = high > low and size > max(high - low, abs(day.median))
    positive = all(one.low >= 0 for one in days)
    share = positive and all(one.high <= 1 for one in days) and not all(one.whole for one in days)
    edge = None
    if not rise and positive:
        edge, wide = 0.0, day.median > 0 and not day.to_zero
    if rise and share:
        edge, wide = 1.0, not day.to_one
    return Wide(rise=rise, start=day.start, end=None, size=size, low=low, high=high, edge=edge) if wide else None


def _days(times: Floats, values: Floats, expected: Floats, least: Floats, alarm: Bools) -> Iterator[_Day]:
    there = np.isfinite(values)
    times, values, expected, least, alarm = times[there], values[there], expected[there], least[there], alarm[there]
    if not len(times):
        return
    number = ((times - times[0]) // DAY_SECONDS).astype(np.int64)
    firsts = np.flatnonzero(np.diff(number, prepend=-1))
    for first, end in zip(firsts.tolist(), [*firsts[1:].tolist(), len(times)], strict=True):
        part = slice(first, end)
        value = values[part]
        judged = np.isfinite(expected[part]) & ~alarm[part]
        fall, rise = least[part][judged].T
        upper, lower = np.maximum(value, expected[part])[judged], np.minimum(value, expected[part])[judged]
        yield _Day(
            number=int(number[first]),
            start=float(times[first]),
            low=float(value.min()),
            high=float(value.max()),
            median=float(np.median(value)),
            fall=float(fall.min(initial=inf)),
            rise=float(rise.min(initial=inf)),
            to_zero=bool((fall <= upper).any()),
            to_one=bool((rise <= 1 - lower).any()),
            judged=bool(judged.any()),
            whole=bool((value == np.round(value)).all()),
            full=end < len(times),
        )
