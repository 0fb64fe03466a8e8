"""An engine to be attacked: real processes on ports of this machine, over a folder of its own, and what they use."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import requests

from bench.offers import export

PROTOBUF = {"Content-Type": "application/x-protobuf"}
START_SECONDS = 180.0
TOKEN = "0123456789abcdef0123456789abcdef"


@dataclass
class Attacked:
    """One engine, its pages and receivers. `token` is empty for one that is open."""

    pages: int
    grpc: int
    http: int
    process: psutil.Process
    token: str = ""
    log: Path = Path()

    @property
    def headers(self) -> dict[str, str]:
        return PROTOBUF | ({"Authorization": f"Bearer {self.token}"} if self.token else {})

    def send(self, count: int = 20, timeout: float = 10.0) -> bool:
        """Whether an honest export is taken."""
        url = f"http://127.0.0.1:{self.http}/v1/traces"
        with contextlib.suppress(requests.RequestException):
            return requests.post(url, export(count), headers=self.headers, timeout=timeout).status_code == 200
        return False

    def page(self, timeout: float = 10.0) -> bool:
        """Whether the front page is answered."""
        with contextlib.suppress(requests.RequestException):
            url = f"http://127.0.0.1:{self.pages}/"
            return requests.get(url, headers=self.headers, timeout=timeout).status_code == 200
        return False

    def accepted(self) -> int:
        """How many spans it says it took."""
        text = requests.get(f"http://127.0.0.1:{self.pages}/metrics", timeout=30).text
        line = next(line for line in text.splitlines() if line.startswith("aiops_spans_accepted "))
        return int(float(line.split()[1]))

    def processes(self) -> list[psutil.Process]:
        """The engine, and its receiver."""
        return [self.process, *self.process.children(recursive=True)]

    def megabytes(self) -> float:
        """What both hold in memory."""
        total = 0
        for one in self.processes():
            with contextlib.suppress(psutil.Error):
                total += one.memory_info().rss
        return total / 2**20

    def files(self) -> int:
        """Bytes of files without a name that they hold open: what was put aside on a disk."""
        total = 0
        for one in self.processes():
            folder = Path(f"/proc/{one.pid}/fd")
            for link in folder.iterdir():
                with contextlib.suppress(OSError):
                    if str(link.readlink()).endswith("(deleted)"):
                        total += link.stat().st_size
        return total


@dataclass
class Peak:
    """The most memory that an engine held while this was entered, above what it held before, MB."""

    of: Attacked
    before: float = 0.0
    most: float = 0.0
    _ending: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Peak":
        self.before = self.most = self.of.megabytes()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ending.wait(0.01):
            self.most = max(self.most, self.of.megabytes())

    @property
    def grown(self) -> float:
        return self.most - self.before


@contextlib.contextmanager
def engine(token: str = "", **settings: str) -> Iterator[Attacked]:
    """Start one, and end it."""
    pages, grpc, http = (_free() for _ in range(3))
    with tempfile.TemporaryDirectory(prefix="aiops-attacked-") as folder:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AIOPS_")}
        environment |= {"AIOPS_DATA_DIR": folder, "AIOPS_LOG_LEVEL": "warning", **settings}
        ports = ["--port", str(pages), "--otlp-grpc-port", str(grpc), "--otlp-http-port", str(http)]
        if token:
            environment["AIOPS_TOKEN"] = token
        log = Path(folder) / "log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "aiops", "up", *ports], env=environment, stderr=said, stdout=said
            )
        attacked = Attacked(pages, grpc, http, psutil.Process(process.pid), token, log)
        try:
            _until(attacked.page, START_SECONDS)
            yield attacked
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])


def _until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError("the engine did not start")
        time.sleep(0.2)
