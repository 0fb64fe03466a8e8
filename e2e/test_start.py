"""An existing Flask application, run as docs/start.md says, with what the README says of every language."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from aiops.testing.waiting import until

ROOT = Path(__file__).parents[1]
APP = """
from flask import Flask
app = Flask(__name__)

@app.get("/orders/<int:number>")
def order(number):
    return {"order": number}
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def documented_lines() -> tuple[dict[str, str], list[str]]:
    """The environment and the command that the page gives, port numbers included."""
    block = (ROOT / "docs/start.md").read_text().partition("<!-- a test runs these lines -->")[2].partition("\n|")[0]
    lines = [line.strip() for line in block.splitlines() if line.startswith("    ")]
    variables = dict(re.fullmatch(r"export (\w+)=(\S+)", line).groups() for line in lines[:-1])  # type: ignore[union-attr]
    return variables, shlex.split(lines[-1])


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[dict[str, int]]:
    ports = {name: free_port() for name in ("AIOPS_PORT", "AIOPS_OTLP_HTTP_PORT", "AIOPS_OTLP_GRPC_PORT")}
    settings = {name: str(port) for name, port in ports.items()}
    settings |= {"AIOPS_DATA_DIR": str(tmp_path / "data"), "AIOPS_CYCLE_SECONDS": "1", "AIOPS_LATENESS_SECONDS": "1"}
    with (tmp_path / "engine.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "aiops", "up"], env={**os.environ, **settings}, stdout=log, stderr=log
        )
    yield ports
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


def test_an_existing_application_needs_only_the_environment(tmp_path: Path, engine: dict[str, int]) -> None:
    variables, command = documented_lines()
    of_all = re.findall(r"^    export (\w+)=(\S+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert of_all
    assert dict(of_all).items() <= variables.items(), "what is the same for all languages"
    assert variables["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:4318"
    variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{engine['AIOPS_OTLP_HTTP_PORT']}"
    port = free_port()
    (tmp_path / "orders.py").write_text(APP)
    programs = Path(sys.executable).parent
    env = {**os.environ, **variables, "PATH": f"{programs}:{os.environ['PATH']}"}
    with (tmp_path / "app.log").open("wb") as log:
        app = subprocess.Popen([*command, "--port", str(port)], cwd=tmp_path, env=env, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}/orders/1"

    def seen() -> Any:
        try:
            requests.get(url, timeout=2)
            found = requests.get(f"http://127.0.0.1:{engine['AIOPS_PORT']}/aiops/metrics", timeout=5).json()
        except requests.ConnectionError:
            return None
        route = found["metrics"].get("orders /orders/<int:number>")
        return route if route and route["status_distribution"].get("200", 0) > 0 else None

    try:
        route = until(seen, 60, "the engine knows the route and its answers")
        assert route["service"] == "orders"
        assert "Traceback" not in (tmp_path / "app.log").read_text()
    finally:
        app.terminate()
        app.wait(20)
