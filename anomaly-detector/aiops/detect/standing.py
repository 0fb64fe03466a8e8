"""Where a series stands: everything that decides whether it alerts, read from the state without advancing it."""

from math import isfinite, nan

import numpy as np

from aiops.detect import families, series_state
from aiops.detect.state import State
from aiops.detect.tuning import Tuning
from aiops.model import ConfirmationRule, Family, Labels, SeriesState, Standing, Tier


def confirmation(family: Family, tuning: Tuning) -> ConfirmationRule:
    """Return how a family confirms a trouble."""
    return next(one for one in families.FAMILIES if one.name == family).rule(tuning)


def standing(state: State, series: Labels, family: Family, tuning: Tuning) -> Standing | None:
    """Return where a series stands after its last step; None for one that was never heard."""
    of = next(one for one in families.FAMILIES if one.name == family)
    tracked = state.of(of)
    row = tracked.index.get(series)
    if row is None or state.at is None:
        return None
    rule, status = of.rule(tuning), SeriesState(int(tracked.status[row]))
    onset, born, seen = (float(one[row]) for one in (tracked.onset, tracked.born, tracked.seen))
    observed, expected = of.observed(tracked, row, tuning) if status >= SeriesState.INCIDENT else (nan, nan)
    return Standing(
        family=family,
        at=seen,
        until=state.at,
        state=status,
        tier=Tier(int(tracked.tier[row])),
        score=float(tracked.score[row]),
        onset=onset if isfinite(onset) else None,
        observed=observed,
        expected=expected,
        abnormal=int(series_state.bits(np.array([tracked.hot[row]]), rule.of)[0]),
        calm=int(tracked.calm[row]),
        points=int(tracked.points[row]),
        watched=seen - born if isfinite(born) else nan,
        enough=of.enough(tracked, row, tuning),
        rule=rule,
        young_seconds=tuning.young_seconds,
        absent_seconds=tuning.no_data_seconds,
    )


def known_series(state: State, service: str) -> list[tuple[Labels, Family]]:
    """Return the series of a service that were ever heard, with their families."""
    key = ("service", service)
    return [(one, family.name) for family in families.FAMILIES for one in state.of(family).index if key in one]
