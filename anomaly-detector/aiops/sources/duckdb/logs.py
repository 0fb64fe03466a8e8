"""Log records in a DuckDB file of their own, bounded in time and size: a flood of them never holds up a span."""

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from aiops.model import LogQuery, LogRecord, Window
from aiops.model.errors import SourceError
from aiops.sources.common.attributes import parse
from aiops.sources.common.spans import NANO
from aiops.sources.duckdb import opening, schema
from aiops.sources.duckdb.searching import bounds_ns, text

log = logging.getLogger(__name__)

SLICE_SECONDS: Final = 600
"""The part of time that one table holds, and that is dropped as a whole."""
_SLICE_NS: Final = SLICE_SECONDS * NANO
_TEMPLATE: Final = "logs_none"
_IDENTITY: Final = "hash(at_ns, service, instance, severity, trace_hi, trace_lo, span_id, body, attributes, count)"


class LogStore:
    """Log records. Thread-safe: one writer at a time, and readers with their own cursors."""

    def __init__(self, path: str, now: Callable[[], float], most_bytes: int, memory_limit: str = "96MB") -> None:
        """Open the database. most_bytes: beyond it the oldest records are dropped. Raises SourceError."""
        self._path, self._now, self._most = path, now, most_bytes
        self._writer = threading.Lock()
        self._connection = opening.connect(path, memory_limit, 1, _prepare, now())
        found = self._connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        names = (name.rpartition("_")[2] for (name,) in found)
        self._slices: tuple[int, ...] = tuple(sorted(int(one) for one in names if one.isdigit()))
        self.dropped = 0
        """Slices of time that were dropped before their retention, because of the size."""

    @property
    def store(self) -> str:
        """Where the logs are kept, as people know it."""
        return "the engine's own store"

    def append(self, rows: pa.Table) -> int:
        """Commit rows in the shape of `schema.LOGS`, all or none; rows that are already stored are skipped. Returns how
        many were new. Raises SourceError."""
        times = rows.column("at_ns").to_numpy()
        slices = times // _SLICE_NS
        stored = 0
        with self._writer:
            cursor = self._connection.cursor()
            made = []
            try:
                cursor.execute("BEGIN")
                for one in sorted({int(each) for each in slices}):
                    inside = slices == one
                    part = rows if inside.all() else rows.filter(pa.array(inside))
                    if one not in self._slices:
                        cursor.execute(f"CREATE TABLE IF NOT EXISTS logs_{one} AS SELECT * FROM {_TEMPLATE}")
                        made.append(one)
                    low, high = int(times[inside].min()), int(times[inside].max())
                    cursor.register("incoming", part)
                    there = f"(SELECT at_ns, identity FROM logs_{one} WHERE at_ns BETWEEN {low} AND {high})"
                    told = (
                        f"SELECT DISTINCT ON (at_ns, identity) * FROM (SELECT *, {_IDENTITY} AS identity FROM incoming)"
                    )
                    new = f"SELECT * FROM ({told}) ANTI JOIN {there} USING (at_ns, identity)"
                    answer = cursor.execute(f"INSERT INTO logs_{one} BY NAME {new}").fetchall()
                    cursor.unregister("incoming")
                    stored += int(answer[0][0])
                cursor.execute("COMMIT")
            except (duckdb.Error, pa.ArrowException) as problem:
                opening.roll_back(cursor)
                raise SourceError(f"the store could not take logs: {problem}") from problem
            finally:
                cursor.close()
            self._slices = tuple(sorted({*self._slices, *made}))
        return stored

    def search(self, query: LogQuery, window: Window, limit: int) -> list[LogRecord]:
        """Return at most `limit` records of the window (start, end] that match, newest first. Raises SourceError."""
        start, end = bounds_ns(window)
        table = self._query(
            f"SELECT * EXCLUDE identity FROM {self._relation(start, end)} WHERE {_matches(query)} "
            f"ORDER BY at_ns DESC, identity LIMIT {int(limit)}"
        )
        return [_record(row) for row in table.to_pylist()]

    def counts(self, window: Window) -> dict[tuple[str, int], int]:
        """Return how many records there are by service and severity number. Raises SourceError."""
        start, end = bounds_ns(window)
        table = self._query(
            f"SELECT service, severity, sum(count)::BIGINT AS count FROM {self._relation(start, end)} GROUP BY ALL"
        )
        return {(row["service"], row["severity"]): row["count"] for row in table.to_pylist()}

    def keep_within(self, oldest: float) -> int:
        """Drop what is older (Unix seconds), and the oldest slices while the records take too much room; returns how
        many slices. Raises SourceError."""
        with self._writer:
            gone = [one for one in self._slices if (one + 1) * _SLICE_NS <= oldest * NANO]
            if gone:
                self._drop(gone)
            if self.bytes() > self._most:
                self._drop(())  # what is in the write-ahead log takes less room in the file
            early = 0
            while len(self._slices) > 1 and self.bytes() > self._most:
                self._drop(self._slices[:1])
                early += 1
            if early:
                self.dropped += early
                log.warning(
                    "logs take more than %d MB (logs_max_mb): those before %s are dropped before their retention",
                    self._most >> 20,
                    self._slices[0] * SLICE_SECONDS,
                )
            return len(gone) + early

    def bytes(self) -> int:
        """Return the room that the records take, in bytes, with the write-ahead log: free blocks of the file do not
        count."""
        row = self._query("SELECT block_size * used_blocks AS bytes FROM pragma_database_size()").to_pylist()[0]
        ahead = Path(f"{self._path}.wal")
        return int(row["bytes"]) + (ahead.stat().st_size if ahead.exists() else 0)

    def close(self) -> None:
        """Close the database."""
        with self._writer:
            self._connection.close()

    def _drop(self, slices: Sequence[int]) -> None:
        # From the list first, so that new readers no longer query them.
        self._slices = tuple(one for one in self._slices if one not in slices)
        cursor = self._connection.cursor()
        try:
            for one in slices:
                cursor.execute(f"DROP TABLE IF EXISTS logs_{one}")
            cursor.execute("CHECKPOINT")
        except duckdb.Error as problem:
            raise SourceError(f"the store could not drop old logs: {problem}") from problem
        finally:
            cursor.close()

    def _relation(self, start: int, end: int) -> str:
        tables = [f"logs_{one}" for one in self._slices if start // _SLICE_NS <= one <= end // _SLICE_NS]
        bounds = f"WHERE at_ns BETWEEN {start} AND {end}"
        return "(" + " UNION ALL ".join(f"SELECT * FROM {one} {bounds}" for one in tables or [_TEMPLATE]) + ")"

    def _query(self, sql: str) -> pa.Table:
        cursor = self._connection.cursor()
        try:
            found: pa.Table = cursor.sql(sql).to_arrow_table()
        except duckdb.Error as problem:
            raise SourceError(f"the store of logs could not answer: {problem}") from problem
        finally:
            cursor.close()
        return found


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    connection.register("shape", schema.LOGS.empty_table())
    connection.execute(f"CREATE TABLE IF NOT EXISTS {_TEMPLATE} AS SELECT *, 0::UBIGINT AS identity FROM shape")
    connection.unregister("shape")


def _matches(query: LogQuery) -> str:
    conditions = ["TRUE"]
    if query.service:
        conditions.append(f"service = {text(query.service)}")
    if query.severity:
        conditions.append(f"severity >= {int(query.severity)}")
    if query.text:
        part = f"lower({text(query.text)})"
        places = ("body", "exception_type", "exception_stack")
        conditions.append("(" + " OR ".join(f"contains(lower({one}), {part})" for one in places) + ")")
    if query.trace_id:
        high, low = int(query.trace_id[:16], 16), int(query.trace_id[16:], 16)
        conditions.append(f"trace_hi = {high} AND trace_lo = {low}")
    return " AND ".join(conditions)


def _record(row: dict[str, Any]) -> LogRecord:
    traced = row["trace_hi"] or row["trace_lo"]
    return LogRecord(
        at=row["at_ns"] / NANO,
        service=row["service"],
        instance=row["instance"],
        version=row["version"],
        severity=row["severity"],
        body=row["body"],
        trace_id=f"{row['trace_hi']:016x}{row['trace_lo']:016x}" if traced else "",
        span_id=f"{row['span_id']:016x}" if row["span_id"] else "",
        exception_type=row["exception_type"],
        exception_stack=row["exception_stack"],
        attributes=parse(row["attributes"]),
        count=row["count"],
    )


def file_beside(telemetry: str) -> str:
    """Return where the logs of a store of telemetry are."""
    return telemetry if telemetry == opening.MEMORY else str(Path(telemetry).with_name("logs.duckdb"))
