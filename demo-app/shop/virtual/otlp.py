"""Slices as OTLP exports: protobuf messages as a collector takes them, and the lines of its file format.

A line is an export in OTLP's JSON: `resourceSpans` or `resourceMetrics`, ids in hexadecimal.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from shop import names
from shop.virtual.stream import Slice
from shop.virtual.sums import HISTOGRAM

MOST = 5000  # spans or points of one export: a receiver takes a few MB at once
SCOPE = "shop.virtual"
# Attributes that are numbers on the wire.
NUMBERS = (
    "client.port",
    "http.response.status_code",
    "network.peer.port",
    "server.port",
    names.DB_ROWS,
    names.RESEND_COUNT,
)
IDS = ("traceId", "spanId", "parentSpanId")
Row = dict[str, Any]


def traces(slice_: Slice, most: int = MOST) -> Iterator[ExportTraceServiceRequest]:
    """The spans of a slice, at most so many in an export."""
    resources = _by_id(slice_.resources)
    for rows in _parts(slice_.spans, most):
        groups: dict[int, list[Row]] = defaultdict(list)
        for row in rows:
            groups[row["resource"]].append(row)
        export = ExportTraceServiceRequest()
        for of, mine in groups.items():
            scope = export.resource_spans.add(resource=_resource(resources, of)).scope_spans.add()
            scope.scope.name = SCOPE
            for row in mine:
                scope.spans.append(_span(row))
        yield export


def metrics(slice_: Slice, most: int = MOST) -> Iterator[ExportMetricsServiceRequest]:
    """The points of a slice, at most so many in an export."""
    resources, series = _by_id(slice_.resources), _by_id(slice_.series)
    for rows in _parts(slice_.points, most):
        groups: dict[int, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            of = series[row["series"]]
            groups[of["resource"]][of["metric"]].append(row)
        export = ExportMetricsServiceRequest()
        for resource, by_metric in groups.items():
            scope = export.resource_metrics.add(resource=_resource(resources, resource)).scope_metrics.add()
            scope.scope.name = SCOPE
            for metric, mine in by_metric.items():
                to = scope.metrics.add(name=metric, unit=series[mine[0]["series"]]["unit"])
                for row in mine:
                    _point(to, series[row["series"]], row)
        yield export


def lines(slice_: Slice) -> Iterator[str]:
    """Everything in a slice as lines of JSON, points before spans."""
    for export in (*metrics(slice_), *traces(slice_)):
        document = MessageToDict(export, use_integers_for_enums=True)
        for group in document.get("resourceSpans", ()):
            for span in group["scopeSpans"][0]["spans"]:
                span.update({name: base64.b64decode(span[name]).hex() for name in IDS if name in span})
        yield json.dumps(document, separators=(",", ":"), ensure_ascii=False) + "\n"


def _span(row: Row) -> Span:
    span = Span(
        trace_id=row["trace_hi"].to_bytes(8, "big") + row["trace_lo"].to_bytes(8, "big"),
        span_id=row["span_id"].to_bytes(8, "big"),
        parent_span_id=row["parent_id"].to_bytes(8, "big") if row["parent_id"] else b"",
        name=row["name"],
        kind=row["kind"],
        start_time_unix_nano=row["start_ns"],
        end_time_unix_nano=row["end_ns"],
        attributes=_attributes(row["attributes"]),
    )
    if row["status"]:
        span.status.code, span.status.message = row["status"], row["status_message"]
    if row["exception_type"]:
        event = span.events.add(name="exception", time_unix_nano=row["end_ns"])
        for name in ("type", "message"):
            event.attributes.append(_pair(f"exception.{name}", row[f"exception_{name}"]))
    return span


def _point(to: Metric, of: Row, row: Row) -> None:
    """Add a point to its metric; the metric's kind is that of its first."""
    common = {"time_unix_nano": row["time_ns"], "start_time_unix_nano": row["start_ns"]}
    attributes = _attributes(of["attributes"])
    if of["kind"] != HISTOGRAM:
        to.gauge.data_points.add(as_double=row["value"], attributes=attributes, **common)
        return
    to.histogram.aggregation_temporality = of["temporality"]
    to.histogram.data_points.add(
        count=row["count"],
        sum=row["sum"],
        bucket_counts=row["buckets"],
        explicit_bounds=of["bounds"],
        attributes=attributes,
        **common,
    )


def _parts(of: pa.Table, most: int) -> Iterator[list[Row]]:
    for start in range(0, of.num_rows, most):
        yield of.slice(start, most).to_pylist()


def _by_id(of: pa.Table) -> dict[int, Row]:
    return {row["id"]: row for row in of.to_pylist()}


def _resource(rows: dict[int, Row], of: int) -> Resource:
    return Resource(attributes=_attributes(rows[of]["attributes"]))


def _attributes(text: str) -> list[KeyValue]:
    return [_pair(name, value) for name, value in json.loads(text).items()]


def _pair(name: str, value: str) -> KeyValue:
    number = name in NUMBERS and value.isdigit()
    return KeyValue(key=name, value=AnyValue(int_value=int(value)) if number else AnyValue(string_value=value))
