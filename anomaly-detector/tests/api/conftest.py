"""The engine's surroundings, made up anew for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from made_up.world import World, build

from aiops.store import SqlIncidents, open_store


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty incident store, up to date: migrating takes a second, copying does not."""
    file = tmp_path_factory.mktemp("store") / "incidents.sqlite"
    open_store(f"sqlite:///{file}").dispose()
    return file


@pytest.fixture
def world(tmp_path: Path, migrated: Path) -> Iterator[World]:
    shutil.copy(migrated, tmp_path / "incidents.sqlite")
    store = SqlIncidents(open_store(f"sqlite:///{tmp_path / 'incidents.sqlite'}"))
    made = build(tmp_path, store)
    yield made
    store.close()


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.client()
