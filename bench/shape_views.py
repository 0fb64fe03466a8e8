"""Views of a series by its shape: what each gives is a few series of its own, which the detector of any metric judges.

Points are put on a grid first: means of five minutes, or of the step of the series if that is longer; where none is,
the last one stays. A view gives its evidence at the last point of each interval, by what was there until then.

profile    The left matrix profile (Yeh et al., ICDM 2016; the left one: Zhu et al., "time series chains", ICDM 2017;
           row by row as STOMP, Zhu et al., ICDM 2016): the distance of the last window to the most similar one before
           it, of the last 14 days, both with mean 0 and deviation 1. A deviation counts as no less than a share of the
           median one, because a flat window would else be noise made large.
same-time  The root mean square difference between the last window and the same time of the day, of one to seven days
           before and 10 minutes more or less; the smallest of them. Level and height count.
movement   The mean size of a step from interval to interval. This is what `aiops backtest --shapes` uses.
crossings  How often the window crosses its own mean.
rises      By how many more steps went up than down.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from aiops.backtest.shapes import SECONDS, Intervals, intervals, movement
from bench.ours import judged
from bench.series import Flags, Floats

DAY: Final = 86_400.0
WINDOW: Final = 24
"""Intervals of a window; `crossings` and `rises` have two of them."""
BEFORE_DAYS: Final = 14
"""Days of windows that the profile is compared with."""
FLOOR: Final = 0.3
"""The smallest deviation of a window, as a share of the median one so far."""
DAYS: Final = 7
SHIFT: Final = 600.0
FRESH: Final = 2016
"""Windows after which sums are made anew: differences of large sums lose digits."""

View = Callable[[Intervals], Floats]
"""The series of a view, `(intervals,)`, NaN where nothing is known."""


def profile(of: Intervals, width: int = WINDOW) -> Floats:
    """The left matrix profile."""
    values, known, out = of.held, of.known(width), np.full(len(of.values), np.nan)
    if len(values) < 2 * width:
        return out
    x = values - np.median(values[:width])
    windows = sliding_window_view(x, width)  # window j ends at j + width - 1
    mean, deviation = windows.mean(axis=1), windows.std(axis=1)
    usual = _median_so_far(deviation)
    far, most = np.where(known[width - 1 :], 0.0, np.inf), int(BEFORE_DAYS * DAY / of.seconds)
    sums = np.zeros(0)
    first = 0
    for place in range(width, len(windows)):
        begins, end = max(0, place - most), place - width + 1  # windows that do not touch this one
        if place % FRESH == 0 or place == width:
            sums = windows[begins:end] @ windows[place]
        else:
            kept = slice(max(begins - 1, 0), end - 1)
            moved = (
                sums[kept.start - first : kept.stop - first]
                + x[place + width - 1] * x[kept.start + width : end - 1 + width]
            )
            moved -= x[place - 1] * x[kept]
            sums = moved if begins > 0 else np.append(windows[0] @ windows[place], moved)
        first = begins
        if not known[place + width - 1]:
            continue
        floor = max(FLOOR * usual[place], 1e-12)
        here, there = max(deviation[place], floor), np.maximum(deviation[begins:end], floor)
        alike = (sums - width * mean[place] * mean[begins:end]) / (here * there)
        square = width * ((deviation[place] / here) ** 2 + (deviation[begins:end] / there) ** 2) - 2 * alike
        out[place + width - 1] = np.sqrt(max(float((square + far[begins:end]).min()), 0.0))
    out[~np.isfinite(out)] = np.nan
    return out


def same_time(of: Intervals, width: int = WINDOW) -> Floats:
    """The difference from the same time of the day."""
    values, known = of.held, of.known(width)
    out, day, shift = np.full(len(values), np.inf), round(DAY / of.seconds), int(SHIFT // of.seconds)
    for lag in (number * day + off for number in range(1, DAYS + 1) for off in range(-shift, shift + 1)):
        if lag + width > len(values):
            continue
        square = np.cumsum(np.append(0.0, (values[lag:] - values[:-lag]) ** 2))
        mean = (square[width:] - square[:-width]) / width
        at = slice(lag + width - 1, None)
        there = known[width - 1 : len(values) - lag]
        out[at] = np.minimum(out[at], np.where(there, np.sqrt(np.maximum(mean, 0.0)), np.inf))
    return np.where(known & np.isfinite(out), out, np.nan)


def crossings(of: Intervals, width: int = 2 * WINDOW) -> Floats:
    """How often it crosses its mean."""
    out = np.full(len(of.values), np.nan)
    if len(out) > width:
        windows = sliding_window_view(of.held, width)
        above = windows > windows.mean(axis=1, keepdims=True)
        out[width - 1 :] = (above[:, 1:] != above[:, :-1]).sum(axis=1)
    return np.where(of.known(width), out, np.nan)


def rises(of: Intervals, width: int = 2 * WINDOW) -> Floats:
    """By how many more steps went up than down."""
    sides = np.cumsum(np.append(np.zeros(width), np.sign(np.diff(of.held))))
    return np.where(of.known(width), sides[width - 1 :] - sides[: -width + 1], np.nan)


VIEWS: Final[dict[str, View]] = {
    "profile": profile,
    "same-time": same_time,
    "movement": movement,
    "crossings": crossings,
    "rises": rises,
}
UPWARDS: Final = frozenset({"profile", "same-time"})
"""Distances: what is nearer than usual is no trouble."""


def kept(name: str) -> int:
    """The numbers that an online form of a view keeps of a series with intervals of five minutes."""
    day, windows = int(DAY / SECONDS), int(BEFORE_DAYS * DAY / SECONDS)
    shifts = DAYS * (2 * int(SHIFT / SECONDS) + 1)
    return {
        "profile": 4 * windows,  # values, products with the last window, means, deviations
        "same-time": DAYS * day + WINDOW + shifts,  # values, and a sum of squares for each place that is tried
        "movement": WINDOW,
    }.get(name, 2 * WINDOW)


def score(name: str, times: Floats, values: Floats) -> tuple[Floats, Flags]:
    """Score a series by a view; also where its alarms begin. Like `bench.series.Score`."""
    later = np.flatnonzero(times > np.append(-np.inf, np.maximum.accumulate(times)[:-1]))
    out, begins = np.zeros(len(values)), np.zeros(len(values), dtype=np.bool_)
    of = intervals(times[later], values[later])
    there = of.rows >= 0
    rows, evidence = later[of.rows[there]], VIEWS[name](of)[there]
    scored, expected, on = judged(times[rows], evidence, of.seconds)
    found = np.nan_to_num(scored)
    if name in UPWARDS:
        found = np.where(evidence > expected, found, 0.0)
    out[rows], begins[rows] = found, (found >= 1) & ~np.append(False, on[:-1])
    return out, begins


def _median_so_far(of: Floats) -> Floats:
    """The median of the values up to each, followed by small steps: up or down by a hundredth."""
    out, now = np.empty(len(of)), float(of[0])
    for place, value in enumerate(of.tolist()):
        now = value if now <= 0 else now * (1.01 if value > now else 0.99)
        out[place] = now
    return out
