"""The whole engine on the embedded source, in virtual time: telemetry in, explained incidents out, crash and replay."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from aiops.model import CauseKind, Edge, Family, Population, Trace, Window
from aiops.model.errors import SourceError, StoreError

from .world import AT_ONCE, STEP, T0, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path)
    yield one
    one.close()


def test_a_fault_becomes_one_explained_incident_and_goes_again(world: World) -> None:
    world.live(40, every=AT_ONCE)
    assert world.incidents() == []
    world.failing = 0.8
    world.live(8)
    (incident,) = world.incidents()
    assert incident.root_cause is not None
    assert (incident.root_cause.cause.service, incident.root_cause.cause.kind) == ("payment", CauseKind.ERRORS)
    assert incident.affected_services == ("payment", "gateway")
    world.failing = 0.0
    world.live(25, every=3)
    (incident,) = world.incidents()
    assert incident.resolution == "its symptoms are back to normal"
    assert [one.what for one in incident.timeline if one.what != "anomaly"][-1] == "resolved"


def test_slowness_is_traced_to_who_is_slow(world: World) -> None:
    world.live(40, every=AT_ONCE)
    world.slower = 0.5
    world.live(8)
    (incident,) = world.incidents()
    assert incident.root_cause is not None
    assert (incident.root_cause.cause.service, incident.root_cause.cause.kind) == ("payment", CauseKind.LATENCY)


def test_a_restart_in_the_middle_neither_loses_nor_doubles(world: World) -> None:
    world.live(40, every=AT_ONCE)
    world.failing = 1.0
    world.live(6)
    (before,) = world.incidents()
    world.engine = world.started()
    world.live(6)
    (after,) = world.incidents()
    assert (after.id, after.key) == (before.id, before.key)
    world.failing = 0.0
    world.live(25, every=3)
    assert [one.state for one in world.incidents()] == ["resolved"]


def test_a_crash_before_the_snapshot_replays_to_the_same_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.live(40, every=AT_ONCE)

    def full_disk(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.engine.snapshots, "save", full_disk)
    world.failing = 1.0
    world.live(6)
    assert world.engine.last is not None
    assert "No space left on device" in world.engine.last.gaps[0]
    (before,) = world.incidents()
    world.engine = world.started()  # it remembers nothing of the fault, and judges those steps again
    world.live(3)
    (after,) = world.incidents()
    assert (after.id, after.key) == (before.id, before.key)


def test_a_cycle_that_cannot_be_saved_has_not_happened(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.live(40, every=AT_ONCE)
    world.failing = 1.0
    at = world.engine.state.at

    def away(*_: object) -> None:
        raise StoreError("the incident store does not answer")

    with monkeypatch.context() as broken:
        broken.setattr(world.store, "save_cycle", away)
        world.live(6, judge=False)
        with pytest.raises(StoreError):
            world.engine.cycle()
        assert world.engine.state.at == at
    world.engine.cycle()
    assert len(world.incidents()) == 1


def test_a_source_that_fails_leaves_the_others_going(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.live(40, every=AT_ONCE)
    world.failing = 1.0

    def away(_: Sequence[Population]) -> list[list[Trace]]:
        raise SourceError("traces do not answer")

    with monkeypatch.context() as broken:
        broken.setattr(world.source.traces, "populations", away)
        world.live(6)
        (incident,) = world.incidents()
        assert incident.root_cause is not None
        assert incident.root_cause.from_metrics, "the only evidence there is"
        assert world.engine.last is not None
        assert "traces do not answer" in world.engine.last.gaps
    world.live(3)
    (incident,) = world.incidents()
    assert incident.root_cause is not None
    assert not incident.root_cause.from_metrics


def test_calls_between_services_are_published_as_they_are_read(world: World) -> None:
    published: list[tuple[list[Edge], float]] = []
    refusing = False

    class Sink:
        def record(self, edges: Sequence[Edge], at: float) -> None:
            if refusing:
                raise SourceError("the sink is full")
            published.append((list(edges), at))

    world.engine.edges = Sink()
    world.live(20, every=AT_ONCE)
    assert [round(later - before) for (_, before), (_, later) in pairwise(published)] == [30]
    (edge,) = published[-1][0]
    assert (edge.caller, edge.callee) == ("gateway", "payment")
    assert edge.rate > 0.5
    refusing = True
    at = world.engine.state.at
    said: set[str] = set()
    for _ in range(11):
        world.live(1)
        assert world.engine.last is not None
        said |= set(world.engine.last.gaps)
    assert said == {"calls between services could not be saved: the sink is full"}
    assert at is not None
    assert world.engine.state.at == at + 11 * STEP


def test_a_metric_source_that_fails_stops_judging_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.live(40, every=AT_ONCE)
    at = world.engine.state.at

    def away(*_: object) -> None:
        raise SourceError("metrics do not answer")

    with monkeypatch.context() as broken:
        broken.setattr(world.source.metrics, "window", away)
        world.live(4)
        assert world.engine.last is not None
        assert world.engine.last.gaps == ("metrics do not answer",)
        assert world.engine.state.at == at
    world.live(1)
    assert world.engine.state.at is not None
    assert at is not None
    assert world.engine.state.at > at + STEP
    assert world.incidents() == []


def test_lost_telemetry_of_one_service_hits_nobody_until_it_lasts(world: World) -> None:
    world.live(40, every=AT_ONCE)
    world.mute = True
    world.live(15)
    world.mute = False
    world.live(5)
    assert world.incidents() == []
    world.mute = True
    world.live(25, every=3)
    (incident,) = world.incidents()
    assert incident.title == "Payment sends no telemetry while its callers still call it"
    assert incident.root_cause is None
    world.mute = False
    world.live(8)
    (incident,) = world.incidents()
    assert incident.state == "resolved"


def test_when_all_telemetry_stops_one_incident_says_so(world: World) -> None:
    world.live(40)
    world.sending = False
    world.live(30)
    (incident,) = world.incidents()
    assert (incident.title, incident.severity) == ("No telemetry arrives", "critical")
    assert [family for _, family in incident.symptoms] == [Family.NO_TELEMETRY]
    world.sending = True
    world.live(1)
    (incident,) = world.incidents()
    assert incident.state == "resolved"


def test_a_cycle_without_telemetry_is_no_trouble(world: World) -> None:
    assert world.engine.cycle().watermark is None
    assert world.incidents() == []


def test_a_new_engine_learns_from_what_is_stored(world: World) -> None:
    world.live(60, judge=False)
    world.engine.cycle()
    world.failing = 1.0
    world.live(6)
    assert len(world.incidents()) == 1


def test_topology_comes_from_the_spans(world: World) -> None:
    world.live(10)
    (edge,) = world.source.topology.edges(Window(T0, T0 + 30))
    assert (edge.caller, edge.callee) == ("gateway", "payment")
    assert isinstance(edge, Edge)
