"""The calls between services as the engine sees them, written to Prometheus: the EdgeSink."""

from collections.abc import Callable, Sequence

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint

from aiops.model import Edge, names
from aiops.model.own_metrics import EDGE
from aiops.sources.prometheus.client import PrometheusClient
from aiops.sources.prometheus.verdicts import text_attribute


class PrometheusEdges:
    """Edges as gauges by caller, callee and connection type, whatever their source, for Grafana.

    At most `limit` of them are written per step, the busiest; `left_out` is called with the number of the others.
    """

    def __init__(self, api: PrometheusClient, limit: int, left_out: Callable[[int], None] = lambda _: None) -> None:
        self._api, self._limit, self._left_out = api, limit, left_out

    def record(self, edges: Sequence[Edge], at: float) -> None:
        """Write edges as they were at a time (Unix seconds). Raises SourceError."""
        chosen = sorted(edges, key=lambda one: (-one.rate, one.caller, one.callee))[: self._limit]
        if len(edges) > len(chosen):
            self._left_out(len(edges) - len(chosen))
        out = ExportMetricsServiceRequest()
        group = out.resource_metrics.add()
        group.resource.attributes.append(text_attribute(names.SERVICE_NAME, names.SELF))
        group.scope_metrics.add().metrics.extend(
            Metric(name=metric.name, gauge=Gauge(data_points=[_point(one, getattr(one, field), at) for one in chosen]))
            for field, metric in EDGE.items()
        )
        self._api.write_otlp(out.SerializeToString())


def _point(edge: Edge, value: float, at: float) -> NumberDataPoint:
    attributes = {names.CALLER: edge.caller, names.CALLEE: edge.callee, names.CONNECTION: edge.connection}
    pairs = [text_attribute(key, text) for key, text in attributes.items() if text]
    return NumberDataPoint(time_unix_nano=round(at * 1e9), as_double=value, attributes=pairs)
