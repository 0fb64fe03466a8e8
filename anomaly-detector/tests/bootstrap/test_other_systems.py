"""The engine without what Windows lacks: no fcntl, no fork, no poll, no descriptors for children, no SIGHUP."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from aiops.process import system
from aiops.testing.waiting import until

WINDOWS = Path(__file__).parents[3] / "tests" / "shared" / "windows"
SPANS = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "orders"}}]},
            "scopeSpans": [
                {
                    "spans": [
                        {
                            "traceId": "0af7651916cd43dd8448eb211c80319c",
                            "spanId": "b7ad6b7169203331",
                            "name": "GET /orders",
                            "kind": 2,
                            "startTimeUnixNano": "1763712000000000000",
                            "endTimeUnixNano": "1763712000100000000",
                        }
                    ]
                }
            ],
        }
    ]
}


def free_ports() -> dict[str, str]:
    names = ("AIOPS_PORT", "AIOPS_OTLP_HTTP_PORT", "AIOPS_OTLP_GRPC_PORT")
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    ports = {name: str(one.getsockname()[1]) for name, one in zip(names, taken, strict=True)}
    for one in taken:
        one.close()
    return ports


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, **free_ports(), "PYTHONPATH": str(WINDOWS), "AIOPS_DATA_DIR": str(folder)}


def aiops(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "aiops", *arguments]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, str], Path]]:
    env, said = environment(tmp_path / "data"), tmp_path / "said"
    with said.open("wb") as file:
        process = subprocess.Popen(aiops("up"), env=env, stdout=file, stderr=file)
    yield process, env, said
    process.kill()
    process.wait()


def test_what_is_absent_is_absent() -> None:
    """The other tests would show nothing if it were there."""
    script = "import importlib, os, select, signal, socket\n" + "\n".join(
        f"assert not hasattr({place}, {name!r})"
        for place, name in (
            ("os", "fork"), ("os", "geteuid"), ("select", "poll"), ("signal", "SIGHUP"), ("signal", "SIGUSR1"),
            ("socket", "SO_REUSEPORT"),
        )
    )  # fmt: skip
    for module in ("fcntl", "grp", "pwd", "resource", "termios"):
        script += f"\ntry:\n    importlib.import_module({module!r})\nexcept ImportError:\n    pass\nelse:\n    1 / 0"
    done = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": str(WINDOWS)}, check=False)
    assert done.returncode == 0


def test_the_commands_are_there() -> None:
    env = {**os.environ, "PYTHONPATH": str(WINDOWS)}
    for arguments in (["--help"], ["up", "--help"], ["demo", "--help"], ["backup", "--help"]):
        done = subprocess.run(aiops(*arguments), env=env, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        assert b"Usage:" in done.stdout


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_an_engine_starts_takes_telemetry_and_ends(
    engine: tuple[subprocess.Popen[bytes], dict[str, str], Path], protocol: str
) -> None:
    process, env, said = engine
    url = f"http://127.0.0.1:{env['AIOPS_PORT']}"

    def answers() -> bool:
        try:
            return requests.get(f"{url}/ready", timeout=2).ok
        except requests.ConnectionError:
            return False

    until(answers, 60, "the engine answers")
    if protocol == "http":
        taken = requests.post(f"http://127.0.0.1:{env['AIOPS_OTLP_HTTP_PORT']}/v1/traces", json=SPANS, timeout=10)
        assert taken.status_code == 200, taken.text
    else:
        import grpc

        with grpc.insecure_channel(f"127.0.0.1:{env['AIOPS_OTLP_GRPC_PORT']}") as channel:
            call = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export", None, None)
            assert call(b"", timeout=10) == b""
    assert requests.get(f"{url}/", timeout=10).ok
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0, said.read_text()
    assert "Traceback" not in said.read_text()


def test_a_second_engine_on_a_folder_is_refused(
    engine: tuple[subprocess.Popen[bytes], dict[str, str], Path], tmp_path: Path
) -> None:
    process, _, said = engine
    until(lambda: "pages and API" in said.read_text(), 60, "the engine is up")
    second = subprocess.run(
        aiops("up"), env=environment(tmp_path / "data"), capture_output=True, check=False, timeout=60
    )
    assert second.returncode == 2
    assert f"another engine runs on {tmp_path / 'data'} (pid {process.pid} on " in second.stderr.decode()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    script = (
        "import os, sys\nfrom aiops.process import system\n"
        "opened = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)\nsystem.hold(opened)\nprint('held', flush=True)\n"
        "sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "lock")]
    env = {**os.environ, "PYTHONPATH": str(WINDOWS)}
    with subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"held\n"
        second = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        assert second.returncode == 1
        assert b"BlockingIOError" in second.stderr
        first.kill()
    third = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert third.returncode == 0


def test_a_system_without_any_lock_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(system, "_FCNTL", None)
    monkeypatch.setattr(system, "_MSVCRT", None)
    with (tmp_path / "lock").open("wb") as opened, pytest.raises(OSError, match="this system has no locks"):
        system.hold(opened.fileno())
