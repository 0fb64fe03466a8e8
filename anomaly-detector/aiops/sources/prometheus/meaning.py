"""The meaning of a raw counter of Prometheus: whose requests it counts, and which of their sums it adds to.

Names are those that Prometheus' OTLP receiver and the Collector give by default (`UnderscoreEscapingWithSuffixes`), and
those of Tempo's metrics-generator.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum
from math import nan
from typing import Final

from aiops.model import names
from aiops.model.promql import any_of, label, quoted
from aiops.model.translation import MetricType, metric_name
from aiops.sources.common import conventions
from aiops.sources.common.work import METRICS, Work, of_span

LabelMap = Mapping[str, str]
SeriesIdentity = tuple[str, ...]

_UNITS: Final = {1.0: "s", 0.001: "ms"}
SERVED: Final = {
    metric_name(metric, _UNITS[scale], MetricType.OTHER): scale
    for metric, scale in names.SERVER_DURATION_METRICS.items()
}
WORK: Final = {
    metric_name(metric, _UNITS[scale], MetricType.OTHER): METRICS[metric]
    for metric, scale in names.SERVER_DURATION_METRICS.items()
}
"""The kind of operation that each histogram of server durations counts."""
# A service that sends both names of a metric while it migrates is counted by the current one.
RENAMED: Final = {
    "http_server_duration_milliseconds": "http_server_request_duration_seconds",
    "rpc_server_duration_milliseconds": "rpc_server_call_duration_seconds",
}
SPANS: Final = "traces_spanmetrics_latency"
CALLS: Final = "traces_service_graph_request_total"
FAILED_CALLS: Final = "traces_service_graph_request_failed_total"
CALL_SECONDS: Final = "traces_service_graph_request_client_seconds_sum"
INFO: Final = "target_info"

# Attributes of the conventions, by the label that they become.
_ATTRIBUTES: Final = {
    label(attribute): attribute
    for attribute in (
        names.HTTP_ROUTE,
        names.HTTP_TARGET,
        *names.HTTP_METHOD,
        *names.HTTP_STATUS,
        *names.PROTOCOL,
        *names.URL_SCHEME,
        *names.RPC_SYSTEM,
        names.RPC_SERVICE,
        names.RPC_METHOD,
        *names.RPC_STATUS,
        names.ERROR_TYPE,
    )
}
_RPC_METHOD: Final = names.RPC_METHOD.replace(".", "_")
_KINDS: Final = {"SPAN_KIND_SERVER": conventions.SERVER, "SPAN_KIND_CONSUMER": conventions.CONSUMER}


class Adds(IntEnum):
    """Which sum of the requests a counter adds to."""

    TOTAL = 0
    TOTAL_AND_BAD = 1
    BAD = 2
    SECONDS = 3
    BUCKET = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """`key` identifies the requests. `scale` converts the value to seconds; `bound` is the bound of a bucket in
    seconds. Counters of one `histogram` are reset together; those of one `sender` are exported together; `family` is
    the metric."""

    key: SeriesIdentity
    adds: Adds
    family: str
    histogram: SeriesIdentity
    sender: SeriesIdentity
    scale: float = 1.0
    bound: float = nan


def served(labels: LabelMap) -> Meaning | None:
    """Read a duration histogram of a server; None for other series. Streams are counted, but without durations."""
    family, part = _split(labels[names.NAME])
    scale = SERVED.get(family)
    if scale is None:
        return None
    request = conventions.request(_attributes(labels))
    key = (service(labels), request.route or request.path, request.method, str(request.http_status))
    sender = (labels.get("job", ""), labels.get("instance", ""), family)
    if request.streams and part != "count":
        return None
    return _histogram(labels, key, family, part, sender, scale, conventions.served_failed(request))


def spans(labels: LabelMap, only: Collection[Work] = tuple(Work)) -> Meaning | None:
    """Read a latency histogram that Tempo made of server spans, of the wanted kinds of operation; None for other
    series. Streams as in `served`."""
    family, part = _split(labels[names.NAME])
    kind = _KINDS.get(labels.get("span_kind", ""))
    if family != SPANS or kind is None:
        return None
    request = conventions.request(_attributes(labels))
    if of_span(request, kind, bool(labels.get(_RPC_METHOD))) not in only:
        return None
    route = conventions.span_route(request, kind, labels.get("span_name", ""))
    key = (labels.get("service", ""), route, request.method, str(request.http_status))
    failed = conventions.span_failed(request, kind, 2 if labels.get("status_code") == "STATUS_CODE_ERROR" else 0)
    if request.streams and part != "count":
        return None
    return _histogram(labels, key, family, part, _generator(labels, family), 1.0, failed)


def calls(labels: LabelMap) -> Meaning | None:
    """Read an edge of the service graph that Tempo made of client and server spans; None for the edges by which users
    enter."""
    name, caller, callee = labels[names.NAME], labels.get("client", ""), labels.get("server", "")
    adds = {CALLS: Adds.TOTAL, FAILED_CALLS: Adds.BAD, CALL_SECONDS: Adds.SECONDS}.get(name)
    if adds is None or not callee or caller in ("", "user"):
        return None
    itself = (name, *_identity(labels))
    return Meaning(key=(caller, callee), adds=adds, family=name, histogram=itself, sender=_generator(labels, name))


def service(labels: LabelMap) -> str:
    """Return the service of a series that came by OTLP: its own label where that is promoted, else from `job`."""
    return labels.get("service_name") or labels.get("job", "").rpartition("/")[2]


def served_selector(buckets: bool, *only: str) -> str:
    """Return a selector for the series that `served` understands; `only` are further conditions, see `of_service`."""
    return _selector([*SERVED], buckets, *only)


def of_service(service: str) -> tuple[str, str]:
    """Return the two conditions of which one holds for the series of a service that came by OTLP: its own label where
    that is promoted, or `job`."""
    ending = any_of([service])
    return f"service_name={quoted(service)}", f'service_name="",job=~"(.*/)?({ending[1:-1]})"'


def spans_selector(buckets: bool, without: list[str], only: str = "") -> str:
    """Return a selector for the series that `spans` understands, of one service or of all, without services that count
    for themselves."""
    which = [f"service={quoted(only)}"] if only else []
    return _selector([SPANS], buckets, f"span_kind=~{any_of([*_KINDS])}", f"service!~{any_of(without)}", *which)


def beside_selector(buckets: bool, of: Work, services: list[str]) -> str:
    """Return a selector for the series that `spans` understands of one kind of operation, where services count other
    kinds for themselves."""
    match of:
        case Work.CONSUMER:
            which = ['span_kind="SPAN_KIND_CONSUMER"']
        case Work.RPC:
            which = ['span_kind="SPAN_KIND_SERVER"', f'{_RPC_METHOD}!=""']
        case _:
            which = ['span_kind="SPAN_KIND_SERVER"']
    return _selector([SPANS], buckets, *which, f"service=~{any_of(services)}")


def calls_selector() -> str:
    """Return a selector for the series that `calls` understands."""
    return f"{{__name__=~{any_of([CALLS, FAILED_CALLS, CALL_SECONDS])},client!={quoted('user')}}}"


def _selector(families: list[str], buckets: bool, *more: str) -> str:
    # A native histogram has the name without a suffix.
    parts = ("_count", "_sum", "_bucket", "") if buckets else ("_count", "_sum", "")
    wanted = any_of([family + part for family in families for part in parts])
    # The last bucket equals the count.
    return "{" + ",".join((f"__name__=~{wanted}", 'le!="+Inf"', *more)) + "}"


def _histogram(
    labels: LabelMap, key: SeriesIdentity, family: str, part: str, sender: SeriesIdentity, scale: float, failed: bool
) -> Meaning | None:
    histogram = (family, *_identity(labels))
    match part:
        case "count":
            adds = Adds.TOTAL_AND_BAD if failed else Adds.TOTAL
            return Meaning(key=key, adds=adds, family=family, histogram=histogram, sender=sender)
        case "sum":
            return Meaning(key=key, adds=Adds.SECONDS, family=family, histogram=histogram, sender=sender, scale=scale)
        case "bucket":
            bound = round(float(labels.get("le", "nan")) * scale, 12)
            return Meaning(key=key, adds=Adds.BUCKET, family=family, histogram=histogram, sender=sender, bound=bound)
        case _:
            return None


def _split(name: str) -> tuple[str, str]:
    family, _, part = name.rpartition("_")
    return family, part


def _attributes(labels: LabelMap) -> dict[str, str]:
    return {attribute: labels[label] for label, attribute in _ATTRIBUTES.items() if label in labels}


def _identity(labels: LabelMap) -> SeriesIdentity:
    return tuple(f"{name}={labels[name]}" for name in sorted(labels) if name not in (names.NAME, "le"))


def _generator(labels: LabelMap, family: str) -> SeriesIdentity:
    """Return the identity of the exporter of series from Tempo's metrics-generator."""
    return (labels.get("__metrics_gen_instance", ""), labels.get("instance", ""), family)
