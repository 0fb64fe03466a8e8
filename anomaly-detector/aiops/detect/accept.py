"""Declare the present behaviour of a series in trouble normal: preview the change, apply it, undo it.

This is possible for latency and traffic only: failing requests or missing telemetry are never normal.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from aiops.detect import families, series_state
from aiops.detect.families import Adoptable
from aiops.detect.state import State
from aiops.detect.tuning import Tuning
from aiops.model import Expectation, Family, Labels
from aiops.model.arrays import Array
from aiops.model.errors import InvalidInput


class DoesNotFit(InvalidInput, ValueError):
    """The saved state has another form than the state learned now, so that it cannot be restored."""


def troubled(state: State, series: Labels, family: Family) -> bool:
    """Whether a series is in trouble now."""
    tracked = state.families[family]
    row = tracked.index.get(series)
    return row is not None and bool(series_state.in_trouble(tracked, np.array([row]))[0])


def adoptable(family: Family) -> bool:
    """Whether a person may declare a trouble of this family normal."""
    return any(isinstance(one, Adoptable) for one in families.FAMILIES if one.name == family)


def proposed(state: State, series: Labels, family: Family, tuning: Tuning) -> tuple[Expectation, Expectation]:
    """Return what is expected of a series in trouble now, and what would be expected if its behaviour were normal.
    Raises LookupError for a family that is not adoptable."""
    of = _family(family)
    alone = state.of(of).keep([series])
    before = of.expectation(alone, 0, tuning)
    of.adopt(alone, 0, tuning)
    return before, of.expectation(alone, 0, tuning)


def rebaseline(state: State, series: Labels, family: Family, tuning: Tuning) -> dict[str, Array]:
    """Take the present behaviour of a series in trouble as normal; this ends the trouble. Returns what was learned of
    the series before, for `restore`. Raises LookupError for a family that is not adoptable."""
    of = _family(family)
    tracked = state.of(of)
    row = tracked.index[series]
    before = {name: array[row].copy() for name, array in tracked.arrays()}
    of.adopt(tracked, row, tuning)
    tracked.clear(np.array([row]))
    return before


def restore(state: State, series: Labels, family: Family, learned: Mapping[str, Array]) -> None:
    """Restore what was learned of a series, including its trouble. What an earlier release did not save stays as it is
    now. Raises DoesNotFit and then changes nothing."""
    tracked = state.families[family]
    row = int(tracked.rows([series])[0])
    held = {name: array for name, array in tracked.arrays() if name in learned}
    for name, array in held.items():
        if array.shape[1:] != learned[name].shape or array.dtype != learned[name].dtype:
            raise DoesNotFit(f"what was learned of {family} had another form then")
    seen = float(np.fmax(tracked.seen[row], learned["seen"]))  # the series was heard since then: keep its newer time
    for name, array in held.items():
        array[row] = learned[name]
    tracked.seen[row] = seen


def _family(name: Family) -> Adoptable[Any]:
    for one in families.FAMILIES:
        if one.name == name and isinstance(one, Adoptable):
            return one
    raise LookupError(f"{name} is never taken for normal")
