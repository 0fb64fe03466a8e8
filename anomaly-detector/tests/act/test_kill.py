"""Killed (SIGKILL) at every point between proposal and verification, and started again: executed at most once, counted
by a real receiver, and the end is known or told to people."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aiops.process.faultpoints import FaultPoint
from aiops.testing import empty_store

from .sink import Got, Sink, listening
from .victim import live

TESTS = Path(__file__).parents[1]
Kill = Callable[[Path, str, str, bool, bool], int]
POINTS = [one for one in FaultPoint if one.startswith("act.")]
UNDOING = (FaultPoint.ACT_UNDO_INTENT, FaultPoint.ACT_UNDONE)
SENT = {FaultPoint.ACT_INTENT: (0, 0), FaultPoint.ACT_UNDO_INTENT: (1, 0), FaultPoint.ACT_UNDONE: (1, 1)}
"""How often it is executed and undone, where not once and never."""
KNOWN = {
    FaultPoint.ACT_INTENT: "failed",
    FaultPoint.ACT_UNDO_INTENT: "ineffective",
    FaultPoint.ACT_UNDONE: "rolled_back",
}
"""The end where the receiver can be asked, where it is not `succeeded`."""
IN_DOUBT = {FaultPoint.ACT_INTENT, FaultPoint.ACT_EXECUTED, *UNDOING}
"""Points after an intent and before its outcome: nobody but the receiver knows."""


@pytest.fixture(scope="module")
def kill() -> Iterator[Kill]:
    with subprocess.Popen(
        [sys.executable, "-m", "act.victim"],
        cwd=TESTS,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(TESTS / "shared")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        into, out = process.stdin, process.stdout

        def kill(folder: Path, crash_at: str, url: str, helps: bool, asked: bool) -> int:
            order = {"folder": str(folder), "crash_at": crash_at, "url": url, "helps": helps, "asked": asked}
            into.write(json.dumps(order) + "\n")
            into.flush()
            return int(out.readline())

        yield kill
        into.close()


@pytest.fixture
def receiver() -> Iterator[Sink]:
    """A sink that knows which attempts it got."""
    with listening() as sink:

        def answer(got: Got) -> tuple[int, Any]:
            key = got.headers["Idempotency-Key"]
            if got.method == "POST":
                return 200, {}
            known = any(one.headers["Idempotency-Key"] == key for one in sink.posts())
            return (200, {"state": "done"}) if known else (404, {})

        sink.answer = answer
        yield sink


def counted(sink: Sink) -> tuple[int, int]:
    return len(sink.posts("/do")), len(sink.posts("/undo"))


@pytest.mark.parametrize("helps", [True, False])
def test_the_undisturbed_run_is_worth_comparing_with(receiver: Sink, tmp_path: Path, helps: bool) -> None:
    [one] = live(tmp_path, receiver.url, helps, False)
    assert one.state == ("succeeded" if helps else "rolled_back")
    assert counted(receiver) == (1, 0 if helps else 1)


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("point", POINTS)
def test_an_action_is_executed_at_most_once_and_its_end_is_known(
    kill: Kill, receiver: Sink, tmp_path: Path, point: FaultPoint, asked: bool
) -> None:
    helps = point not in UNDOING
    assert kill(tmp_path, point, receiver.url, helps, asked) == -signal.SIGKILL, f"{point} was not reached"
    sent = counted(receiver)
    for _ in range(2):  # once more: what was found out stays
        [one] = live(tmp_path, receiver.url, helps, asked)
    assert counted(receiver) == SENT.get(point, (1, 0))
    if point in IN_DOUBT:
        assert counted(receiver) == sent, "something was sent again"
    doubted = point in IN_DOUBT and not asked
    assert one.state == ("unknown" if doubted else KNOWN.get(point, "succeeded"))
    store = empty_store(tmp_path)
    try:
        incident = store.get(one.evidence.subject)
        assert incident is not None
        assert ("escalated" in [entry.what for entry in incident.timeline]) == (
            doubted or point == FaultPoint.ACT_UNDO_INTENT
        )
    finally:
        store.close()
