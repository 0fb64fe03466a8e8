"""OTLP metrics into series and points.

Exponential histograms and summaries keep their count and sum; their buckets and quantiles are left out. Exemplars are
left out: the traces themselves are here.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    DataPointFlags,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    SummaryDataPoint,
)

from aiops.sources.common import conventions
from aiops.sources.common.attributes import canonical, mapping
from aiops.sources.embedded import schema
from aiops.sources.embedded.decode import Decoding
from aiops.sources.embedded.schema import Kind

AnyPoint = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint
# value, count, sum, buckets
Sample = tuple[float | None, int | None, float | None, Sequence[int] | None]

_NOTHING: Final = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
_KINDS: Final = {
    "gauge": Kind.GAUGE,
    "sum": Kind.SUM,
    "histogram": Kind.HISTOGRAM,
    "exponential_histogram": Kind.HISTOGRAM,
    "summary": Kind.HISTOGRAM,
}


def decode_metrics(export: ExportMetricsServiceRequest, into: Decoding) -> None:
    """Add the rows of an export; points that cannot be stored are counted with the reason."""
    oldest, newest = into.oldest_ns(), into.newest_ns()
    for group in export.resource_metrics:
        resource = into.resource(group.resource)
        for scope in group.scope_metrics:
            for metric in scope.metrics:
                _metric(metric, resource, into, oldest, newest)


def _metric(metric: Metric, resource: int, into: Decoding, oldest: int, newest: int) -> None:
    form = metric.WhichOneof("data")
    if form is None:
        return
    body = getattr(metric, form)
    temporality = schema.CUMULATIVE if form == "summary" else int(getattr(body, "aggregation_temporality", 0))
    points: Iterable[AnyPoint] = body.data_points
    for point in points:
        if point.flags & _NOTHING:
            continue
        sample = _sample(point)
        reason = _unfit(metric, point, sample, form, temporality, oldest, newest)
        if reason:
            into.rejected.add(reason)
            continue
        bounds = list(point.explicit_bounds) if isinstance(point, HistogramDataPoint) else []
        monotonic = form != "gauge" and (form != "sum" or bool(body.is_monotonic))
        series = _series(metric, point, resource, into, _KINDS[form], temporality, monotonic, bounds)
        into.points.append((series, point.time_unix_nano, point.start_time_unix_nano, *sample))


def _sample(point: AnyPoint) -> Sample:
    if isinstance(point, NumberDataPoint):
        match point.WhichOneof("value"):
            case "as_double":
                return point.as_double, None, None, None
            case "as_int":
                return float(point.as_int), None, None, None
        return math.nan, None, None, None
    buckets = list(point.bucket_counts) if isinstance(point, HistogramDataPoint) else []
    return None, point.count, point.sum, buckets or None


def _unfit(
    metric: Metric, point: AnyPoint, sample: Sample, form: str, temporality: int, oldest: int, newest: int
) -> str:
    value, count, total, buckets = sample
    if not metric.name:
        return "a metric has no name"
    if not oldest <= point.time_unix_nano <= newest:
        return "a point is older than the retention or more than an hour ahead of this machine's clock"
    if point.start_time_unix_nano > point.time_unix_nano:
        return "a point counts from after its own time"
    if not math.isfinite((value if value is not None else total) or 0.0):
        return "a point's value is not a finite number"
    if form not in ("gauge", "summary") and temporality not in (schema.DELTA, schema.CUMULATIVE):
        return "a sum or histogram says neither delta nor cumulative"
    if isinstance(point, HistogramDataPoint) and buckets is not None:
        if len(buckets) != len(point.explicit_bounds) + 1 or sum(buckets) != count:
            return "a histogram's buckets do not fit its bounds or its count"
        bounds = point.explicit_bounds
        if not all(a < b for a, b in pairwise(bounds)) or not all(map(math.isfinite, bounds)):
            return "a histogram's bounds do not rise"
    return ""


def _series(
    metric: Metric,
    point: AnyPoint,
    resource: int,
    into: Decoding,
    kind: Kind,
    temporality: int,
    monotonic: bool,
    bounds: list[float],
) -> int:
    pairs = mapping(point.attributes)
    text = canonical(pairs)
    shape = f"{kind}\0{metric.unit}\0{temporality}\0{monotonic}\0{bounds}"
    key = schema.series_id(resource, metric.name, text, shape)
    if key not in into.series and not into.known(key):
        request = conventions.request(pairs)
        into.series[key] = (
            key,
            resource,
            metric.name,
            kind,
            metric.unit,
            temporality,
            monotonic,
            bounds,
            text,
            request.route,
            request.method,
            request.http_status,
            conventions.served_failed(request),
        )
    return key
