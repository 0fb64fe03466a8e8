"""One Prometheus by itself, in an empty folder: for tests and benchmarks that bring their own telemetry."""

import socket
import subprocess
import time
from pathlib import Path

import requests

CONFIGURATION = """\
otlp:
  keep_identifying_resource_attributes: true
  promote_resource_attributes: [service.name, service.version, deployment.environment.name]
storage:
  tsdb:
    out_of_order_time_window: 30m
"""
START_SECONDS = 30.0


class LonePrometheus:
    """Runs from the moment it is made until `close`; `kill` and `start` are for its absence."""

    def __init__(self, program: Path, folder: Path, configuration: str = CONFIGURATION) -> None:
        """Start it. Raises RuntimeError with what it said when it does not come up."""
        self._program, self._folder = program, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self._address}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "prometheus.yml").write_text(configuration, encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it again, on what it had. Raises RuntimeError."""
        log = self._folder / "log"
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                [
                    self._program,
                    f"--config.file={self._folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._folder / 'data'}",
                    f"--web.listen-address={self._address}",
                    "--web.enable-otlp-receiver",
                    "--enable-feature=created-timestamp-zero-ingestion",
                    "--log.level=warn",
                ],
                stdout=said,
                stderr=said,
            )
        until = time.monotonic() + START_SECONDS
        while not self._ready():
            if time.monotonic() > until or self._process.poll() is not None:
                self.kill()
                raise RuntimeError(f"Prometheus does not come up: {log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        assert self._process is not None, "it was killed"
        return self._process.pid

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    close = kill

    def _ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/-/ready", timeout=1).ok
        except requests.RequestException:
            return False
