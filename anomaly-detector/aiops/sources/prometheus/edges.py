"""The calls between services as the engine sees them, in Prometheus: the EdgeSink."""

from collections.abc import Callable, Sequence
from typing import Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint

from aiops.model import Edge, names
from aiops.sources.prometheus.api import Api
from aiops.sources.prometheus.verdicts import attribute

NUMBERS: Final = {
    "aiops_edge_requests_per_second": "rate",
    "aiops_edge_error_ratio": "error_ratio",
    "aiops_edge_latency_seconds": "latency",
}
"""Metric: field of the edge."""


class PrometheusEdges:
    """Edges as gauges by caller, callee and connection type, wherever they were read from: what Grafana draws.

    At most `limit` of them are written at a time, the busiest; `left_out` is told how many were not.
    """

    def __init__(self, api: Api, limit: int, left_out: Callable[[int], None] = lambda _: None) -> None:
        self._api, self._limit, self._left_out = api, limit, left_out

    def record(self, edges: Sequence[Edge], at: float) -> None:
        """Write edges as they were at a time (Unix seconds). Raises SourceError."""
        chosen = sorted(edges, key=lambda one: (-one.rate, one.caller, one.callee))[: self._limit]
        if len(edges) > len(chosen):
            self._left_out(len(edges) - len(chosen))
        out = ExportMetricsServiceRequest()
        group = out.resource_metrics.add()
        group.resource.attributes.append(attribute(names.SERVICE_NAME, names.SELF))
        group.scope_metrics.add().metrics.extend(
            Metric(name=name, gauge=Gauge(data_points=[_point(one, getattr(one, field), at) for one in chosen]))
            for name, field in NUMBERS.items()
        )
        self._api.write_otlp(out.SerializeToString())


def _point(edge: Edge, value: float, at: float) -> NumberDataPoint:
    attributes = {names.CALLER: edge.caller, names.CALLEE: edge.callee, names.CONNECTION: edge.connection}
    pairs = [attribute(key, text) for key, text in attributes.items() if text]
    return NumberDataPoint(time_unix_nano=round(at * 1e9), as_double=value, attributes=pairs)
