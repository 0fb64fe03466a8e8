"""Spans of a CSV file with any columns, as a SpanTable."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from aiops.model import SpanKind
from aiops.model.arrays import Bools, Floats, Ints
from aiops.sources.common import codes
from aiops.sources.duckdb.csv_rows import CsvRows, header_of, read_csv
from aiops.sources.files import times
from aiops.sources.files.columns import TIMES, UNITS, Columns, fitted_columns
from aiops.sources.files.opening import Form, UnreadableFile, compression_of, opened_file
from aiops.sources.files.spans_table import NONE, RawSpans, SpanTable, Texts, linked_spans

INSIDE: Final = 0.9
"""The share of children that begin within their parents, where the unit of durations is right."""
_LONGEST_HEADER: Final = 1 << 20
_FAILED: Final = ("error", "err", "failed", "failure", "fail", "status_code_error", "exception")
_YES: Final = ("true", "1", "yes", "t", "y")
_GRPC: Final = 16


def read_spans_csv(path: Path, asked: Columns | None = None) -> SpanTable:
    """Read a file. Raises UnreadableFile, BadColumns or SourceError."""
    with opened_file(path) as file:
        if file.form != Form.CSV:
            raise UnreadableFile(f"{path} is no CSV but {file.form.value}")
        first = next(text for _, text in file.lines())
    if len(first) > _LONGEST_HEADER:
        raise UnreadableFile(f"{path}: the first line names the columns, but is {len(first):,} bytes long")
    delimiter, header = header_of(first.decode("utf-8", "replace").rstrip("\r"))
    columns = fitted_columns(asked, header)
    found = read_csv(path, compression_of(path), delimiter, header, columns.wanted)
    notes = [f"{path}:{line}: left out: {why}" for line, why in found.bad[:3]]
    if found.bad_count > len(notes):
        notes.append(f"{path}: {found.bad_count:,} lines were left out, because they cannot be read")
    return _table(path, found, columns, notes)


def _table(path: Path, found: CsvRows, columns: Columns, notes: list[str]) -> SpanTable:
    rows, of = found.rows, columns.of
    start, unit = times.moments(of["start"], rows.column(of["start"]), columns.units.get("start", ""))
    good = start != times.MISSING
    for key in ("trace", "span"):
        good &= rows.column(of[key]).is_valid().to_numpy()
    end: Ints | None = None
    if "end" in of:
        end, _ = times.moments(
            of["end"], rows.column(of["end"]), columns.units.get("end", unit if unit in UNITS else "")
        )
        good &= end != times.MISSING
    numbers = times.lengths(rows.column(of["duration"])) if end is None else np.zeros(0)
    if end is None:
        good &= ~np.isnan(numbers)
    if not good.any():
        needed = ", ".join(of[key] for key in ("trace", "span", *TIMES) if key in of)
        raise UnreadableFile(f"{path} has no line with all of {needed}")
    if left := int((~good).sum()):
        notes.append(f"{left:,} lines were left out, without an id or a time")
    kept = rows.filter(pa.array(good))
    raw = _raw(kept, columns, start[good], np.zeros(int(good.sum()), np.int64))
    if end is not None:
        duration = end[good] - raw.start_ns
    else:
        known = columns.units.get("duration", "")
        chosen = known or _unit(raw, numbers[good], unit)
        if not known:
            notes.append(
                f"column {of['duration']!r} is taken for {chosen}; give duration:UNIT in --columns if it is not"
            )
        duration = times.scaled(kept.column(of["duration"]), numbers[good], chosen)
        duration = np.where(duration == times.MISSING, 0, duration)
    return linked_spans(replace(raw, duration_ns=duration), notes)


def _raw(rows: pa.Table, columns: Columns, start: Ints, duration: Ints) -> RawSpans:
    count, of = rows.num_rows, columns.of

    def texts(key: str) -> Texts:
        return Texts.of(rows.column(of[key])) if key in of else Texts(np.zeros(count, np.int64), ("",))

    failed, http = _status(texts("status"))
    error = texts("error")
    failed |= np.array([value.strip().lower() in _YES for value in error.values], bool)[error.codes]
    return RawSpans(
        trace=texts("trace"),
        span=texts("span"),
        parent=texts("parent"),
        service=texts("service"),
        name=texts("name"),
        kind=_kinds(texts("kind")),
        start_ns=start,
        duration_ns=duration,
        failed=failed,
        http_status=http,
        attributes={name: Texts.of(rows.column(column)) for name, column in columns.attributes.items()},
    )


def _kinds(of: Texts) -> Ints:
    """Read kinds as OTLP's numbers or names; a column with no known one tells nothing."""
    by_value = []
    for value in of.values:
        name = value.strip().upper().removeprefix("SPAN_KIND_")
        number = int(name) if name in ("0", "1", "2", "3", "4", "5") else getattr(SpanKind, name, NONE)
        by_value.append(int(number) if number else NONE)
    found: Ints = np.array(by_value, np.int64)[of.codes]
    return found


def _status(of: Texts) -> tuple[Bools, Ints]:
    """Return which spans failed, and HTTP statuses: by the codes of HTTP, OTLP or gRPC, or in words."""
    words = [one.strip() for one in of.values]
    numbers = [int(one) if one.isascii() and one.isdigit() and len(one) < 5 else None for one in words]
    known = [one for one in numbers if one is not None]
    http = [one if one is not None and 100 <= one < 600 else 0 for one in numbers]
    otlp = bool(known) and max(known) <= 2
    failed = []
    for value, number in zip(words, numbers, strict=True):
        if number is None:
            failed.append(value.lower() in _FAILED or codes.rpc(value) is True)
        elif number >= 100:
            failed.append(codes.http(number) is True)
        else:
            failed.append(number == 2 if otlp else number <= _GRPC and codes.rpc(str(number)) is True)
    return np.array(failed, bool)[of.codes], np.array(http, np.int64)[of.codes]


def _unit(raw: RawSpans, numbers: Floats, of_start: str) -> str:
    """Find the unit of durations: the shortest in which children begin within their parents; that of the start, where
    no span has a child, and seconds for fractions."""
    table = linked_spans(raw)
    child = np.flatnonzero(table.parent != NONE)
    usual = of_start if of_start in UNITS else "us"
    if not len(child):
        return usual
    lasting = numbers[table.origin][table.parent[child]]
    after = table.start_ns[child] - table.start_ns[table.parent[child]]
    slack = UNITS[usual] if of_start in UNITS else UNITS["ms"]  # times are no finer
    far = after > slack
    for name, factor in UNITS.items():
        if far.any() and np.mean(after[far] <= lasting[far] * factor + slack) >= INSIDE:
            return name
    return usual
