"""Telemetry of any order, kept on disk until it is read by time: virtual time feeds an engine with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from aiops.model import Window
from aiops.model.errors import SourceError
from aiops.sources.duckdb import schema
from aiops.sources.duckdb.partitions import POINTS, SPANS, PartitionedTable

NANO: Final = 1_000_000_000
SLACK: Final = 1e-6
"""Seconds: a number of this size is no more exact."""
ROWS: Final = 50_000
IDLE_SECONDS: Final = 3600.0
"""The longest time without telemetry that is lived through; the rest of a longer one is skipped."""
_SHAPES: Final = {
    "resources": schema.RESOURCES,
    "series": schema.SERIES,
    POINTS.name: schema.POINTS,
    SPANS.name: schema.SPANS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedSlice:
    """What is told of the time until `end` (Unix seconds), since the last slice. skipped: seconds without telemetry
    before it that were left out."""

    end: float
    resources: pa.Table | None = None
    series: pa.Table | None = None
    points: pa.Table | None = None
    spans: pa.Table | None = None
    skipped: float = 0.0


class StagedTelemetry:
    """A database in a folder, sorted by DuckDB, which uses the disk where memory does not suffice."""

    def __init__(self, folder: Path, memory_limit: str = "256MB") -> None:
        """Create the database. Raises SourceError."""
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": 2,
            "temp_directory": str(folder / "spill"),
            "preserve_insertion_order": True,  # without it, sorted rows come in batches of any order
        }
        try:
            self._connection = duckdb.connect(str(folder / "staged.duckdb"), config=config)
            for name, shape in _SHAPES.items():
                self._connection.register("shape", shape.empty_table())
                self._connection.execute(f"CREATE TABLE {name} AS SELECT * FROM shape")
                self._connection.unregister("shape")
        except duckdb.Error as problem:
            raise SourceError(f"telemetry cannot be sorted in {folder}: {problem}") from problem

    def add(self, **tables: pa.Table | None) -> None:
        """Keep rows of `schema`: resources, series, points, spans. Raises SourceError."""
        for name, rows in tables.items():
            if rows is None or not rows.num_rows:
                continue
            self._connection.register("incoming", rows)
            try:
                self._connection.execute(f"INSERT INTO {name} SELECT * FROM incoming")
            except duckdb.Error as problem:
                raise SourceError(f"telemetry cannot be sorted: {problem}") from problem
            finally:
                self._connection.unregister("incoming")

    def counts(self, window: Window | None = None) -> tuple[int, int]:
        """Count the spans and the points in a window (all)."""
        found = [
            self._number(f"SELECT count(*) FROM {of.name} WHERE {_inside(of, window)}") or 0 for of in (SPANS, POINTS)
        ]
        return found[0], found[1]

    def services(self) -> int:
        """Count the services."""
        return self._number("SELECT count(DISTINCT service) FROM resources") or 0

    def window(self) -> Window | None:
        """Return the time (start, end] of all rows; None without rows."""
        firsts = [self._number(f"SELECT min({of.time}) FROM {of.name}") for of in (SPANS, POINTS)]
        lasts = [self._number(f"SELECT max({of.time}) FROM {of.name}") for of in (SPANS, POINTS)]
        first, last = [one for one in firsts if one is not None], [one for one in lasts if one is not None]
        return Window(min(first) / NANO - SLACK, max(last) / NANO + SLACK) if first and last else None

    def slices(self, window: Window, step: float) -> Iterator[StagedSlice]:
        """Yield the rows by time, in slices that end at whole steps. Raises SourceError."""
        number, end = ceil(window.start / step) - 1, ceil(window.end / step)
        idle = round(IDLE_SECONDS / step)
        cuts = [_Cut(self._connection, of, Window(number * step, end * step)) for of in (SPANS, POINTS)]
        known = _Rows(self._connection)
        while number < end:
            waiting = [one for one in (cut.next_ns() for cut in cuts) if one is not None]
            skipped = ceil(min(waiting) / NANO / step) - number - idle - 1 if waiting else 0
            if skipped > 0:
                yield from (StagedSlice(end=(number + one) * step) for one in range(1, idle + 1))
                number += idle + skipped
            number += 1
            limit = round(number * step * NANO)
            spans, points = (cut.until(limit) for cut in cuts)
            yield StagedSlice(
                end=number * step,
                series=(series := known.of("series", [points], "series")),
                resources=known.of("resources", [spans, series], "resource"),
                points=points,
                spans=spans,
                skipped=max(skipped, 0) * step,
            )

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _number(self, sql: str) -> int | None:
        row = self._connection.execute(sql).fetchone()
        return None if row is None or row[0] is None else int(row[0])


class _Cut:
    """The rows of one table by time, taken up to one moment after the other."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, of: PartitionedTable, window: Window) -> None:
        self._time = of.time
        cursor = connection.cursor()
        found = cursor.sql(f"SELECT * FROM {of.name} WHERE {_inside(of, window)} ORDER BY {of.time}")
        self._reader: Any = found.to_arrow_reader(ROWS)
        self._rest: pa.Table | None = None

    def next_ns(self) -> int | None:
        """Return the time of the next row; None at the end."""
        while self._rest is None or not self._rest.num_rows:
            try:
                self._rest = pa.Table.from_batches([self._reader.read_next_batch()])
            except StopIteration:
                return None
            except (duckdb.Error, pa.ArrowException) as problem:
                raise SourceError(f"telemetry cannot be sorted: {problem}") from problem
        return int(self._rest.column(self._time)[0].as_py())

    def until(self, limit: int) -> pa.Table | None:
        """Take the rows until a moment (Unix nanoseconds), which belongs to them; None for none."""
        taken = []
        while (first := self.next_ns()) is not None and first <= limit:
            assert self._rest is not None
            times = self._rest.column(self._time).to_numpy()
            count = int(times.searchsorted(limit, side="right"))
            taken.append(self._rest.slice(0, count))
            self._rest = self._rest.slice(count)
        return pa.concat_tables(taken) if taken else None


class _Rows:
    """Rows of resources and series, each given once, with the first that needs it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection.cursor()
        self._given: dict[str, set[int]] = {"resources": set(), "series": set()}

    def of(self, name: str, users: list[pa.Table | None], column: str) -> pa.Table | None:
        """Return the rows that tables refer to by a column, and that were not given before."""
        given = self._given[name]
        ids: set[Any] = set()
        for table in users:
            if table is not None:
                ids.update(pc.unique(table.column(column)).to_pylist())
        new = sorted(ids - given)
        if not new:
            return None
        given.update(new)
        self._connection.register("wanted", pa.table({"id": pa.array(new, pa.uint64())}))
        found: Any = self._connection.sql(f"SELECT * FROM {name} SEMI JOIN wanted USING (id)").to_arrow_table()
        self._connection.unregister("wanted")
        rows: pa.Table = found
        return rows


def _inside(of: PartitionedTable, window: Window | None) -> str:
    if window is None:
        return "TRUE"
    return f"{of.time} > {round(window.start * NANO)} AND {of.time} <= {round(window.end * NANO)}"
