"""Series from a text table: one line per point, with its time, its value, and the labels of its series."""

import csv
import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite, nan
from typing import Final

from aiops.model import Labels
from aiops.model.errors import InvalidInput

TIME: Final = "timestamp"
VALUE: Final = "value"
EMPTY: Final = frozenset({"", "nan", "null", "none", "na", "n/a"})
LARGEST: Final = 1e100
"""The largest value: its square is still a finite number."""
LATEST: Final = 253402300799.0  # the last second of the year 9999


class Unreadable(InvalidInput, ValueError):
    """The table cannot be read at all; the message says why and what to write."""


@dataclass(slots=True)
class TableSeries:
    """Points in order of time: Unix seconds, and values; NaN is a gap. `ordinal` numbers series as they come."""

    labels: Labels
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    @property
    def points(self) -> int:
        """The number of points with a value."""
        return sum(map(isfinite, self.values))


@dataclass(frozen=True, slots=True)
class Read:
    """The result of reading: series in the order of their first points, and problems by line. These lines are left out,
    as the engine leaves out late and duplicate points."""

    series: tuple[TableSeries, ...]
    problems: tuple[tuple[int, str], ...]


def read_table(lines: Iterable[str]) -> Read:
    """Read lines of comma-separated text whose first line names the columns: TIME, VALUE, and labels of any name.

    A time is Unix seconds or ISO 8601, in UTC where it has no zone. An empty value, NaN or an infinity is a gap. Raises
    Unreadable.
    """
    rows = csv.reader(lines, strict=True)
    try:
        header = next(rows, [])
        columns = _columns([name.strip() for name in header])
        found: dict[Labels, TableSeries] = {}
        problems: list[tuple[int, str]] = []
        for row in rows:
            if not any(one.strip() for one in row):
                continue
            try:
                _take(row, columns, found)
            except ValueError as error:
                problems.append((rows.line_num, str(error)))
    except csv.Error as error:
        raise Unreadable(f"line {rows.line_num} is no comma-separated text: {error}") from None
    return Read(tuple(found.values()), tuple(problems))


@dataclass(frozen=True, slots=True)
class _Columns:
    """The positions of the time, the value and the labels in a row of `width` fields."""

    time: int
    value: int
    labels: tuple[tuple[str, int], ...]
    width: int


def _columns(header: Sequence[str]) -> _Columns:
    wanted = f"a file begins with a line that names its columns, such as `{TIME},{VALUE}`"
    if not any(header):
        raise Unreadable(f"there is nothing in it; {wanted}")
    for name in (TIME, VALUE):
        if header.count(name) != 1:
            shown = ",".join(header) if len(",".join(header)) <= 100 else ",".join(header)[:100] + "…"
            near = difflib.get_close_matches(name, [one.lower() for one in header], n=1, cutoff=0.5)
            hint = f"; is it the one called {near[0]!r}?" if near and name not in header else ""
            many = "no column" if name not in header else "more than one column"
            raise Unreadable(f"line 1: {many} `{name}` in `{shown}`{hint}; {wanted}")
    others = [(name, at) for at, name in enumerate(header) if name not in (TIME, VALUE)]
    names = [name for name, _ in others]
    for name in names:
        if not name or names.count(name) > 1:
            raise Unreadable(f"line 1: every label column needs a name of its own, not {name!r}")
    return _Columns(header.index(TIME), header.index(VALUE), tuple(sorted(others)), len(header))


def _take(row: list[str], columns: _Columns, found: dict[Labels, TableSeries]) -> None:
    """Add a row to its series. Raises ValueError with what is wrong."""
    if len(row) != columns.width:
        raise ValueError(f"has {len(row)} field{'s' * (len(row) != 1)}, not {columns.width} as the first line")
    at, value = _time(row[columns.time].strip()), _value(row[columns.value].strip())
    of = tuple((name, row[place].strip()) for name, place in columns.labels)
    series = found.get(of)
    if series is None:
        series = found[of] = TableSeries(of)
    elif at <= series.times[-1]:
        before = datetime.fromtimestamp(series.times[-1], UTC).isoformat().replace("+00:00", "Z")
        if at == series.times[-1]:
            raise ValueError(f"{TIME}: {row[columns.time].strip()} comes twice in this series; keep one of them")
        raise ValueError(f"{TIME}: {row[columns.time].strip()} goes back behind {before}; sort the file by time")
    series.times.append(at)
    series.values.append(value)


def _time(text: str) -> float:
    try:
        at = float(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(
                f"{TIME}: {text!r} is no time; write it like 2026-01-31T12:00:00Z, or in Unix seconds"
            ) from None
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if not 0 <= at <= LATEST:
        hint = "; is it in milliseconds? write seconds" if isfinite(at) and 0 <= at / 1000 <= LATEST else ""
        raise ValueError(f"{TIME}: {text} must lie between 1970 and 9999{hint}")
    return at


def _value(text: str) -> float:
    if text.lower() in EMPTY:
        return nan
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"value: {text!r} is no number; leave it empty where there is none") from None
    if isfinite(value) and abs(value) > LARGEST:
        raise ValueError(f"value: {text} is beyond {LARGEST:g}; leave it empty where there is none")
    return value if isfinite(value) else nan
