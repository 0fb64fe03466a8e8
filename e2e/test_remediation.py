"""The first step of docs/remediation.md, as it stands: its files, and its commands from top to bottom."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from aiops.testing.waiting import until

from .test_start import free_port

PAGE = (Path(__file__).parents[1] / "docs/remediation.md").read_text(encoding="utf-8")
FIRST = PAGE.partition("## First step")[2].partition("\n## ")[0]
START = "AIOPS_ACTIONS_FILE=actions.yaml aiops up"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def lines() -> list[str]:
    shown = FIRST.partition("<!-- a test runs these lines -->")[2]
    return [line.strip() for line in shown.splitlines() if line.startswith("    ")]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    ports = {name: str(free_port()) for name in ("AIOPS_PORT", "AIOPS_OTLP_HTTP_PORT", "AIOPS_OTLP_GRPC_PORT")}
    (tmp_path / "actions.yaml").write_text(blocks("yaml")[0], encoding="utf-8")
    (tmp_path / "alert.json").write_text(blocks("json")[0], encoding="utf-8")
    program = tmp_path / "aiops"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m aiops "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    clean = {key: value for key, value in os.environ.items() if not key.startswith("AIOPS_")}
    path = f"{tmp_path}{os.pathsep}{clean['PATH']}"
    return {**clean, **ports, "AIOPS_DATA_DIR": str(tmp_path / "data"), "PATH": path}


@pytest.fixture
def engine(tmp_path: Path, environment: dict[str, str]) -> Iterator[Path]:
    log, command = tmp_path / "engine.log", ["sh", "-c", f"exec env {START}"]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=out, stderr=out)
    try:
        until(lambda: _answers(environment["AIOPS_PORT"]), 60.0, "the engine answers")
        yield log
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


def _answers(port: str) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_the_first_step_is_as_the_page_says(tmp_path: Path, environment: dict[str, str], engine: Path) -> None:
    def run(line: str) -> str:
        text = line.replace("127.0.0.1:8000", f"127.0.0.1:{environment['AIOPS_PORT']}")
        done = subprocess.run(
            ["sh", "-c", text], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, (text, done.stdout, done.stderr)
        return done.stdout

    check, start, send, listed, show = lines()
    assert start == START
    assert "executed by itself" in run(check)
    assert '"firing":1' in run(send)
    until(lambda: "verifying" in run(listed), 60.0, "the action is executed")
    name = run(listed).split()[0]
    said = run(show.replace("ACT-1795253415-1", name))
    assert "execute by engine: allowed" in said
    assert "simulated runbook of checkout: nothing was changed" in said
    assert f"{name} simulated runbook of checkout" in engine.read_text(encoding="utf-8")


def test_the_policies_of_the_page_are_right(tmp_path: Path, environment: dict[str, str]) -> None:
    for number, text in enumerate(blocks("yaml")):
        file = tmp_path / f"policy-{number}.yaml"
        file.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "aiops", "actions", "check", str(file)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
