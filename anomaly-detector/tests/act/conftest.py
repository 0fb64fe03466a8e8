"""A world with a policy, and a sink for webhooks."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made_up.fakes import FakeClock, FakeMetrics, FakeTopology, FakeTraces, FakeVerdicts, Route
from made_up.world import World

from aiops.model import Edge
from aiops.service.actions import Remedies
from aiops.service.use_cases import UseCases
from aiops.store import SqlIncidents, open_store
from aiops.testing import Sources, assemble

from .policies import policy
from .sink import Sink, listening

Acting = Callable[..., World]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("store") / "incidents.sqlite"
    open_store(f"sqlite:///{file}").dispose()
    return file


@pytest.fixture
def acting(tmp_path: Path, migrated: Path) -> Iterator[Acting]:
    """Make a world whose policy has the given entries."""
    stores: list[SqlIncidents] = []

    def make(*entries: dict[str, Any], **more: Any) -> World:
        folder = tmp_path / str(len(stores))
        folder.mkdir()
        shutil.copy(migrated, folder / "incidents.sqlite")
        store = SqlIncidents(open_store(f"sqlite:///{folder / 'incidents.sqlite'}"))
        stores.append(store)
        clock = FakeClock()
        metrics = FakeMetrics(clock, [Route("gateway", "POST", "/checkout"), Route("payment", "POST", "/payment")])
        topology = FakeTopology(
            [Edge(caller="gateway", callee="checkout", rate=2.0), Edge(caller="checkout", callee="payment", rate=2.0)]
        )
        traces, verdicts = FakeTraces(), FakeVerdicts()
        engine = assemble(folder, Sources(metrics, traces, topology, verdicts), clock, store)
        commands = more.pop("commands", False)
        use_cases = UseCases(engine, store, clock.at, remedies=Remedies(policy(*entries, **more), commands))
        return World(use_cases, store, clock, metrics, traces, topology, verdicts)

    yield make
    for one in stores:
        one.close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with listening() as one:
        yield one
