"""The events of an objective in PromQL: how many per second there were in a window, and how many of them were bad."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from aiops.model import Labels, Probe, Protocol, Query, Ratio, Server, Slo, Threshold
from aiops.model.promql import any_of, label, quoted, spellings
from aiops.model.translation import MetricType, metric_name
from aiops.slo.spec import durations
from aiops.slo.spec.indicators import windows

# Duration histograms of a protocol, the current name first, with the unit that their bounds are in.
HISTOGRAMS: Final = {
    Protocol.HTTP: (
        ("http_server_request_duration_seconds", Decimal(1)),
        ("http_server_duration_milliseconds", Decimal("0.001")),
    ),
    Protocol.RPC: (
        ("rpc_server_call_duration_seconds", Decimal(1)),
        ("rpc_server_duration_milliseconds", Decimal("0.001")),
    ),
}
_STATUS: Final = {
    "http_server_request_duration_seconds": 'http_response_status_code=~"5.."',
    "http_server_duration_milliseconds": 'http_status_code=~"5.."',
    # UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS: the server's fault.
    "rpc_server_call_duration_seconds": (
        'rpc_response_status_code=~"UNKNOWN|DEADLINE_EXCEEDED|UNIMPLEMENTED|INTERNAL|UNAVAILABLE|DATA_LOSS"'
    ),
    "rpc_server_duration_milliseconds": 'rpc_grpc_status_code=~"2|4|12|13|14|15"',
}
_METHOD: Final = {
    "http_server_request_duration_seconds": "http_request_method",
    "http_server_duration_milliseconds": "http_method",
}


def total(slo: Slo, window: int) -> str:
    """Return events per second over a window (seconds). For time slices: of the query by which each slice is judged."""
    of, by, text = slo.indicator, by_groups(slo), durations.promql_duration(window)
    match of:
        case Server():
            return _either(f"sum{by}({_count(of, name, text)})" for name, _ in HISTOGRAMS[of.protocol])
        case Ratio():
            return rated(of.total, slo, window)
        case Probe():
            return f"sum{by}(count_over_time({_looked_at(of.query, text)})) / {window}"
        case Threshold():
            return f"count{by}({_gauge(of.query)})"


def bad(slo: Slo, window: int, events: str) -> str:
    """Return bad events per second over a window (seconds); `events` is an expression for all events, where one is
    available.

    Without bad events the answer may be empty; whether that means zero or missing data depends on `events`.
    """
    of, by, text = slo.indicator, by_groups(slo), durations.promql_duration(window)
    match of:
        case Server(threshold=None):
            return _either(failed(slo, window))
        case Server():
            fast = _either(f"sum{by}({_fast(of, name, unit, text)})" for name, unit in HISTOGRAMS[of.protocol])
            return _rest(events, fast, slo)
        case Ratio():
            if of.bad is not None:
                return rated(of.bad, slo, window, f"0 * {events}")
            assert of.good is not None
            return _rest(events, rated(of.good, slo, window, f"0 * {events}"), slo)
        case Probe():
            seen = _looked_at(of.query, text)
            return f"(sum{by}(count_over_time({seen})) - sum{by}(sum_over_time({seen}))) / {window}"
        case Threshold():
            wrong = {"lt": ">=", "lte": ">", "gt": "<=", "gte": "<"}[of.op]
            return f"count{by}({_gauge(of.query)} {wrong} {of.bound})"


def failed(slo: Slo, window: int) -> list[str]:
    """Return requests per second that failed, for each histogram that a server may have."""
    of, by, text = slo.indicator, by_groups(slo), durations.promql_duration(window)
    assert isinstance(of, Server)
    return [f"sum{by}({_count(of, name, text, _STATUS[name])})" for name, _ in HISTOGRAMS[of.protocol]]


def grouping(slo: Slo) -> str:
    """Return the labels that an objective is split by, for `on (…)`."""
    return ", ".join(label(one) for one in slo.group_by)


def by_groups(slo: Slo) -> str:
    """Return the labels that an aggregation of the series of an objective keeps."""
    return f" by ({grouping(slo)}) " if slo.group_by else ""


def _either(parts: Iterable[str]) -> str:
    """Return an expression for the first series that exists: a service that sends both names while it migrates counts
    once."""
    return " or ".join(parts)


def _count(of: Server, name: str, window: str, *more: str) -> str:
    if of.native:
        return f"histogram_count(rate({name}{_selected(of, name, *more)}[{window}]))"
    return f"rate({name}_count{_selected(of, name, *more)}[{window}])"


def _fast(of: Server, name: str, unit: Decimal, window: str) -> str:
    """Return requests per second that took no longer than the threshold."""
    assert of.threshold is not None
    bound = of.threshold / unit
    if of.native:
        rated = f"rate({name}{_selected(of, name)}[{window}])"
        return f"histogram_fraction(0, {bound:f}, {rated}) * histogram_count({rated})"
    # Pushed over OTLP a bound of one second is le="1", scraped it is le="1.0": both are meant.
    found = spellings(bound)
    le = f"le=~{any_of(found)}" if len(found) > 1 else f"le={quoted(found[0])}"
    return f"rate({name}_bucket{_selected(of, name, le)}[{window}])"


def _selected(of: Server, name: str, *more: str) -> str:
    if of.protocol == Protocol.HTTP:
        wanted = [("http_route", of.route), (_METHOD[name], of.method)]
    else:
        wanted = [("rpc_service", of.route), ("rpc_method", of.method)]
    found = [("service_name", of.service), *((key, value) for key, value in wanted if value)]
    return "{" + ", ".join([*(f"{key}={quoted(value)}" for key, value in found), *more]) + "}"


def rated(query: Query, slo: Slo, window: int, nothing: str = "") -> str:
    """Return the events per second that a query counts, whatever other labels its series have. A term without series
    counts as zero beside the others; `nothing` is an expression for zero where there were any events."""
    by, text = by_groups(slo), durations.promql_duration(window)
    if query.metric:
        name = metric_name(query.metric, query.unit, MetricType.COUNTER)
        return f"sum{by}(rate({name}{_matching(query.where)}[{text}]))"
    sums = [f"sum{by}({windows(one.text, text)})" for one in query.terms]
    scales = [one.factor / window if one.counted else one.factor for one in query.terms]
    if len(sums) == 1:
        return _scaled(sums[0], scales[0])
    on = f" or on ({grouping(slo)}) "
    nothing = nothing or f"0 * ({on.join(sums)})"
    # A zero keeps the labels of the series that it was made from.
    found = f" + on ({grouping(slo)}) ".join(
        _scaled(f"({one}{on}{nothing})", scale) for one, scale in zip(sums, scales, strict=True)
    )
    return f"clamp_min({found}, 0)" if min(scales) < 0 else f"({found})"


def _scaled(text: str, factor: Decimal) -> str:
    return text if factor == 1 else f"{text} * {factor.normalize()}"


def _looked_at(query: Query, window: str) -> str:
    """Return a gauge over a window, sample by sample; an expression that is no selector, evaluation by evaluation."""
    if query.promql and not query.terms[0].selector:
        return f"{_gauge(query)}[{window}:1m]"
    return f"{_gauge(query)}[{window}]"


def _gauge(query: Query) -> str:
    if query.promql:
        return query.terms[0].text
    return f"{metric_name(query.metric, query.unit, MetricType.GAUGE)}{_matching(query.where)}"


def _matching(where: Labels) -> str:
    return "{" + ", ".join(f"{label(key)}={quoted(value)}" for key, value in where) + "}" if where else ""


def _rest(events: str, good: str, slo: Slo) -> str:
    """Return all events minus the good ones. Where no good event was ever counted, all are bad."""
    on = f" on ({grouping(slo)}) "
    return f"clamp_min({events} -{on}(({good}) or{on}0 * {events}), 0)"
