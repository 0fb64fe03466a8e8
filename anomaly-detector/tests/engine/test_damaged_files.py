"""The whole engine started on damaged files: what was there is kept byte for byte, it is said, and the engine runs."""

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from aiops.bootstrap import embedded
from aiops.config import Settings
from aiops.model import IncidentFilter

from .script import TELEMETRY
from .world import World

Spoil = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Files:
    """A data folder as a good stop leaves it, and as a kill does: with write-ahead logs."""

    stopped: Path
    killed: Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    stopped = tmp_path_factory.mktemp("stopped")
    killed = tmp_path_factory.mktemp("killed") / "files"
    world = World(stopped, telemetry=TELEMETRY)
    world.live(20)
    world.failing = 1.0
    world.live(5)
    assert len(world.incidents()) == 1
    shutil.copytree(stopped, killed)
    world.close()
    return Files(stopped, killed)


def flipped(start: float, share: float = 0.03) -> Spoil:
    """Every bit of a stretch is another."""

    def spoil(data: bytes) -> bytes:
        first, last = int(len(data) * start), int(len(data) * (start + share))
        return data[:first] + bytes(one ^ 0xFF for one in data[first:last]) + data[last:]

    return spoil


def cut(keep: float) -> Spoil:
    return lambda data: data[: int(len(data) * keep)]


@pytest.mark.parametrize(
    ("after", "name", "spoil"),
    [
        pytest.param("stopped", "telemetry.duckdb", flipped(0.0), id="duckdb-header"),
        pytest.param("stopped", "telemetry.duckdb", flipped(0.2), id="duckdb-catalog"),
        pytest.param("stopped", "telemetry.duckdb", flipped(0.6), id="duckdb-middle"),
        pytest.param("stopped", "telemetry.duckdb", flipped(0.95), id="duckdb-column-nobody-asks-for-first"),
        pytest.param("killed", "telemetry.duckdb.wal", flipped(0.0), id="duckdb-log-header"),
        pytest.param("killed", "telemetry.duckdb.wal", flipped(0.5), id="duckdb-log-middle"),
        pytest.param("killed", "telemetry.duckdb.wal", cut(0.7), id="duckdb-log-cut"),
        pytest.param("stopped", "incidents.sqlite", flipped(0.0), id="sqlite-header"),
        pytest.param("stopped", "incidents.sqlite", flipped(0.2), id="sqlite-incident"),
        pytest.param("stopped", "incidents.sqlite", flipped(0.5), id="sqlite-page"),
        pytest.param("stopped", "incidents.sqlite", cut(0.5), id="sqlite-cut"),
        pytest.param("killed", "incidents.sqlite-wal", flipped(0.0), id="sqlite-log-header"),
        pytest.param("killed", "incidents.sqlite-wal", flipped(0.3), id="sqlite-log-amid-the-tables"),
        pytest.param("killed", "incidents.sqlite-wal", flipped(0.9), id="sqlite-log-end"),
        pytest.param("killed", "incidents.sqlite-wal", cut(0.99), id="sqlite-log-cut"),
        pytest.param("stopped", "learned.npz", cut(0.5), id="snapshot-cut"),
    ],
)
def test_a_damaged_file_is_kept_and_said(
    files: Files, after: str, name: str, spoil: Spoil, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "files"
    shutil.copytree(getattr(files, after), folder)
    content = spoil((folder / name).read_bytes())
    (folder / name).write_bytes(content)
    application = embedded(Settings(data_dir=folder, port=0, otlp_grpc_port=0, otlp_http_port=0))
    application.use_cases.incidents.page(IncidentFilter())
    assert application.source.store.query(lambda _: "SELECT 1 AS one").num_rows == 1
    application.stop()
    kept = [one for one in folder.iterdir() if ".corrupt-" in one.name]
    assert content in [one.read_bytes() for one in kept]
    said = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert any(str(folder / name.removesuffix(".wal").removesuffix("-wal")) in text and "kept" in text for text in said)


@pytest.mark.parametrize("after", ["stopped", "killed"])
def test_good_files_are_not_suspected(
    files: Files, after: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "files"
    shutil.copytree(getattr(files, after), folder)
    for one in (folder, *folder.iterdir()):  # as an engine leaves them
        one.chmod(0o700)
    application = embedded(Settings(data_dir=folder, port=0, otlp_grpc_port=0, otlp_http_port=0))
    found, _ = application.use_cases.incidents.page(IncidentFilter())
    application.stop()
    assert len(found) == 1
    assert [one for one in folder.iterdir() if ".corrupt-" in one.name] == []
    assert [one for one in caplog.records if one.levelno >= logging.WARNING] == []
