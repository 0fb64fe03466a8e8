"""What all tests of the engine share."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiops.store import opening

PREFIX = "sqlite:///"


@pytest.fixture(scope="session", autouse=True)
def migrated_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new SQLite store is a copy of one that was migrated: Alembic's process of its own costs each half a second.
    Stores with something in them, and other databases, are migrated as ever."""
    model = tmp_path_factory.mktemp("migrated") / "incidents.sqlite"
    migrate = opening._migrate
    migrate(f"{PREFIX}{model}")

    def copied(url: str) -> None:
        file = Path(url.removeprefix(PREFIX))
        if not url.startswith(PREFIX) or _tables(file):
            migrate(url)
            return
        with sqlite3.connect(model) as whole, sqlite3.connect(file) as new:
            whole.backup(new)
        whole.close()
        new.close()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "_migrate", copied)
        yield


def _tables(file: Path) -> bool:
    connection = sqlite3.connect(file)
    try:
        return connection.execute("select count(*) from sqlite_master").fetchone() != (0,)
    finally:
        connection.close()
