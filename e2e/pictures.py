"""Pages as a person sees them: a browser opens them, says what is on them and takes a picture."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

BROWSERS = ("chromium", "google-chrome", "chromium-browser")
PATIENCE = 30_000
"""Milliseconds of the page's own time until it is taken as it is: panels ask when they come into view."""


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser without a window; its pictures go to a folder."""

    program: str
    folder: Path

    def picture(self, url: str, name: str, height: int = 1200, width: int = 1600) -> Path:
        """Take a picture of a page, as wide and high as is said (pixels)."""
        file = self.folder / f"{name}.png"
        self._open(url, width, height, f"--screenshot={file}")
        assert file.stat().st_size > 10_000, f"{url}: hardly anything is on the picture {file}"
        return file

    def elements(self, url: str, height: int = 1200, width: int = 1600) -> str:
        """The page's elements as they are once its scripts have run, as HTML."""
        return self._open(url, width, height, "--dump-dom")

    def _open(self, url: str, width: int, height: int, what: str) -> str:
        assert requests.get(url, timeout=30).ok, url  # a browser draws a page of its own where there is none
        with tempfile.TemporaryDirectory(prefix="browser-") as profile:
            command = [
                self.program,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--hide-scrollbars",
            ]
            command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
            command += [f"--user-data-dir={profile}", f"--window-size={width},{height}"]
            command += [f"--virtual-time-budget={PATIENCE}", what, url]
            done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


@pytest.fixture(scope="session")
def browser() -> Browser:
    """The machine's own; pictures go to AIOPS_TEST_ARTIFACTS, else to `artifacts/` where the tests were started."""
    found = next((program for name in BROWSERS if (program := shutil.which(name))), None)
    assert found, f"no browser is on the PATH, none of {', '.join(BROWSERS)}"
    folder = Path(os.environ.get("AIOPS_TEST_ARTIFACTS", "artifacts")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return Browser(found, folder)
