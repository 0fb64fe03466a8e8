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

from aiops import detect
from aiops.api import create_app
from aiops.bootstrap.assembly import _fingerprint
from aiops.config import Settings
from aiops.detect import Calendar, Tuning
from aiops.detect.univariate.tails import FINE
from aiops.engine.objectives import Budgets
from aiops.model import IncidentState, Window
from aiops.store import Snapshots
from aiops.store.arrays import read_arrays

from .world import STEP, T0, GivenClock, World

FOLDER = Path(__file__).with_name("folder-of-2026-11.tar.xz")
STEPS = 100 + 8 + 20 + 12
RESOLVED, OPEN = "INC-1699999503-1", "INC-1699999587-2"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with tarfile.open(fileobj=io.BytesIO(FOLDER.read_bytes())) as folder:
        folder.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))  # from 3.11.4 on
    one = World(tmp_path, clock=GivenClock(T0 + STEPS * STEP), telemetry="telemetry.duckdb")
    yield one
    one.close()


GONE = {f"latency.tails.{name}" for name in ("largest", "count", "least", "number", "index")}
"""Tails that never forgot: they were taken over in another form, see below."""


def test_all_that_was_learned_is_there_bit_for_bit(world: World) -> None:
    index, arrays = read_arrays(world.folder / "learned.npz")
    learned = {
        f"{family}.{name}": array[: len(tracked.index)]
        for family, tracked in world.engine.state.families.items()
        for name, array in tracked.arrays()
    }
    assert arrays.keys() - learned.keys() == GONE
    new = {name for name in learned.keys() - arrays.keys() if ".extremes." not in name}
    births = {f"{family}.born" for family in ("errors", "latency", "silence")}
    assert new == {*births, "latency.learned", "latency.ring_slow"}
    assert len(arrays) > 100
    for name in arrays.keys() & learned.keys():
        array = arrays[name]
        assert np.array_equal(learned[name], array, equal_nan=array.dtype.kind == "f"), name
    assert world.engine.state.at == index["at"] == T0 + (STEPS - 2) * STEP


def test_tails_go_on_in_their_new_form_and_the_log_says_so(world: World, caplog: pytest.LogCaptureFixture) -> None:
    index, arrays = read_arrays(world.folder / "learned.npz")
    tails, count = world.engine.state.of(detect.LATENCY).tails, arrays["latency.tails.count"][:, 0]
    size = len(count)
    assert (tails.count[:size] == count).all()
    assert (tails.number[:size, 0] == np.isfinite(arrays["latency.tails.largest"][:, 0]).sum(axis=1)).all()
    largest = np.exp(tails.largest[:size, 0].max(axis=1) / FINE)
    before = np.exp(arrays["latency.tails.largest"][:, 0].max(axis=1))
    assert largest[count > 0] == pytest.approx(np.minimum(before, Tuning().z_boundary)[count > 0], rel=0.002)
    with caplog.at_level("INFO"):
        snapshots = Snapshots(world.folder / "learned.npz", index["fingerprint"])
        again = snapshots.load()
        assert again is not None
        snapshots.save(again)
        saved = snapshots.load()
    assert saved is not None
    for (name, one), (_, other) in zip(
        saved.of(detect.LATENCY).tails.arrays(), again.of(detect.LATENCY).tails.arrays(), strict=True
    ):
        assert np.array_equal(one[:size], other[:size]), name
    assert [one.getMessage() for one in caplog.records] == [
        "what an earlier release learned of latency is used: scale and tail are learned further; the tail forgets from "
        "now on"
    ], "once, not at every start"


def test_series_that_were_known_are_as_old_as_their_points(world: World) -> None:
    latency = world.engine.state.of(detect.LATENCY)
    assert np.isnan(latency.born[: len(latency.index)]).all()
    world.live(1)
    ages = world.engine.state.at - latency.born[: len(latency.index)]
    assert (ages >= (STEPS - 5) * STEP).all()
    assert (latency.learned[: len(latency.index)] >= Tuning().scale_first).all()


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


def test_incidents_without_evidence_open_and_get_it_while_they_last(world: World) -> None:
    client = create_app(world.use_cases, Settings()).test_client()
    for name in (OPEN, RESOLVED):
        assert client.get(f"/aiops/incidents/{name}").json["evidence"] is None  # type: ignore[index]
    world.slower = 0.5
    world.live(4)
    evidence = client.get(f"/aiops/incidents/{OPEN}").json["evidence"]  # type: ignore[index]
    assert max(evidence["anatomy"]["nodes"], key=lambda one: one["share_of_excess"])["service"] == "payment"


def test_telemetry_and_verdicts_are_there(world: World) -> None:
    window = Window(T0, world.clock.now())
    found = world.use_cases.incidents.get(OPEN)
    assert [one.trace_id for one in world.source.traces.traces(found.trace_correlation.trace_ids[:1])]
    assert len(world.source.verdicts.history("payment", "/pay", window)) > 100
    assert [(one.caller, one.callee) for one in world.source.topology.edges(window)] == [("gateway", "payment")]
