"""The shop as a separate process, controlled over HTTP."""

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import requests

from aiops.cli.demo.judge import Expected
from aiops.model.errors import StartError
from aiops.process.system import OWN_GROUP

GATEWAY_PORT = 3000


class NoShop(StartError):
    """The shop is not installed, or did not start; the message says what to do."""


@dataclass(frozen=True, slots=True)
class DemoScenario:
    """A scenario of the shop's catalogue: its faults, and the incidents that should result."""

    name: str
    title: str
    faults: tuple[dict[str, Any], ...]
    truth: tuple[Expected, ...]


def demo_scenarios() -> dict[str, DemoScenario]:
    """Return the scenarios of the shop's catalogue that show within minutes. Raises NoShop."""
    if importlib.util.find_spec("shop") is None:
        raise NoShop("the demo needs the shop, which is not installed; run `make demo`, or pip install 'aiops[demo]'")
    done = subprocess.run([sys.executable, "-m", "shop", "scenarios", "--json"], capture_output=True, check=False)
    if done.returncode != 0:
        raise NoShop(f"the shop cannot say its scenarios: {done.stderr.decode().strip()}")
    return {
        one["name"]: DemoScenario(
            one["name"],
            one["title"],
            tuple(one["faults"]),
            tuple(
                Expected(each["service"], each["endpoint"], each["kind"], tuple(each["affected"]))
                for each in one["truth"]
            ),
        )
        for one in json.loads(done.stdout)["scenarios"]
        if one["live"]
    }


def objectives() -> str:
    """Return the shop's objectives as OpenSLO. Raises NoShop."""
    done = subprocess.run([sys.executable, "-m", "shop", "objectives"], capture_output=True, check=False)
    if done.returncode != 0:
        raise NoShop(f"the shop cannot say its objectives: {done.stderr.decode().strip()}")
    return done.stdout.decode()


class Shop:
    """Five services and their load. `start` starts them, `stop` ends them."""

    def __init__(self, otlp_url: str, port_offset: int = 0, log: Path | None = None) -> None:
        self._otlp_url, self._offset, self._log = otlp_url, port_offset, log
        self._process: subprocess.Popen[bytes] | None = None
        self._file: IO[bytes] | None = None

    @property
    def gateway(self) -> str:
        """The address of the gateway."""
        return f"http://127.0.0.1:{GATEWAY_PORT + self._offset}"

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start the process."""
        command = [sys.executable, "-m", "shop", "up", "--otlp-endpoint", self._otlp_url]
        command += ["--port-offset", str(self._offset), "--tied"]
        self._file = self._log.open("wb") if self._log else None
        # Ctrl-C at the terminal reaches the whole process group; the shop must outlive it until `stop` says so.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=self._file,
            stderr=self._file,
            start_new_session=True,
            creationflags=OWN_GROUP,
        )

    def ready(self) -> bool:
        """Whether all services answer. Raises NoShop when the process has ended."""
        assert self._process is not None
        if self._process.poll() is not None:
            said = self._log.read_text(errors="replace").strip().splitlines() if self._log else []
            why = [line for line in said if "cannot" in line] or said[-1:]
            raise NoShop(why[0] if why else f"the shop ended at once with status {self._process.returncode}")
        try:
            return all(
                requests.get(f"http://127.0.0.1:{port + self._offset}/ready", timeout=1).ok
                for port in (GATEWAY_PORT, 3011, 3012, 3013, 3014)
            )
        except requests.RequestException:
            return False

    def inject(self, scenario: DemoScenario) -> None:
        """Inject the faults of a scenario."""
        for fault in scenario.faults:
            self._post("/simulate/fault", fault)

    def clear(self) -> None:
        """Clear all faults."""
        self._post("/simulate/clear", {})

    def stop(self) -> None:
        """End the process, within 20 s."""
        if self._process is not None and self._process.poll() is None:
            assert self._process.stdin is not None
            self._process.stdin.close()  # which ends it, as the end of this process would
            try:
                self._process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(timeout=5)
        if self._file is not None:
            self._file.close()

    def _post(self, path: str, body: dict[str, Any]) -> None:
        try:
            answer = requests.post(self.gateway + path, json=body, timeout=10)
            answer.raise_for_status()
        except requests.RequestException as error:
            raise NoShop(f"the shop did not take {path}: {error}") from None
