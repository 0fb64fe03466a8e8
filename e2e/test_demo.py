"""`aiops demo`, as somebody sees it for the first time."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from aiops.testing.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]
OFFSET = 14_000
WINDOWS = Path(__file__).parents[1] / "tests" / "shared" / "windows"


@pytest.fixture
def said(tmp_path: Path) -> Path:
    return tmp_path / "said"


@pytest.fixture(autouse=True)
def nothing_stays(said: Path) -> Iterator[None]:
    """Whatever the demo started must be gone when it is."""
    yield
    mine = f"--port-offset {OFFSET}"

    def left() -> list[str]:
        lines = (" ".join(one.info["cmdline"] or []) for one in psutil.process_iter(["cmdline"]))
        return [line for line in lines if mine in line]

    until(lambda: not left(), 10, f"no process is left, but {left()}; it said {said.read_text()}")


def start(said: Path, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "aiops", "demo", "--no-browser", "--port-offset", str(OFFSET), *arguments]
    with said.open("wb") as file:
        return subprocess.Popen(command, stdout=file, stderr=file, env={**os.environ, **environment})


def test_an_approved_action_ends_the_fault_and_another_is_refused(said: Path) -> None:
    demo = start(said, "--act", "--exit-when-resolved")
    assert demo.wait(400) == 0, said.read_text()
    text = said.read_text()
    print(text)
    for line in (
        "action refused      Shift traffic from payment",
        "action proposed     Clear the fault of payment",
        "action approved",
        "action executed     the receiver answers 200",
        "action succeeded",
        "cause and resolution were right",
    ):
        assert line in text
    assert "fault cleared" not in text


def test_it_shows_a_fault_found_explained_and_resolved(said: Path) -> None:
    demo = start(said, "--exit-when-resolved")
    assert demo.wait(400) == 0, said.read_text()
    text = said.read_text()
    print(text)
    for line in (
        "engine up",
        "services up",
        "past generated",
        "baseline learned",
        "fault injected",
        "fault cleared",
        "resolved",
    ):
        assert line in text
    assert "of requests to payment POST /payment fail (normally " in text
    assert "starts at payment: POST /payment: card processor refused" in text
    assert "cause and resolution were right" in text
    assert "Traceback" not in text
    assert re.search(r"incident found      after \d+ s", text)


def test_it_works_without_what_windows_lacks(said: Path) -> None:
    demo = start(said, "--exit-when-resolved", PYTHONPATH=str(WINDOWS))
    assert demo.wait(400) == 0, said.read_text()
    assert "cause and resolution were right" in said.read_text()
    assert "Traceback" not in said.read_text()


def test_nothing_outlives_a_demo_that_is_killed(said: Path) -> None:
    demo = start(said)
    until(lambda: "services up" in said.read_text(), 60, "the services are up")
    demo.kill()
    demo.wait(10)  # `nothing_stays` looks


def test_ctrl_c_ends_everything_at_any_time(said: Path) -> None:
    demo = start(said)
    until(lambda: "services up" in said.read_text(), 60, "the services are up")
    demo.send_signal(signal.SIGINT)
    assert demo.wait(40) == 1
    assert "Traceback" not in said.read_text()


def test_a_port_in_use_is_one_sentence(said: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the test before may linger
        taken.bind(("127.0.0.1", 3012 + OFFSET))
        taken.listen()
        demo = start(said)
        assert demo.wait(60) == 2
    text = said.read_text()
    assert f"payment cannot listen on 127.0.0.1:{3012 + OFFSET}" in text
    assert "Traceback" not in text
    assert "nanobind" not in text


def test_an_unknown_scenario_names_the_known_ones(said: Path) -> None:
    demo = start(said, "--scenario", "volcano")
    assert demo.wait(60) == 2
    assert "there is no scenario 'volcano' that can be shown in minutes; there are payment-errors" in said.read_text()
