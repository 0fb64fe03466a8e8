"""The few operations in which arithmetic over many series at once differs from arithmetic over one series.

Every formula of this package is written once, with these. `row` is a slice of rows, or an array of their numbers;
values of series are arrays `(rows,)`, or one number where it is the same for all. What a slice takes out of an array is
that memory itself, and no copy. In the compiled form (`compiled.py`), which replays one series over time, `row` is one
number and every value is a number; this module is replaced there.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from aiops.model.arrays import Array, Bools, Floats, Ints

Each = Any
"""Values of series: an array `(rows,)`, or one number in the compiled form."""
SeriesRows = Ints | slice


def either(condition: Bools, yes: Each, otherwise: Each) -> Any:
    """Return `yes` where the condition holds, else `otherwise`: one of them itself if it is the same everywhere."""
    count = np.count_nonzero(condition)
    if 0 < count < np.size(condition):
        return np.where(condition, yes, otherwise)
    return np.asarray(yes if count else otherwise, dtype=np.result_type(yes, otherwise))


def clip(value: Each, least: Each, most: Each) -> Any:
    """Return the value, but no less than `least` and no more than `most`."""
    return np.minimum(np.maximum(value, least), most)


def chosen(row: SeriesRows, mask: Bools) -> Iterable[Ints]:
    """Return the rows for which the mask holds, together as one element; no element if there is none."""
    some = np.flatnonzero(mask)
    return (_numbers(row, some),) if len(some) else ()


def part(values: Each, mask: Bools) -> Any:
    """Return the values of the rows that `chosen` returns for the same mask."""
    return values[mask] if np.ndim(values) else np.full(np.count_nonzero(mask), values)


def entries(row: SeriesRows, masks: tuple[Bools, ...]) -> Iterable[tuple[Ints, Ints]]:
    """Return the rows for which a mask holds, and which of the masks it is, `(entries,)` each, together as one element;
    no element if there is none."""
    found = [np.flatnonzero(mask) for mask in masks]
    some = np.concatenate(found)
    if not len(some):
        return ()
    return ((_numbers(row, some), np.repeat(np.arange(len(masks)), [len(one) for one in found])),)


def part_of_each(values: tuple[Each, ...], masks: tuple[Bools, ...], _which: Each) -> Any:
    """Return the values of the rows that `entries` returns for the same masks."""
    return np.concatenate([part(one, mask) for one, mask in zip(values, masks, strict=True)])


def _numbers(row: SeriesRows, places: Ints) -> Ints:
    """Return the numbers of the rows at these places of `row`."""
    return places + row.start if isinstance(row, slice) else row[places]


def truncated(value: Each) -> Any:
    """Return a number that is not negative without its fraction."""
    return np.asarray(value).astype(np.int64)[()]


def double(value: Each) -> Any:
    """Return a number that is stored in single precision, or as an integer, in double precision."""
    return np.asarray(value, dtype=np.float64)


def middle(values: Floats) -> Any:
    """Return the median over the last axis."""
    return np.median(values, axis=-1)


def aside(values: Floats, centre: Each) -> Any:
    """Return values `(rows, n)` less a centre for each row."""
    return values - centre[..., None]


def nth_largest(values: Floats, place: Each) -> Any:
    """Return the value `(rows, n)` that is the `place`-th largest of its row."""
    return np.sort(values, axis=-1)[np.arange(len(values)), values.shape[-1] - place]


def lowest(values: Floats) -> Any:
    """Return the place of the smallest value of each row, and the value."""
    place = values.argmin(axis=-1)
    return place, values.min(axis=-1)


def largest(values: Floats) -> Any:
    """Return the largest over the last axis."""
    return values.max(axis=-1)


def sum_of(values: Array) -> Any:
    """Return the sum over the last axis."""
    return values.sum(axis=-1)


def variance(values: Floats) -> Any:
    """Return the variance over the last axis."""
    return values.var(axis=-1)
