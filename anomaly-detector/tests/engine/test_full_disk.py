"""No file can grow any more, and then they can again: a limit of the process stands for the disk; no rights needed."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from aiops.model.errors import SourceError, StoreError
from aiops.sources.duckdb.partitions import SPANS

from .script import TELEMETRY
from .world import AT_ONCE, World


@contextmanager
def full_disk(size: int = 4096) -> Iterator[None]:
    """Writing a file beyond `size` bytes fails with an error of the system (Python ignores SIGXFSZ)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def stored(world: World) -> int:
    table = world.source.store.query(lambda of: f"SELECT count(*) AS spans FROM {of.relation(SPANS)}")
    return int(table.column("spans")[0].as_py())


def exported(world: World, body: bytes) -> requests.Response:
    url = f"http://127.0.0.1:{world.source.receivers.http_port}/v1/traces"
    with requests.post(url, body, headers={"Content-Type": "application/x-protobuf"}, timeout=10) as answer:
        return answer


def test_telemetry_is_refused_until_there_is_room(tmp_path: Path) -> None:
    world = World(tmp_path, telemetry=TELEMETRY)
    world.source.start()
    world.live(3)
    before, body = stored(world), world.requests().SerializeToString()
    with full_disk():
        for _ in range(3):
            answer = exported(world, body)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert stored(world) == before
        world.engine.cycle()
    assert exported(world, body).status_code == 200
    assert stored(world) == before + 45
    world.close()
    again = World(tmp_path, telemetry=TELEMETRY)
    assert stored(again) == before + 45
    again.close()


def test_a_cycle_that_cannot_be_saved_is_said_and_done_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.live(24, every=AT_ONCE)
    at = world.engine.state.at
    world.failing = 1.0
    with full_disk():
        for _ in range(4):
            world.live(1, judge=False)
            with pytest.raises(StoreError, match=r"incident store .*(full|disk I/O error)"):
                world.engine.cycle()
        assert world.engine.state.at == at
        assert world.incidents() == []
    world.live(1)
    (opened,) = world.incidents()
    world.close()
    again = World(tmp_path)
    assert again.incidents() == [opened]
    again.close()


def test_what_was_learned_stays_as_it_was(tmp_path: Path) -> None:
    first = World(tmp_path)
    first.live(10)
    first.close()  # empties SQLite's log: one more cycle fits under the limit, what was learned does not
    world = World(tmp_path)
    world.clock.time = first.clock.time
    learned = (tmp_path / "learned.npz").read_bytes()
    with full_disk(20 << 10):
        world.live(1)
    assert world.engine.last is not None
    assert any("what was learned could not be saved" in gap for gap in world.engine.last.gaps)
    assert sorted(one.name for one in tmp_path.iterdir() if "learned" in one.name) == ["learned.npz"]
    assert (tmp_path / "learned.npz").read_bytes() == learned
    world.live(1)
    assert world.engine.last.gaps == ()
    assert (tmp_path / "learned.npz").read_bytes() != learned
    world.close()


def test_old_telemetry_that_cannot_be_dropped_is_dropped_the_next_time(tmp_path: Path) -> None:
    world = World(tmp_path, telemetry=TELEMETRY)
    world.live(3)
    before, later = stored(world), world.clock.now() + 7200
    with full_disk(), pytest.raises(SourceError, match="could not drop old telemetry"):
        world.source.store.drop_before(later)
    assert stored(world) == before
    assert world.source.store.drop_before(later) > 0
    assert stored(world) == 0
    world.close()
