"""Make the virtual environment, and install what the lock files name; needs Python alone, on any system.

uv installs in a fraction of pip's time and CPU. It comes from its own lock file, by pip. Where there is no uv for a
system, or where it does not reach the packages that pip reaches, pip installs them. Both check every hash. Nothing is
compiled beforehand: Python compiles what it imports.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV_LOCK = "requirements-uv.lock"
DEMO_LOCKS = ("anomaly-detector/requirements.lock", "demo-app/requirements.lock")
DEV_LOCK = "requirements-dev.lock"
PACKAGES = ("anomaly-detector", "demo-app")
OLDEST = (3, 11)


class CannotInstall(Exception):
    """Something that is needed is missing; the message is one sentence."""


class Environment:
    """A virtual environment in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._programs = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self._program("python")

    def make(self) -> None:
        """Make it, unless it is there. Raises CannotInstall."""
        if self.python.exists():
            return
        if sys.version_info < OLDEST:
            found = ".".join(map(str, sys.version_info[:2]))
            raise CannotInstall(f"Python 3.11 or newer is needed, this is {found}; set PYTHON=/path/to/python3")
        if not all(map(importlib.util.find_spec, ("ensurepip", "venv"))):
            raise CannotInstall(
                "this Python cannot make virtual environments; install its venv package (Debian: python3-venv)"
            )
        _run([sys.executable, "-m", "venv", str(self._folder)])

    def install(self, locks: Sequence[str]) -> None:
        """Install what these lock files name. Raises CannotInstall."""
        wanted = [part for lock in locks for part in ("-r", str(ROOT / lock))]
        self._by_uv_or_pip(["--require-hashes", *wanted])

    def install_packages(self) -> None:
        """Install the packages of this repository, so that changes of their files count at once. Raises
        CannotInstall."""
        wanted = [part for package in PACKAGES for part in ("-e", str(ROOT / package))]
        self._by_uv_or_pip(["--no-deps", "--no-build-isolation", *wanted])

    def _by_uv_or_pip(self, arguments: Sequence[str]) -> None:
        uv = self._program("uv")
        if not uv.exists():
            self._pip(["--only-binary", ":all:", "--require-hashes", "-r", str(ROOT / UV_LOCK)], needed=False)
        command = [str(uv), "pip", "install", "-q", "--python", str(self.python), *arguments]
        if not (uv.exists() and _run(command, needed=False)):
            sys.stderr.write("uv did not install this, so pip does\n")
            self._pip(arguments)

    def _pip(self, arguments: Sequence[str], needed: bool = True) -> bool:
        pip = [str(self.python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-compile"]
        return _run([*pip, *arguments], needed)

    def _program(self, name: str) -> Path:
        return self._programs / (f"{name}.exe" if os.name == "nt" else name)


def _run(command: Sequence[str], needed: bool = True) -> bool:
    """Return whether a command worked. Raises CannotInstall where it is needed and did not."""
    status = subprocess.run(command, check=False).returncode
    if status and needed:
        raise CannotInstall(f"{' '.join(command[:4])} ended with status {status}; its message is above")
    return status == 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Install; returns the exit status."""
    parser = argparse.ArgumentParser(description="Install what the demo needs into a virtual environment.")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="the folder of the environment (%(default)s)")
    parser.add_argument("--dev", action="store_true", help="install what developing and testing needs as well")
    chosen = parser.parse_args(arguments)
    environment = Environment(chosen.venv)
    try:
        environment.make()
        environment.install([*DEMO_LOCKS, *([DEV_LOCK] if chosen.dev else [])])
        environment.install_packages()
    except CannotInstall as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
