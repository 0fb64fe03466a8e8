"""Typed columns of an Arrow table."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def texts(table: pa.Table, name: str) -> list[str]:
    """Return a column of text; null becomes ""."""
    return [str(one or "") for one in table.column(name).to_pylist()]


def numbers(table: pa.Table, name: str) -> list[int]:
    """Return a column of whole numbers of any width; null becomes 0."""
    return [int(one or 0) for one in table.column(name).to_pylist()]


def ints(table: pa.Table, name: str) -> NDArray[np.int64]:
    """Return a column without nulls as int64."""
    return np.asarray(table.column(name).to_numpy(), dtype=np.int64)


def ids(table: pa.Table, name: str) -> NDArray[np.uint64]:
    """Return a column of ids without nulls as uint64."""
    return np.asarray(table.column(name).to_numpy(), dtype=np.uint64)


def floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    """Return a column as float64; null becomes NaN."""
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)
