"""The whole engine on the embedded source in virtual time, over files that it can be started on again."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sources.otlp import Call, spans

from aiops.engine import Engine, Pace
from aiops.engine.objectives import Budgets
from aiops.incidents import ResolutionPolicy
from aiops.model import CauseKind, Incident
from aiops.service.use_cases import UseCases
from aiops.slo import read_objectives
from aiops.sources.common.caps import Limits, Roll
from aiops.sources.duckdb import schema
from aiops.sources.duckdb.opening import MEMORY
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_metrics import decode_metrics
from aiops.sources.receiver.decode_spans import decode_spans
from aiops.store import Rings, SqlObjectives
from aiops.testing import GivenClock, Sources, assemble, empty_store

T0 = 1_700_000_000.0 - 1_700_000_000.0 % 3600
STEP = 3.0
AT_ONCE = 10
"""Steps that are judged together while an engine only learns."""
OBJECTIVES = read_objectives(
    [
        (
            "objectives.yaml",
            """
apiVersion: openslo/v1
kind: SLO
metadata: {name: gateway-pays, displayName: Payments work}
spec:
  service: gateway
  indicator:
    metadata: {name: paid}
    spec:
      ratioMetric:
        counter: true
        rawType: success
        raw: {metricSource: {type: otel.http.server, spec: {route: /pay}}}
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.9999}]
""",
        )
    ],
    str,
    str,
)


Export = ExportTraceServiceRequest | ExportMetricsServiceRequest


@dataclass
class Watched:
    """One engine on the embedded source in virtual time, which can crash; a test says what it is sent.

    `telemetry` is a file in the folder, or `MEMORY`.
    """

    folder: Path
    clock: GivenClock = field(default_factory=lambda: GivenClock(T0))
    telemetry: str = MEMORY
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        path = self.telemetry if self.telemetry == MEMORY else str(self.folder / self.telemetry)
        # Virtual time is long past for the receiver, which knows the real one.
        settings = EmbeddedSettings(path=path, grpc_port=0, http_port=0, lateness_seconds=STEP, retention_hours=1e6)
        self.source = EmbeddedSource(settings, self.clock)
        self.roll = Roll(self.limits, now=self.clock.now)
        self.store = empty_store(self.folder)
        self.engine = self.started()

    def started(self) -> Engine:
        """A fresh process over the same files."""
        return assemble(
            self.folder,
            Sources.of(self.source),
            self.clock,
            self.store,
            "f",
            senders=self.source.metrics,
            pace=Pace(STEP, 600.0, ResolutionPolicy(9.0, 60.0)),
            budgets=Budgets(
                OBJECTIVES,
                self.source.metrics,
                SqlObjectives(self.store.database),
                Rings(self.folder / "objectives.npz"),
                600.0,
            ),
        )

    @property
    def use_cases(self) -> UseCases:
        """What people may ask of the engine as it runs."""
        return UseCases(self.engine, self.store)

    def play(self, steps: int, *senders: Callable[[float], Iterable[Export | Call]], every: int = 1) -> None:
        """Let time pass, step by step: every sender says what is exported in the step that begins at a time. What is
        exported ends within the step; single spans go in one export. The engine judges `every` so many steps, and in
        the end: `AT_ONCE` where nothing is wrong yet, which is sooner done."""
        for step in range(1, steps + 1):
            sent = [one for sender in senders for one in sender(self.clock.now())]
            calls = [one for one in sent if isinstance(one, Call)]
            for export in (spans(*calls), *(one for one in sent if not isinstance(one, Call))):
                self.keep(self.decoded(export))
            self.clock.time += STEP
            if step % every == 0 or step == steps:
                self.engine.cycle()

    def decoded(self, export: Export) -> Decoding:
        """What the receiver would make of it."""
        rows = Decoding(self.clock.now() + 60, 48 * 3600.0, lambda _: False, self.roll)
        if isinstance(export, ExportTraceServiceRequest):
            decode_spans(export, rows)
        else:
            decode_metrics(export, rows)
        return rows

    def keep(self, rows: Decoding) -> None:
        self.source.store.append(
            resources=schema.arrow_table(schema.RESOURCES, list(rows.resources.values())),
            series=schema.arrow_table(schema.SERIES, list(rows.series.values())),
            points=schema.arrow_table(schema.POINTS, rows.points),
            spans=schema.arrow_table(schema.SPANS, rows.spans),
            lost=rows.lost.counts,
        )

    def incidents(self) -> list[Incident]:
        return self.store.page()[0]

    def close(self) -> None:
        self.source.close()
        self.store.close()


next_id = count(1).__next__
"""Ids of spans and traces made by hand: each once."""


def times(at: float, requests: int = 10) -> list[float]:
    """Ends of so many requests, evenly over the step that begins at a time."""
    return [at + STEP * (number + 1) / (requests + 1) for number in range(requests)]


def causes(watched: Watched) -> list[tuple[str, CauseKind]]:
    """Service and kind of the cause of every incident that has one."""
    found = [one.root_cause for one in watched.incidents()]
    return [(one.cause.service, one.cause.kind) for one in found if one is not None]


@dataclass
class World(Watched):
    """Two services: gateway calls payment; what payment does is set by the test. One engine watches.

    What they send in a step depends on the time alone: sent again in this `life`, it is the same.
    """

    failing: float = 0.0
    slower: float = 0.0
    sending: bool = True
    mute: bool = False  # payment works, and its spans are lost
    life: int = 7

    def live(self, steps: int, judge: bool = True, every: int = 1) -> None:
        """Let time pass, step by step, with the requests of each; see `play` for `every`."""
        for step in range(1, steps + 1):
            if self.sending:
                self.send()
            self.clock.time += STEP
            if judge and (step % every == 0 or step == steps):
                self.engine.cycle()

    def send(self) -> None:
        """Store what is sent in the step that begins now. Raises SourceError."""
        self.keep(self.rows())

    def rows(self) -> Decoding:
        """What the receiver would make of it."""
        return self.decoded(self.requests())

    def requests(self) -> ExportTraceServiceRequest:
        """The spans of the step that begins now."""
        rng = random.Random(f"{self.life} {self.clock.now()}")
        export = ExportTraceServiceRequest()
        scopes = {}
        for service in ("gateway", "payment"):
            resource = export.resource_spans.add()
            resource.resource.attributes.add(key="service.name").value.string_value = service
            scopes[service] = resource.scope_spans.add()
        for _ in range(15):
            trace, at = rng.randbytes(16), self.clock.now() + rng.random() * (STEP - 0.5)
            took = 0.04 * rng.lognormvariate(0, 0.3) + self.slower
            bad = rng.random() < self.failing
            root, call, served = (rng.randbytes(8) for _ in range(3))
            self._span(scopes["gateway"], trace, root, b"", "POST /pay", 2, at - took - 0.01, took + 0.01, bad)
            self._span(scopes["gateway"], trace, call, root, "POST", 3, at - took, took, bad)
            if not self.mute:
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
