"""OTLP metrics as series and points.

Exponential histograms of requests served are converted to the buckets by which spans are counted, whatever their
(changing) scale is; of other exponential histograms, and of summaries, count and sum are kept. Exemplars are left out,
because the traces are stored. A point with an invalid part is stored without that part, not rejected: its count is a
request that happened, and without it one side of a ratio would be missing.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

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

from aiops.model import names
from aiops.model.arrays import Floats
from aiops.sources.common import buckets as cut
from aiops.sources.common import conventions
from aiops.sources.common.attributes import MAX_NAME, canonical, mapping
from aiops.sources.duckdb import schema
from aiops.sources.duckdb.lost import Loss, Told
from aiops.sources.duckdb.schema import Kind
from aiops.sources.receiver import overflow
from aiops.sources.receiver.decode import Decoding, Sender
from aiops.sources.receiver.overflow import PointMessage

AnyPoint = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint

POINTS: Final[dict[str, type[AnyPoint]]] = {
    "gauge": NumberDataPoint,
    "sum": NumberDataPoint,
    "histogram": HistogramDataPoint,
    "exponential_histogram": ExponentialHistogramDataPoint,
    "summary": SummaryDataPoint,
}
"""The forms of a metric, and the messages of their points."""

MAX_BOUNDS: Final = 1000
"""The most bounds of a histogram; SDKs have 15 by default."""

_SCALES: Final = (-10, 20)
"""The scales of exponential histograms that the data model allows."""
_NOTHING: Final = DataPointFlags.DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK
_KINDS: Final = {
    "gauge": Kind.GAUGE,
    "sum": Kind.SUM,
    "histogram": Kind.HISTOGRAM,
    "exponential_histogram": Kind.HISTOGRAM,
    "summary": Kind.HISTOGRAM,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One metric of one resource, as it was sent. `form` is a key of POINTS, `temporality` the number of OTLP."""

    name: str
    unit: str
    form: str
    temporality: int
    monotonic: bool
    points: Iterable[AnyPoint]

    @classmethod
    def of(cls, metric: Metric, form: str, points: Iterable[AnyPoint]) -> "Sent":
        """Read what a metric defines for its points, which may be given separately."""
        body = getattr(metric, form)
        temporality = schema.CUMULATIVE if form == "summary" else int(getattr(body, "aggregation_temporality", 0))
        monotonic = form != "gauge" and (form != "sum" or bool(body.is_monotonic))
        return cls(
            name=metric.name,
            unit=metric.unit[:MAX_NAME],
            form=form,
            temporality=temporality,
            monotonic=monotonic,
            points=points,
        )

    @property
    def counts(self) -> bool:
        """Whether it can be one side of a ratio."""
        return 0 < len(self.name) <= MAX_NAME and (self.monotonic or self.temporality == schema.DELTA)

    def unfit(self) -> str:
        """Return why none of its points can be stored; "" when they can."""
        if not self.name:
            return "a metric has no name"
        if len(self.name) > MAX_NAME:
            return f"a metric's name has more than {MAX_NAME} characters"
        if self.form not in ("gauge", "summary") and self.temporality not in (schema.DELTA, schema.CUMULATIVE):
            return "a sum or histogram says neither delta nor cumulative"
        return ""


def decode_metrics(export: ExportMetricsServiceRequest, into: Decoding) -> None:
    """Add the rows of an export; points that cannot be stored are counted by reason."""
    for group in export.resource_metrics:
        metrics = (metric for scope in group.scope_metrics for metric in scope.metrics)
        take_metrics(group.resource, sent(metrics), into)


def sent(metrics: Iterable[Metric]) -> Iterable[Sent]:
    """Yield metrics with their points; a metric without any form has none."""
    for metric in metrics:
        form = metric.WhichOneof("data")
        if form is not None:
            yield Sent.of(metric, form, getattr(metric, form).data_points)


def take_metrics(sender: Resource, metrics: Iterable[Sent], into: Decoding) -> None:
    """Add the rows of the metrics of one resource."""
    known = into.resource(sender)
    oldest, newest = into.oldest_ns(), into.newest_ns()
    for metric in metrics:
        unfit = metric.unfit()
        if not known.alone:
            # Counters of several processes under one name would look like one counter with constant resets.
            unfit = unfit or "metrics of more processes than are told apart"
        for point in metric.points:
            if point.flags & _NOTHING:
                continue
            reason = unfit or _unfit(point, oldest, newest)
            if reason:
                into.rejected.add(reason)
                # A process that is not told apart loses everything, on both sides of a ratio.
                if known.alone and metric.counts:
                    _lose(metric.name, mapping(point.attributes), known.service, reason, into)
                continue
            into.trims(point.attributes)
            sample, bounds = _sample(metric, point, into)
            start = point.start_time_unix_nano
            if start > point.time_unix_nano:
                into.repaired.add("a point counts from after its own time: it counts from a time unknown")
                start = 0
            of = Shape(metric.name, _KINDS[metric.form], metric.unit, metric.temporality, metric.monotonic, bounds)
            _keep(of, mapping(point.attributes), point.time_unix_nano, start, sample, known, into)


def _lose(metric: str, pairs: dict[str, str], service: str, reason: str, into: Decoding) -> None:
    """Record whose requests a rejected point counted."""
    route = method = ""
    if metric in names.SERVER_DURATION_METRICS:
        request = conventions.request(pairs)
        route, method = into.roll.route_of_rejected(service, request.route or request.path, request.method)
    into.lost.add(Loss(service, Told.POINT, metric, route, method, False, reason))


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


def _sample(metric: Sent, point: AnyPoint, into: Decoding) -> tuple[PointMessage, list[float]]:
    """Return the values of a point, and the bounds of its series."""
    if isinstance(point, NumberDataPoint):
        return (_number(point), None, None, None), []
    total: float | None = point.sum
    if not isinstance(point, SummaryDataPoint) and not point.HasField("sum"):
        total = None  # values that can be negative have no sum
    elif not math.isfinite(point.sum):
        into.repaired.add("a histogram's sum is not a finite number")
        total = None
    if isinstance(point, ExponentialHistogramDataPoint) and metric.name in names.SERVER_DURATION_METRICS:
        bounds = cut.bounds(cut.SECONDS_PER_UNIT.get(metric.unit, names.SERVER_DURATION_METRICS[metric.name]))
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
    """Return the counts between bounds; their sum is the count, whatever the point's own buckets add up to."""
    counts = np.array(point.positive.bucket_counts, np.float64)
    # Bucket k ends at base ** (k + 1), where base = 2 ** (2 ** -scale).
    width = 2.0 ** -min(max(point.scale, _SCALES[0]), _SCALES[1])
    with np.errstate(over="ignore"):
        ends = np.exp2((point.positive.offset + np.arange(len(counts) + 1)) * width)
    under = point.zero_count + sum(point.negative.bucket_counts)
    below = [round(one) + under for one in cut.below(ends[:-1], ends[1:], counts, bounds).tolist()]
    whole = [min(one, point.count) for one in below]
    return [after - before for before, after in pairwise([0, *whole, point.count])]


def _layout(point: HistogramDataPoint, into: Decoding) -> tuple[list[float], list[int] | None]:
    """Return rising bounds and the counts of their buckets (or None); no bounds where they do not rise."""
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


class Shape(NamedTuple):
    """What the series of a metric have in common."""

    metric: str
    kind: Kind
    unit: str
    temporality: int
    monotonic: bool
    bounds: list[float]

    @property
    def is_level(self) -> bool:
        """Whether values are levels, not increments."""
        return self.kind == Kind.GAUGE or (not self.monotonic and self.temporality != schema.DELTA)

    def id(self, sender: Sender, pairs: dict[str, str]) -> int:
        """Return the id of a series of a sender with these attributes."""
        shape = f"{self.kind}\0{self.unit}\0{self.temporality}\0{self.monotonic}\0{self.bounds}"
        return schema.series_id(sender.id, self.metric, canonical(pairs), shape)


def _keep(
    of: Shape, pairs: dict[str, str], at: int, start: int, sample: PointMessage, sender: Sender, into: Decoding
) -> None:
    """Add a point; beyond the limit of series, to a sum."""
    series = of.id(sender, pairs)
    if into.roll.series(sender.id, of.metric, series):
        _describe(series, of, sender, pairs, into)
        into.points.append((series, at, start, *sample))
    elif of.is_level:
        into.rejected.add("a level is in more series than are told apart")
    else:
        summed = overflow.attributes(pairs, of.metric)
        series = of.id(sender, summed)
        _describe(series, of, sender, summed, into)
        into.sums.add(series, at, start, sample)


def _describe(series: int, of: Shape, sender: Sender, pairs: dict[str, str], into: Decoding) -> None:
    """Add the row of a series, where the store has none."""
    if series in into.series or into.known(series):
        return
    request = conventions.request(pairs)
    route, method = request.route or request.path, request.method
    if of.metric in names.SERVER_DURATION_METRICS:
        route, method = into.roll.route(sender.service, route, method)
    into.series[series] = (
        series,
        sender.id,
        of.metric,
        of.kind,
        of.unit,
        of.temporality,
        of.monotonic,
        of.bounds,
        canonical(pairs),
        route,
        method,
        request.http_status,
        names.ERROR_TYPE in pairs if names.OVERFLOW in pairs else conventions.served_failed(request),
    )
