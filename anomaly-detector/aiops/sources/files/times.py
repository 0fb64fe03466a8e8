"""Times in a column of texts: their unit by magnitude, and as nanoseconds."""

from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from aiops.model.arrays import Ints
from aiops.sources.files.columns import UNITS, BadColumns

pc: Any = pyarrow.compute
Column = Any
"""A pyarrow.ChunkedArray of texts."""
MISSING: Final = np.iinfo(np.int64).min
_DIGITS: Final = r"^\s*-?[0-9]{1,19}(\.0*)?\s*$"
_NUMBER: Final = r"^\s*-?([0-9]{1,30}(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*$"
_LEAST: Final = (("ns", 1e17), ("us", 1e14), ("ms", 1e11), ("s", 1e8))
"""The least Unix time in each unit: the year 1973."""
_LATEST: Final = 2.0**62


def moments(column: str, texts: Column, unit: str = "") -> tuple[Ints, str]:
    """Return Unix nanoseconds, MISSING where a text is no time, and the unit. Raises BadColumns where the unit can not
    be recognised."""
    numbers = _numbers(texts)
    known = numbers[~np.isnan(numbers) & (numbers > 0)]
    if not len(known):
        return _dates(texts), "date"
    middle = float(np.median(known))
    unit = unit or next((name for name, least in _LEAST if middle >= least), "")
    if not unit:
        raise BadColumns(
            f"column {column!r} has values like {middle:g}, which are no Unix times; say its unit: {column}:ms"
        )
    found = scaled(texts, numbers, unit)
    for row in np.flatnonzero(found == MISSING):
        found[row] = _date(texts[int(row)].as_py() or "")
    return found, unit


def lengths(texts: Column) -> npt.NDArray[np.float64]:
    """Return durations as numbers of any unit, NaN where a text is none."""
    return _numbers(texts)


def scaled(texts: Column, numbers: npt.NDArray[np.float64], unit: str) -> Ints:
    """Return nanoseconds, exact for whole numbers; MISSING where a number is none, or too large."""
    factor = UNITS[unit]
    with np.errstate(invalid="ignore", over="ignore"):
        good = np.abs(numbers * factor) < _LATEST
        found = np.where(good, np.rint(np.where(good, numbers, 0.0) * factor), 0.0).astype(np.int64)
    if factor == 1 or factor == 1000:  # more digits than a float has
        exact = _whole(texts)
        within = good & (exact != MISSING)
        found = np.where(within, exact * np.where(within, factor, 0), found)
    return np.where(good, found, MISSING)


def _numbers(texts: Column) -> npt.NDArray[np.float64]:
    fits = pc.match_substring_regex(texts, _NUMBER)
    found: Any = pc.cast(pc.if_else(fits, pc.utf8_trim_whitespace(texts), None), pa.float64())
    numbers: npt.NDArray[np.float64] = found.to_numpy().astype(np.float64)
    return np.where(np.isinf(numbers), np.nan, numbers)


def _whole(texts: Column) -> Ints:
    fits = pc.match_substring_regex(texts, _DIGITS)
    digits = pc.replace_substring_regex(pc.utf8_trim_whitespace(texts), r"\.0*$", "")
    short = pc.less_equal(pc.utf8_length(pc.utf8_ltrim(digits, "-")), 18)
    exact = pc.cast(pc.if_else(pc.and_(fits, short), digits, None), pa.int64())
    long = pc.if_else(pc.and_(fits, pc.invert(short)), digits, None)
    return _filled(pc.coalesce(exact, _long(long)))


def _long(texts: Any) -> Any:
    """Read 19 digits, of which some are no 64-bit number."""
    fits = pc.less_equal(pc.utf8_ltrim(texts, "-"), pa.scalar("9223372036854775807"))
    return pc.cast(pc.if_else(fits, texts, None), pa.int64())


def _filled(column: Any) -> Ints:
    found: Ints = pc.fill_null(column, MISSING).to_numpy()
    return found


def _dates(texts: Column) -> Ints:
    """Read dates such as 2026-01-31T12:00:00.5Z or 2026-01-31 12:00:00, in UTC where they name no zone."""
    found = np.full(len(texts), MISSING, np.int64)
    for row, text in enumerate(texts.to_pylist()):
        found[row] = _date(text or "")
    return found


def _date(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return int(MISSING)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    passed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (passed.days * 86_400 + passed.seconds) * 1_000_000_000 + passed.microseconds * 1000
