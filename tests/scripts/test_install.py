"""What installs the demo: which programs it runs, and what it does without uv."""

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import install

Ran = list[list[str]]


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    """Every command that is run, without running it: all work, and venv makes a Python."""
    commands: Ran = []
    answers(monkeypatch, commands, lambda _: 0)
    return commands


def answers(monkeypatch: pytest.MonkeyPatch, commands: Ran, status: Callable[[list[str]], int]) -> None:
    def run(command: list[str], *, check: bool) -> SimpleNamespace:
        assert not check
        commands.append(command)
        if command[1:3] == ["-m", "venv"]:
            programs = Path(command[3]) / ("Scripts" if sys.platform == "win32" else "bin")
            programs.mkdir(parents=True)
            for name in ("python", "uv"):
                (programs / (f"{name}.exe" if sys.platform == "win32" else name)).touch()
        return SimpleNamespace(returncode=status(command))

    monkeypatch.setattr(subprocess, "run", run)


def named(command: list[str]) -> list[str]:
    return [Path(after).name for before, after in pairwise(command) if before in ("-r", "-e")]


def test_every_package_is_installed_by_its_hash(ran: Ran, tmp_path: Path) -> None:
    assert install.main(["--venv", str(tmp_path / "venv"), "--dev"]) == 0
    made, locked, own = ran
    assert made == [sys.executable, "-m", "venv", str(tmp_path / "venv")]
    assert [Path(locked[0]).stem, *locked[1:3]] == ["uv", "pip", "install"]
    assert "--require-hashes" in locked
    assert named(locked) == ["requirements.lock", "requirements.lock", "requirements-dev.lock"]
    assert {"--no-deps", "--no-build-isolation"} <= set(own)
    assert named(own) == ["anomaly-detector", "demo-app"]


def test_an_environment_that_is_there_is_kept(ran: Ran, tmp_path: Path) -> None:
    install.main(["--venv", str(tmp_path / "venv")])
    ran.clear()
    assert install.main(["--venv", str(tmp_path / "venv")]) == 0
    assert not [one for one in ran if "venv" in one[1:3]]
    assert named(ran[0]) == ["requirements.lock", "requirements.lock"]


def test_what_uv_cannot_reach_pip_installs_by_the_same_hashes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: Ran = []
    answers(monkeypatch, commands, lambda command: 2 if Path(command[0]).stem == "uv" else 0)
    assert install.main(["--venv", str(tmp_path / "venv")]) == 0
    by_pip = [one for one in commands if one[1:4] == ["-m", "pip", "install"]]
    locked, own = by_pip
    assert named(locked) == ["requirements.lock", "requirements.lock"]
    assert named(own) == ["anomaly-detector", "demo-app"]
    assert "--require-hashes" in locked
    assert "uv did not install this, so pip does" in capsys.readouterr().err


def test_uv_itself_is_installed_by_its_hash(ran: Ran, tmp_path: Path) -> None:
    folder = tmp_path / "venv"
    install.main(["--venv", str(folder)])
    next(folder.rglob("uv*")).unlink()
    ran.clear()
    install.main(["--venv", str(folder)])
    assert named(ran[0]) == ["requirements-uv.lock"]
    assert {"--require-hashes", "--only-binary"} <= set(ran[0])


def test_what_pip_cannot_install_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(monkeypatch, [], lambda command: int("install" in command))
    assert install.main(["--venv", str(tmp_path / "venv")]) == 1
    assert capsys.readouterr().err.endswith("-m pip install ended with status 1; its message is above\n")


@pytest.mark.parametrize("missing", ["ensurepip", "venv"])
def test_a_python_without_environments_says_what_to_install(
    missing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == missing else object())
    assert install.main(["--venv", str(tmp_path / "venv")]) == 1
    assert "install its venv package (Debian: python3-venv)" in capsys.readouterr().err


def test_an_old_python_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "OLDEST", (4, 0))
    assert install.main(["--venv", str(tmp_path / "venv")]) == 1
    assert "Python 3.11 or newer is needed" in capsys.readouterr().err
