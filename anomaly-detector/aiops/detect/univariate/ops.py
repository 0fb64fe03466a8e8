"""The few operations in which arithmetic over many series at once differs from arithmetic over one series.

Every formula of this package is written once, with these. `row` is an array of row numbers; values of series are arrays
`(rows,)`. In the compiled form (`compiled.py`), which replays one series over time, `row` is one number and every value
is a number; this module is replaced there.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from aiops.model.arrays import Bools, Floats, Ints

Each = Any
"""Values of series: an array `(rows,)`, or one number in the compiled form."""


def either(condition: Bools, yes: Each, otherwise: Each) -> Any:
    """Return `yes` where the condition holds, else `otherwise`."""
    return np.where(condition, yes, otherwise)


def clip(value: Each, least: Each, most: Each) -> Any:
    """Return the value, but no less than `least` and no more than `most`."""
    return np.minimum(np.maximum(value, least), most)


def chosen(row: Ints, mask: Bools) -> Iterable[Ints]:
    """Return the rows for which the mask holds, together as one element; no element if there is none."""
    some = row[mask]
    return (some,) if len(some) else ()


def part(values: Each, mask: Bools) -> Any:
    """Return the values of the rows that `chosen` returns for the same mask."""
    return values[mask]


def truncated(value: Each) -> Any:
    """Return a number that is not negative without its fraction."""
    return value.astype(np.int64)


def double(value: Each) -> Any:
    """Return a number that is stored in single precision, or as an integer, in double precision."""
    return value.astype(np.float64)


def middle(values: Floats) -> Any:
    """Return the median over the last axis."""
    return np.median(values, axis=-1)


def aside(values: Floats, centre: Each) -> Any:
    """Return values `(rows, n)` less a centre for each row."""
    return values - centre[..., None]


def nth_largest(values: Floats, place: Each) -> Any:
    """Return the value `(rows, n)` that is the `place`-th largest of its row."""
    return np.take_along_axis(np.sort(values, axis=-1), values.shape[-1] - place[..., None], axis=-1)[..., 0]


def lowest(values: Floats) -> Any:
    """Return the place of the smallest value of each row, and the value."""
    place = values.argmin(axis=-1)
    return place, np.take_along_axis(values, place[..., None], axis=-1)[..., 0]


def largest(values: Floats) -> Any:
    """Return the largest over the last axis."""
    return values.max(axis=-1)


def sum_of(values: Floats) -> Any:
    """Return the sum over the last axis."""
    return values.sum(axis=-1)


def variance(values: Floats) -> Any:
    """Return the variance over the last axis."""
    return values.var(axis=-1)
