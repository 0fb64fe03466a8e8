"""Read the state without advancing it: what is expected of a series now, and how it does."""

import numpy as np

from aiops.detect import errors, latency
from aiops.detect.state import Lived, State
from aiops.detect.tuning import Tuning
from aiops.model import Family, Labels, Life, Sight, Tier, Verdict


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


def sight(state: State, series: Labels, family: str, since: float, at: float, tuning: Tuning) -> Sight:
    """What is known at a time of a series that is in no trouble, and was in trouble until `since`."""
    lived: Lived = getattr(state, family)
    row = lived.index.get(series)
    if row is None:
        return Sight.UNJUDGED if at - since <= tuning.no_data_seconds else Sight.GONE
    if not at - lived.seen[row] <= tuning.no_data_seconds:
        return Sight.GONE
    return Sight.UNJUDGED if lived.tier[row] == Tier.WARMUP else Sight.WELL


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
