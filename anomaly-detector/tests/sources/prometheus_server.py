"""A real Prometheus for a test: one process, one empty folder."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import requests

CONFIGURATION = """
otlp:
  keep_identifying_resource_attributes: true
  promote_resource_attributes: [service.name, service.version, deployment.environment.name]
storage:
  tsdb:
    out_of_order_time_window: 30m
"""


def binary() -> str | None:
    """Where Prometheus is: AIOPS_TEST_PROMETHEUS, else on PATH if it is of version 3."""
    asked = os.environ.get("AIOPS_TEST_PROMETHEUS") or shutil.which("prometheus")
    if not asked:
        return None
    said = subprocess.run([asked, "--help"], capture_output=True, text=True, check=False)
    return asked if "web.enable-otlp-receiver" in said.stdout + said.stderr else None


class PrometheusServer:
    """Runs from the moment it is made until `close`; `kill` and `start` are for tests of its absence."""

    def __init__(self, folder: Path, program: str) -> None:
        self._folder, self._program = folder, program
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._address = f"127.0.0.1:{free.getsockname()[1]}"
        self.url = f"http://{self._address}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "prometheus.yml").write_text(CONFIGURATION, encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with (self._folder / "log").open("ab") as log:
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
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 30
        while True:
            try:
                if requests.get(f"{self.url}/-/ready", timeout=1).ok:
                    return
            except requests.RequestException:
                pass
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise AssertionError(f"Prometheus does not start: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    close = kill
