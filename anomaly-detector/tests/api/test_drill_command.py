"""`aiops drill` against an engine over HTTP, with a target that records what it is asked."""

import os
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result
from made_up.fakes import NOW
from made_up.samples import simple
from made_up.world import World
from werkzeug.serving import make_server

from aiops.cli.main import main
from aiops.testing.waiting import until


class Target(ThreadingHTTPServer):
    """Where faults are caused: remembers the paths and what came with them; `broken` paths are answered 500."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.asked: list[str] = []
        self.headers: list[str | None] = []
        self.broken: set[str] = set()
        self.on_start = lambda: None


class Asked(BaseHTTPRequestHandler):
    server: Target

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(self.path)
        self.server.headers.append(self.headers.get("X-Key"))
        self.send_response(500 if self.path in self.server.broken else 200)
        self.end_headers()
        self.wfile.write(b"no such endpoint" if self.path in self.server.broken else b"")
        if self.path == "/start":
            self.server.on_start()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def url(world: World) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, world.app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def file(tmp_path: Path, target: Target) -> Path:
    return written(tmp_path, plan(target))


def plan(target: Target, **changed: str) -> str:
    address = f"http://127.0.0.1:{target.server_address[1]}"
    fields = {
        "name": "payment-errors",
        "service": "payment",
        "within": "2m",
        "lasts": "30s",
        "start": f'{{url: "{address}/start", headers: {{X-Key: "env:CHAOS_KEY"}}}}',
        "stop": f'{{url: "{address}/stop"}}',
        **changed,
    }
    return "drills:\n- " + "\n  ".join(f"{key}: {value}" for key, value in fields.items() if value) + "\n"


def written(folder: Path, text: str) -> Path:
    file = folder / "drills.yaml"
    file.write_text(text)
    return file


def run(*arguments: str, **env: str | None) -> Result:
    return CliRunner().invoke(main, ["drill", *arguments], env={"CHAOS_KEY": "abc", **env})


def after_cycle(world: World, at: float) -> None:
    world.clock.at = at
    world.use_cases.operation.after_cycle()


def test_a_fault_is_caused_found_and_taken_back(world: World, url: str, target: Target, file: Path) -> None:
    def opens() -> None:
        world.keep(simple(onset=NOW + 10, first_detected=NOW + 20))
        after_cycle(world, NOW + 25)

    target.on_start = opens
    done = run("run", str(file), "--url", url)
    assert done.exit_code == 0, done.output
    assert done.stdout == "payment-errors: found after 20 s: INC-1795253415-1\n"
    assert target.asked == ["/start", "/stop"]
    assert target.headers == ["abc", None]
    listed = run("list", "--url", url)
    assert listed.exit_code == 0
    assert "payment-errors" in listed.stdout
    assert "found" in listed.stdout


def test_it_is_missed_when_nothing_is_found(world: World, url: str, target: Target, tmp_path: Path) -> None:
    file = written(tmp_path, plan(target, lasts="1s", within="1s"))
    target.on_start = lambda: setattr(world.clock, "at", NOW + 1)
    later = threading.Thread(target=lambda: until(lambda: "/stop" in target.asked) and after_cycle(world, NOW + 900))
    later.start()
    done = run("run", str(file), "--url", url)
    later.join()
    assert done.exit_code == 1
    assert target.asked == ["/start", "/stop"]


def test_a_fault_that_cannot_be_caused_is_taken_back_and_failed(url: str, target: Target, file: Path) -> None:
    target.broken = {"/start"}
    done = run("run", str(file), "--url", url)
    assert done.exit_code == 1
    assert "/start answered 500: no such endpoint" in done.stderr
    assert "payment-errors: failed" in done.stdout
    assert target.asked == ["/start", "/stop"]
    assert "CHAOS_KEY, which is not set" in run("run", str(file), "--url", url, CHAOS_KEY=None).stderr


def test_a_fault_that_stays_is_said_and_not_ended(url: str, target: Target, file: Path) -> None:
    target.broken = {"/start", "/stop"}
    done = run("run", str(file), "--url", url)
    assert done.exit_code == 1
    assert "the fault of payment-errors is still there" in done.stderr
    assert target.asked == ["/start", "/stop", "/stop", "/stop"]


def test_nothing_is_caused_while_an_incident_is_open(world: World, url: str, target: Target, file: Path) -> None:
    world.keep(simple())
    done = run("run", str(file), "--url", url)
    assert done.exit_code == 1
    assert "skipped: INC-1795253415-1 is open" in done.stdout
    assert target.asked == []


def test_what_a_killed_run_left_is_taken_back_first(world: World, url: str, target: Target, file: Path) -> None:
    sent = {"name": "payment-errors", "service": "payment", "within_seconds": 60, "lasts_seconds": 60}
    assert world.client().post("/aiops/drills", json=sent).status_code == 201
    target.broken = {"/start"}
    run("run", str(file), "--url", url)
    assert target.asked == ["/stop", "/start", "/stop"]
    ended = [one["ended_at"] for one in world.client().get("/aiops/drills").json["drills"]]  # type: ignore[index]
    assert None not in ended


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no signal to one process")
def test_a_signal_takes_the_fault_back(world: World, url: str, target: Target, file: Path) -> None:
    target.on_start = lambda: os.kill(os.getpid(), signal.SIGTERM)
    done = run("run", str(file), "--url", url)
    assert done.exit_code == 1
    assert target.asked == ["/start", "/stop"]
    [drill] = world.client().get("/aiops/drills").json["drills"]  # type: ignore[index]
    assert (drill["result"], drill["text"]) == ("failed", "interrupted")


def test_without_an_engine_nothing_is_caused(target: Target, file: Path) -> None:
    done = run("run", str(file), "--url", "http://127.0.0.1:9")
    assert done.exit_code == 1
    assert "no engine answers" in done.stderr
    assert target.asked == []


WRONG: Final = [
    ({"within": "90"}, "drills.0.within`: a length is written like 90s or 5m"),
    ({"within": ""}, "drills.0.within`: field required"),
    ({"kind": "fire"}, "drills.0.kind`"),
    ({"stop": ""}, "`start` and `stop` come together"),
    ({"start": "", "stop": ""}, "either `start` and `stop`, or `manifest`"),
    ({"start": "", "stop": "", "manifest": "gone.yaml"}, "there is no manifest"),
    ({"schedule": "every tuesday"}, "not a rule of RFC 5545"),
    ({"schedule": "FREQ=MINUTELY"}, "comes again after 0:01:00, before it is over"),
    ({"time_zone": "Mars"}, "a time zone is named like Europe/Berlin"),
    ({"colour": "red"}, "drills.0.colour`: extra inputs are not permitted"),
    ({"name": "Payment Errors"}, "drills.0.name`"),
]


@pytest.mark.parametrize(("changed", "said"), WRONG, ids=[str(one[0]) for one in WRONG])
def test_a_wrong_file_is_refused_by_its_key(tmp_path: Path, target: Target, changed: dict[str, str], said: str) -> None:
    done = run("check", str(written(tmp_path, plan(target, **changed))))
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_example_is_right_and_says_when_it_comes(tmp_path: Path) -> None:
    file = written(tmp_path, run("example").stdout)
    done = run("check", str(file))
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("payment-errors: errors of payment within 2 min, next 20")
    assert run("run", str(file), "--name", "other").exit_code == 2


def test_a_manifest_is_applied_and_deleted(tmp_path: Path, target: Target, world: World, url: str) -> None:
    (tmp_path / "bin").mkdir()
    kubectl = tmp_path / "bin" / "kubectl"
    kubectl.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    kubectl.chmod(0o755)
    (tmp_path / "chaos.yaml").write_text("kind: NetworkChaos\n")
    changed = {"start": "", "stop": "", "manifest": "chaos.yaml", "context": "staging", "lasts": "1s", "within": "1s"}
    file = written(tmp_path, plan(target, **changed))
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    run("run", str(file), "--url", url, PATH=path)
    manifest = tmp_path / "chaos.yaml"
    assert (tmp_path / "asked").read_text().splitlines() == [
        f"--context staging apply -f {manifest}",
        f"--context staging delete --ignore-not-found --wait=false -f {manifest}",
    ]
