"""An OpenID provider of npm as a process, for tests: installed once into the cache, in a folder named after what it is
made of."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.native.build import cache_folder

HERE: Final = Path(__file__).parent / "oidc"
PARTS: Final = ("package.json", "package-lock.json", "provider.mjs")
AUDIENCE: Final = "urn:aiops:api"
SECRET: Final = "a secret: with + and %"


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider while it runs."""

    url: str
    process: "subprocess.Popen[str]"

    def rotate(self) -> None:
        """Replace its key."""
        assert self.process.stdin
        self.process.stdin.write("rotate\n")
        self.process.stdin.flush()
        self._said("rotated")

    def wait(self) -> None:
        """Wait until it listens."""
        self._said("ready")

    def _said(self, word: str) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if line.strip() == word:
                return
        raise AssertionError(f"the provider ended before it said {word}")


def missing() -> str:
    """Which program is not there; "" where all are."""
    return next((one for one in ("node", "npm") if shutil.which(one) is None), "")


def installed() -> Path:
    """The folder with the provider and its packages, installed now if they are not there yet."""
    digest = hashlib.sha256()
    for name in PARTS:
        digest.update((HERE / name).read_bytes())
    cache = cache_folder().parent / "npm"
    folder = cache / digest.hexdigest()[:16]
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix="partial-", dir=cache))
    try:
        for name in PARTS:
            shutil.copy(HERE / name, made / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=made, check=True, capture_output=True, timeout=300)
        if not folder.is_dir():
            made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return folder


@contextmanager
def providing(port: int, engine: str) -> Iterator[Provider]:
    """Run a provider that knows the engine at an address."""
    command = ["node", "provider.mjs", str(port), f"{engine}/sign-in/oidc/callback", AUDIENCE]
    process = subprocess.Popen(
        command,
        cwd=installed(),
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    one = Provider(f"http://127.0.0.1:{port}", process)
    try:
        one.wait()
        yield one
    finally:
        process.terminate()
        process.wait(20)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
