"""The data folder is its owner's alone, and one engine's at a time."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiops import bootstrap
from aiops.config import PrometheusSettings, Settings, TempoSettings
from aiops.process.folder import LOCK, DataFolder, FolderError

HOLDING = """
import signal, sys
from pathlib import Path
from aiops.process.folder import DataFolder
held = DataFolder(Path(sys.argv[1]))
print("held", flush=True)
signal.pause()
"""


@pytest.fixture(autouse=True)
def mask() -> Iterator[None]:
    """Tests begin as most machines do, and leave the process as it was."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_who_comes_second_hears_who_was_first(tmp_path: Path) -> None:
    first = DataFolder(tmp_path / "data")
    with pytest.raises(FolderError, match=rf"another engine runs on .*data \(pid {os.getpid()} on .+, since 20\d\d-"):
        DataFolder(tmp_path / "data")
    first.release()
    DataFolder(tmp_path / "data").release()


def test_who_was_killed_holds_nothing(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    with other, other.stdout:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(FolderError, match=f"pid {other.pid} "):
            DataFolder(tmp_path)
        other.send_signal(signal.SIGKILL)
        other.wait()
        DataFolder(tmp_path).release()


def test_a_second_engine_does_not_start(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, port=0, otlp_grpc_port=0, otlp_http_port=0)
    first = bootstrap.embedded(settings)
    try:
        for build in (bootstrap.embedded, bootstrap.on_stack):
            with pytest.raises(bootstrap.CannotStart, match=f"pid {os.getpid()}"):
                build(
                    settings.model_copy(
                        update={
                            "prometheus": PrometheusSettings(url="http://127.0.0.1:1"),
                            "tempo": TempoSettings(url="http://a:1"),
                        }
                    )
                )
    finally:
        first.stop()
    bootstrap.embedded(settings).stop()


def test_what_an_engine_writes_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    bootstrap.embedded(Settings(data_dir=folder, port=0, otlp_grpc_port=0, otlp_http_port=0)).stop()
    assert mode(folder) == 0o700
    assert {one.name: mode(one) for one in folder.iterdir()} == {one.name: 0o600 for one in folder.iterdir()}
    assert {LOCK, "incidents.sqlite", "telemetry.duckdb"} <= {one.name for one in folder.iterdir()}


def test_what_was_open_is_closed_with_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    for name in ("incidents.sqlite", "notes.txt"):
        (folder / name).touch(0o644)
    DataFolder(folder).release()
    assert (mode(folder), mode(folder / "incidents.sqlite"), mode(folder / "notes.txt")) == (0o700, 0o600, 0o644)
    assert [one.getMessage().partition(" was ")[0] for one in caplog.records] == [
        str(folder),
        str(folder / "incidents.sqlite"),
    ]
    caplog.clear()
    DataFolder(folder).release()
    assert not caplog.records


def test_what_all_share_is_left_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    DataFolder(tmp_path).release()
    assert mode(tmp_path) == 0o1777
    assert mode(tmp_path / LOCK) == 0o600
