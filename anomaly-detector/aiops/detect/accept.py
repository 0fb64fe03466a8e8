"""What a series in trouble does now is normal, as its operator says: shown before, done, and taken back.

Only of latency and traffic: that requests fail, or that nothing comes, is never normal.
"""

from collections.abc import Mapping
from math import isfinite

import numpy as np

from aiops.detect import series_state as life
from aiops.detect.families import latency, traffic
from aiops.detect.rows import Array
from aiops.detect.state import LatencyState, Lived, State, TrafficState
from aiops.detect.tuning import Tuning
from aiops.model import Expectation, Family, Labels

ACCEPTABLE = frozenset({Family.LATENCY, Family.TRAFFIC})


class DoesNotFit(ValueError):
    """What is to be put back is of another form than what is learned now."""


def troubled(state: State, series: Labels, family: str) -> bool:
    """Whether a series is in trouble now."""
    lived: Lived = getattr(state, family)
    row = lived.index.get(series)
    return row is not None and bool(life.in_trouble(lived, np.array([row]))[0])


def proposed(state: State, series: Labels, family: Family, tuning: Tuning) -> tuple[Expectation, Expectation]:
    """What is expected of a series in trouble, and what would be if it were normal."""
    one = _lived(state, family).keep([series])
    before = _expected(one, tuning)
    _accept(one, 0, tuning)
    return before, _expected(one, tuning)


def rebaseline(state: State, series: Labels, family: Family, tuning: Tuning) -> dict[str, Array]:
    """Take what a series in trouble does now for normal; its trouble ends with that. Returns what was learned of it
    until then, for `restore`."""
    lived = _lived(state, family)
    row = lived.index[series]
    before = {name: array[row].copy() for name, array in lived.arrays()}
    _accept(lived, row, tuning)
    lived.clear(np.array([row]))
    return before


def restore(state: State, series: Labels, family: Family, learned: Mapping[str, Array]) -> None:
    """Put back what was learned of a series, trouble and all. Raises DoesNotFit, and changes nothing then."""
    lived = _lived(state, family)
    row = int(lived.rows([series])[0])
    held = dict(lived.arrays())
    for name, array in held.items():
        if name not in learned or array.shape[1:] != learned[name].shape or array.dtype != learned[name].dtype:
            raise DoesNotFit(f"what was learned of {family} had another form then")
    seen = float(np.fmax(lived.seen[row], learned["seen"]))  # it was heard since, and is no series without data
    for name, array in held.items():
        array[row] = learned[name]
    lived.seen[row] = seen


def _lived(state: State, family: Family) -> LatencyState | TrafficState:
    return state.latency if family == Family.LATENCY else state.traffic


def _accept(lived: LatencyState | TrafficState, row: int, tuning: Tuning) -> None:
    if isinstance(lived, LatencyState):
        latency.accept(lived, row, tuning)
    else:
        traffic.accept(lived, row)


def _expected(lived: LatencyState | TrafficState, tuning: Tuning) -> Expectation:
    """Of the only row: seconds of a request, or requests a second."""
    if isinstance(lived, LatencyState):
        expected, low, high = (float(one[0]) for one in latency.band(lived, np.array([0]), tuning))
        return Expectation(_known(expected), _known(low), _known(high))
    pace = max(float(lived.pace[0]), 1e-9)
    return Expectation(_known(float(lived.level[0]) / pace), None, None)


def _known(value: float) -> float | None:
    return value if isfinite(value) else None
