"""The adapters that the contract runs against: everything behind the ports, and a way to feed each with OTLP."""

import math
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
import requests
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.http import Endpoint
from aiops.ports import MetricSource, TopologySource, TraceSource, VerdictStore
from aiops.sources.duckdb import schema
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.sources.prometheus.client import PrometheusClient
from aiops.sources.prometheus.metrics import PrometheusMetrics
from aiops.sources.prometheus.verdicts import PrometheusVerdicts
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_metrics import decode_metrics
from aiops.sources.receiver.decode_spans import decode_spans
from aiops.sources.tempo.client import TempoClient
from aiops.sources.tempo.source import TempoSource
from aiops.testing import GivenClock
from aiops.testing.waiting import until
from tools.native.alone import LonePrometheus
from tools.native.build import ensure

from .fake_tempo import FakeTempo

# An aligned moment in the past: grids of any whole step up to an hour begin here.
T0 = 1_700_000_000.0 - 1_700_000_000.0 % 3600


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


class Counting(Protocol):
    """One way to run the ports of metrics alone. `takes_delta` says whether it takes deltas."""

    takes_delta: bool

    @property
    def metrics(self) -> MetricSource: ...

    @property
    def verdicts(self) -> VerdictStore: ...

    def feed(self, *exports: ExportMetricsServiceRequest) -> None: ...


class Tracing(Protocol):
    """One way to run the ports of traces alone. What is fed ends within a minute or so after `t0`."""

    t0: float

    @property
    def traces(self) -> TraceSource: ...

    @property
    def topology(self) -> TopologySource: ...

    def feed(self, *exports: ExportTraceServiceRequest) -> None: ...


class Embedded:
    """The embedded source without its receiver: exports are decoded here."""

    lateness = 10.0
    takes_delta = True
    t0 = T0 + 3540  # a minute that ends where one table of spans ends and the next begins

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
                resources=schema.arrow_table(schema.RESOURCES, list(rows.resources.values())),
                series=schema.arrow_table(schema.SERIES, list(rows.series.values())),
                points=schema.arrow_table(schema.POINTS, rows.points),
                spans=schema.arrow_table(schema.SPANS, rows.spans),
            )


@pytest.fixture(params=["embedded"])
def adapter(request: pytest.FixtureRequest) -> Iterator[Adapter]:
    made = {"embedded": Embedded}[request.param]()
    yield made
    made.source.close()


class Tempo:
    """A real Tempo: each has a tenant of its own, so that nothing of another test is there."""

    def __init__(self, url: str, otlp: str) -> None:
        self.tenant = f"test-{secrets.token_hex(6)}"
        self._otlp = otlp.rstrip("/")
        endpoint = Endpoint(name="tempo", url=url, tenant=self.tenant)
        self.source = TempoSource(endpoint, seconds=math.inf)
        self.traces = self.source.traces
        self.topology = self.source.topology
        self._api = TempoClient(endpoint)
        self._other = TempoClient(Endpoint(name="tempo", url=url, tenant=f"{self.tenant}-other"))
        # Search leaves out what is younger than the cut-off (30 s) and what came when it was older than two minutes.
        self.t0 = float(int(time.time()) - 105)

    def feed(self, *exports: ExportTraceServiceRequest) -> None:
        fed: set[str] = set()
        for export in exports:
            sent = requests.post(
                f"{self._otlp}/v1/traces",
                data=export.SerializeToString(),
                headers={"Content-Type": "application/x-protobuf", "X-Scope-OrgID": self.tenant},
                timeout=10,
            )
            sent.raise_for_status()
            for group in export.resource_spans:
                fed |= {span.trace_id.hex() for scope in group.scope_spans for span in scope.spans}
        until(lambda: fed <= self._found(self._api), 60, "Tempo finds what it was sent")
        assert not fed & self._found(self._other), "tests need a Tempo that keeps tenants apart: multitenancy_enabled"

    def _found(self, api: TempoClient) -> set[str]:
        return {one.trace_id for one in api.search("{}", int(self.t0) - 60, int(self.t0) + 300, 5000, 1)}

    def close(self) -> None:
        self.source.close()
        self._api.close()
        self._other.close()


class Faked:
    """The source on a Tempo that a test makes up."""

    t0 = T0

    def __init__(self) -> None:
        self.tempo = FakeTempo()
        self.feed = self.tempo.feed
        self.source = TempoSource(Endpoint(name="tempo", url=self.tempo.url, timeout_seconds=60), seconds=math.inf)
        self.traces = self.source.traces
        self.topology = self.source.topology

    def close(self) -> None:
        self.source.close()
        self.tempo.close()


@pytest.fixture
def faked() -> Iterator[Faked]:
    one = Faked()
    yield one
    one.close()


@pytest.fixture(params=["embedded", "faked", "tempo"])
def tracing(request: pytest.FixtureRequest) -> Iterator[Tracing]:
    """What keeps traces: the embedded source, a Tempo that is made up, and a real one where AIOPS_TEST_TEMPO_URL (its
    HTTP API) and AIOPS_TEST_TEMPO_OTLP (where it takes OTLP over HTTP) say which."""
    if request.param == "faked":
        yield request.getfixturevalue("faked")
        return
    if request.param == "embedded":
        embedded = Embedded()
        yield embedded
        embedded.source.close()
        return
    url, otlp = os.environ.get("AIOPS_TEST_TEMPO_URL", ""), os.environ.get("AIOPS_TEST_TEMPO_OTLP", "")
    if not url or not otlp:
        pytest.skip("AIOPS_TEST_TEMPO_URL and AIOPS_TEST_TEMPO_OTLP name no Tempo")
    tempo = Tempo(url, otlp)
    yield tempo
    tempo.close()


class Prometheus:
    """A real Prometheus of its own, so that it takes points of any time."""

    takes_delta = False

    def __init__(self, server: LonePrometheus) -> None:
        self._server = server
        self.api = PrometheusClient(Endpoint(name="Prometheus", url=server.url))
        self.metrics = PrometheusMetrics(self.api, GivenClock(T0 + 3600), 10.0)
        self.verdicts = PrometheusVerdicts(self.api, 1000)

    def feed(self, *exports: ExportMetricsServiceRequest) -> None:
        for export in exports:
            self.api.write_otlp(export.SerializeToString())

    def close(self) -> None:
        self.api.close()
        self._server.close()


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Prometheus]:
    one = Prometheus(LonePrometheus(ensure()["prometheus"], tmp_path / "prometheus"))
    yield one
    one.close()


@pytest.fixture(params=["embedded", pytest.param("prometheus", marks=pytest.mark.stack)])
def counting(request: pytest.FixtureRequest) -> Iterator[Counting]:
    """What keeps metrics: the embedded source, and a real Prometheus where there is one."""
    if request.param == "prometheus":
        yield request.getfixturevalue("prometheus")
        return
    embedded = Embedded()
    yield embedded
    embedded.source.close()
