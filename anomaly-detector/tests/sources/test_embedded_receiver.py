"""The receiver process: real exporters in, rows in DuckDB; and whatever else people send to an open port."""

import contextlib
import gzip
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import cramjam
import grpc
import psutil
import pytest
import requests
from google.protobuf import json_format
from google.rpc.error_details_pb2 import RetryInfo  # type: ignore[import-untyped]  # no stubs are published
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # no stubs are published
from made_up.ended import Threads
from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter as GrpcMetrics
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcSpans
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as HttpMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpSpans
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

from aiops.model import Selector, TraceQuery, Window, names
from aiops.model.errors import SourceError
from aiops.sources.duckdb.partitions import LOST_TABLE, SPANS
from aiops.sources.duckdb.store import Store
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.sources.receiver import receivers as parent
from aiops.sources.receiver import wire
from aiops.sources.receiver.admission import admitted_by
from aiops.sources.receiver.otlp_grpc import CONNECTIONS
from aiops.sources.receiver.receiver import FULL
from aiops.sources.receiver.receivers import Listen, Receivers
from aiops.sources.receiver.sockets import connections
from aiops.testing.waiting import until

from .otlp import Call, Point, http, points, spans

PROTOBUF, JSON = "application/x-protobuf", "application/json"


class WallClock:
    def now(self) -> float:
        return time.time()


@pytest.fixture(scope="module")
def source() -> Iterator[EmbeddedSource]:
    made = EmbeddedSource(EmbeddedSettings(grpc_port=0, http_port=0, max_export_bytes=1 << 20), WallClock())
    made.start()
    yield made
    made.close()


def exporter(channel: grpc.Channel) -> Callable[..., Any]:
    stub: Any = TraceServiceStub(channel)  # type: ignore[no-untyped-call]
    return cast(Callable[..., Any], stub.Export)


def retry_seconds(error: grpc.RpcError) -> float | None:
    """When the status asks to send again, as OTLP says; None where it does not."""
    trailing = dict(error.trailing_metadata() or ())
    if "grpc-status-details-bin" not in trailing:
        return None
    status, info = Status.FromString(trailing["grpc-status-details-bin"]), RetryInfo()
    assert (status.code, status.message) == (error.code().value[0], error.details())
    assert status.details[0].Unpack(info)
    assert trailing["google.rpc.retryinfo-bin"] == info.SerializeToString()
    return float(info.retry_delay.ToTimedelta().total_seconds())


def url(source: EmbeddedSource, path: str = "/v1/traces") -> str:
    return f"http://127.0.0.1:{source.receivers.http_port}{path}"


def fresh(number: int = 1, **more: Any) -> Call:
    """A span that ended now and that no other test sent."""
    return replace(Call(int.from_bytes(os.urandom(16), "big"), number, time.time(), attributes=http("/")), **more)


def post(
    source: EmbeddedSource, body: bytes, kind: str = PROTOBUF, path: str = "/v1/traces", **headers: str
) -> requests.Response:
    with requests.post(url(source, path), data=body, headers={"Content-Type": kind, **headers}, timeout=10) as response:
        return response


def stored(source: EmbeddedSource, call: Call) -> int:
    return sum(len(one.spans) for one in source.traces.traces([call.trace_id]))


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_a_real_application(source: EmbeddedSource, protocol: str) -> None:
    service = f"shop-{protocol}"
    grpc_address = f"http://127.0.0.1:{source.receivers.grpc_port}"
    span_exporter = (
        HttpSpans(endpoint=url(source)) if protocol == "http" else GrpcSpans(endpoint=grpc_address, insecure=True)
    )
    metric_exporter = (
        HttpMetrics(endpoint=url(source, "/v1/metrics"))
        if protocol == "http"
        else GrpcMetrics(endpoint=grpc_address, insecure=True)
    )
    began = time.time()
    resource = Resource.create({"service.name": service, "service.instance.id": "0", "service.version": "7"})
    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(span_exporter))
    metering = MeterProvider([PeriodicExportingMetricReader(metric_exporter)], resource=resource)
    duration = metering.get_meter("t").create_histogram("http.server.request.duration", "s")
    tracer = tracing.get_tracer("t")
    for number in range(20):
        with tracer.start_as_current_span("GET /", kind=SpanKind.SERVER, attributes=http("/", 500)) as span:
            duration.record(0.02 if number else 3.0, http("/", 500 if number < 5 else 200))
            span.record_exception(ValueError("no"))
    trace_id = f"{span.get_span_context().trace_id:032x}"
    tracing.shutdown()
    metering.shutdown()
    window = Window(began - 1, time.time() + 1)
    red = source.metrics.window(
        [Selector(name, (names.SERVICE,), ((names.SERVICE, service),)) for name in (names.REQUESTS, names.ERRORS)],
        window,
        window.seconds,
    )
    assert red.values.tolist() == [[5.0], [20.0]]
    [found] = source.traces.traces([trace_id])
    assert (found.spans[0].exception_type, found.spans[0].exception_message) == ("ValueError", "no")
    assert (found.spans[0].version, found.spans[0].failed) == ("7", True)
    assert len(source.traces.search(TraceQuery(service=service), window, 100)) == 20


def as_json(export: ExportTraceServiceRequest) -> bytes:
    """OTLP's JSON: ids in hexadecimal."""
    document = json_format.MessageToDict(export, use_integers_for_enums=True)
    for group in document["resourceSpans"]:
        for scope in group["scopeSpans"]:
            for span, original in zip(scope["spans"], export.resource_spans[0].scope_spans[0].spans, strict=True):
                span["traceId"] = original.trace_id.hex().upper()
                span["spanId"] = original.span_id.hex()
                span["links"] = [{"traceId": "ab" * 16, "spanId": "cd" * 8}]
                span["fieldOfTheFuture"] = 1
    return json.dumps(document).encode()


COMPRESSED: dict[str, Callable[[bytes], Any]] = {
    "": lambda body: body,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": cramjam.zstd.compress,
    "snappy": cramjam.snappy.compress_raw,
    "Snappy": cramjam.snappy.compress,  # framed, as older clients do
    "x-snappy-framed": cramjam.snappy.compress,
}


@pytest.mark.parametrize("encoding", COMPRESSED)
@pytest.mark.parametrize("kind", [PROTOBUF, JSON, "application/json; charset=utf-8"])
def test_encodings(source: EmbeddedSource, kind: str, encoding: str) -> None:
    call = fresh()
    export = spans(call)
    body = export.SerializeToString() if kind == PROTOBUF else as_json(export)
    headers = {"Content-Encoding": encoding} if encoding else {}
    answer = post(source, bytes(COMPRESSED[encoding](body)), kind, **headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind.split(";")[0]
    assert answer.content == (b"" if kind == PROTOBUF else b"{}")
    assert stored(source, call) == 1


def test_the_receiver_ends_by_itself_when_it_is_stopped() -> None:
    made = EmbeddedSource(EmbeddedSettings(grpc_port=0, http_port=0), WallClock())
    made.start()
    process = made.receivers._process
    assert process is not None
    made.close()
    assert process.returncode == 0, "it was killed"


def test_metrics_in_json(source: EmbeddedSource) -> None:
    service = f"json-{os.urandom(4).hex()}"
    gauge = Point(time.time(), time.time() - 1, 5.0, metric="depth", form="gauge", service=service)
    document = json_format.MessageToDict(points(gauge))
    answer = post(source, json.dumps(document).encode(), JSON, "/v1/metrics")
    assert (answer.status_code, answer.json()) == (200, {})
    assert service in next(one.services for one in source.metrics.catalog() if one.name == "depth")


def spoilt(what: str) -> ExportTraceServiceRequest:
    export = spans(fresh())
    span = export.resource_spans[0].scope_spans[0].spans[0]
    match what:
        case "empty trace id":
            span.trace_id = b""
        case "zero span id":
            span.span_id = b"\0" * 8
        case "short trace id":
            span.trace_id = b"\1" * 8
        case "the year 1970":
            span.start_time_unix_nano, span.end_time_unix_nano = 1, 2
        case "the far future":
            span.end_time_unix_nano = 2**63 + 5
    return export


@pytest.mark.parametrize(
    "what",
    [
        "empty trace id",
        "zero span id",
        "short trace id",
        "the year 1970",
        "the far future",
    ],
)
def test_spans_that_cannot_be_stored(source: EmbeddedSource, what: str) -> None:
    good, before = fresh(), source.stats()
    export = spoilt(what)
    export.MergeFrom(spans(good))
    answer = post(source, export.SerializeToString())
    response = ExportTraceServiceResponse.FromString(answer.content)
    assert answer.status_code == 200
    assert response.partial_success.rejected_spans == 1
    assert response.partial_success.error_message.startswith("1 rejected: a ")
    assert stored(source, good) == 1
    after = source.stats()
    assert after.rejected_spans == before.rejected_spans + 1
    assert after.accepted_spans == before.accepted_spans + 1
    assert remembered(source).get(good.service, 0) > 0


def remembered(source: EmbeddedSource) -> dict[str, int]:
    """Rejected requests by service."""
    found = source.store.query(
        lambda partitions: (
            f"SELECT service, sum(count)::BIGINT AS count FROM {partitions.relation(LOST_TABLE)} GROUP BY service"
        )
    )
    return {row["service"]: row["count"] for row in found.to_pylist()}


def test_spans_are_stored_without_their_parts_that_are_wrong(source: EmbeddedSource) -> None:
    calls, before = [fresh(number) for number in (1, 2, 3)], source.stats()
    export = spans(*calls)
    odd, turned, began = (group.scope_spans[0].spans[0] for group in export.resource_spans)
    odd.parent_span_id = b"\1" * 9
    turned.start_time_unix_nano = turned.end_time_unix_nano + 1
    began.start_time_unix_nano = 0
    answer = post(source, export.SerializeToString())
    said = ExportTraceServiceResponse.FromString(answer.content).partial_success
    assert (answer.status_code, said.rejected_spans) == (200, 0)
    assert said.error_message.startswith(
        "1 repaired or left out: a parent span id must be empty or 8 bytes; 2 repaired"
    )
    found = [source.traces.traces([one.trace_id])[0].spans[0] for one in calls]
    assert [one.parent_id for one in found] == ["", "", ""]
    assert [round(one.duration, 6) for one in found] == [0.05, 0.0, 0.0]
    assert source.stats().rejected_spans == before.rejected_spans
    assert source.store.reasons()["a parent span id must be empty or 8 bytes"]


def test_points_that_cannot_be_stored(source: EmbeddedSource) -> None:
    now = time.time()
    good = Point(now, now - 1, 1.0, metric="good", form="gauge")
    bad = [
        replace(good, value=float("nan")),
        replace(good, at=1.0, start=0.5),
        replace(good, metric=""),
        replace(good, form="counter", temporality=0),
        replace(good, metric="m" * 600),
    ]
    answer = post(source, points(good, *bad).SerializeToString(), path="/v1/metrics")
    response = ExportMetricsServiceResponse.FromString(answer.content)
    assert response.partial_success.rejected_data_points == len(bad)
    assert len(response.partial_success.error_message.split("; ")) == len(bad)


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "garbage": ({"body": b"\xff\xfe no protobuf"}, 400, "no ExportTraceServiceRequest in protobuf"),
    "html": ({"body": b"<html>", "kind": JSON}, 400, "no ExportTraceServiceRequest in JSON"),
    "a json list": ({"body": b"[1]", "kind": JSON}, 400, "not a JSON object"),
    "json of another shape": ({"body": b'{"resourceSpans": 5}', "kind": JSON}, 400, "in JSON"),
    "deep json": ({"body": b'{"a":' * 5000 + b"1" + b"}" * 5000, "kind": JSON}, 400, "in JSON"),
    "no gzip": ({"body": b"plain", "Content-Encoding": "gzip"}, 400, "not gzip"),
    "half a gzip": ({"body": gzip.compress(b"x" * 999)[:20], "Content-Encoding": "gzip"}, 400, "ends too early"),
    "no zstd": ({"body": b"plain", "Content-Encoding": "zstd"}, 400, "not zstd"),
    "half a zstd": (
        {"body": bytes(cramjam.zstd.compress(os.urandom(999)))[:500], "Content-Encoding": "zstd"},
        400,
        "not zstd",
    ),
    "no snappy": ({"body": b"\xff" * 9, "Content-Encoding": "snappy"}, 400, "not snappy"),
    "too large inside zstd": (
        {"body": bytes(cramjam.zstd.compress(bytes(64 << 20))), "Content-Encoding": "zstd"},
        413,
        "1048576 bytes",
    ),
    "too large inside snappy": (
        {"body": bytes(cramjam.snappy.compress_raw(bytes(8 << 20))), "Content-Encoding": "snappy"},
        413,
        "1048576 bytes",
    ),
    "too large inside framed snappy": (
        {"body": bytes(cramjam.snappy.compress(bytes(8 << 20))), "Content-Encoding": "snappy"},
        413,
        "1048576 bytes",
    ),
    "too many spans": (
        {"body": wire.enclosed(1, wire.enclosed(2, b"\x12\0" * (wire.MAX_ITEMS + 1)))},
        413,
        "an export may hold 50000",
    ),
    "unknown compression": ({"body": b"x", "Content-Encoding": "br"}, 415, "zstd or snappy, not br"),
    "plain text": ({"body": b"x", "kind": "text/plain"}, 415, "not text/plain"),
    "no type": ({"body": b"x", "kind": ""}, 415, "without a type"),
    "too large": ({"body": b"x" * ((1 << 20) + 1)}, 413, "1048576 bytes"),
    "too large inside": ({"body": gzip.compress(b"x" * (2 << 20)), "Content-Encoding": "gzip"}, 413, "1048576 bytes"),
    "wrong path": ({"body": b"", "path": "/v1/trace"}, 404, "the paths are /v1/traces"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_refusals_over_http(source: EmbeddedSource, case: tuple[dict[str, Any], int, str]) -> None:
    request, status, message = case
    before, pid = source.stats(), source.receivers.pid
    answer = post(source, request.pop("body"), **request)
    if answer.headers["Content-Type"] == PROTOBUF:
        assert request.get("kind", PROTOBUF) == PROTOBUF
        said = Status.FromString(answer.content).message
    else:
        said = answer.json()["message"]
    assert (answer.status_code, message in said) == (status, True), said
    assert source.stats() == replace(before, bytes=source.stats().bytes)
    assert source.receivers.pid == pid


def test_only_post(source: EmbeddedSource) -> None:
    with requests.get(url(source), timeout=10) as answer:
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
        assert answer.json() == {"code": 12, "message": "/v1/traces takes POST, not GET"}


@pytest.mark.parametrize("body", [b"\xff\xfe no protobuf", b"<html>", os.urandom(300)], ids=["bytes", "html", "noise"])
def test_garbage_over_grpc(source: EmbeddedSource, body: bytes) -> None:
    before = source.stats()
    with grpc.insecure_channel(f"127.0.0.1:{source.receivers.grpc_port}") as channel:
        export: Any = channel.unary_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export", None, None)
        with pytest.raises(grpc.RpcError) as error:
            export(body, timeout=10)
        assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "no ExportTraceServiceRequest in protobuf" in str(error.value.details())
        call = fresh()
        export(spans(call).SerializeToString(), timeout=10)
    assert stored(source, call) == 1
    assert source.stats().accepted_spans == before.accepted_spans + 1


def test_oversize_over_grpc(source: EmbeddedSource) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{source.receivers.grpc_port}") as channel:
        with pytest.raises(grpc.RpcError) as error:
            exporter(channel)(spans(fresh(message="x" * (2 << 20))), timeout=10)
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert retry_seconds(error.value) is None, "an export that is too large must not come again"


def test_bytes_that_are_no_http_at_all(source: EmbeddedSource) -> None:
    for port in (source.receivers.http_port, source.receivers.grpc_port):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall(os.urandom(200) + b"\r\n\r\n")
            line.shutdown(socket.SHUT_WR)
            while line.recv(4096):
                pass
    call = fresh()
    assert post(source, spans(call).SerializeToString()).status_code == 200
    assert stored(source, call) == 1


def test_damaged_exports_are_refused_or_read(source: EmbeddedSource) -> None:
    chance, pid = random.Random(7), source.receivers.pid
    now = time.time()
    exports = {
        "/v1/traces": spans(fresh(), fresh(2, error=True, exception=("E", "m"))),
        "/v1/metrics": points(
            Point(now, now - 1, buckets=(1, 2, 3, 4), attributes=http("/")),
            Point(now, now - 1, 1.0, metric="g", form="gauge"),
        ),
    }
    with requests.Session() as session:
        for path, export in exports.items():
            body = export.SerializeToString()
            for _ in range(150):
                damaged = bytearray(body)
                for _ in range(chance.randint(1, 6)):
                    damaged[chance.randrange(len(damaged))] = chance.randrange(256)
                headers = {"Content-Type": PROTOBUF}
                answer = session.post(url(source, path), data=bytes(damaged), headers=headers, timeout=10)
                assert answer.status_code in (200, 400), answer.content
    assert source.receivers.pid == pid
    assert source.metrics.window([Selector(names.REQUESTS)], Window(now - 60, now + 60), 1.0).ends.size == 120


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store(":memory:", time.time)
    yield made
    made.close()


@pytest.mark.parametrize("protocol", ["gRPC", "HTTP"])
def test_a_port_in_use(store: Store, protocol: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ports = {"grpc_port": 0, "http_port": 0, f"{protocol.lower()}_port": port}
        receivers = Receivers(store, Listen(**ports), 3600)
        with pytest.raises(SourceError) as error:
            receivers.start()
        assert receivers.pid is None
    assert str(error.value).startswith(f"OTLP over {protocol} cannot listen on 127.0.0.1:{port}")
    assert f"change the setting {protocol.lower()}_port" in str(error.value)


def test_two_receivers_never_share_a_port(source: EmbeddedSource, store: Store) -> None:
    same_port = Listen(grpc_port=source.receivers.grpc_port, http_port=0)
    with pytest.raises(SourceError, match="OTLP over gRPC cannot listen"):
        Receivers(store, same_port, 3600).start()


def test_tokens(store: Store) -> None:
    receivers = Receivers(store, Listen(grpc_port=0, http_port=0, tokens={"a": "s3cret", "b": "other"}), 3600)
    receivers.start()
    export = spans(fresh())
    address = f"http://127.0.0.1:{receivers.http_port}/v1/traces"

    def http_status(**headers: str) -> int:
        headers["Content-Type"] = PROTOBUF
        with requests.post(address, data=export.SerializeToString(), headers=headers, timeout=10) as answer:
            return answer.status_code

    def grpc_code(*metadata: tuple[str, str]) -> grpc.StatusCode:
        with grpc.insecure_channel(f"127.0.0.1:{receivers.grpc_port}") as channel:
            try:
                exporter(channel)(export, timeout=10, metadata=metadata)
            except grpc.RpcError as error:
                return error.code()
        return grpc.StatusCode.OK

    assert (
        http_status() == http_status(Authorization="Bearer wrong") == http_status(Authorization="Basic s3cret") == 401
    )
    assert grpc_code() is grpc_code(("authorization", "Bearer nope")) is grpc.StatusCode.UNAUTHENTICATED
    assert store.stats().accepted_spans == 0
    assert http_status(Authorization="Bearer s3cret") == http_status(Authorization="bearer other") == 200
    assert grpc_code(("authorization", "Bearer other")) is grpc.StatusCode.OK
    receivers.admit({**admitted_by(["later"]), **dict.fromkeys(admitted_by(["expired"]), 1.0)})
    until(lambda: http_status(Authorization="Bearer later") == 200, 30, "a token that was made later is known")
    assert http_status(Authorization="Bearer s3cret") == http_status(Authorization="Bearer expired") == 401
    receivers.stop()


def test_without_a_token_nothing_is_read(store: Store) -> None:
    receivers = Receivers(store, Listen(grpc_port=0, http_port=0, tokens={"a": "s3cret"}), 3600)
    receivers.start()
    head = f"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: {PROTOBUF}\r\nContent-Length: 9000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", receivers.http_port), timeout=10) as line:
        line.sendall(head.encode())
        assert line.recv(12) == b"HTTP/1.1 401"
    never = threading.Event()

    def nothing() -> Iterator[bytes]:
        never.wait(20)
        yield b""

    with grpc.insecure_channel(f"127.0.0.1:{receivers.grpc_port}") as channel:
        call: Any = channel.stream_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export", None, None)
        with pytest.raises(grpc.RpcError) as error:
            call(nothing(), timeout=10)
        assert error.value.code() is grpc.StatusCode.UNAUTHENTICATED
    never.set()
    receivers.stop()


def test_calls_without_a_message_hold_nobody_up(source: EmbeddedSource) -> None:
    never = threading.Event()

    def nothing() -> Iterator[bytes]:
        never.wait(60)
        yield b""

    address = f"127.0.0.1:{source.receivers.grpc_port}"
    with grpc.insecure_channel(address) as channel:
        call: Any = channel.stream_unary("/opentelemetry.proto.collector.trace.v1.TraceService/Export", None, None)
        slow = [call.future(nothing()) for _ in range(40)]
        one = fresh()
        with grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) as other:
            exporter(other)(spans(one), timeout=60)
        assert stored(source, one) == 1
        never.set()
        for each in slow:
            each.cancel()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:4318"}, 200),
        ({"Host": "rebound.example.org"}, 403),
        ({"Host": "otel.example.com"}, 200),
        ({"Origin": "https://shop.example.com"}, 200),
        ({"Origin": "https://example.org"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_names_and_pages_that_may_send(browsed: Receivers, headers: dict[str, str], status: int) -> None:
    address = f"http://127.0.0.1:{browsed.http_port}/v1/traces"
    sent = {"Content-Type": PROTOBUF, **headers}
    with requests.post(address, data=spans(fresh()).SerializeToString(), headers=sent, timeout=10) as answer:
        assert answer.status_code == status
        shared = answer.headers.get("Access-Control-Allow-Origin")
    assert shared == (headers["Origin"] if status == 200 and "Origin" in headers else None)


def test_a_browser_asks_before_it_sends(browsed: Receivers) -> None:
    address = f"http://127.0.0.1:{browsed.http_port}/v1/traces"
    for origin, status in (("https://shop.example.com", 204), ("https://example.org", 403)):
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
        with requests.options(address, headers=headers, timeout=10) as answer:
            assert answer.status_code == status
            if status == 204:
                assert answer.headers["Access-Control-Allow-Origin"] == origin
                assert answer.headers["Access-Control-Allow-Methods"] == "POST"
                assert answer.headers["Access-Control-Allow-Headers"] == "content-type"


@pytest.fixture(scope="module")
def browsed() -> Iterator[Receivers]:
    store = Store(":memory:", time.time)
    listen = Listen(
        grpc_port=0,
        http_port=0,
        public_url="https://otel.example.com",
        cors_origins="https://shop.example.com, https://other.example.com",
    )
    made = Receivers(store, listen, 3600)
    made.start()
    yield made
    made.stop()
    store.close()


def test_a_message_that_cannot_be_taken_ends_the_receiver_and_not_the_intake(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receivers = Receivers(store, Listen(grpc_port=0, http_port=0), 3600)
    receivers.start()
    first, once = receivers.pid, iter([True])
    right = parent.unpack

    def wrong(message: bytes) -> Any:
        if next(once, False):
            raise ValueError("not what was expected")
        return right(message)

    monkeypatch.setattr(parent, "unpack", wrong)
    address = f"http://127.0.0.1:{receivers.http_port}/v1/traces"

    def taken() -> bool:
        try:
            body = spans(fresh()).SerializeToString()
            return requests.post(address, data=body, headers={"Content-Type": PROTOBUF}, timeout=5).status_code == 200
        except requests.RequestException:
            return False

    until(taken, 30)
    assert receivers.pid not in (None, first)
    assert "could not be taken" in caplog.text
    receivers.stop()


class Stuck(Store):
    """A store that takes nothing until it may, and fails when told."""

    def __init__(self) -> None:
        super().__init__(":memory:", time.time)
        self.may = threading.Event()
        self.fail = False

    def append(self, **tables: Any) -> None:
        self.may.wait(20)
        if self.fail:
            raise SourceError("the disk is full")
        super().append(**tables)


def test_a_full_queue_asks_to_come_again() -> None:
    store = Stuck()
    receivers = Receivers(store, Listen(grpc_port=0, http_port=0, queue=2), 3600)
    receivers.start()
    address = f"http://127.0.0.1:{receivers.http_port}/v1/traces"
    statuses: list[tuple[int, str | None]] = []

    def send() -> None:
        body = spans(fresh()).SerializeToString()
        with requests.post(address, data=body, headers={"Content-Type": PROTOBUF}, timeout=30) as answer:
            statuses.append((answer.status_code, answer.headers.get("Retry-After")))

    threads = [threading.Thread(target=send) for _ in range(5)]
    for thread in threads:
        thread.start()
    until(lambda: len(statuses) == 3)
    assert statuses == [(429, "1")] * 3
    with grpc.insecure_channel(f"127.0.0.1:{receivers.grpc_port}") as channel:
        with pytest.raises(grpc.RpcError) as error:
            exporter(channel)(spans(fresh()), timeout=10)
        assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert retry_seconds(error.value) == 1
    store.may.set()
    for thread in threads:
        thread.join()
    assert statuses[3:] == [(200, None)] * 2
    assert store.stats().accepted_spans == 2
    receivers.stop()
    store.close()


ENGINE = """
import sys, time
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
class WallClock:
    def now(self):
        return time.time()
source = EmbeddedSource(EmbeddedSettings(path=sys.argv[1], grpc_port=0, http_port=0), WallClock())
source.start()
print(source.receivers.http_port, flush=True)
sys.stdin.read()
"""


def test_what_was_accepted_outlives_a_kill_under_load(tmp_path: Path) -> None:
    path = str(tmp_path / "telemetry.duckdb")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    accepted: list[str] = []

    def send(address: str) -> None:
        with requests.Session() as session:
            while True:
                calls = [fresh(number) for number in range(1, 6)]
                body = spans(*calls).SerializeToString()
                try:
                    answer = session.post(address, data=body, headers={"Content-Type": PROTOBUF}, timeout=30)
                except requests.RequestException:
                    return
                if answer.status_code == 200:
                    accepted.extend(call.trace_id for call in calls)

    command = [sys.executable, "-c", ENGINE, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as engine:
        assert engine.stdout is not None
        address = f"http://127.0.0.1:{int(engine.stdout.readline())}/v1/traces"
        # More at once than the receiver has threads.
        threads = [threading.Thread(target=send, args=(address,)) for _ in range(16)]
        for thread in threads:
            thread.start()
        until(lambda: len(accepted) > 500, seconds=60)
        engine.kill()
    for thread in threads:
        thread.join()
    reopened = Store(path, time.time)
    found = reopened.query(lambda partitions: f"SELECT trace_hi, trace_lo FROM {partitions.relation(SPANS)}")
    reopened.close()
    assert {f"{row['trace_hi']:016x}{row['trace_lo']:016x}" for row in found.to_pylist()} >= set(accepted)


def test_nothing_is_confirmed_that_is_not_committed(caplog: pytest.LogCaptureFixture) -> None:
    store = Stuck()
    store.fail = True
    store.may.set()
    receivers = Receivers(store, Listen(grpc_port=0, http_port=0), 3600)
    receivers.start()
    address = f"http://127.0.0.1:{receivers.http_port}/v1/metrics"
    now = time.time()
    body = points(Point(now, now - 1, 1.0, metric="m", form="gauge")).SerializeToString()
    for status in (503, 200):
        with requests.post(address, data=body, headers={"Content-Type": PROTOBUF}, timeout=30) as answer:
            assert answer.status_code == status
        store.fail = False
    # The series' row came with the export that failed, so it has to come again.
    assert store.query(lambda _: "SELECT metric FROM series JOIN resources r ON resource = r.id").num_rows == 1
    assert "the disk is full" in caplog.text
    receivers.stop()
    store.close()


def test_a_receiver_that_dies_is_started_again(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    receivers = Receivers(store, Listen(grpc_port=0, http_port=0), 3600)
    receivers.start()
    ports, first = (receivers.grpc_port, receivers.http_port), receivers.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until(lambda: receivers.pid not in (None, first))
    address = f"http://127.0.0.1:{ports[1]}/v1/traces"

    def answers() -> bool:
        try:
            with requests.post(address, data=b"", headers={"Content-Type": PROTOBUF}, timeout=5) as answer:
                return answer.status_code == 200
        except requests.ConnectionError:
            return False

    until(answers)
    assert (receivers.grpc_port, receivers.http_port) == ports
    assert "starting it again" in caplog.text
    receivers.stop()
    assert receivers.pid is None


def test_grpc_without_room_for_connections_is_counted(store: Store) -> None:
    receivers = Receivers(store, Listen(grpc_port=0, http_port=0), 3600)
    receivers.start()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, CONNECTIONS + 500), hard))
    with contextlib.ExitStack() as lines:
        for _ in range(CONNECTIONS):
            lines.enter_context(socket.create_connection(("127.0.0.1", receivers.grpc_port), timeout=10))
        until(lambda: store.reasons().get(FULL), 60)
    until(lambda: not connections(receivers.grpc_port), 60)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    receivers.stop()


@pytest.mark.parametrize("thread", ["http", "grpc"])
def test_a_receiver_of_which_a_server_has_ended_is_started_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, thread: str
) -> None:
    threads = Threads(tmp_path)
    monkeypatch.setenv("PYTHONPATH", threads.path)
    receivers = Receivers(store, Listen(grpc_port=0, http_port=0), 3600)
    receivers.start()
    first = receivers.pid
    threads.end(thread)
    address = f"127.0.0.1:{receivers.grpc_port}"

    def send() -> None:
        alone = [("grpc.use_local_subchannel_pool", 1)]
        with contextlib.suppress(grpc.RpcError), grpc.insecure_channel(address, options=alone) as channel:
            exporter(channel)(spans(fresh()), timeout=2)

    def another() -> bool:
        send()  # a thread that waits for somebody ends when somebody comes
        return receivers.pid not in (None, first)

    def taken() -> bool:
        send()
        return store.stats().accepted_spans > before

    until(another, 60)
    before = store.stats().accepted_spans
    until(taken, 60)
    body = spans(fresh()).SerializeToString()
    with requests.post(
        f"http://127.0.0.1:{receivers.http_port}/v1/traces", data=body, headers={"Content-Type": PROTOBUF}, timeout=30
    ) as answer:
        assert answer.status_code == 200
    receivers.stop()


PARENT = """
import sys, time
from aiops.sources.receiver.receivers import Listen, Receivers
from aiops.sources.duckdb.store import Store
receivers = Receivers(Store(":memory:", time.time), Listen(grpc_port=0, http_port=0), 3600)
receivers.start()
print(receivers.pid, flush=True)
sys.stdin.read()
"""


def test_the_receiver_dies_with_its_parent() -> None:
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        os.kill(child.pid, signal.SIGINT)
        assert child.is_running()
        parent.kill()
    until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_the_receiver_stays_small(source: EmbeddedSource) -> None:
    loaded = Path(f"/proc/{source.receivers.pid}/maps").read_text()
    assert "duckdb" not in loaded
    used = psutil.Process(source.receivers.pid).memory_full_info()
    assert used.pss < 110 << 20
