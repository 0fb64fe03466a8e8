"""Read the state without advancing it: what is expected of series now, and in which state they are."""

from collections.abc import Sequence
from math import nan

import numpy as np

from aiops.detect import families
from aiops.detect.families.family import verdicts
from aiops.detect.state import State
from aiops.detect.tuning import Tuning
from aiops.model import Family, Labels, Sight, Tier, Verdict


def last_verdicts(state: State, scopes: Sequence[Labels], tuning: Tuning) -> dict[Labels, dict[Family, Verdict]]:
    """Return the last verdict on each scope by the families that pages show, with the expectation for the next step;
    observed is NaN. A scope that was never judged has none."""
    out: dict[Labels, dict[Family, Verdict]] = {scope: {} for scope in scopes}
    for family in families.FAMILIES:
        tracked = state.of(family)
        known = [scope for scope in scopes if scope in tracked.index]
        rows = np.array([tracked.index[scope] for scope in known], np.int64)
        band = family.expected(tracked, rows, tuning)
        if band is None:
            continue
        for one in verdicts(family.name, tracked, known, rows, tracked.seen[rows], np.full(len(rows), nan), band):
            out[one.series][family.name] = one
    return out


def sight(state: State, series: Labels, family: Family, since: float, at: float, tuning: Tuning) -> Sight:
    """Return what is known, at a time, of a series that is in no trouble and was in trouble until `since`."""
    tracked = state.families[family]
    row = tracked.index.get(series)
    if row is None:
        return Sight.UNJUDGED if at - since <= tuning.no_data_seconds else Sight.GONE
    if not at - tracked.seen[row] <= tuning.no_data_seconds:
        return Sight.GONE
    return Sight.UNJUDGED if tracked.tier[row] == Tier.WARMUP else Sight.WELL
