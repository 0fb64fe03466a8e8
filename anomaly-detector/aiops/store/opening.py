"""Open the incident store: check the file, bring its tables up to date, never overwrite what cannot be read."""

import logging
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError

from aiops.ports import StoreError
from aiops.store.tables import HEAD

log = logging.getLogger(__name__)


def open_store(url: str) -> Engine:
    """Open a database by its SQLAlchemy URL, made or migrated as needed. Raises StoreError."""
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
    """Open a SQLite store without changing it in any way; raises StoreError when this program cannot read it."""
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
    """Run Alembic in a process of its own: it and Mako stay out of the engine's memory."""
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
    try:
        connection = sqlite3.connect(file)
        try:
            verdict = connection.execute("pragma quick_check").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        raise StoreError(f"the incident store {file} cannot be opened: {error}") from error
    except sqlite3.DatabaseError as error:
        verdict = str(error)
    if verdict == "ok":
        return
    aside = file.with_name(f"{file.name}.corrupt-{int(time.time())}")
    for suffix in ("", "-wal", "-shm"):
        part = file.with_name(file.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    log.error("%s is damaged (%s); it is kept as %s, and a new one is started", file, verdict, aside)


def _safe_and_patient(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("pragma journal_mode = wal")
    cursor.execute("pragma synchronous = full")
    cursor.execute("pragma busy_timeout = 10000")
    cursor.close()
