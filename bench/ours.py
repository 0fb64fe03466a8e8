"""The project's own detector, as the engine runs it: point by point, one configuration for all series."""

from importlib.util import find_spec

import numpy as np

from aiops.detect.univariate import Model, Tuning
from aiops.detect.univariate.season import monday
from bench.series import Flags, Floats

STEPS = 50
"""Points whose distances give the step."""


def score(times: Floats, values: Floats) -> tuple[Floats, Flags]:
    """Score a series; also where its alarms begin, which is where somebody is told. A point whose time is not later
    than those before it is not judged."""
    step = float(np.median(np.diff(times[:STEPS]))) if len(times) > 1 else 60.0
    later = np.flatnonzero(times > np.append(-np.inf, np.maximum.accumulate(times)[:-1]))
    scored, _, on = judged(times[later], values[later], step)
    out, begins = np.zeros(len(values)), np.zeros(len(values), dtype=np.bool_)
    out[later] = np.nan_to_num(scored)
    begins[later] = (out[later] >= 1) & ~np.append(False, on[:-1])
    return out, begins


def judged(times: Floats, values: Floats, step: float, tuning: Tuning | None = None) -> tuple[Floats, Floats, Flags]:
    """Judge points in order of time, `step` seconds apart; returns score and expected, NaN where nothing was judged,
    and whether an alarm is on."""
    tuning = tuning or Tuning()
    if find_spec("numba"):
        from aiops.detect.univariate.compiled import judge_series

        found = judge_series((times, values, np.full(len(times), step), monday(times)), None, tuning)
        return found[:, 0], found[:, 1], found[:, 4] > 0
    model = Model(tuning)
    model.grow(1)
    said = [model.judge(float(at), np.array([value]), step) for at, value in zip(times, values, strict=True)]
    score, expected, on = ([float(getattr(one, name)[0]) for one in said] for name in ("score", "expected", "alarm"))
    return np.array(score), np.array(expected), np.array(on, dtype=np.bool_)
