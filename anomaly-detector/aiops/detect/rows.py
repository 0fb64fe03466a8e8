"""Arrays over series that lengthen together: how every detector keeps its state."""

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from aiops.model import Labels

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Array = np.ndarray[Any, Any]


@dataclass(slots=True)
class Arrays:
    """Fields that are arrays have a row a series; fields that are `Arrays` themselves lengthen with them.

    Their metadata may say what a new row holds: `fill`, 0 if nothing is said; and whether what is there is `kept` when
    a row is made new: it was given, not learned.
    """

    def grow(self, size: int) -> None:
        """Make room for so many series; some more is made, so that growing by one is cheap."""
        for one in fields(self):
            held = getattr(self, one.name)
            if isinstance(held, Arrays):
                held.grow(size)
            elif isinstance(held, np.ndarray) and len(held) < size:
                wider = np.full(
                    (max(size, 2 * len(held), 64), *held.shape[1:]), one.metadata.get("fill", 0), dtype=held.dtype
                )
                wider[: len(held)] = held
                setattr(self, one.name, wider)

    def taken(self, rows: Ints | slice) -> Self:
        """A copy with only these rows, in this order."""
        out = copy(self)
        for one in fields(self):
            held = getattr(self, one.name)
            if isinstance(held, Arrays):
                setattr(out, one.name, held.taken(rows))
            elif isinstance(held, np.ndarray):
                setattr(out, one.name, held[rows].copy())
        return out

    def arrays(self, prefix: str = "") -> Iterator[tuple[str, Array]]:
        """All arrays by name; those of an inner one as `outer.inner`."""
        for one in fields(self):
            held = getattr(self, one.name)
            if isinstance(held, Arrays):
                yield from held.arrays(f"{prefix}{one.name}.")
            elif isinstance(held, np.ndarray):
                yield prefix + one.name, held

    def put(self, name: str, array: Array) -> None:
        """Set an array by its name, as `arrays` gives it."""
        first, _, rest = name.partition(".")
        if rest:
            getattr(self, first).put(rest, array)
        else:
            setattr(self, first, array)

    def wipe(self, rows: Ints) -> None:
        """Make these rows new ones."""
        for one in fields(self):
            held = getattr(self, one.name)
            if isinstance(held, Arrays):
                held.wipe(rows)
            elif isinstance(held, np.ndarray) and not one.metadata.get("kept"):
                held[rows] = one.metadata.get("fill", 0)


@dataclass(slots=True)
class Rows(Arrays):
    """Series in the order they were first seen; subclasses add the arrays."""

    index: dict[Labels, int] = field(default_factory=dict)

    def rows(self, wanted: list[Labels]) -> Ints:
        """Row numbers of these series; unknown ones are added."""
        known = len(self.index)
        for series in wanted:
            self.index.setdefault(series, len(self.index))
        if len(self.index) > known:
            self.grow(len(self.index))
        return np.array([self.index[series] for series in wanted], dtype=np.int64)

    def keep(self, kept: list[Labels]) -> Self:
        """A copy with only these series."""
        out = self.taken(np.array([self.index[series] for series in kept], dtype=np.int64))
        out.index = {series: row for row, series in enumerate(kept)}
        return out


def array(*inner: int, fill: float = 0, dtype: type = np.float64, **metadata: object) -> Any:
    """A field of `Arrays`: a row of shape `inner` a series."""
    return field(
        default_factory=lambda: np.zeros((0, *inner), dtype=dtype), metadata={"fill": fill, **metadata}, init=False
    )
