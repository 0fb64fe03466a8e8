"""The store: the only owner of the database, for all threads."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aiops.model.errors import SourceError
from aiops.sources.common.callees import Databases
from aiops.sources.duckdb import opening, schema
from aiops.sources.duckdb.answers import Answers
from aiops.sources.duckdb.columns import texts
from aiops.sources.duckdb.lost import Loss
from aiops.sources.duckdb.partitions import HOUR_NS, LOST_TABLE, POINTS, SPANS, VERDICTS, PartitionedTable, Partitions
from aiops.sources.duckdb.timeline import TimeLine

log = logging.getLogger(__name__)

NANO: Final = 1_000_000_000
# Data from a clock ahead of ours are stored, but do not move time forward.
AHEAD_SECONDS: Final = 5.0

_VERDICTS: Final = """labels VARCHAR, family VARCHAR, at_ns BIGINT, service VARCHAR, route VARCHAR, observed DOUBLE,
    expected DOUBLE, lower DOUBLE, upper DOUBLE, score DOUBLE, confidence DOUBLE, tier UTINYINT, life UTINYINT"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What was received since the start. `newest` is Unix seconds; `bytes` is the present size of the store.

    late: older than the last step judged, stored but never scored. duplicate: sent again, stored once.
    """

    accepted_spans: int = 0
    accepted_points: int = 0
    rejected_spans: int = 0
    rejected_points: int = 0
    late_spans: int = 0
    late_points: int = 0
    duplicate_spans: int = 0
    duplicate_points: int = 0
    newest: float | None = None
    bytes: int = 0


class Store:
    """Telemetry and verdicts in DuckDB. Thread-safe: one writer at a time, and readers with their own cursors."""

    def __init__(
        self,
        path: str,
        now: Callable[[], float],
        memory_limit: str = "160MB",
        threads: int = 2,
        read_only: bool = False,
    ) -> None:
        """Open the database; `read_only` requires an existing one and leaves it unchanged. Raises SourceError."""
        self._path = path
        self._now = now
        self._writer = threading.Lock()
        self._stats = Stats()
        self._reasons: Counter[str] = Counter()
        self._numbers = count(1)
        if read_only:
            self._connection = opening.connect_to_read(path, memory_limit, threads)
        else:
            self._connection = opening.connect(path, memory_limit, threads, _prepare, now())
        listed = self._connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        self._partitions = Partitions(name for (name,) in listed)
        self.judged_until: float | None = None
        """The end of the last step judged, set by the engine: older data that arrive later are late."""
        self._time = TimeLine(self._stored_newest())
        self.answers = Answers()
        self._databases = Databases()
        self._databases.learn(texts(self.query(lambda _: "SELECT address FROM databases ORDER BY address"), "address"))

    @property
    def several(self) -> frozenset[str]:
        """Database systems with more than one database."""
        return self._databases.several

    def append(
        self,
        *,
        resources: pa.Table | None = None,
        series: pa.Table | None = None,
        points: pa.Table | None = None,
        spans: pa.Table | None = None,
        lost: Mapping[Loss, int] | None = None,
    ) -> None:
        """Commit rows in the shapes of `schema`, all or none; rows that are already stored are skipped. Columns that an
        earlier release did not have may be missing. `lost` is what was rejected with them.

        Raises SourceError.
        """
        with self._writer:
            cursor = self._connection.cursor()
            created: list[tuple[PartitionedTable, int]] = []
            try:
                cursor.execute("BEGIN")
                for name, rows in (("resources", resources), ("series", series)):
                    if rows is not None and rows.num_rows:
                        self._insert_known(cursor, name, rows)
                stored_points = self._insert(cursor, POINTS, points, created)
                stored_spans = self._insert(cursor, SPANS, spans, created)
                if lost:
                    self._insert(cursor, LOST_TABLE, self._losses(lost, points, spans), created)
                self._meet(cursor, spans)
                cursor.execute("COMMIT")
            except (duckdb.Error, pa.ArrowException) as problem:
                opening.roll_back(cursor)
                raise SourceError(f"the store could not take telemetry: {problem}") from problem
            finally:
                cursor.close()
            self._committed(created)
            self._count(points, stored_points, spans, stored_spans)

    def append_verdicts(self, rows: pa.Table) -> None:
        """Commit verdicts; a verdict with the same series, family and time as a stored one is skipped. Raises
        SourceError."""
        with self._writer:
            cursor = self._connection.cursor()
            created: list[tuple[PartitionedTable, int]] = []
            try:
                cursor.execute("BEGIN")
                self._insert(cursor, VERDICTS, rows, created)
                cursor.execute("COMMIT")
            except (duckdb.Error, pa.ArrowException) as problem:
                opening.roll_back(cursor)
                raise SourceError(f"the store could not take verdicts: {problem}") from problem
            finally:
                cursor.close()
            self._committed(created)

    def query(self, sql: Callable[[Partitions], str], **tables: pa.Table) -> pa.Table:
        """Return the result of one SELECT, written for the partitions that exist; it may refer to `tables` by name.
        Raises SourceError."""
        try:
            return self._query(sql(self._partitions), tables)
        except duckdb.CatalogException:
            # A partition was dropped between the two calls; the list is shorter now.
            pass
        except duckdb.Error as problem:
            raise SourceError(f"the store could not answer: {problem}") from problem
        try:
            return self._query(sql(self._partitions), tables)
        except duckdb.Error as problem:
            raise SourceError(f"the store could not answer: {problem}") from problem

    def drop_before(self, time: float) -> int:
        """Drop the partitions that end at or before a time (Unix seconds); returns how many.

        The time must be at least an hour ago: the receiver sends the row of a series again only from time to time.
        """
        with self._writer:
            dropped = list(self._partitions.before(int(time * NANO)))
            if not dropped:
                return 0
            cursor = self._connection.cursor()
            try:
                for family, hour in dropped:
                    # From the list first, so that new readers no longer query it.
                    self._partitions.remove(family.name, hour)
                    try:
                        cursor.execute(f"DROP TABLE IF EXISTS {family.table(hour)}")
                    except duckdb.Error:
                        self._partitions.add(family.name, hour)  # to be dropped next time
                        raise
                self._forget(cursor)
            except duckdb.Error as problem:
                raise SourceError(f"the store could not drop old telemetry: {problem}") from problem
            else:
                self._checkpoint(cursor)
            finally:
                cursor.close()
            return len(dropped)

    def reject(self, spans: int, points: int, reasons: Mapping[str, int]) -> None:
        """Count what the receiver could not store, and by reason what it left out of stored data."""
        with self._writer:
            self._reasons.update(reasons)
            stats = self._stats
            self._stats = replace(
                stats, rejected_spans=stats.rejected_spans + spans, rejected_points=stats.rejected_points + points
            )

    def newest(self) -> float | None:
        """Return the newest span end or point time that arrives now, Unix seconds; None before the first."""
        heard = self._time.heard_ns()
        return None if heard is None else heard / NANO

    def reached(self) -> float | None:
        """Return how far time has come, Unix seconds: `newest`, unless clocks may have been set back. None at first."""
        reached = self._time.newest_ns
        return None if reached is None else reached / NANO

    def stats(self) -> Stats:
        """Return what was received since the start."""
        return replace(self._stats, newest=self.newest(), bytes=self._bytes())

    def reasons(self) -> dict[str, int]:
        """Return what was wrong with telemetry since the start, and how often."""
        with self._writer:
            return dict(self._reasons)

    def close(self) -> None:
        """Close the database."""
        with self._writer:
            self._connection.close()

    def _query(self, sql: str, tables: dict[str, pa.Table]) -> pa.Table:
        cursor = self._connection.cursor()
        try:
            for name, table in tables.items():
                cursor.register(name, table)
            found: pa.Table = cursor.sql(sql).to_arrow_table()
            return found
        finally:
            cursor.close()

    def _insert_known(self, cursor: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
        cursor.register("incoming", _distinct(rows, ["id"]))
        cursor.execute(f"INSERT INTO {name} SELECT * FROM incoming ANTI JOIN {name} USING (id)")
        cursor.unregister("incoming")

    def _meet(self, cursor: duckdb.DuckDBPyConnection, spans: pa.Table | None) -> None:
        """Store the databases that spans call, if they are new."""
        if spans is not None and spans.num_rows:
            new = self._databases.learn(one for one in pc.unique(spans.column("address")).to_pylist() if one)
            if new:
                cursor.executemany("INSERT INTO databases VALUES (?)", [[one] for one in sorted(new)])

    def _insert(
        self,
        cursor: duckdb.DuckDBPyConnection,
        family: PartitionedTable,
        rows: pa.Table | None,
        created: list[tuple[PartitionedTable, int]],
    ) -> int:
        """Insert rows by hour and return how many were new.

        A row that is sent again has the same time, so that only that part of the table is searched.
        """
        if rows is None or not rows.num_rows:
            return 0
        rows = _distinct(rows, [family.time, *family.key])
        times = rows.column(family.time).to_numpy()
        hours = times // HOUR_NS
        stored = 0
        keys = ", ".join((family.time, *family.key))
        for hour in np.unique(hours).tolist():
            inside = hours == hour
            part = rows if inside.all() else rows.filter(pa.array(inside))
            table = family.table(hour)
            if hour not in self._partitions.hours(family):
                cursor.execute(f"CREATE TABLE IF NOT EXISTS {table} AS SELECT * FROM {family.template}")
                created.append((family, hour))
            low, high = int(times[inside].min()), int(times[inside].max())
            there = f"(SELECT {keys} FROM {table} WHERE {family.time} BETWEEN {low} AND {high})"
            cursor.register("incoming", part)
            answer = cursor.execute(
                f"INSERT INTO {table} BY NAME SELECT * FROM incoming ANTI JOIN {there} USING ({keys})"
            ).fetchall()
            cursor.unregister("incoming")
            stored += int(answer[0][0])
        return stored

    def _forget(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Drop series without points, and resources without series and spans."""
        spans, points = self._partitions.relation(SPANS), self._partitions.relation(POINTS)
        cursor.execute(f"DELETE FROM series WHERE id NOT IN (SELECT DISTINCT series FROM {points})")
        cursor.execute(
            f"DELETE FROM resources WHERE id NOT IN (SELECT resource FROM series UNION SELECT resource FROM {spans})"
        )

    def _checkpoint(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Release freed space; while a query reads, or the disk is full, that has to wait."""
        try:
            cursor.execute("CHECKPOINT")
        except duckdb.Error as problem:
            log.info("checkpoint put off: %s", problem)

    def _losses(self, lost: Mapping[Loss, int], points: pa.Table | None, spans: pa.Table | None) -> pa.Table | None:
        """Return rows of what was rejected, at the present time of telemetry, because its own times may be what is
        wrong. The rows of each export are separate, even at the same time."""
        now = self._now()
        known = [*self._times(points, POINTS, now), *self._times(spans, SPANS, now), self._time.heard_ns() or 0]
        at = (max(known) or int(now * NANO)) + next(self._numbers)
        return schema.arrow_table(schema.LOST_SCHEMA, [(at, *one, count) for one, count in lost.items()])

    @staticmethod
    def _times(rows: pa.Table | None, family: PartitionedTable, now: float) -> list[int]:
        """Return the newest time of rows that is plausible."""
        if rows is None or not rows.num_rows:
            return []
        times = rows.column(family.time).to_numpy()
        believed = times[times <= int((now + AHEAD_SECONDS) * NANO)]
        return [int(believed.max())] if len(believed) else []

    def _committed(self, created: Sequence[tuple[PartitionedTable, int]]) -> None:
        for family, hour in created:
            self._partitions.add(family.name, hour)

    def _count(self, points: pa.Table | None, new_points: int, spans: pa.Table | None, new_spans: int) -> None:
        now = self._now()
        judged = -1 if self.judged_until is None else int(self.judged_until * NANO)
        sent, late = {}, {}
        newest: list[int] = []
        for family, rows in ((POINTS, points), (SPANS, spans)):
            times = np.empty(0, np.int64) if rows is None else rows.column(family.time).to_numpy()
            sent[family] = len(times)
            late[family] = int((times <= judged).sum())
            newest += self._times(rows, family, now)
        if newest:
            self._time.take(max(newest), now)
        stats = self._stats
        self._stats = replace(
            stats,
            accepted_spans=stats.accepted_spans + new_spans,
            accepted_points=stats.accepted_points + new_points,
            late_spans=stats.late_spans + late[SPANS],
            late_points=stats.late_points + late[POINTS],
            duplicate_spans=stats.duplicate_spans + sent[SPANS] - new_spans,
            duplicate_points=stats.duplicate_points + sent[POINTS] - new_points,
        )

    def _stored_newest(self) -> int | None:
        limit = int((self._now() + AHEAD_SECONDS) * NANO)
        found = []
        for family in (SPANS, POINTS):
            for hour in reversed(self._partitions.hours(family)):
                table = self.query(
                    lambda _, of=family, at=hour: (  # type: ignore[misc]
                        f"SELECT max({of.time}) AS newest FROM {of.table(at)} WHERE {of.time} <= {limit}"
                    )
                )
                newest = table.column("newest")[0].as_py()
                if newest is not None:
                    found.append(int(newest))
                    break
        return max(found, default=None)

    def _bytes(self) -> int:
        if self._path == opening.MEMORY:
            table = self.query(lambda _: "SELECT sum(memory_usage_bytes)::BIGINT AS bytes FROM duckdb_memory()")
            return int(table.column("bytes")[0].as_py() or 0)
        files = (Path(self._path), Path(self._path + ".wal"))
        return sum(file.stat().st_size for file in files if file.exists())


def _prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing: the two tables without partitions, and an empty template of each partitioned one."""
    shapes: dict[str, pa.Schema] = {
        "resources": schema.RESOURCES,
        "series": schema.SERIES,
        POINTS.template: schema.POINTS,
        SPANS.template: schema.SPANS,
        LOST_TABLE.template: schema.LOST_SCHEMA,
        "databases": schema.DATABASES,
    }
    for name, shape in shapes.items():
        connection.register("shape", shape.empty_table())
        connection.execute(f"CREATE TABLE IF NOT EXISTS {name} AS SELECT * FROM shape")
        connection.unregister("shape")
    connection.execute(f"CREATE TABLE IF NOT EXISTS {VERDICTS.template} ({_VERDICTS})")
    _widen(connection, SPANS, schema.SPANS)


def _widen(connection: duckdb.DuckDBPyConnection, family: PartitionedTable, shape: pa.Schema) -> None:
    """Add missing columns to tables of an earlier release; their rows have null there."""
    found = connection.execute(
        "SELECT table_name, list(column_name) FROM duckdb_columns() WHERE starts_with(table_name, ?) GROUP BY ALL",
        [f"{family.name}_"],
    ).fetchall()
    connection.register("shape", shape.empty_table())
    types = {name: kind for name, kind, *_ in connection.execute("DESCRIBE shape").fetchall()}
    connection.unregister("shape")
    for table, columns in sorted(found):
        for name in shape.names:
            if name not in columns:
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {types[name]}")


def _distinct(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Keep the first row of each key."""
    if rows.num_rows < 2:
        return rows
    columns = [rows.column(key) for key in keys]
    codes: list[Any] = [
        column.to_numpy() if not pa.types.is_string(column.type) else pc.rank(column, tiebreaker="dense").to_numpy()
        for column in columns
    ]
    order = np.lexsort(codes[::-1])
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.any([np.asarray(code)[order][1:] != np.asarray(code)[order][:-1] for code in codes], axis=0)
    if new.all():
        return rows
    return rows.take(np.sort(order[new]))
