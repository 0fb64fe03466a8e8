"""What the detector of any metric remembers of every series."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aiops.detect.rows import Arrays, array
from aiops.detect.univariate.season import FORECASTS, Season
from aiops.detect.univariate.tails import Tails
from aiops.model.arrays import Array, Bools, Floats

WARMUP: Final = 20
VIEWS: Final = 6
"""Three views, each upwards and downwards: all of the past, the last point, a window."""
TROUBLES: Final = 8


@dataclass(slots=True)
class State(Arrays):
    """One row a series, `(series,)` where nothing else is said.

    first: values of the warm-up `(series, WARMUP)`. points: how many there were. mean, variance: of all points,
    clipped. level, scale: what the last points were like. lately: mean deviation of the window. seen: time of the last
    value, Unix seconds.
    alarm, lasted, calm: whether an alarm is on, its points, those since one was above 1; peak: its largest evidence
    `(series, VIEWS)`; aside, apart, aside_points: mean and variance of its residuals, and their number; before: spread
    of the forecasts when it began; all but `aside_points` stay as they are when it ends. moved: how far the level was
    moved for an alarm that lasted, 0 if it was not. alarms: how many there were lately. troubles: the minutes in which
    the last ones began, negative for downwards `(series, TROUBLES)`; sizes: logarithms of their first scores; hushed:
    whether the present one is a recurrence.
    usual, votes: the value that most points have, by majority vote; still: the share of points with it; excursions,
    away: how often the series left it, and points since it did.
    """

    first: Array = array(WARMUP, dtype=np.float32)
    points: Floats = array()
    mean: Floats = array()
    variance: Floats = array()
    level: Floats = array()
    scale: Array = array(dtype=np.float32)
    lately: Array = array(dtype=np.float32)
    seen: Floats = array(fill=-np.inf)
    alarm: Bools = array(dtype=np.bool_)
    lasted: Array = array(dtype=np.int32)
    calm: Array = array(dtype=np.int32)
    peak: Array = array(VIEWS, dtype=np.float32, order="F")
    aside: Floats = array()
    apart: Floats = array()
    aside_points: Array = array(dtype=np.int32)
    before: Floats = array(FORECASTS, order="F")
    moved: Floats = array()
    alarms: Array = array(dtype=np.float32)
    troubles: Array = array(TROUBLES, dtype=np.int32)
    sizes: Array = array(TROUBLES, dtype=np.int16)
    hushed: Bools = array(dtype=np.bool_)
    usual: Floats = array()
    votes: Array = array(dtype=np.int16)
    still: Array = array(dtype=np.float32)
    excursions: Array = array(dtype=np.int16)
    away: Array = array(dtype=np.int16)
    season: Season = field(default_factory=Season)
    tails: Tails = field(default_factory=lambda: Tails(VIEWS))
