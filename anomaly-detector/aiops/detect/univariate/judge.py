"""One value of a series: what was expected, how surprising it is, and what is learned of it.

Three views of each point. The first compares with all of the series' past: its mean, or Holt-Winters by the time of the
day or the week once that has been shown to help, and the spread of what that leaves at this hour. It sees what never
was. The second compares with the last points: it sees a sudden jump in what wanders. The third takes the residuals of a
window together: it sees what is small and stays. Each has a tail of its own upwards and downwards, so that neither
spikes that come all the time nor slow drifts tell anybody, and dips hide no rises. A score of 1 is what the first view
of a healthy series exceeds once in `days_per_false_alarm`.

While an alarm is on, tails and known hours do not learn, and the mean hardly does; at its end its largest evidence
counts for no more than what an alarm needs, unless there are more alarms than incidents could be. One that lasts is
what the series is like now: level and spread move there. When the old level fits again it moves back at once, and
nobody is told of it. What comes at the same time of the day again and again is told a few times, and then not any more.
"""

from typing import Final

import numpy as np

from aiops.detect.univariate.alarms import MOST_DEVIATIONS, SMALLEST, advance_alarm, recall, views_of, vote
from aiops.detect.univariate.holt_winters import ahead, between, bucket_at, seasons
from aiops.detect.univariate.ops import Each, SeriesRows, aside, chosen, clip, either, middle, part, variance
from aiops.detect.univariate.season import (
    DAY_SECONDS,
    HOUR_DAYS,
    HOUR_POINTS,
    best_forecast,
    gained,
    learn,
    learn_error,
    learn_hour,
    spread_at,
    steepness,
)
from aiops.detect.univariate.state import VIEWS, WARMUP, State
from aiops.detect.univariate.tails import FINE, boundary
from aiops.detect.univariate.tuning import Tuning
from aiops.model.arrays import Floats

UNTOLD: Final = 0.99
"""The score of what would be an alarm, but is a recurrence, or the first excursion of a still series."""


def begin(s: State, row: SeriesRows, value: Each, t: Tuning) -> None:
    """Take in a value of the warm-up; with the last one, the series has a level and a spread."""
    for place in range(WARMUP):
        now = s.points[row] == place
        for some in chosen(row, now):
            s.first[some, place] = part(value, now)
    s.points[row] += 1
    ready = s.points[row] >= WARMUP
    for some in chosen(row, ready):
        first = s.first[some].astype(np.float64)
        centre = middle(first)
        floor = 1e-9 + t.relative * np.abs(centre)
        varied = variance(first)
        wide = 1.4826 * middle(np.abs(aside(first, centre)))
        s.mean[some] = s.level[some] = centre
        s.season.day.level[some] += centre
        s.variance[some] = np.maximum(varied, 1e-12)
        s.scale[some] = np.maximum(np.maximum(wide, 0.3 * np.sqrt(varied)), floor)
        fine = np.maximum(np.sqrt(varied), floor) / 32.0
        s.season.day.quantum[some] = fine
        s.season.week.quantum[some] = fine


def advance(  # type: ignore[no-untyped-def]
    s: State, row: SeriesRows, value: Each, when: tuple[float, float, Each], t: Tuning, reach: bool
):
    """Judge a value that is past the warm-up, and learn it. when: Unix seconds, the seconds between points, and the
    seconds since Monday 00:00 where the series live.

    Returns score, expected, lower, upper (where the first view would alarm), whether an alarm is on, which forecast
    was used, and with `reach` the smallest fall and rise that any view would have told.
    """
    n, (at, step, local) = s.season, when
    points, floor = s.points[row], 1e-9 + t.relative * np.abs(s.mean[row])
    slot, hour = bucket_at(n.day, local), bucket_at(n.week, local)
    around = seasons(n.day, row, slot)
    of_day, day_known = between(n.day, around, local, step)
    of_week, week_known = between(n.week, seasons(n.week, row, hour), local, step)
    day = ahead(n.day, row) + of_day
    week = day + of_week
    best = either(s.still[row] > t.still, 0, best_forecast(n, row, points))  # of a still series, errors compare nothing
    earned = day_known & (gained(n, row, slot) > t.slot)
    plain = s.mean[row] + either(earned & (best == 0), around[1][0], 0.0)
    expected = either(best == 0, plain, either(best == 1, day, week))
    square = either(best == 0, s.variance[row], either(best == 1, n.spread[row, 1], n.spread[row, 2]))
    deviation = np.maximum(np.maximum(np.sqrt(square), floor) * np.sqrt(spread_at(n, row, local)), floor)
    deviation = np.maximum(deviation, t.rough * either(earned | (best > 0), steepness(around), 0.0))
    scale = np.maximum(np.maximum(s.scale[row], floor), t.jump_least * deviation)
    gap = np.sqrt(np.maximum((at - s.seen[row]) / step, 1.0))  # what wanders goes further while nobody looks
    residual = clip(value - expected, -MOST_DEVIATIONS * deviation, MOST_DEVIATIONS * deviation)
    jump = (value - s.level[row]) / scale
    width = clip(t.window_seconds / step, 2.0, t.window_points)
    share = 2.0 / (width + 1.0)
    deviations = residual / deviation
    lately = s.lately[row] + share * (clip(deviations, -t.clip, t.clip) - s.lately[row])
    window = lately / np.sqrt(share / (2.0 - share))

    often = step / (t.days_per_false_alarm * DAY_SECONDS) / 2.0
    wider = 1.0 + t.young * WARMUP / points
    up = _bound(s, row, 0, often, wider, t)
    down = _bound(s, row, 1, often, wider, t)
    jump_up = _bound(s, row, 2, often * t.share_jump, wider, t)
    jump_down = _bound(s, row, 3, often * t.share_jump, wider, t)
    window_up = _bound(s, row, 4, often * t.share_window, wider, t)
    window_down = _bound(s, row, 5, often * t.share_window, wider, t)

    least_fall = _smallest((down, jump_down, window_down), deviation, scale, (share, step), t) if reach else np.nan
    least_rise = _smallest((up, jump_up, window_up), deviation, scale, (share, step), t) if reach else np.nan

    # The level was moved for an alarm that lasted, and the series does again what it did before.
    outside = np.maximum(deviations / up, -deviations / down)
    back = s.moved[row] != 0
    for _ in chosen(row, back):
        back = back & (outside >= 1) & (np.abs(residual + s.moved[row]) < np.minimum(up, down) * deviation)
        moved = either(back, s.moved[row] * 1.0, 0.0)
        plain, day, week, expected = plain - moved, day - moved, week - moved, expected - moved
        residual = residual + moved
        _move(s, row, -moved, either(back, 0.0, s.moved[row]))
        deviations = residual / deviation
        outside = np.maximum(deviations / up, -deviations / down)
    # Or an alarm is on, and the series is where it was before: that it returns is no trouble either.
    was = s.alarm[row] != 0
    high = (s.peak[row, 0] >= 0.99 * up) | (s.peak[row, 1] >= 0.99 * down)
    home = was & high & (outside < t.home)
    back = back | home
    jump, window, lately = either(back, 0.0, jump), either(back, 0.0, window), either(back, 0.0, lately)
    s.level[row] = either(back, value, s.level[row])

    # A window counts only while the present point is on its side: what is over is no trouble any more.
    rise = either(deviations > 0, window, 0.0)
    fall = either(deviations < 0, -window, 0.0)
    leap = jump / gap
    evidence = (_seen(deviations), _seen(-deviations), _seen(leap), _seen(-leap), _seen(rise), _seen(fall))
    bounds = (up, down, jump_up, jump_down, window_up, window_down)
    rising, falling = evidence[0] / up, evidence[1] / down
    for view in range(2, views_of(step, t), 2):
        rising = np.maximum(rising, evidence[view] / bounds[view])
        falling = np.maximum(falling, evidence[view + 1] / bounds[view + 1])
    score = np.maximum(rising, falling)

    away = value != s.usual[row]
    s.away[row] = either(away, np.minimum(s.away[row] + 1, 30_000), 0)
    s.excursions[row] = np.minimum(s.excursions[row] + either(s.away[row] == 1, 1, 0), 30_000)
    new = (s.still[row] > t.still) & away & (s.excursions[row] <= t.excursions) & (s.away[row] < 2)
    score = either(new, np.minimum(score, UNTOLD), score)
    begun = (score >= 1) & (s.alarm[row] == 0)
    for some in chosen(row, begun):
        side, size = either(part(rising >= falling, begun), 1, -1), FINE * np.log(part(score, begun))
        recall(s, some, at, side, size, step, t)
    above = score >= 1
    told = either(above & (s.hushed[row] != 0), UNTOLD, score)

    vote(s, row, value)
    settled = advance_alarm(s, row, above, residual, (evidence, bounds), step, t)
    alarm = s.alarm[row] != 0

    most = t.clip * np.maximum(np.sqrt(s.variance[row]), floor)
    memory = np.minimum(t.memory_points, t.memory_days * DAY_SECONDS / step)
    limits = (
        t.clip * deviation,
        floor,
        memory,
        either(alarm & (s.aside_points[row] > t.spread_points * clip(1000.0 / points, 1 / 3, 1.0)), 0.0, 1.0),
    )
    learn_error(n, row, 0, value - plain, points > 0, limits)
    learn_error(n, row, 1, value - day, day_known, limits)
    learn_error(n, row, 2, value - week, week_known, limits)
    learn(n, row, local, value, alarm, week_known, (s.mean[row] * 1.0, day, deviation, most))
    quick = np.maximum(1.0 / (points / 24.0 + HOUR_POINTS), step / (HOUR_DAYS * 3600.0))
    learn_hour(n, row, local, deviations * deviations, either(alarm, 0.0, quick))
    gain = either(alarm, t.frozen, 1.0) / np.minimum(points + 1.0, memory)
    off = clip(value - s.mean[row], -most, most)
    s.mean[row] += gain * off
    s.variance[row] += gain * (off * off - s.variance[row])
    s.points[row] = points + 1.0

    for some in chosen(row, settled):  # it was no spread and no tail, but a level: only that is learned of it
        for which in range(3):
            n.spread[some, which] = np.maximum(s.before[some, which], s.apart[some])
        s.variance[some] = np.maximum(s.variance[some], s.apart[some])
        _move(s, some, s.aside[some] * 1.0, s.moved[some] + s.aside[some])
    s.aside_points[row] = either(alarm, s.aside_points[row], 0)
    held = clip(jump, -t.jump_clip, t.jump_clip)
    s.level[row] += t.follow * held * scale
    growth = t.scale_follow * (1.25 * np.abs(held) * scale - s.scale[row])
    s.scale[row] += either(alarm, 0.0, growth)
    s.lately[row] = either(was & np.logical_not(alarm), 0.0, lately)
    s.seen[row] = at
    told_now = alarm & (s.hushed[row] == 0)
    return (
        told,
        expected,
        expected - down * deviation,
        expected + up * deviation,
        told_now,
        best,
        least_fall,
        least_rise,
    )


def _seen(deviations: Each) -> Each:
    """Return evidence in the range in which it says something."""
    return clip(deviations, SMALLEST, MOST_DEVIATIONS)


def _bound(s: State, row: SeriesRows, view: int, often: float, wider: Each, t: Tuning) -> Floats:
    """Return the evidence at which a view alarms."""
    bound: Floats = np.maximum(boundary(s.tails, row, view, often), t.least) * wider
    return bound


def _smallest(bounds: tuple[Each, ...], deviation: Each, scale: Each, window: tuple[Each, float], t: Tuning) -> Each:
    """Return the smallest change to one side that is told, by the boundaries of the three views: of one point, or, by
    the window, of all points from then on; a point moves the window by `clip` deviations at most. window: the share
    that its mean takes of a point, and seconds between points."""
    bound, jump, lasting = bounds
    share, step = window
    lasting = lasting * np.sqrt(share / (2.0 - share))
    lasting = either((views_of(step, t) == VIEWS) & (lasting <= t.clip), lasting, np.inf)
    return np.minimum(np.minimum(bound, lasting) * deviation, jump * scale)


def _move(s: State, row: SeriesRows, by: Each, moved: Each) -> None:
    """Raise all levels, and remember by how much they are moved."""
    s.mean[row] += by
    s.season.day.level[row] += by
    s.moved[row] = moved
