"""OTLP metrics into series and points.

Exponential histograms of requests served are put into the buckets that spans are counted by, whatever their scale is,
which changes; of others, and of summaries, count and sum are kept. Exemplars are left out: the traces are here.

A point with a part that is wrong is kept without that part, and not rejected: its count is a request that happened, and
without it one side of a ratio would be missing.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    DataPointFlags,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    SummaryDataPoint,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from aiops import names
from aiops.sources.common import buckets as cut
from aiops.sources.common import conventions
from aiops.sources.common.attributes import MAX_NAME, canonical, mapping
from aiops.sources.common.grid import Floats
from aiops.sources.embedded import schema
from aiops.sources.embedded.decode import Decoding
from aiops.sources.embedded.schema import Kind

AnyPoint = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint
# value, count, sum, buckets
Sample = tuple[float | None, int | None, float | None, Sequence[int] | None]

POINTS: Final[dict[str, type[AnyPoint]]] = {
    "gauge": NumberDataPoint,
    "sum": NumberDataPoint,
    "histogram": HistogramDataPoint,
    "exponential_histogram": ExponentialHistogramDataPoint,
    "summary": SummaryDataPoint,
}
"""The forms that a metric may have, and what their points are."""

MAX_BOUNDS: Final = 1000
"""Of a histogram; SDKs have 15 as they are."""

_SCALES: Final = (-10, 20)
"""Of exponential histograms, as the data model has them."""
_NOTHING: Final = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
_KINDS: Final = {
    "gauge": Kind.GAUGE,
    "sum": Kind.SUM,
    "histogram": Kind.HISTOGRAM,
    "exponential_histogram": Kind.HISTOGRAM,
    "summary": Kind.HISTOGRAM,
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One metric of one resource, as it was sent. `form` is a key of POINTS, `temporality` OTLP's number."""

    name: str
    unit: str
    form: str
    temporality: int
    monotonic: bool
    points: Iterable[AnyPoint]

    @classmethod
    def of(cls, metric: Metric, form: str, points: Iterable[AnyPoint]) -> "Sent":
        """Take what a metric says about its points, which need not be in it."""
        body = getattr(metric, form)
        temporality = schema.CUMULATIVE if form == "summary" else int(getattr(body, "aggregation_temporality", 0))
        monotonic = form != "gauge" and (form != "sum" or bool(body.is_monotonic))
        return cls(metric.name, metric.unit[:MAX_NAME], form, temporality, monotonic, points)

    def unfit(self) -> str:
        """Say why no point of it can be stored; "" when they can."""
        if not self.name:
            return "a metric has no name"
        if len(self.name) > MAX_NAME:
            return f"a metric's name has more than {MAX_NAME} characters"
        if self.form not in ("gauge", "summary") and self.temporality not in (schema.DELTA, schema.CUMULATIVE):
            return "a sum or histogram says neither delta nor cumulative"
        return ""


def decode_metrics(export: ExportMetricsServiceRequest, into: Decoding) -> None:
    """Add the rows of an export; points that cannot be stored are counted with the reason."""
    for group in export.resource_metrics:
        metrics = (metric for scope in group.scope_metrics for metric in scope.metrics)
        take_metrics(group.resource, sent(metrics), into)


def sent(metrics: Iterable[Metric]) -> Iterable[Sent]:
    """Take metrics with their points; those without any form hold none."""
    for metric in metrics:
        form = metric.WhichOneof("data")
        if form is not None:
            yield Sent.of(metric, form, getattr(metric, form).data_points)


def take_metrics(sender: Resource, metrics: Iterable[Sent], into: Decoding) -> None:
    """Add the rows of the metrics of one resource."""
    resource = into.resource(sender)
    oldest, newest = into.oldest_ns(), into.newest_ns()
    for metric in metrics:
        unfit = metric.unfit()
        for point in metric.points:
            if point.flags & _NOTHING:
                continue
            reason = unfit or _unfit(point, oldest, newest)
            if reason:
                into.rejected.add(reason)
                continue
            sample, bounds = _sample(metric, point, into)
            start = point.start_time_unix_nano
            if start > point.time_unix_nano:
                into.repaired.add("a point counts from after its own time: it counts from a time unknown")
                start = 0
            series = _series(metric, point, resource, into, bounds)
            into.points.append((series, point.time_unix_nano, start, *sample))


def _unfit(point: AnyPoint, oldest: int, newest: int) -> str:
    if not oldest <= point.time_unix_nano <= newest:
        return "a point is older than the retention or more than an hour ahead of this machine's clock"
    if isinstance(point, NumberDataPoint):
        return "" if math.isfinite(_number(point)) else "a point's value is not a finite number"
    if isinstance(point, HistogramDataPoint) and len(point.explicit_bounds) > MAX_BOUNDS:
        return f"a histogram has more than {MAX_BOUNDS} bounds"
    return ""


def _number(point: NumberDataPoint) -> float:
    match point.WhichOneof("value"):
        case "as_double":
            return point.as_double
        case "as_int":
            return float(point.as_int)
    return math.nan


def _sample(metric: Sent, point: AnyPoint, into: Decoding) -> tuple[Sample, list[float]]:
    """What a point says, and the bounds that its series has."""
    if isinstance(point, NumberDataPoint):
        return (_number(point), None, None, None), []
    total: float | None = point.sum
    if not isinstance(point, SummaryDataPoint) and not point.HasField("sum"):
        total = None  # what can be negative has none
    elif not math.isfinite(point.sum):
        into.repaired.add("a histogram's sum is not a finite number")
        total = None
    if isinstance(point, ExponentialHistogramDataPoint) and metric.name in names.SERVER_DURATION_METRICS:
        bounds = cut.bounds(cut.SECONDS.get(metric.unit, names.SERVER_DURATION_METRICS[metric.name]))
        return (None, point.count, total, _exponential(point, np.array(bounds))), bounds
    if not isinstance(point, HistogramDataPoint):
        return (None, point.count, total, None), []
    bounds, buckets = _layout(point, into)
    count = point.count
    if buckets is not None and sum(buckets) != count:
        if count:
            into.repaired.add("a histogram's buckets do not add up to its count: they are left out")
            buckets = None
        else:
            into.repaired.add("a histogram has no count: it is what its buckets add up to")
            count = sum(buckets)
    return (None, count, total, buckets), bounds


def _exponential(point: ExponentialHistogramDataPoint, bounds: Floats) -> list[int]:
    """The counts between bounds; together they are the count, whatever the point's own buckets come to."""
    counts = np.array(point.positive.bucket_counts, np.float64)
    # Bucket k ends at base to the power of k + 1, where base is 2 to the power of 2 to the power of -scale.
    width = 2.0 ** -min(max(point.scale, _SCALES[0]), _SCALES[1])
    with np.errstate(over="ignore"):
        ends = np.exp2((point.positive.offset + np.arange(len(counts) + 1)) * width)
    under = point.zero_count + sum(point.negative.bucket_counts)
    below = [round(one) + under for one in cut.below(ends[:-1], ends[1:], counts, bounds).tolist()]
    whole = [min(one, point.count) for one in below]
    return [after - before for before, after in pairwise([0, *whole, point.count])]


def _layout(point: HistogramDataPoint, into: Decoding) -> tuple[list[float], list[int] | None]:
    """Bounds that rise, and as many buckets as they have, or None; no bounds where they do not rise."""
    bounds, buckets = list(point.explicit_bounds), list(point.bucket_counts)
    if bounds and bounds[-1] == math.inf:  # the last bucket has no bound
        bounds.pop()
        buckets[len(bounds) :] = [sum(buckets[len(bounds) :])] if len(buckets) > len(bounds) else []
    if not (all(a < b for a, b in pairwise(bounds)) and all(map(math.isfinite, bounds))):
        into.repaired.add("a histogram's bounds do not rise: its buckets are left out")
        return [], None
    if buckets and len(buckets) != len(bounds) + 1:
        into.repaired.add("a histogram's buckets do not fit its bounds: they are left out")
        return bounds, None
    return bounds, buckets or None


def _series(metric: Sent, point: AnyPoint, resource: int, into: Decoding, bounds: list[float]) -> int:
    pairs = mapping(point.attributes)
    text = canonical(pairs)
    kind = _KINDS[metric.form]
    shape = f"{kind}\0{metric.unit}\0{metric.temporality}\0{metric.monotonic}\0{bounds}"
    key = schema.series_id(resource, metric.name, text, shape)
    if key not in into.series and not into.known(key):
        request = conventions.request(pairs)
        into.series[key] = (
            key,
            resource,
            metric.name,
            kind,
            metric.unit,
            metric.temporality,
            metric.monotonic,
            bounds,
            text,
            request.route,
            request.method,
            request.http_status,
            conventions.served_failed(request),
        )
    return key
