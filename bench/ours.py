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
    scored, on = (_compiled if find_spec("numba") else _one_by_one)(times[later], values[later], step)
    out, begins = np.zeros(len(values)), np.zeros(len(values), dtype=np.bool_)
    out[later] = np.nan_to_num(scored)
    begins[later] = (out[later] >= 1) & ~np.append(False, on[:-1])
    return out, begins


def _compiled(times: Floats, values: Floats, step: float) -> tuple[Floats, Flags]:
    from aiops.detect.univariate.compiled import judge_series

    found = judge_series((times, values, np.full(len(times), step), monday(times)), None, Tuning())
    return found[:, 0], found[:, 4] > 0


def _one_by_one(times: Floats, values: Floats, step: float) -> tuple[Floats, Flags]:
    model = Model()
    model.grow(1)
    found = [model.judge(float(at), np.array([value]), step) for at, value in zip(times, values, strict=True)]
    return np.array([one.score[0] for one in found]), np.array([one.alarm[0] for one in found], dtype=np.bool_)
