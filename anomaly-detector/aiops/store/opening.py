"""Open the incident store: check the file, upgrade its tables, and never overwrite what cannot be read."""

import logging
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from aiops.model.errors import StoreError
from aiops.store import wal
from aiops.store.tables import HEAD

log = logging.getLogger(__name__)


def open_store(url: str) -> Engine:
    """Open a database by its SQLAlchemy URL; create or upgrade its tables. Raises StoreError."""
    file = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None
    if file is not None:
        _set_aside_if_broken(file)
    engine = create_engine(url, pool_pre_ping=file is None)
    if file is not None:
        event.listen(engine, "connect", _safe_and_patient)
    try:
        found = _revision(engine)
        if found != HEAD:
            _migrate(url)
            found = _revision(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise StoreError(f"the incident store {url} cannot be opened: {error}") from error
    except StoreError:
        engine.dispose()
        raise
    return engine


def open_to_read(file: Path) -> Engine:
    """Open a SQLite store without changing it. Raises StoreError when this program cannot read it."""
    engine = create_engine(f"sqlite:///file:{file}?mode=ro&uri=true")
    try:
        found = _revision(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise StoreError(f"the incident store {file} cannot be read: {error}") from error
    if found != HEAD:
        engine.dispose()
        raise StoreError(f"the incident store {file} is at version {found}, not {HEAD}: start the engine once")
    return engine


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not engine.dialect.has_table(connection, "alembic_version"):
            return None
        found = connection.execute(text("select version_num from alembic_version")).scalar()
        return None if found is None else str(found)


def _migrate(url: str) -> None:
    """Run Alembic in a separate process, so that it and Mako do not take memory in the engine."""
    done = subprocess.run(
        [sys.executable, "-m", "aiops.store.migrate", url], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        raise StoreError(
            f"the incident store {url} cannot be brought up to date: {lines[-1] if lines else 'no reason given'}"
        )


def _set_aside_if_broken(file: Path) -> None:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        return
    aside = file.with_name(f"{file.name}.corrupt-{int(time.time())}")
    log_file = file.with_name(f"{file.name}-wal")
    copied = log_file.exists() and wal.damaged(log_file.read_bytes())
    if copied:
        for part in (file, log_file):
            shutil.copy2(part, aside.with_name(aside.name + part.name.removeprefix(file.name)))
        log.error("%s is damaged: its last changes may be lost; it and its database are kept as %s", log_file, aside)
    verdict = _verdict(file)
    if verdict == "ok":
        return
    for suffix in ("", "-wal", "-shm"):
        part = file.with_name(file.name + suffix)
        if part.exists():
            part.unlink() if copied else part.rename(aside.with_name(aside.name + suffix))
    log.error("%s is damaged (%s); it is kept as %s, and a new one is started", file, verdict, aside)


def _verdict(file: Path) -> str:
    """Read the whole file; return "ok", or what is wrong with it. Raises StoreError where it cannot be opened."""
    connection = sqlite3.connect(file)
    connection.text_factory = bytes
    try:
        (found,) = connection.execute("pragma quick_check").fetchone()
        if found != b"ok":
            return str(found.decode(errors="replace"))
        names = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
        if names and not (
            b"alembic_version" in names and connection.execute("select * from alembic_version").fetchone()
        ):
            return "its tables are not complete"
        for name in names & {b"incidents", b"outbox", b"alerts"}:
            for (document,) in connection.execute(f"select document from {name.decode()}"):  # noqa: S608 - one of three
                orjson.loads(document)
    except sqlite3.OperationalError as error:
        raise StoreError(f"the incident store {file} cannot be opened: {error}") from error
    except (sqlite3.DatabaseError, orjson.JSONDecodeError) as error:
        return str(error)
    finally:
        connection.close()
    return "ok"


def _safe_and_patient(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("pragma journal_mode = wal")
    cursor.execute("pragma synchronous = full")
    cursor.execute("pragma busy_timeout = 10000")
    cursor.close()
