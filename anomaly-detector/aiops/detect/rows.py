"""Arrays over series that grow together: how every detector keeps its state."""

from collections.abc import Iterator
from copy import copy
from dataclasses import Field, dataclass, field, fields
from typing import Any, Literal, Self

import numpy as np

from aiops.model import Labels
from aiops.model.arrays import Array, Ints


@dataclass(slots=True)
class Arrays:
    """Arrays with one row per series. Fields that are `Arrays` themselves grow with them.

    The metadata of a field may give: `fill`, the value of a new row (0 by default); `kept`, whether the value stays
    when a row is reset, because it was given and not learned; `saved`, the name under which the field is saved, where
    it is not the name of the field; `order`, "F" where the same place of all rows is used at once, so that these lie
    side by side in memory ("C" by default: each row lies in one piece).
    """

    def grow(self, size: int) -> None:
        """Make room for so many series; a reserve is added, so that growing by one is cheap."""
        for one in fields(self):
            held = getattr(self, one.name)
            if isinstance(held, Arrays):
                held.grow(size)
            elif isinstance(held, np.ndarray) and len(held) < size:
                shape = (max(size, 2 * len(held), 64), *held.shape[1:])
                wider = np.full(shape, one.metadata.get("fill", 0), dtype=held.dtype, order=_order(one))
                wider[: len(held)] = held
                setattr(self, one.name, wider)

    def taken(self, rows: Ints | slice) -> Self:
        """Return a copy with only these rows, in this order."""
        out = copy(self)
        for one in fields(self):
            held = getattr(self, one.name)
            if isinstance(held, Arrays):
                setattr(out, one.name, held.taken(rows))
            elif isinstance(held, np.ndarray):
                setattr(out, one.name, held[rows].copy(order=_order(one)))
        return out

    def arrays(self, prefix: str = "") -> Iterator[tuple[str, Array]]:
        """Yield all arrays with the names under which they are saved; arrays of an inner field as `outer.inner`."""
        for one in fields(self):
            held = getattr(self, one.name)
            if isinstance(held, Arrays):
                yield from held.arrays(f"{prefix}{_saved(one)}.")
            elif isinstance(held, np.ndarray):
                yield prefix + _saved(one), held

    def put(self, name: str, array: Array) -> None:
        """Set an array by its name, as `arrays` gives it."""
        first, _, rest = name.partition(".")
        found = {_saved(one): one for one in fields(self)}[first]
        if rest:
            getattr(self, found.name).put(rest, array)
        else:
            setattr(self, found.name, np.asarray(array, order=_order(found)))

    def wipe(self, rows: Ints) -> None:
        """Reset these rows to new ones."""
        for one in fields(self):
            held = getattr(self, one.name)
            if isinstance(held, Arrays):
                held.wipe(rows)
            elif isinstance(held, np.ndarray) and not one.metadata.get("kept"):
                held[rows] = one.metadata.get("fill", 0)


@dataclass(slots=True)
class SeriesRows(Arrays):
    """Series in the order in which they were first seen; subclasses add the arrays."""

    index: dict[Labels, int] = field(default_factory=dict)

    def rows(self, wanted: list[Labels]) -> Ints:
        """Return the row numbers of these series; unknown series are added."""
        known = len(self.index)
        for series in wanted:
            self.index.setdefault(series, len(self.index))
        if len(self.index) > known:
            self.grow(len(self.index))
        return np.array([self.index[series] for series in wanted], dtype=np.int64)

    def keep(self, kept: list[Labels]) -> Self:
        """Return a copy with only these series."""
        out = self.taken(np.array([self.index[series] for series in kept], dtype=np.int64))
        out.index = {series: row for row, series in enumerate(kept)}
        return out


def array(*inner: int, fill: float = 0, dtype: type = np.float64, **metadata: object) -> Any:
    """Define a field of `Arrays`: one row of shape `inner` per series."""
    return field(
        default_factory=lambda: np.zeros((0, *inner), dtype=dtype), metadata={"fill": fill, **metadata}, init=False
    )


def _saved(one: Field[Any]) -> str:
    return one.metadata.get("saved") or one.name


def _order(one: Field[Any]) -> Literal["C", "F"]:
    return "F" if one.metadata.get("order") == "F" else "C"
