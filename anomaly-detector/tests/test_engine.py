"""The whole engine on the embedded source, in virtual time: telemetry in, explained incidents out, crash and replay."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.engine import Engine, Pace
from aiops.incidents import Habits
from aiops.model import CauseKind, Edge, Family, Incident, Population, Trace, Window
from aiops.ports import SourceError, StoreError
from aiops.sources.embedded import schema
from aiops.sources.embedded.decode import Decoding
from aiops.sources.embedded.decode_spans import decode_spans
from aiops.sources.embedded.source import EmbeddedSettings, EmbeddedSource
from aiops.store import Snapshots, SqlIncidents, open_store
from aiops.telemetry import Telemetry

T0 = 1_700_000_000.0 - 1_700_000_000.0 % 3600
STEP = 3.0


@dataclass
class GivenClock:
    time: float = T0

    def now(self) -> float:
        return self.time


@dataclass
class World:
    """Two services: gateway calls payment; what payment does is set by the test. One engine watches, and can crash."""

    folder: Path
    clock: GivenClock = field(default_factory=GivenClock)
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    failing: float = 0.0
    slower: float = 0.0
    sending: bool = True

    def __post_init__(self) -> None:
        self.source = EmbeddedSource(EmbeddedSettings(lateness_seconds=STEP), self.clock)
        self.store = SqlIncidents(open_store(f"sqlite:///{self.folder / 'incidents.sqlite'}"))
        self.engine = self.started()

    def started(self) -> Engine:
        """A fresh process over the same files."""
        return Engine(
            metrics=self.source.metrics,
            traces=self.source.traces,
            topology=self.source.topology,
            verdicts=self.source.verdicts,
            store=self.store,
            snapshots=Snapshots(self.folder / "learned.npz", "f"),
            clock=self.clock,
            telemetry=Telemetry(),
            pace=Pace(STEP, 600.0, Habits(9.0, 60.0)),
        )

    def live(self, steps: int, judge: bool = True) -> None:
        """Let time pass, step by step, with the requests of each."""
        for _ in range(steps):
            if self.sending:
                rows = Decoding(self.clock.now() + 60, 48 * 3600.0, lambda _: False)
                decode_spans(self._requests(), rows)
                self.source.store.append(
                    resources=schema.table(schema.RESOURCES, list(rows.resources.values())),
                    spans=schema.table(schema.SPANS, rows.spans),
                )
            self.clock.time += STEP
            if judge:
                self.engine.cycle()

    def incidents(self) -> list[Incident]:
        return self.store.page()[0]

    def close(self) -> None:
        self.source.close()
        self.store.close()

    def _requests(self) -> ExportTraceServiceRequest:
        export = ExportTraceServiceRequest()
        scopes = {}
        for service in ("gateway", "payment"):
            resource = export.resource_spans.add()
            resource.resource.attributes.add(key="service.name").value.string_value = service
            scopes[service] = resource.scope_spans.add()
        for _ in range(15):
            trace, at = self.rng.randbytes(16), self.clock.now() + self.rng.random() * (STEP - 0.5)
            took = 0.04 * self.rng.lognormvariate(0, 0.3) + self.slower
            bad = self.rng.random() < self.failing
            root, call, served = (self.rng.randbytes(8) for _ in range(3))
            self._span(scopes["gateway"], trace, root, b"", "POST /pay", 2, at - took - 0.01, took + 0.01, bad)
            self._span(scopes["gateway"], trace, call, root, "POST", 3, at - took, took, bad)
            self._span(scopes["payment"], trace, served, call, "POST /pay", 2, at - took, took, bad)
        return export

    @staticmethod
    def _span(
        scope: object, trace: bytes, span: bytes, parent: bytes, name: str, kind: int, at: float, took: float, bad: bool
    ) -> None:
        one = scope.spans.add(trace_id=trace, span_id=span, parent_span_id=parent, name=name, kind=kind)  # type: ignore[attr-defined]
        one.start_time_unix_nano, one.end_time_unix_nano = int(at * 1e9), int((at + took) * 1e9)
        texts = {"http.request.method": "POST"} | ({"http.route": "/pay"} if kind == 2 else {"peer.service": "payment"})
        for key, value in texts.items():
            one.attributes.add(key=key).value.string_value = value
        one.attributes.add(key="http.response.status_code").value.int_value = 503 if bad else 200
        if bad:
            one.status.code = 2


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path)
    yield one
    one.close()


def test_a_fault_becomes_one_explained_incident_and_goes_again(world: World) -> None:
    world.live(40)
    assert world.incidents() == []
    world.failing = 0.8
    world.live(8)
    (incident,) = world.incidents()
    assert incident.root_cause is not None
    assert (incident.root_cause.cause.service, incident.root_cause.cause.kind) == ("payment", CauseKind.ERRORS)
    assert incident.affected_services == ("payment", "gateway")
    world.failing = 0.0
    world.live(25)
    (incident,) = world.incidents()
    assert incident.resolution == "its symptoms are back to normal"
    assert [one.what for one in incident.timeline if one.what != "anomaly"][-1] == "resolved"


def test_slowness_is_traced_to_who_is_slow(world: World) -> None:
    world.live(40)
    world.slower = 0.5
    world.live(8)
    (incident,) = world.incidents()
    assert incident.root_cause is not None
    assert (incident.root_cause.cause.service, incident.root_cause.cause.kind) == ("payment", CauseKind.LATENCY)


def test_a_restart_in_the_middle_neither_loses_nor_doubles(world: World) -> None:
    world.live(40)
    world.failing = 1.0
    world.live(6)
    (before,) = world.incidents()
    world.engine = world.started()
    world.live(6)
    (after,) = world.incidents()
    assert (after.id, after.key) == (before.id, before.key)
    world.failing = 0.0
    world.live(25)
    assert [one.state for one in world.incidents()] == ["resolved"]


def test_a_crash_before_the_snapshot_replays_to_the_same_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.live(40)

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
    world.live(40)
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
    world.live(40)
    world.failing = 1.0

    def away(_: Population) -> list[Trace]:
        raise SourceError("traces do not answer")

    with monkeypatch.context() as broken:
        broken.setattr(world.source.traces, "population", away)
        world.live(6)
        (incident,) = world.incidents()
        assert incident.root_cause is None
        assert world.engine.last is not None
        assert "traces do not answer" in world.engine.last.gaps
    world.live(3)
    (incident,) = world.incidents()
    assert incident.root_cause is not None


def test_a_metric_source_that_fails_stops_judging_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.live(40)
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
