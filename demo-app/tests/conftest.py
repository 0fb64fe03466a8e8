"""A receiver of telemetry, and a shop of real processes that sends to it."""

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from aiops.testing.waiting import until

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))  # whoever tests beside has other ports
OFFSET = int(os.environ.get("SHOP_TEST_OFFSET", "2000")) + 700 * WORKER
PORTS = {"gateway": 3000, "checkout": 3011, "payment": 3012, "inventory": 3013, "catalog": 3014}
PROJECT = Path(__file__).parents[1]


def _value(value: AnyValue) -> Any:
    return getattr(value, value.WhichOneof("value") or "string_value")


def _dict(attributes: Any) -> dict[str, Any]:
    return {attribute.key: _value(attribute.value) for attribute in attributes}


@dataclass(frozen=True)
class ReceivedSpan:
    """A span, with what the tests look at."""

    service: str
    version: str
    name: str
    kind: str
    trace_id: str
    attributes: dict[str, Any]
    status: str
    status_description: str
    exceptions: list[dict[str, Any]]
    seconds: float


@dataclass(frozen=True)
class ReceivedPoint:
    """A metric point, with what the tests look at."""

    service: str
    metric: str
    unit: str
    attributes: dict[str, Any]
    count: int
    value: float
    exemplar_trace_ids: set[str]


@dataclass
class Sink:
    """An OTLP/HTTP receiver that remembers."""

    url: str = ""
    spans: list[ReceivedSpan] = field(default_factory=list)
    points: dict[tuple[Any, ...], ReceivedPoint] = field(default_factory=dict)
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    metric_exports: Counter[str] = field(default_factory=Counter)

    def take(self, path: str, body: bytes) -> None:
        """Take one export."""
        if path.endswith("/traces"):
            self._take_spans(ExportTraceServiceRequest.FromString(body))
        else:
            self._take_points(ExportMetricsServiceRequest.FromString(body))

    def _take_spans(self, export: ExportTraceServiceRequest) -> None:
        for resource_spans in export.resource_spans:
            resource = _dict(resource_spans.resource.attributes)
            self.resources[resource["service.name"]] = resource
            for span in (span for scope in resource_spans.scope_spans for span in scope.spans):
                self.spans.append(
                    ReceivedSpan(
                        service=resource["service.name"],
                        version=resource["service.version"],
                        name=span.name,
                        kind={2: "server", 3: "client"}.get(span.kind, "internal"),
                        trace_id=span.trace_id.hex(),
                        attributes=_dict(span.attributes),
                        status={0: "unset", 1: "ok", 2: "error"}[span.status.code],
                        status_description=span.status.message,
                        exceptions=[_dict(event.attributes) for event in span.events if event.name == "exception"],
                        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
                    )
                )

    def _take_points(self, export: ExportMetricsServiceRequest) -> None:
        for resource_metrics in export.resource_metrics:
            service = _dict(resource_metrics.resource.attributes)["service.name"]
            self.metric_exports[service] += 1
            for metric in (metric for scope in resource_metrics.scope_metrics for metric in scope.metrics):
                for point in getattr(metric, metric.WhichOneof("data") or "gauge").data_points:
                    attributes = _dict(point.attributes)
                    number = isinstance(getattr(point, "as_double", None), float)
                    key = (service, metric.name, tuple(sorted(attributes.items())))
                    before = self.points[key].exemplar_trace_ids if key in self.points else set()
                    exemplars = {exemplar.trace_id.hex() for exemplar in getattr(point, "exemplars", ())}
                    self.points[key] = ReceivedPoint(
                        service=service,
                        metric=metric.name,
                        unit=metric.unit,
                        attributes=attributes,
                        count=0 if number else point.count,
                        value=float(getattr(point, point.WhichOneof("value"))) if number else point.sum,
                        exemplar_trace_ids=before | exemplars,
                    )

    def trace(self, trace_id: str) -> list[ReceivedSpan]:
        """Return the spans of a trace that have come so far."""
        return [span for span in list(self.spans) if span.trace_id == trace_id]

    def metric(self, service: str, name: str, **attributes: Any) -> list[ReceivedPoint]:
        """Return the latest points of a metric that have the attributes (dots written as two underscores)."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}.items()
        found = [p for p in list(self.points.values()) if (p.service, p.metric) == (service, name)]
        return [point for point in found if wanted <= point.attributes.items()]


@pytest.fixture(scope="session")
def sink() -> Iterator[Sink]:
    """Run a receiver."""
    received = Sink()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            received.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    received.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield received
    server.shutdown()
    server.server_close()


@dataclass
class Shop:
    """A running `python -m shop`, its words and its addresses."""

    process: subprocess.Popen[bytes]
    log: Path
    offset: int
    trace_id: str = ""

    def url(self, service: str) -> str:
        """Return where a service is."""
        return f"http://127.0.0.1:{PORTS[service] + self.offset}"

    def call(
        self, method: str, path: str, service: str = "gateway", tenant: str | None = None, **arguments: Any
    ) -> requests.Response:
        """Call a service, as part of a new trace whose id is kept in `trace_id`."""
        self.trace_id = secrets.token_hex(16)
        headers = {"traceparent": f"00-{self.trace_id}-{secrets.token_hex(8)}-01"}
        headers |= {"baggage": f"tenant.id={tenant}"} if tenant else {}
        return requests.request(method, self.url(service) + path, headers=headers, timeout=20, **arguments)

    def fault(self, **fields: Any) -> requests.Response:
        """Order a fault at the gateway."""
        return self.call("POST", "/simulate/fault", json=fields)

    def up(self, service: str) -> bool:
        """Return whether a service answers."""
        try:
            return self.call("GET", "/ready", service).ok
        except requests.ConnectionError:
            return False

    def pids(self) -> set[int]:
        """Return the processes of the five services."""
        return {int(self.call("GET", "/ready", service).json()["pid"]) for service in PORTS}

    def said(self) -> str:
        """Return what it wrote to stderr."""
        return self.log.read_text(encoding="utf-8")


Start = Callable[..., Shop]


@pytest.fixture(scope="session")
def start(sink: Sink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start programs of the shop, and end them all."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*arguments: str, offset: int) -> Shop:
        log = tmp_path_factory.mktemp("shop") / "stderr"
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("SHOP_", "OTEL_"))}
        environ |= {"OTEL_METRIC_EXPORT_INTERVAL": "300", "OTEL_BSP_SCHEDULE_DELAY": "100"}
        environ |= {"OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "SHOP_ERROR_RATE": "0"}
        command = [sys.executable, "-m", "shop", *arguments, "--port-offset", str(offset)]
        with log.open("wb") as stderr:
            process = subprocess.Popen(command, env=environ, cwd=PROJECT, stderr=stderr)
        started.append(process)
        return Shop(process, log, offset)

    yield run
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in started:
        process.wait(10)


@pytest.fixture(scope="session")
def base() -> int:
    """Give the tests the first of the port offsets they may use; the shop of `running` has it."""
    return OFFSET


@pytest.fixture(scope="session")
def running(start: Start) -> Shop:
    """Run one whole shop, without load, for all tests that do not end it."""
    shop = start("up", "--rate", "0", offset=OFFSET)
    until(lambda: "shop: ready" in shop.said(), 60)
    return shop


@pytest.fixture
def shop(running: Shop) -> Iterator[Shop]:
    """Give a test the running shop without a fault, and leave none behind."""
    running.call("POST", "/simulate/clear")
    until(lambda: all(running.up(service) for service in PORTS))
    yield running
    running.call("POST", "/simulate/clear")
