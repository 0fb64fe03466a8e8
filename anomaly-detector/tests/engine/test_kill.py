"""Killed (SIGKILL) at every fault point, where an incident opens and where it resolves, and started again."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aiops.model import Burn, Incident, LedgerHour
from aiops.process.faultpoints import FaultPoint
from aiops.store import SqlIncidents, SqlObjectives, open_store

from .script import ALSO, END, TELEMETRY, TOLD, Run
from .world import STEP, T0

TESTS = Path(__file__).parents[1]
Kill = Callable[[Path, str, bool], int]


@dataclass(frozen=True)
class Reference:
    """A run that nobody disturbed, and its folder as it was one step before each transition."""

    before: dict[str, Path]
    end: Path


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    undisturbed = tmp_path_factory.mktemp("undisturbed")
    run = Run(undisturbed).until(END)
    folder, before = tmp_path_factory.mktemp("stopped"), {}
    for transition in ("opened", "resolved"):
        Run(folder).until(run.when(transition) - 1)
        before[transition] = tmp_path_factory.mktemp(transition) / "files"
        shutil.copytree(folder, before[transition])
    return Reference(before, undisturbed)


@pytest.fixture(scope="module")
def kill() -> Iterator[Kill]:
    with subprocess.Popen(
        [sys.executable, "-m", "engine.victim"],
        cwd=TESTS,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(TESTS / "shared")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        into, out = process.stdin, process.stdout

        def kill(folder: Path, crash_at: str, over_http: bool = False) -> int:
            order = {"folder": str(folder), "crash_at": crash_at, "end": END, "over_http": over_http}
            into.write(json.dumps(order) + "\n")
            into.flush()
            return int(out.readline())

        yield kill
        into.close()


def told(folder: Path, channel: str = TOLD) -> Counter[str]:
    return Counter((folder / channel).read_text().splitlines())


def stored(folder: Path) -> int:
    """How many spans."""
    with duckdb.connect(str(folder / TELEMETRY), read_only=True) as file:
        tables = [name for (name,) in file.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        counts = [file.execute(f"SELECT count(*) FROM {name}").fetchone() for name in tables if name[:6] == "spans_"]
    return sum(int(one[0]) for one in counts if one is not None)


def ledger(folder: Path) -> tuple[list[LedgerHour], float, list[Burn]]:
    """What objectives counted, up to when, and the records of burns."""
    database = open_store(f"sqlite:///{folder / 'incidents.sqlite'}")
    try:
        kept = SqlObjectives(database)
        return *kept.ledger(), kept.burns("gateway-pays", 10)
    finally:
        database.dispose()


def incidents(folder: Path) -> list[dict[str, Any]]:
    """All that is kept of each but how its evidence was counted: traces are read anew after a start."""
    store = SqlIncidents(open_store(f"sqlite:///{folder / 'incidents.sqlite'}"))
    try:
        return [_essence(one) for one in store.page()[0]]
    finally:
        store.close()


def _essence(one: Incident) -> dict[str, Any]:
    return {
        "identity": (one.id, one.key),
        "state": one.state,
        "severity": one.severity,
        "times": (one.onset, one.first_detected, one.resolved_at),
        "cause": one.root_cause and one.root_cause.cause,
        "symptoms": one.symptoms,
        "timeline": [(entry.at, entry.what) for entry in one.timeline],
    }


def test_the_undisturbed_run_is_worth_comparing_with(reference: Reference) -> None:
    (incident,) = incidents(reference.end)
    assert incident["state"] == "resolved"
    hours, at, burns = ledger(reference.end)
    assert sum(one.events for one in hours) == 15 * (END - 2)
    assert sum(one.bad for one in hours) > 40
    assert at == T0 + (END - 2) * STEP
    assert [one.incident for one in burns] == [incident["identity"][0]]
    assert incident["cause"].service == "payment"
    assert sorted(told(reference.end).values()) == [1, 1]


def test_stopping_and_starting_again_in_the_middle_changes_nothing(reference: Reference, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    shutil.copytree(reference.before["resolved"], folder)  # stopped twice by now
    Run(folder).until(END)
    assert incidents(folder) == incidents(reference.end)
    assert ledger(folder)[:2] == ledger(reference.end)[:2]
    assert told(folder) == told(reference.end)


@pytest.mark.parametrize("transition", ["opened", "resolved"])
@pytest.mark.parametrize("point", [one for one in FaultPoint if not one.startswith("act.")])
def test_nothing_is_lost_or_doubled(
    reference: Reference, kill: Kill, point: FaultPoint, transition: str, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    shutil.copytree(reference.before[transition], folder)
    # The transition comes in the second cycle from here, and is the first to be told.
    nth = 1 if point.startswith("notify") else 2
    died = kill(folder, f"{point}:{nth}", point == FaultPoint.RECEIVE_COMMITTED)
    assert died == -signal.SIGKILL, f"{point} was not reached"
    Run(folder).until(END)
    assert incidents(folder) == incidents(reference.end)
    assert ledger(folder)[:2] == ledger(reference.end)[:2]
    assert [one.incident for one in ledger(folder)[2]] == [one.incident for one in ledger(reference.end)[2]]
    once = told(reference.end)
    twice = Counter([line for line in once if line.endswith(transition)] if point == FaultPoint.NOTIFY_SENT else [])
    assert told(folder) == once + twice
    assert told(folder, ALSO) == once, "another channel hears nothing twice"
    assert stored(folder) == stored(reference.end)


def test_a_name_that_is_no_fault_point_is_refused() -> None:
    command = [sys.executable, "-c", "import aiops.process.faultpoints"]
    environment = {**os.environ, "AIOPS_TEST_CRASH_AT": "lunch"}
    done = subprocess.run(command, env=environment, cwd=TESTS, capture_output=True, text=True)
    assert "'lunch' is not a valid FaultPoint" in done.stderr
