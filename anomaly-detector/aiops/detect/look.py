"""Read the state without advancing it: what is expected of series now, and how they do."""

from collections.abc import Sequence

import numpy as np

from aiops.detect.families import errors, latency
from aiops.detect.rows import Floats, Ints
from aiops.detect.state import Lived, State
from aiops.detect.tuning import Tuning
from aiops.model import Family, Labels, SeriesState, Sight, Tier, Verdict


def look(state: State, scopes: Sequence[Labels], tuning: Tuning) -> dict[Labels, dict[Family, Verdict]]:
    """The last judgement on each family of each scope, with the expectation for the next step; observed is NaN. A
    scope that was never judged has none."""
    out: dict[Labels, dict[Family, Verdict]] = {scope: {} for scope in scopes}
    known = [scope for scope in scopes if scope in state.errors.index]
    rows = np.array([state.errors.index[scope] for scope in known], np.int64)
    usual, upper = errors.expected_ratio(state.errors, rows, tuning)
    _verdicts(state.errors, Family.ERRORS, known, rows, (usual, np.zeros(len(rows)), upper), out)
    known = [scope for scope in scopes if scope in state.latency.index]
    rows = np.array([state.latency.index[scope] for scope in known], np.int64)
    _verdicts(state.latency, Family.LATENCY, known, rows, latency.band(state.latency, rows, tuning), out)
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


def _verdicts(
    lived: Lived,
    family: Family,
    scopes: Sequence[Labels],
    rows: Ints,
    band: tuple[Floats, Floats, Floats],
    out: dict[Labels, dict[Family, Verdict]],
) -> None:
    columns = (lived.seen[rows], *band, lived.score[rows], lived.tier[rows], lived.life[rows])
    for scope, seen, expected, lower, upper, score, tier, life in zip(
        scopes, *(one.tolist() for one in columns), strict=True
    ):
        out[scope][family] = Verdict(
            scope, family, seen, float("nan"), expected, lower, upper, score, 0.0, Tier(tier), SeriesState(life)
        )
