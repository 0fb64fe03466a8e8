"""The command line as its user sees it: a process, its words and its exit code."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from made_up.ended import Threads

from aiops.testing.waiting import until

TIMEOUT = 60


def aiops(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aiops", *arguments],
        env={**_clean(), **env},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def _clean() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("AIOPS_")}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield one.getsockname()[1]


@pytest.mark.parametrize("command", [(), ("up",), ("demo",), ("incidents",), ("incidents", "list"), ("config", "show")])
def test_help_teaches(command: tuple[str, ...]) -> None:
    said = aiops(*command, "--help")
    assert said.returncode == 0
    assert "Usage:" in said.stdout
    assert len(said.stdout) > 200


@pytest.mark.parametrize("text", ["2w", "61d", "4m"])
def test_a_history_that_is_none_is_refused_at_once(text: str) -> None:
    said = aiops("demo", "--history", text)
    assert said.returncode == 2
    assert said.stderr == f"aiops: --history: {text!r} is not a length from 5m to 60d; write it like 5m, 36h or 14d\n"


def test_config_show_lists_every_key_and_hides_tokens() -> None:
    said = aiops("config", "show", AIOPS_TOKEN="0123456789abcdef0")
    assert "otlp_http_port: 4318" in said.stdout
    assert "AIOPS_OTLP_HTTP_PORT" in said.stdout
    assert "0123456789abcdef0" not in said.stdout + said.stderr


def test_config_check_says_yes_or_no(tmp_path: Path) -> None:
    file = tmp_path / "aiops.yaml"
    file.write_text("port: 8001\n")
    assert aiops("config", "check", "--config", str(file)).returncode == 0
    file.write_text("potr: 8001\n")
    said = aiops("config", "check", "--config", str(file))
    assert said.returncode == 1
    assert "unknown key `potr`" in said.stderr


@pytest.mark.parametrize(
    "variable", ["AIOPS_PORT", "AIOPS_OTLP_HTTP_PORT", "AIOPS_OTLP_GRPC_PORT"], ids=["pages", "otlp-http", "otlp-grpc"]
)
def test_a_port_in_use_is_one_sentence(tmp_path: Path, taken: int, variable: str) -> None:
    env = {name: str(free_port()) for name in ("AIOPS_PORT", "AIOPS_OTLP_HTTP_PORT", "AIOPS_OTLP_GRPC_PORT")}
    said = aiops("up", "--data-dir", str(tmp_path), **{**env, variable: str(taken)})
    assert said.returncode == 2
    assert str(taken) in said.stderr
    assert "Traceback" not in said.stderr
    assert len([line for line in said.stderr.splitlines() if line.startswith("aiops: ")]) == 1


def test_an_unknown_key_is_one_sentence() -> None:
    said = aiops("up", AIOPS_PROT="1")
    assert said.returncode == 2
    assert said.stderr == "aiops: unknown key `prot` in the environment (AIOPS_PROT); did you mean `port`?\n"


def test_a_data_folder_that_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = aiops("up", "--data-dir", str(tmp_path / "file" / "below"), "--port", str(free_port()))
    assert said.returncode == 2
    assert "cannot be made" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_calendar_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "calendar.yaml"
    file.write_text("time_zone: Berlin\n")
    ports = ("--port", str(free_port()), "--otlp-grpc-port", str(free_port()), "--otlp-http-port", str(free_port()))
    said = aiops("up", "--data-dir", str(tmp_path / "data"), "--calendar", str(file), *ports)
    assert said.returncode == 2
    assert said.stderr.endswith("calendar.yaml: `time_zone`: a time zone is named like Europe/Berlin, not 'Berlin'\n")
    assert "Traceback" not in said.stderr


def test_no_engine_is_one_sentence() -> None:
    said = aiops("incidents", "list", "--url", f"http://127.0.0.1:{free_port()}")
    assert said.returncode == 1
    assert said.stderr.startswith("aiops: no engine answers at")


def test_up_serves_until_ctrl_c_and_keeps_what_it_has(tmp_path: Path) -> None:
    ports = {name: free_port() for name in ("AIOPS_PORT", "AIOPS_OTLP_HTTP_PORT", "AIOPS_OTLP_GRPC_PORT")}
    env = {**_clean(), **{name: str(port) for name, port in ports.items()}, "AIOPS_DATA_DIR": str(tmp_path)}
    log = tmp_path / "log"
    with log.open("wb") as said:
        engine = subprocess.Popen([sys.executable, "-m", "aiops", "up"], env=env, stdout=said, stderr=said)
    url = f"http://127.0.0.1:{ports['AIOPS_PORT']}"
    try:
        until(lambda: requests.get(f"{url}/health", timeout=2).ok, despite=requests.RequestException)
        second = aiops("up", **{**env, "AIOPS_PORT": str(free_port())})
        assert second.returncode == 2
        assert "another" in second.stderr
        receiver = f"http://127.0.0.1:{ports['AIOPS_OTLP_HTTP_PORT']}/v1/traces"
        garbage = requests.post(receiver, b"\xff\x00garbage", timeout=5)
        assert garbage.status_code in (400, 415)
        listed = aiops("incidents", "list", "--url", url)
        assert (listed.returncode, listed.stdout) == (0, "no active incidents\n")
        missing = aiops("incidents", "show", "INC-0-0", "--url", url)
        assert (missing.returncode, missing.stdout) == (1, "")
        assert "INC-0-0" in missing.stderr
    finally:
        engine.send_signal(signal.SIGINT)
        assert engine.wait(TIMEOUT) == 0
    assert "Traceback" not in log.read_text()
    left = aiops("incidents", "list", **env)
    assert (left.returncode, left.stdout) == (0, "no active incidents\n")
    assert (tmp_path / "incidents.sqlite").exists()
    assert (tmp_path / "telemetry.duckdb").exists()


def test_an_engine_whose_pages_have_ended_ends_to_be_started_again(tmp_path: Path) -> None:
    (tmp_path / "python").mkdir()
    threads = Threads(tmp_path / "python")
    ports = {name: str(free_port()) for name in ("AIOPS_PORT", "AIOPS_OTLP_HTTP_PORT", "AIOPS_OTLP_GRPC_PORT")}
    env = {**_clean(), **ports, "AIOPS_DATA_DIR": str(tmp_path / "data"), "PYTHONPATH": threads.path}
    log = tmp_path / "log"
    with log.open("wb") as said:
        engine = subprocess.Popen([sys.executable, "-m", "aiops", "up"], env=env, stdout=said, stderr=said)
    try:
        until(
            lambda: requests.get(f"http://127.0.0.1:{ports['AIOPS_PORT']}/health", timeout=2).ok,
            despite=requests.RequestException,
        )
        threads.end("aiops-http")
        assert engine.wait(TIMEOUT) == 1
    finally:
        engine.kill()
    assert "the thread that answers HTTP has ended" in log.read_text()
