"""Series from a text table: one line per point, with its time, its value, and the labels of its series. A column can
also label points as anomalies."""

import csv
import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
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
EPOCH: Final = datetime.fromtimestamp(0, UTC).replace(tzinfo=None)
AUTO, NONE = "auto", "none"
LABELLING: Final = frozenset({"label", "anomaly", "is_anomaly"})
"""How columns are called that label anomalies, in any case."""
FLAGS: Final = {
    **dict.fromkeys(("", "0", "0.0", "false"), False),
    **dict.fromkeys(("1", "1.0", "true"), True),
}

Lines = Iterable[tuple[int, list[str]]]
"""The rows of a table with their line numbers."""


class Unreadable(InvalidInput, ValueError):
    """The table cannot be read at all; the message says why and what to write."""


@dataclass(slots=True)
class TableSeries:
    """Points in order of time: Unix seconds, and values; NaN is a gap. labelled: which of them are labelled as
    anomalies; empty if the table says nothing of that."""

    labels: Labels
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    labelled: list[bool] = field(default_factory=list)

    @property
    def points(self) -> int:
        """The number of points with a value."""
        return sum(map(isfinite, self.values))


@dataclass(frozen=True, slots=True)
class Read:
    """The result of reading: series in the order of their first points, and problems by line. These lines are left out,
    as the engine leaves out late and duplicate points. labelling: the column that labels anomalies, "" for none."""

    series: tuple[TableSeries, ...]
    problems: tuple[tuple[int, str], ...]
    labelling: str = ""


def read_table(lines: Iterable[str], labelling: str = AUTO) -> Read:
    """Read lines of comma-separated text whose first line names the columns: TIME, VALUE, and labels of any name.

    A time is Unix seconds or ISO 8601, in UTC where it has no zone. An empty value, NaN or an infinity is a gap.
    labelling: the column whose values are 1 or true for anomalies, and 0, false or empty for all other points, which is
    no label of the series then. AUTO takes the first one of LABELLING that holds nothing else; NONE takes none. Raises
    Unreadable.
    """
    rows = csv.reader(lines, strict=True)
    try:
        header = [name.strip() for name in next(rows, [])]
        columns = _columns(header)
        body: Lines = ((rows.line_num, row) for row in rows if "".join(row).strip())
        if labelling == AUTO:
            body, place = _labelling(header, body)
        else:
            place = _place(header, labelling)
        name = "" if place is None else header[place]
        if place is not None:
            labels = tuple(one for one in columns.labels if one[1] != place)
            columns = replace(columns, labels=labels, labelling=(name, place))
        found: dict[Labels, TableSeries] = {}
        problems: list[tuple[int, str]] = []
        for line, row in body:
            try:
                _take(row, columns, found)
            except ValueError as error:
                problems.append((line, str(error)))
    except csv.Error as error:
        raise Unreadable(f"line {rows.line_num} is no comma-separated text: {error}") from None
    return Read(tuple(found.values()), tuple(problems), name)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The positions of the time, the value, the labels, and what labels anomalies in a row of `width` fields."""

    time: int
    value: int
    labels: tuple[tuple[str, int], ...]
    width: int
    labelling: tuple[str, int] | None = None


def _labelling(header: Sequence[str], body: Lines) -> tuple[Lines, int | None]:
    """Find the column that labels anomalies. Only a table with a column of such a name is held to look at it."""
    places = [place for place, name in enumerate(header) if name.lower() in LABELLING]
    if not places:
        return body, None
    body = list(body)
    for place in places:
        held = {row[place].strip().lower() for _, row in body if len(row) == len(header)} - {""}
        if held and held <= FLAGS.keys():
            return body, place
    return body, None


def _place(header: Sequence[str], name: str) -> int | None:
    if name == NONE:
        return None
    others = [one for one in header if one not in (TIME, VALUE)]
    if name not in others:
        there = f"columns that could are {', '.join(f'`{one}`' for one in others)}" if others else "no column could"
        raise Unreadable(f"line 1: no column `{name}` that could label anomalies; {there}")
    return header.index(name)


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
    of = tuple((name, row[place].strip()) for name, place in columns.labels) if columns.labels else ()
    flag = None if columns.labelling is None else _flag(columns.labelling[0], row[columns.labelling[1]].strip())
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
    if flag is not None:
        series.labelled.append(flag)


def _time(text: str) -> float:
    likely, other = (_seconds, float) if text[4:5] == "-" else (float, _seconds)  # an error takes longer than both
    try:
        at = likely(text)
    except ValueError:
        try:
            at = other(text)
        except ValueError:
            raise ValueError(
                f"{TIME}: {text!r} is no time; write it like 2026-01-31T12:00:00Z, or in Unix seconds"
            ) from None
    if not 0 <= at <= LATEST:
        hint = "; is it in milliseconds? write seconds" if isfinite(at) and 0 <= at / 1000 <= LATEST else ""
        raise ValueError(f"{TIME}: {text} must lie between 1970 and 9999{hint}")
    return at


def _seconds(text: str) -> float:
    """Return the Unix seconds of a time in ISO 8601."""
    moment = datetime.fromisoformat(text)
    return moment.timestamp() if moment.tzinfo else (moment - EPOCH).total_seconds()


def _value(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        if text.lower() in EMPTY:
            return nan
        raise ValueError(f"value: {text!r} is no number; leave it empty where there is none") from None
    if isfinite(value) and abs(value) > LARGEST:
        raise ValueError(f"value: {text} is beyond {LARGEST:g}; leave it empty where there is none")
    return value if isfinite(value) else nan


def _flag(name: str, text: str) -> bool:
    try:
        return FLAGS[text.lower()]
    except KeyError:
        raise ValueError(f"{name}: {text!r} is neither 0 nor 1; leave it empty where nothing is known") from None
