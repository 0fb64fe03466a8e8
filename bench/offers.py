"""Exports of honest and of hostile senders, as bytes."""

import gzip
import random
import time

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.spans import describe, identify


def export(count: int, rng: random.Random | None = None, now: float | None = None) -> bytes:
    """Server spans of a web service that ended in the last second before `now` (Unix seconds), new ones each time."""
    chance = rng or random.Random()
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    identify(group.resource, f"service-{chance.randrange(5)}")
    spans = group.scope_spans.add().spans
    now = time.time() if now is None else now
    for _ in range(count):
        end = now - chance.random()
        span = spans.add(
            trace_id=chance.randbytes(16),
            span_id=chance.randbytes(8),
            name="GET /orders/{id}",
            kind=2,
            start_time_unix_nano=int((end - 0.05) * 1e9),
            end_time_unix_nano=int(end * 1e9),
        )
        describe(span, chance, {"http.route": "/orders/{id}"})
    return request.SerializeToString()


def empty_spans(size: int) -> bytes:
    """As many spans as fit into so many bytes, two each; gzipped."""
    spans = b"\x12\0" * (size // 2)
    scope = b"\x12" + _length(len(spans)) + spans
    return gzip.compress(b"\x0a" + _length(len(scope)) + scope)


def wide_histogram(bounds: int) -> bytes:
    """One point of so many bounds; gzipped."""
    export = ExportMetricsServiceRequest()
    group = export.resource_metrics.add()
    identify(group.resource, "wide")
    metric = group.scope_metrics.add().metrics.add(name="http.server.request.duration", unit="s")
    metric.histogram.aggregation_temporality = 2  # type: ignore[assignment]
    now = time.time_ns()
    metric.histogram.data_points.add(
        time_unix_nano=now,
        start_time_unix_nano=now - 10**9,
        count=bounds + 1,
        sum=1.0,
        bucket_counts=[1] * (bounds + 1),
        explicit_bounds=[float(one) for one in range(bounds)],
    )
    return gzip.compress(export.SerializeToString())


def _length(size: int) -> bytes:
    out = bytearray()
    while size > 0x7F:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    out.append(size)
    return bytes(out)
