"""`aiops smoke` against a real engine, and against what stands at an address instead of one that works."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from aiops import __version__
from aiops.cli.main import main
from aiops.cli.smoke.answers import Answer, Round, exposition
from aiops.cli.smoke.asking import ask_once
from aiops.cli.smoke.checks import Wanted, Watch, checks
from aiops.testing.waiting import until

TIMEOUT = 60
NAMES = ["process", "ready", "cycles", "telemetry", "pages", "api", "metrics", "version"]
Changed = Mapping[str, tuple[int, str, bytes] | Callable[[bytes], bytes]]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def environment(**more: str) -> dict[str, str]:
    return {**{key: value for key, value in os.environ.items() if not key.startswith("AIOPS_")}, **more}


def smoke(url: str, *arguments: str, **env: str) -> Result:
    return CliRunner(env=env).invoke(main, ["smoke", url, *arguments])


def lines(said: Result) -> dict[str, tuple[str, str]]:
    """What was printed: by check, whether it holds and what was measured."""
    rows = [line.split(maxsplit=2) for line in said.stdout.splitlines()[1:]]
    return {name: (holds, measured) for name, holds, measured in rows}


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a process, its output a pipe."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aiops", "smoke", *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def engine(folder: Path, *command: str) -> Iterator[tuple[str, str]]:
    """An engine that runs: its address and where it takes OTLP."""
    ports = {name: free_port() for name in ("AIOPS_PORT", "AIOPS_OTLP_HTTP_PORT", "AIOPS_OTLP_GRPC_PORT")}
    settings = {"AIOPS_CYCLE_SECONDS": "1", "AIOPS_LATENESS_SECONDS": "1", "AIOPS_DATA_DIR": str(folder)}
    log = folder / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "aiops", *command],
            env=environment(**settings, **{name: str(port) for name, port in ports.items()}),
            stdout=said,
            stderr=said,
        )
    port = command[-1] if "--port" in command else ports["AIOPS_PORT"]
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: requests.get(f"{url}/health", timeout=2).ok, TIMEOUT, despite=requests.RequestException)
        yield url, f"http://127.0.0.1:{ports['AIOPS_OTLP_HTTP_PORT']}"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(TIMEOUT) == 0, log.read_text()


def send(otlp: str, service: str) -> None:
    """A request that was served just now."""
    now = time.time_ns()
    span = {
        "traceId": os.urandom(16).hex(),
        "spanId": os.urandom(8).hex(),
        "name": "GET /",
        "kind": 2,
        "startTimeUnixNano": str(now - 10_000_000),
        "endTimeUnixNano": str(now),
        "attributes": [
            {"key": "http.request.method", "value": {"stringValue": "GET"}},
            {"key": "http.route", "value": {"stringValue": "/"}},
            {"key": "http.response.status_code", "value": {"intValue": 200}},
        ],
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}
    requests.post(f"{otlp}/v1/traces", json=body, timeout=5).raise_for_status()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An engine to which two services send."""
    over = threading.Event()
    with engine(tmp_path_factory.mktemp("engine"), "up") as (url, otlp):

        def sending() -> None:
            while not over.wait(0.2):
                send(otlp, "orders")
                send(otlp, "payment")

        thread = threading.Thread(target=sending)
        thread.start()
        yield url
        over.set()
        thread.join()


@dataclass
class Other:
    """A program that answers as an engine did once, but for what is changed: its address, and what is changed."""

    url: str
    changed: dict[str, tuple[int, str, bytes] | Callable[[bytes], bytes]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def recorded(running: str) -> Mapping[str, requests.Response]:
    assert smoke(running, "--service", "orders").exit_code == 0
    paths = ("/health", "/ready", "/metrics", "/aiops/services", "/aiops/incidents", "/aiops/openapi.json", "/")
    return {path: requests.get(running + path, timeout=5) for path in paths}


@pytest.fixture
def other(recorded: Mapping[str, requests.Response]) -> Iterator[Other]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = "/" if self.path == "/incidents" else self.path.partition("?")[0]
            status, kind, body = 404, "text/html", b"<html><title>404 Not Found</title></html>"
            if path in recorded:
                got = recorded[path]
                status, kind, body = got.status_code, got.headers["Content-Type"], got.content
            change = made.changed.get(path)
            if callable(change):
                body = change(body)
            elif change is not None:
                status, kind, body = change
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def version_string(self) -> str:
            return "nginx/1.29"

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Other(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def test_an_engine_that_works_is_said_to_with_what_was_measured(running: str) -> None:
    said = smoke(running, "--service", "orders", "--service", "payment", "--version", __version__, "--timeout", "30s")
    assert (said.exit_code, said.stderr) == (0, ""), said.stdout
    found = lines(said)
    assert list(found) == NAMES
    assert {holds for holds, _ in found.values()} == {"ok"}
    assert "one every 1 s" in found["cycles"][1]
    assert "2 services judged" in found["telemetry"][1]
    assert found["version"][1] == __version__


def test_a_program_reads_the_same_as_json(running: str) -> None:
    said = smoke(running, "--json")
    document = json.loads(said.stdout)
    assert (said.exit_code, document["works"], document["version"]) == (0, True, __version__)
    assert [one["check"] for one in document["checks"]] == NAMES
    assert all(one["holds"] and one["measured"] and one["look"] is None for one in document["checks"])


def test_a_service_that_sends_nothing_is_named(running: str) -> None:
    said = smoke(running, "--service", "orders", "--service", "basket", "--timeout", "6")
    assert said.exit_code == 1
    assert lines(said)["telemetry"] == ("NOT", "basket not among orders, payment")
    assert said.stderr.startswith(f"aiops: {running} does not work, after ")
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in said.stderr


def test_another_release_than_was_deployed_is_named(running: str) -> None:
    said = smoke(running, "--version", "9.9.9", "--timeout", "6")
    assert said.exit_code == 1
    assert lines(said)["version"] == ("NOT", f"{__version__}, not 9.9.9")
    assert [name for name, (holds, _) in lines(said).items() if holds != "ok"] == ["version"]


def test_an_engine_without_its_store_is_not_ready_and_names_it(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    with engine(tmp_path, "run", "--prometheus-url", nowhere) as (url, _):
        said = smoke(url, "--without-telemetry", "--timeout", "6")
    assert said.exit_code == 1
    assert lines(said)["ready"] == ("NOT", f"Prometheus at {nowhere} cannot be reached: Connection refused")
    assert "EngineSourceFailing" in said.stderr


def asked_in_vain(door: socket.socket, times: int = 1) -> None:
    """Let it be asked so often, and answer nothing."""
    door.settimeout(TIMEOUT)
    for _ in range(times):
        door.accept()[0].close()


def test_an_engine_that_comes_up_later_is_waited_for_and_needs_no_telemetry_yet(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
        with started(f"http://127.0.0.1:{port}", "--without-telemetry") as waiting:
            asked_in_vain(door)
            door.close()
            with engine(tmp_path, "up", "--port", str(port)) as (url, _):
                out, err = waiting.communicate(timeout=TIMEOUT)
                strict = smoke(url, "--timeout", "5")
    assert (waiting.returncode, err) == (0, ""), out
    assert "telemetry" not in out
    assert strict.exit_code == 1
    assert lines(strict)["telemetry"] == ("NOT", "no service is seen")


def test_nothing_at_the_address_is_one_sentence_and_asks_no_more() -> None:
    said = smoke(f"http://127.0.0.1:{free_port()}", "--timeout", "1")
    assert said.exit_code == 1
    assert lines(said)["process"] == ("NOT", "no answer: Connection refused")
    assert {measured for name, (_, measured) in lines(said).items() if name != "process"} == {"not asked"}
    assert said.stderr.splitlines()[0].endswith(": process")


def test_cycles_that_stand_still_are_told(other: Other) -> None:
    said = smoke(other.url, "--timeout", "6")
    assert said.exit_code == 1
    assert [name for name, (holds, _) in lines(said).items() if holds != "ok"] == ["cycles"]
    assert "one every 1 s" in lines(said)["cycles"][1]
    assert "EngineCycle" in said.stderr


def test_another_program_at_the_address_is_told(other: Other) -> None:
    other.changed["/health"] = (200, "text/html", b"<h1>Welcome to nginx!</h1>")
    said = smoke(other.url, "--timeout", "5")
    assert said.exit_code == 1
    assert lines(said)["process"] == ("NOT", "200 text/html by nginx/1.29: no engine answers so")


@pytest.mark.parametrize(
    ("path", "change", "check", "measured"),
    [
        ("/", (200, "text/html", b"<title>Log in</title>"), "pages", "/ is no page of an engine"),
        ("/", (502, "text/html", b""), "pages", "/: 502 text/html by nginx/1.29"),
        ("/aiops/incidents", (200, "text/html", b"<title>Log in</title>"), "api", "/aiops/incidents: 200 text/html"),
        ("/aiops/openapi.json", (200, "application/json", b"{}"), "api", "/aiops/openapi.json: 200 application/json"),
        ("/metrics", (200, "text/plain", b"up 1\n"), "metrics", "none of an engine's"),
        ("/metrics", (200, "text/plain", b"\xff{"), "metrics", "none of an engine's"),
        (
            "/metrics",
            lambda body: body.replace(b"aiops_engine_info{", b"aiops_other_info{"),
            "metrics",
            "aiops_engine_info lacking",
        ),
        ("/aiops/services", (503, "application/problem+json", b'{"detail": "away"}'), "telemetry", "away"),
        ("/aiops/services", (200, "application/json", b'{"services": []}'), "telemetry", "no service is seen"),
        ("/ready", (503, "application/problem+json", b'{"reasons": ["a", "a", "b"]}'), "ready", "a; b"),
        ("/ready", (404, "text/html", b""), "ready", "404 text/html by nginx/1.29"),
    ],
)
def test_what_is_not_as_an_engine_has_it_is_named(
    other: Other,
    path: str,
    change: tuple[int, str, bytes] | Callable[[bytes], bytes],
    check: str,
    measured: str,
) -> None:
    other.changed[path] = change
    judged = checks(ask_once(other.url, (), 5.0), Watch(), Wanted(), time.time())
    [found] = [one for one in judged if one.name == check]
    assert not found.ok
    assert found.measured.startswith(measured)
    assert found.look


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_a_certificate_that_is_not_trusted_is_told(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    named = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run([*made, *named], capture_output=True, check=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            pass

    with Quiet(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        url = f"https://127.0.0.1:{server.server_port}"
        refused = smoke(url, "--timeout", "5")
        trusted = smoke(url, "--timeout", "5", REQUESTS_CA_BUNDLE=str(certificate))
        server.shutdown()
        thread.join()
    assert lines(refused)["process"] == (
        "NOT",
        f"no TLS with {url}: self-signed certificate; AIOPS_CA_FILE names the CA to trust",
    )
    assert lines(trusted)["process"][1].startswith("501 ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("htp://127.0.0.1",),
        ("127.0.0.1:8000",),
        ("http://",),
        ("http://127.0.0.1:99999",),
        ("http://[::1",),
        ("http://127.0.0.1:8000/?a=1",),
        ("http://127.0.0.1", "--timeout", "soon"),
        ("http://127.0.0.1", "--timeout", "0"),
        ("http://127.0.0.1", "--timeout", "1M"),
        ("http://127.0.0.1", "--service", "a", "--without-telemetry"),
    ],
)
def test_wrong_use_is_told_at_once(arguments: tuple[str, ...]) -> None:
    said = smoke(*arguments)
    assert (said.exit_code, said.stdout) == (2, "")
    assert "Traceback" not in said.stderr


def test_ctrl_c_ends_it_with_what_was_seen() -> None:
    door = socket.create_server(("127.0.0.1", 0))
    with door, started(f"http://127.0.0.1:{door.getsockname()[1]}") as process:
        asked_in_vain(door, times=2)  # the first round is over when the second begins
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 1
    assert "no answer: " in out
    assert "interrupted after" in err
    assert "Traceback" not in err


def told(**values: float) -> Answer:
    text = "".join(f"aiops_{name} {value}\n" for name, value in values.items())
    return Answer(status=200, body=f'aiops_engine_info{{version="1"}} 1\n{text}'.encode(), at=1000.0)


def cycles(now: Answer, watch: Watch) -> tuple[bool, str]:
    alive = Answer(status=200, body=b'{"status": "ok"}')
    found = checks(Round({"/health": alive, "/metrics": now}), watch, Wanted(), 0.0)
    [one] = [one for one in found if one.name == "cycles"]
    return one.ok, one.measured


@pytest.mark.parametrize(
    ("interval", "last", "holds"), [(15, 955, True), (15, 953, False), (60, 955, True), (60, 700, False)]
)
def test_a_cycle_is_recent_in_units_of_its_own_interval(interval: int, last: int, holds: bool) -> None:
    answer = told(cycle_interval_seconds=interval, cycle_timestamp_seconds=last)
    assert cycles(answer, Watch("1", last, 1))[0] is holds


def test_a_new_cycle_counts_only_of_the_release_that_runs_now() -> None:
    watch = Watch()
    for cycle, new in ((0.0, 0), (900.0, 1), (900.0, 1), (915.0, 2)):
        watch = watch.seen(exposition(told(cycle_timestamp_seconds=cycle)))
        assert (watch.cycle, watch.new) == (cycle, new)
    after = exposition(
        Answer(status=200, body=b'aiops_engine_info{version="2"} 1\naiops_cycle_timestamp_seconds 930\n')
    )
    assert watch.seen(after).new == 0


def test_cycles_that_fail_are_counted() -> None:
    answer = told(cycle_timestamp_seconds=990, cycle_failures_total=4)
    assert cycles(answer, Watch("1", 990, 0)) == (False, "10 s ago, one every 15 s, 4 failed, no new one seen yet")
