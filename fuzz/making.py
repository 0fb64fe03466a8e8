"""The seeds: small valid inputs of each target, which atheris changes. `python -m fuzz.making` writes them anew."""

import base64
import gzip
import json
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cramjam
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from bench.offers import export
from bench.spans import identify
from fuzz.targets import NOW

SEEDS: Final = Path(__file__).parent / "seeds"
NANO: Final = 10**9
VALUES: Final = (
    AnyValue(string_value="GET"),
    AnyValue(int_value=-1),
    AnyValue(double_value=0.5),
    AnyValue(bool_value=True),
    AnyValue(bytes_value=b"\x00\xff"),
    AnyValue(array_value=ArrayValue(values=[AnyValue(int_value=1)])),
    AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k", value=AnyValue(string_value="v"))])),
)
Seed = tuple[str, str, bytes]


def spans() -> ExportTraceServiceRequest:
    """A failing request: an exception as event, a link, attributes of every type."""
    request = ExportTraceServiceRequest.FromString(export(2, random.Random(1), NOW))
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.status.code, span.status.message = 2, "refused"  # type: ignore[assignment]
    span.attributes.extend(KeyValue(key=f"a{at}", value=value) for at, value in enumerate(VALUES))
    event = span.events.add(name="exception", time_unix_nano=int(NOW * NANO))
    event.attributes.add(key="exception.type", value=AnyValue(string_value="ValueError"))
    span.links.add(trace_id=b"t" * 16, span_id=b"s" * 8, trace_state="ot=th:8")
    span.trace_state = "ot=th:c"
    return request


def metrics() -> ExportMetricsServiceRequest:
    """A histogram, an exponential one, a summary, a sum and a gauge of a service."""
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    identify(group.resource, "service-1")
    scope, now = group.scope_metrics.add(), int(NOW) * NANO
    moments: dict[str, Any] = {"time_unix_nano": now, "start_time_unix_nano": now - 10 * NANO}
    classic = scope.metrics.add(name="http.server.request.duration", unit="s").histogram
    classic.aggregation_temporality = 2  # type: ignore[assignment]
    point = classic.data_points.add(count=9, sum=1.5, bucket_counts=[3, 4, 2], explicit_bounds=[0.1, 1.0], **moments)
    point.exemplars.add(as_double=0.2, time_unix_nano=now, trace_id=b"t" * 16, span_id=b"s" * 8)
    native = scope.metrics.add(name="http.client.request.duration", unit="s").exponential_histogram
    native.aggregation_temporality = 1  # type: ignore[assignment]
    buckets = native.data_points.add(count=9, sum=1.5, scale=3, zero_count=1, **moments)
    buckets.positive.offset, buckets.positive.bucket_counts[:] = -4, [3, 4, 1]
    total = scope.metrics.add(name="jobs").sum
    total.aggregation_temporality, total.is_monotonic = 2, True  # type: ignore[assignment]
    total.data_points.add(as_int=7, **moments).attributes.add(key="queue", value=VALUES[0])
    scope.metrics.add(name="depth").gauge.data_points.add(as_double=0.5, **moments)
    scope.metrics.add(name="old").summary.data_points.add(count=2, sum=1.0, **moments)
    return request


def logs() -> ExportLogsServiceRequest:
    """Two log records."""
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    identify(group.resource, "service-1")
    records = group.scope_logs.add().log_records
    records.add(time_unix_nano=int(NOW) * NANO, severity_number=17, body=VALUES[0])
    records.add(observed_time_unix_nano=int(NOW) * NANO, body=VALUES[6], trace_id=b"t" * 16, span_id=b"s" * 8)
    return request


def alert_message() -> dict[str, Any]:
    """What Alertmanager sends for one firing and one resolved alert."""
    alert = {
        "status": "firing",
        "labels": {"alertname": "HighErrorRate", "service": "payment"},
        "annotations": {"summary": "80% of requests fail"},
        "startsAt": "2026-02-23T00:00:00.000Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus/graph",
        "fingerprint": "0123456789abcdef",
    }
    over = {**alert, "status": "resolved", "endsAt": "2026-02-23T01:00:00+01:00", "fingerprint": ""}
    return {"version": "4", "status": "firing", "receiver": "aiops", "truncatedAlerts": 0, "alerts": [alert, over]}


JAEGER: Final = {
    "data": [
        {
            "traceID": "74",
            "processes": {"p1": {"serviceName": "payment", "tags": [{"key": "host", "type": "string", "value": "a"}]}},
            "spans": [
                {
                    "traceID": "74",
                    "spanID": "01",
                    "processID": "p1",
                    "operationName": "POST /payment",
                    "startTime": 1771804800000000,
                    "duration": 1500,
                    "references": [{"refType": "CHILD_OF", "traceID": "74", "spanID": "00"}],
                    "tags": [{"key": "error", "type": "bool", "value": True}],
                    "logs": [{"timestamp": 1771804800000000, "fields": [{"key": "event", "value": "error"}]}],
                }
            ],
        }
    ]
}
CSV: Final = (
    b"traceID,spanID,parentSpanID,serviceName,operationName,startTime,duration,statusCode\n"
    b"t1,s1,,gateway,GET /,1771804800000000,2000,200\n"
    b"t1,s2,s1,payment,POST /payment,1771804800000500,1000,500\n"
)


def otlp_json(message: Message) -> bytes:
    """Write an export as OTLP/JSON: ids are hexadecimal there, not base64 as in the JSON of protobuf."""

    def written(pairs: dict[str, Any]) -> dict[str, Any]:
        return {
            key: base64.b64decode(value).hex() if key in ("traceId", "spanId", "parentSpanId") else value
            for key, value in pairs.items()
        }

    return json.dumps(json.loads(MessageToJson(message, indent=None), object_hook=written)).encode()


def seeds() -> Iterator[Seed]:
    """Yield target, name and content of each seed."""
    both: tuple[tuple[str, Message], ...] = (("spans", spans()), ("metrics", metrics()), ("logs", logs()))
    for name, message in both:
        yield name, "valid", message.SerializeToString(deterministic=True)
        yield f"{name}-json", "valid", otlp_json(message)
    body = spans().SerializeToString(deterministic=True)
    for at, packed in enumerate(
        (gzip.compress(body, mtime=0), zlib.compress(body), bytes(cramjam.zstd.compress(body)))
    ):
        yield "compressed", f"valid-{at}", bytes([at]) + packed
    yield "compressed", "valid-3", b"\x03" + bytes(cramjam.snappy.compress_raw(body))
    yield "compressed", "valid-4", b"\x04" + bytes(cramjam.snappy.compress(body))
    yield "alerts", "valid", json.dumps(alert_message()).encode()
    yield "files", "otlp-json", otlp_json(spans())
    yield "files", "otlp", body
    yield "files", "frames", len(body).to_bytes(4, "big") + body
    yield "files", "jaeger", json.dumps(JAEGER).encode()
    yield "files", "csv", CSV
    yield "files", "gzip", gzip.compress(CSV, mtime=0)


def main() -> None:
    """Write all seeds."""
    for target, name, content in seeds():
        folder = SEEDS / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
