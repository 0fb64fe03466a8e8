"""Open the database file: never overwrite a foreign file, never share it with another engine."""

import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import duckdb

from aiops.model.errors import SourceError
from aiops.process import system
from aiops.sources.duckdb import write_ahead
from aiops.sources.duckdb.partitions import FAMILIES, Partitions

log = logging.getLogger(__name__)

MEMORY: Final = ":memory:"
FORMAT: Final = "4"
EARLIER: Final = ("1", "2", "3")
"""Formats that are upgraded when they are opened; see `prepare`."""


class _NotOurs(Exception):
    """A database that opens but holds something else."""


def connect(
    path: str,
    memory_limit: str,
    threads: int,
    prepare: Callable[[duckdb.DuckDBPyConnection], None],
    now: float,
) -> duckdb.DuckDBPyConnection:
    """Open the database and `prepare` its tables, including those of an earlier release; a foreign file is kept aside.

    Raises SourceError where a running process uses the file, or where it cannot be reached.
    """
    if path != MEMORY:
        _reachable(Path(path))
        if not _in_use(Path(path)):  # otherwise its log is being written, and only looks incomplete
            write_ahead.keep_if_torn(Path(path), _aside(Path(path), now))
    try:
        return _open(path, memory_limit, threads, prepare)
    except (duckdb.Error, _NotOurs) as problem:
        if path == MEMORY:
            raise SourceError(f"DuckDB does not start: {problem}") from problem
        if _locked(problem):
            raise SourceError(
                f"{path} belongs to a running process: stop that engine, or give this one another data directory"
            ) from problem
        if not _blames_the_file(problem):
            raise SourceError(f"{path} could not be opened: {problem}") from problem
        aside = _keep_aside(Path(path), now)
        log.error("%s is not a store that can be read (%s); kept as %s, starting empty", path, problem, aside)
        return _open(path, memory_limit, threads, prepare)


def connect_to_read(path: str, memory_limit: str, threads: int) -> duckdb.DuckDBPyConnection:
    """Open an existing store read-only: nothing in its folder is changed, whatever is found. Raises SourceError where
    there is none, where a running process writes it, and where it is no store of this engine."""
    if not Path(path).is_file():
        raise SourceError(f"there is no {path}; is it the data directory of an engine?")
    try:
        connection = duckdb.connect(path, read_only=True, config=_config(path, memory_limit, threads))
        try:
            version = _version(connection)
            if version in EARLIER:
                raise _NotOurs("an earlier release wrote it; start an engine of this release on it once")
            if version != FORMAT:
                raise _NotOurs("a store of another release")
        except BaseException:
            connection.close()
            raise
    except (duckdb.Error, _NotOurs) as problem:
        if _locked(problem):
            raise SourceError(
                f"{path} belongs to a running engine, and only one process can open it: stop that engine first"
            ) from problem
        raise SourceError(f"{path} is not a store that can be read: {problem}") from problem
    return connection


def roll_back(cursor: duckdb.DuckDBPyConnection) -> None:
    """Undo a transaction that failed; what prevents that is logged."""
    try:
        cursor.execute("ROLLBACK")
    except duckdb.Error as problem:
        log.warning("rollback: %s", problem)


def _locked(problem: Exception) -> bool:
    text = str(problem)  # the second is what Windows says
    return ("lock" in text or "already open in" in text) and "PID" in text


def _in_use(path: Path) -> bool:
    """Whether another process holds the database: DuckDB locks the whole file."""
    return path.exists() and system.used(path)


def _open(
    path: str, memory_limit: str, threads: int, prepare: Callable[[duckdb.DuckDBPyConnection], None]
) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(path, config=_config(path, memory_limit, threads))
    try:
        tables = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if tables and "format" not in tables:
            raise _NotOurs("a DuckDB database of another program")
        if tables and _version(connection) not in (FORMAT, *EARLIER):
            raise _NotOurs("a store of another release")
        if not tables:
            connection.execute("CREATE TABLE format AS SELECT ? AS version", [FORMAT])
        connection.execute("BEGIN")
        prepare(connection)
        connection.execute("UPDATE format SET version = ?", [FORMAT])
        connection.execute("COMMIT")
        _read_through(connection, tables)
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the format of a store; "" where it has not exactly one."""
    found = connection.execute("SELECT version FROM format").fetchall()
    return str(found[0][0]) if len(found) == 1 else ""


def _config(path: str, memory_limit: str, threads: int) -> dict[str, str | bool | int | float | list[str]]:
    spill = f"{path}.tmp" if path != MEMORY else str(Path(tempfile.gettempdir()) / f"aiops-{os.getpid()}.tmp")
    return {
        "memory_limit": memory_limit,
        "threads": threads,
        "temp_directory": spill,
        "preserve_insertion_order": False,
        # The store needs no extension, and an engine must not download programs by itself.
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


def _reachable(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab"):
            pass
        if not path.stat().st_size:
            path.unlink()
    except OSError as problem:
        raise SourceError(f"{path} cannot be written: {problem.strerror}; choose another data directory") from problem


def _blames_the_file(problem: Exception) -> bool:
    """Distinguish a bad file from a problem of the machine or a bug, where moving a good file would not help."""
    damage = (
        _NotOurs,
        duckdb.IOException,
        duckdb.SerializationException,
        duckdb.InternalException,
        duckdb.FatalException,
    )
    text = str(problem)
    elsewhere = "Cannot open file" in text or "No space left" in text
    if isinstance(problem, _NotOurs):
        return True
    damaged = "replaying WAL" in text or text.startswith("Corrupt database file")
    return (isinstance(problem, damage) and not elsewhere) or damaged


def _read_through(connection: duckdb.DuckDBPyConnection, tables: set[str]) -> None:
    """Read everything that judging depends on, so that damage shows now: all partitions except hours long past."""
    partitions = Partitions(tables)
    recent = [family.table(hour) for family in FAMILIES for hour in partitions.hours(family)[-2:]]
    for name in (*recent, *sorted(tables & {"resources", "series"})):
        connection.execute(f"SELECT bit_xor(hash(whole)) FROM {name} AS whole").fetchall()


def _aside(path: Path, now: float) -> Path:
    """Return a file name that does not exist yet."""
    aside = path.with_name(f"{path.name}.corrupt-{int(now)}")
    number = 1
    while aside.exists() or aside.with_name(f"{aside.name}.wal").exists():
        number += 1
        aside = path.with_name(f"{path.name}.corrupt-{int(now)}-{number}")
    return aside


def _keep_aside(path: Path, now: float) -> Path:
    """Rename the file and its write-ahead log."""
    aside = _aside(path, now)
    path.rename(aside)
    wal = path.with_name(path.name + ".wal")
    if wal.exists():
        wal.rename(aside.with_name(aside.name + ".wal"))
    return aside
