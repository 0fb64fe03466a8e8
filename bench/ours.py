"""The project's own detector, as the engine runs it: point by point, one configuration for all series."""

import numpy as np

from aiops.detect.univariate import Model
from bench.series import Flags, Floats

STEPS = 50
"""Points whose distances give the step."""


def score(times: Floats, values: Floats) -> tuple[Floats, Flags]:
    """Score a series; also where its alarms begin, which is where somebody is told."""
    model = Model()
    model.grow(1)
    step = float(np.median(np.diff(times[:STEPS]))) if len(times) > 1 else 60.0
    out, begins = np.zeros(len(values)), np.zeros(len(values), dtype=np.bool_)
    on = False
    for place, (at, value) in enumerate(zip(times, values, strict=True)):
        found = model.judge(float(at), np.array([value]), step)
        out[place] = 0.0 if np.isnan(found.score[0]) else found.score[0]
        begins[place] = out[place] >= 1 and not on
        on = bool(found.alarm[0])
    return out, begins
