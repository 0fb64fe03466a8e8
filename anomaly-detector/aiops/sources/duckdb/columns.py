"""Columns of an Arrow answer, typed."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def texts(table: pa.Table, name: str) -> list[str]:
    """A column of text; null is ""."""
    return [str(one or "") for one in table.column(name).to_pylist()]


def numbers(table: pa.Table, name: str) -> list[int]:
    """A column of whole numbers, of any width; null is 0."""
    return [int(one or 0) for one in table.column(name).to_pylist()]


def ints(table: pa.Table, name: str) -> NDArray[np.int64]:
    """A column as int64, without nulls."""
    return np.asarray(table.column(name).to_numpy(), dtype=np.int64)


def ids(table: pa.Table, name: str) -> NDArray[np.uint64]:
    """A column of ids as uint64, without nulls."""
    return np.asarray(table.column(name).to_numpy(), dtype=np.uint64)


def floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    """A column as float64; null is NaN."""
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)
