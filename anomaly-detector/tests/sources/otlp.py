"""OTLP exports, made by hand: what a test says was sent, in the form in which any source takes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

Export = ExportTraceServiceRequest | ExportMetricsServiceRequest
Value = str | int | float | bool
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
BOUNDS = (0.01, 0.1, 1.0)


def nano(seconds: float) -> int:
    return round(seconds * 1_000_000) * 1000


def pairs(of: Mapping[str, Value]) -> list[KeyValue]:
    def value(one: Value) -> AnyValue:
        match one:
            case bool():
                return AnyValue(bool_value=one)
            case int():
                return AnyValue(int_value=one)
            case float():
                return AnyValue(double_value=one)
            case _:
                return AnyValue(string_value=one)

    return [KeyValue(key=key, value=value(one)) for key, one in of.items()]


@dataclass(frozen=True)
class Call:
    """One span: `trace` and `span` are small numbers, times Unix seconds; `links` are traces and spans, `messages` the
    ways (SENT, RECEIVED) of those that a stream took and gave."""

    trace: int
    span: int
    end: float
    duration: float = 0.05
    parent: int = 0
    service: str = "api"
    name: str = "GET /"
    kind: int = SERVER
    error: bool = False
    message: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict)
    resource: Mapping[str, Value] = field(default_factory=dict)
    exception: tuple[str, str] | None = None
    links: Sequence[tuple[int, int]] = ()
    messages: Sequence[str] = ()
    trace_state: str = ""

    @property
    def trace_id(self) -> str:
        return f"{self.trace:032x}"


def spans(*calls: Call) -> ExportTraceServiceRequest:
    """One export of spans."""
    export = ExportTraceServiceRequest()
    for call in calls:
        group = export.resource_spans.add()
        group.resource.attributes.extend(pairs({"service.name": call.service, **call.resource}))
        span = group.scope_spans.add().spans.add()
        span.trace_id = call.trace.to_bytes(16, "big")
        span.span_id = call.span.to_bytes(8, "big")
        span.parent_span_id = call.parent.to_bytes(8, "big") if call.parent else b""
        span.trace_state = call.trace_state
        span.name, span.kind = call.name, cast(Span.SpanKind.ValueType, call.kind)
        span.end_time_unix_nano = nano(call.end)
        span.start_time_unix_nano = nano(call.end) - nano(call.duration)
        span.attributes.extend(pairs(call.attributes))
        span.status.message = call.message
        if call.error:
            span.status.code = 2  # type: ignore[assignment]
        if call.exception:
            event = span.events.add(name="exception")
            kind, message = call.exception
            event.attributes.extend(pairs({"exception.type": kind, "exception.message": message}))
        for trace_id, span_id in call.links:
            span.links.add(trace_id=trace_id.to_bytes(16, "big"), span_id=span_id.to_bytes(8, "big"))
        for number, way in enumerate(call.messages):
            said = {"message.type": way, "message.id": call.messages[: number + 1].count(way)}
            span.events.add(name="message").attributes.extend(pairs(said))
    return export


def http(route: str, status: int = 200, method: str = "GET", **more: Value) -> dict[str, Any]:
    """Attributes of a request under the current HTTP convention."""
    out: dict[str, Any] = {"http.request.method": method, "http.response.status_code": status, **more}
    if route:
        out["http.route"] = route
    if status >= 500:
        out["error.type"] = str(status)
    return out


@dataclass(frozen=True)
class Point:
    """One sample: `value` for numbers; `buckets` (not cumulative) and `sum` for histograms; those of exponential ones
    have a `scale`, and begin at index `offset`. Times Unix seconds."""

    at: float
    start: float
    value: float = 0.0
    buckets: Sequence[int] = ()
    sum: float = 0.0
    attributes: Mapping[str, Value] = field(default_factory=dict)
    metric: str = "http.server.request.duration"
    unit: str = "s"
    form: str = "histogram"
    temporality: int = 2
    bounds: Sequence[float] = BOUNDS
    scale: int = 0
    offset: int = 0
    service: str = "api"
    instance: str = "api-0"
    resource: Mapping[str, Value] = field(default_factory=dict)


def points(*samples: Point) -> ExportMetricsServiceRequest:
    """One export of points."""
    export = ExportMetricsServiceRequest()
    for one in samples:
        group = export.resource_metrics.add()
        identity = {"service.name": one.service, "service.instance.id": one.instance}
        group.resource.attributes.extend(pairs({**identity, **one.resource}))
        _add(group.scope_metrics.add().metrics.add(name=one.metric, unit=one.unit), one)
    return export


def _add(metric: Metric, one: Point) -> None:
    times = {
        "time_unix_nano": nano(one.at),
        "start_time_unix_nano": nano(one.start),
        "attributes": pairs(one.attributes),
    }
    match one.form:
        case "histogram":
            metric.histogram.aggregation_temporality = one.temporality  # type: ignore[assignment]
            metric.histogram.data_points.add(
                count=sum(one.buckets),
                sum=one.sum,
                bucket_counts=one.buckets,
                explicit_bounds=one.bounds,
                **times,
            )
        case "exponential":
            metric.exponential_histogram.aggregation_temporality = one.temporality  # type: ignore[assignment]
            point = metric.exponential_histogram.data_points.add(
                count=sum(one.buckets), sum=one.sum, scale=one.scale, **times
            )
            point.positive.offset = one.offset
            point.positive.bucket_counts.extend(one.buckets)
        case "gauge":
            metric.gauge.data_points.add(as_double=one.value, **times)
        case _:
            metric.sum.aggregation_temporality = one.temporality  # type: ignore[assignment]
            metric.sum.is_monotonic = one.form == "counter"
            metric.sum.data_points.add(as_double=one.value, **times)
