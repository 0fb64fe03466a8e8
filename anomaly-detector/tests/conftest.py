"""What all tests of the engine share."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

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


class _Templates(BytecodeCache):
    """Templates as they were compiled, by their name and text."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> Iterator[None]:
    """Nearly every test of pages builds an application, which would compile the templates of a page again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {**Flask.jinja_options, "bytecode_cache": _Templates()})
        yield


def _tables(file: Path) -> bool:
    connection = sqlite3.connect(file)
    try:
        return connection.execute("select count(*) from sqlite_master").fetchone() != (0,)
    finally:
        connection.close()
