"""The adapters that the contract runs against: everything behind the ports, and a way to feed each with OTLP."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.ports import MetricSource, TopologySource, TraceSource, VerdictStore
from aiops.sources.embedded import schema
from aiops.sources.embedded.decode import Decoding
from aiops.sources.embedded.decode_metrics import decode_metrics
from aiops.sources.embedded.decode_spans import decode_spans
from aiops.sources.embedded.source import EmbeddedSettings, EmbeddedSource

# An aligned moment in the past: grids of any whole step up to an hour begin here.
T0 = 1_700_000_000.0 - 1_700_000_000.0 % 3600


@dataclass
class GivenClock:
    time: float = T0

    def now(self) -> float:
        return self.time


class Adapter(Protocol):
    """One way to run the ports. `feed` returns when what it was given can be asked for; it keeps the order."""

    lateness: float
    clock: GivenClock

    @property
    def metrics(self) -> MetricSource: ...

    @property
    def traces(self) -> TraceSource: ...

    @property
    def topology(self) -> TopologySource: ...

    @property
    def verdicts(self) -> VerdictStore: ...

    def feed(self, *exports: ExportTraceServiceRequest | ExportMetricsServiceRequest) -> None: ...


class Embedded:
    """The embedded source without its receiver: exports are decoded here."""

    lateness = 10.0

    def __init__(self, path: str = ":memory:") -> None:
        # An hour after what is sent, so that nothing counts as being from the future.
        self.clock = GivenClock(T0 + 3600)
        self.source = EmbeddedSource(EmbeddedSettings(path=path, lateness_seconds=self.lateness), self.clock)
        self.metrics = self.source.metrics
        self.traces = self.source.traces
        self.topology = self.source.topology
        self.verdicts = self.source.verdicts

    def feed(self, *exports: ExportTraceServiceRequest | ExportMetricsServiceRequest) -> None:
        for export in exports:
            rows = Decoding(self.clock.now(), 48 * 3600.0, lambda _: False)
            if isinstance(export, ExportTraceServiceRequest):
                decode_spans(export, rows)
            else:
                decode_metrics(export, rows)
            assert not rows.rejected.count, rows.rejected.message()
            self.source.store.append(
                resources=schema.table(schema.RESOURCES, list(rows.resources.values())),
                series=schema.table(schema.SERIES, list(rows.series.values())),
                points=schema.table(schema.POINTS, rows.points),
                spans=schema.table(schema.SPANS, rows.spans),
            )


@pytest.fixture(params=["embedded"])
def adapter(request: pytest.FixtureRequest) -> Iterator[Adapter]:
    made = {"embedded": Embedded}[request.param]()
    yield made
    made.source.close()
