"""Read the state without advancing it: what is expected of a series now, and how it does."""

import numpy as np

from aiops.detect import errors, latency
from aiops.detect.state import State
from aiops.detect.tuning import Tuning
from aiops.model import Family, Labels, Life, Tier, Verdict


def look(state: State, scope: Labels, tuning: Tuning) -> dict[Family, Verdict]:
    """The last judgement on each family of a scope, with the expectation for the next step; observed is NaN."""
    out: dict[Family, Verdict] = {}
    row = state.errors.index.get(scope)
    if row is not None:
        rows = np.array([row])
        usual, upper = errors.expected_ratio(state.errors, rows, tuning)
        out[Family.ERRORS] = _verdict(state, Family.ERRORS, scope, float(usual[0]), 0.0, float(upper[0]))
    row = state.latency.index.get(scope)
    if row is not None:
        expected, low, high = (float(one[0]) for one in latency.band(state.latency, np.array([row]), tuning))
        out[Family.LATENCY] = _verdict(state, Family.LATENCY, scope, expected, low, high)
    return out


def _verdict(state: State, family: Family, scope: Labels, expected: float, lower: float, upper: float) -> Verdict:
    lived = state.errors if family == Family.ERRORS else state.latency
    row = lived.index[scope]
    return Verdict(
        scope,
        family,
        float(lived.seen[row]),
        float("nan"),
        expected,
        lower,
        upper,
        float(lived.score[row]),
        0.0,
        Tier(int(lived.tier[row])),
        Life(int(lived.life[row])),
    )
