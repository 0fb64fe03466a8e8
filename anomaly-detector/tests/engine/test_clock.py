"""Clocks that jump, with telemetry following them, with an incident open or none: nothing lost, doubled or invented."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aiops.model import Incident

from .world import AT_ONCE, STEP, World

HOUR, DAY = 3600.0, 86_400.0
SETTLED = 24  # steps: a minute until time is followed, and a few


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path)
    yield one
    one.close()


def gaps(world: World, steps: int) -> str:
    """What is said in these steps."""
    said = []
    for _ in range(steps):
        world.live(1)
        assert world.engine.last is not None
        said += world.engine.last.gaps
    return "\n".join(said)


def set_clock(world: World, seconds: float) -> None:
    world.clock.time += seconds
    world.life += 1  # what is sent at a time that comes twice is not the same


def sane(incident: Incident) -> None:
    times = [one.at for one in incident.timeline]
    assert times == sorted(times)
    assert all(one.onset <= one.detected for one in incident.episodes)
    assert (incident.onset, incident.first_detected) == (incident.episodes[-1].onset, incident.episodes[0].detected)
    assert incident.resolved_at is None or incident.resolved_at >= incident.first_detected


@pytest.mark.parametrize("seconds", [-120.0, -DAY], ids=["into-time-lived-already", "day"])
def test_set_back_while_all_is_well(world: World, seconds: float) -> None:
    world.live(45, every=AT_ONCE)
    before = world.engine.state.at
    set_clock(world, seconds)
    said = gaps(world, SETTLED)
    assert "were clocks set back?" in said
    assert "clocks were set back by" in said
    assert before is not None
    assert world.engine.state.at is not None
    assert world.clock.now() - 3 * STEP <= world.engine.state.at < before
    assert gaps(world, 5) == ""
    assert world.incidents() == []
    world.failing = 0.9  # and it still sees
    world.live(5)
    (incident,) = world.incidents()
    sane(incident)


def test_set_back_with_an_incident_open(world: World) -> None:
    world.live(24, every=AT_ONCE)
    world.failing = 0.9
    world.live(5)
    (before,) = world.incidents()
    set_clock(world, -HOUR)
    world.live(SETTLED, every=2)
    (still,) = world.incidents()
    assert (still.key, still.state) == (before.key, "open")
    world.failing = 0.0
    world.live(15, every=3)
    (after,) = world.incidents()
    assert (after.key, after.state) == (before.key, "resolved")
    sane(after)


@pytest.mark.parametrize(("seconds", "cycles"), [(DAY, 0), (HOUR, 3)], ids=["data-first", "cycles-first"])
def test_set_forward_while_all_is_well(world: World, seconds: float, cycles: int) -> None:
    world.live(24, every=AT_ONCE)
    set_clock(world, seconds)
    for _ in range(cycles):  # the clock jumps, and telemetry follows a little later
        world.engine.cycle()
    world.live(10)
    assert world.incidents() == []
    assert world.engine.state.at is not None
    assert world.engine.state.at >= world.clock.now() - 3 * STEP


def test_set_forward_with_an_incident_open(world: World) -> None:
    world.live(24, every=AT_ONCE)
    world.failing = 0.9
    world.live(5)
    (before,) = world.incidents()
    set_clock(world, HOUR)
    world.live(5)
    (still,) = world.incidents()
    assert (still.key, still.state) == (before.key, "open")
    world.failing = 0.0
    world.live(15, every=3)
    (after,) = world.incidents()
    assert (after.key, after.state) == (before.key, "resolved")
    sane(after)


@pytest.mark.parametrize(
    ("seconds", "failing"),
    [
        pytest.param(-DAY, 0.9, id="set-back"),
        pytest.param(6 * HOUR, 0.9, id="away-and-it-goes-on"),
        pytest.param(6 * HOUR, 0.0, id="away-and-it-is-over"),
    ],
)
def test_another_time_after_a_restart(world: World, seconds: float, failing: float) -> None:
    world.live(24, every=AT_ONCE)
    world.failing = 0.9
    world.live(5)
    (before,) = world.incidents()
    set_clock(world, seconds)
    world.engine = world.started()
    world.failing = failing
    world.live(SETTLED)
    (still,) = world.incidents()
    assert (still.key, still.state) == (before.key, "open" if failing else "resolved")
    world.failing = 0.0
    world.live(15, every=3)
    (after,) = world.incidents()
    assert (after.key, after.state) == (before.key, "resolved")
    sane(after)


def test_one_host_with_a_clock_ahead_does_not_move_time(world: World) -> None:
    world.live(24, every=AT_ONCE)
    for _ in range(20):
        now = world.clock.now()
        world.clock.time = now + HOUR
        ahead = world.rows()
        world.clock.time = now
        world.keep(ahead)
        world.live(1)
    assert world.engine.state.at is not None
    assert world.engine.state.at <= world.clock.now()
    assert world.incidents() == []
    world.failing = 0.9
    world.live(5)
    assert len(world.incidents()) == 1


def test_one_host_with_a_clock_behind_does_not_move_time(world: World) -> None:
    world.live(24, every=AT_ONCE)
    said = ""
    for _ in range(SETTLED):
        now = world.clock.now()
        world.clock.time = now - 2 * HOUR
        behind = world.rows()
        world.clock.time = now
        world.keep(behind)
        said += gaps(world, 1)
    assert said == ""
    assert world.engine.state.at is not None
    assert world.engine.state.at >= world.clock.now() - 3 * STEP
    assert world.incidents() == []


def test_silence_of_all_is_said_whatever_the_clock_says(world: World) -> None:
    world.live(24)
    world.sending = False
    set_clock(world, -DAY)
    world.live(25)
    (incident,) = world.incidents()
    assert incident.title == "No telemetry arrives"
    sane(incident)
    world.sending = True
    world.live(SETTLED, every=2)
    (incident,) = world.incidents()
    assert incident.state == "resolved"
    sane(incident)
