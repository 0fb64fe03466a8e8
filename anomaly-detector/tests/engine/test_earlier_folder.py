"""A data folder that an earlier release wrote opens with everything that it holds.

`folder-of-2026-11.tar.xz` is of the release before the rooms of the code were put in order: the `World` of these tests
lived 140 steps in it, with errors that were over after 8 steps, and a latency that was there for 12 when it stopped.
"""

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from aiops.bootstrap.application import _fingerprint
from aiops.detect import Calendar, Tuning
from aiops.engine.objectives import Budgets
from aiops.model import IncidentState, Window
from aiops.store.arrays import read_arrays

from .world import STEP, T0, GivenClock, World

FOLDER = Path(__file__).with_name("folder-of-2026-11.tar.xz")
STEPS = 100 + 8 + 20 + 12
RESOLVED, OPEN = "INC-1699999503-1", "INC-1699999587-2"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with tarfile.open(fileobj=io.BytesIO(FOLDER.read_bytes())) as folder:
        folder.extractall(tmp_path, filter="data")
    one = World(tmp_path, clock=GivenClock(T0 + STEPS * STEP), telemetry="telemetry.duckdb")
    yield one
    one.close()


def test_all_that_was_learned_is_there_bit_for_bit(world: World) -> None:
    index, arrays = read_arrays(world.folder / "learned.npz")
    learned = {
        f"{family}.{name}": array[: len(tracked.index)]
        for family, tracked in world.engine.state.families.items()
        for name, array in tracked.arrays()
    }
    assert learned.keys() == arrays.keys()
    assert len(arrays) > 100
    for name, array in arrays.items():
        assert np.array_equal(learned[name], array, equal_nan=array.dtype.kind == "f"), name
    assert world.engine.state.at == index["at"] == T0 + (STEPS - 2) * STEP


def test_its_settings_are_the_ones_of_today() -> None:
    assert _fingerprint(15.0, Tuning(), Calendar()) == "078bfb901eede4a0", "else all engines would learn anew"


def test_objectives_go_on_counting(world: World) -> None:
    _, arrays = read_arrays(world.folder / "objectives.npz")
    budgets = world.engine.budgets
    assert isinstance(budgets, Budgets)
    assert budgets.counter.ledger_at == budgets.counter.at == world.engine.state.at
    assert sum(array.sum() for array in arrays.values()) > 0
    world.live(1)
    [status] = budgets.statuses
    assert status.budget.events > 1500
    assert status.budget.bad > 100, "those of the errors that were over before"


def test_incidents_go_on_where_they_were(world: World) -> None:
    assert [(one.id, one.state) for one in world.incidents()] == [
        (OPEN, IncidentState.OPEN),
        (RESOLVED, IncidentState.RESOLVED),
    ]
    world.slower = 0.5
    world.live(4)
    assert [one.id for one in world.incidents() if one.state == IncidentState.OPEN] == [OPEN]
    world.slower = 0.0
    world.live(30, every=3)
    assert [(one.id, one.state) for one in world.incidents()] == [
        (OPEN, IncidentState.RESOLVED),
        (RESOLVED, IncidentState.RESOLVED),
    ]


def test_telemetry_and_verdicts_are_there(world: World) -> None:
    window = Window(T0, world.clock.now())
    found = world.use_cases.incidents.get(OPEN)
    assert [one.trace_id for one in world.source.traces.traces(found.trace_correlation.trace_ids[:1])]
    assert len(world.source.verdicts.history("payment", "/pay", window)) > 100
    assert [(one.caller, one.callee) for one in world.source.topology.edges(window)] == [("gateway", "payment")]
