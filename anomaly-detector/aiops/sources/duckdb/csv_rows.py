"""Columns of a CSV file, read in parallel by DuckDB."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from aiops.model.errors import SourceError

DELIMITERS: Final = (",", "\t", ";", "|")
LONGEST_LINE: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class CsvRows:
    """The wanted columns as texts, null where a row has none; `bad` are the first lines that could not be read, with
    the reason, and `bad_count` their number."""

    rows: pa.Table
    bad: tuple[tuple[int, str], ...]
    bad_count: int


def header_of(first: str) -> tuple[str, list[str]]:
    """Return the delimiter and the names of the columns, by the first line of a file."""
    delimiter = max(DELIMITERS, key=first.count)
    try:
        names = next(csv.reader([first], delimiter=delimiter), [])
    except csv.Error:  # no text of columns
        names = []
    return delimiter, [one.strip() for one in names]


def read_csv(path: Path, compression: str, delimiter: str, header: Sequence[str], wanted: Sequence[str]) -> CsvRows:
    """Read the wanted columns of a file; `compression` is none, gzip or zstd. Raises SourceError."""
    # Names may come twice, or be empty: columns are told apart by their places.
    places = {f"c{at}": "VARCHAR" for at in range(len(header))}
    chosen = ", ".join(f"c{header.index(one)} AS w{at}" for at, one in enumerate(wanted))
    options: dict[str, Any] = {
        "path": str(path),
        "compression": compression,
        "delim": delimiter,
        "columns": places,
    }
    connection = duckdb.connect(":memory:", config={"preserve_insertion_order": True, "threads": 2})
    try:
        connection.execute(
            f"""CREATE TABLE rows AS SELECT {chosen} FROM read_csv($path, auto_detect = false, header = true,
            compression = $compression, delim = $delim, quote = '"', escape = '"', columns = $columns,
            nullstr = '', null_padding = false, store_rejects = true, max_line_size = {LONGEST_LINE},
            strict_mode = false)""",
            options,
        )
        rows: Any = connection.sql("SELECT * FROM rows").to_arrow_table()
        bad = connection.sql(
            "SELECT line, min(error_message) FROM reject_errors GROUP BY line ORDER BY line"
        ).fetchall()
    except duckdb.Error as problem:
        raise SourceError(f"cannot read {path} as CSV: {str(problem).splitlines()[0]}") from problem
    finally:
        connection.close()
    return CsvRows(rows.rename_columns(list(wanted)), tuple((int(line), str(why)) for line, why in bad[:10]), len(bad))
