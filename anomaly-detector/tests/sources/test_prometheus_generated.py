"""What Tempo's metrics-generator keeps in Prometheus: requests of services that send spans only, calls, topology."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from aiops.model import Selector, Window, names
from aiops.model.errors import SourceError
from aiops.sources.prometheus.topology import PrometheusTopology

from .conftest import T0, Prometheus
from .otlp import Point, http, points
from .reading import CALLS, NAN, RED, row, same, served

pytestmark = pytest.mark.stack
CALLED = tuple(Selector(name, CALLS) for name in (names.REQUESTS, names.ERRORS, names.DURATION))


def span_metric(at: float, count: int, status: str = "STATUS_CODE_UNSET", service: str = "pay", **more: str) -> Point:
    """Latency of server spans, as the generator counts them up since T0."""
    of = {"service": service, "span_name": "POST /pay", "span_kind": "SPAN_KIND_SERVER", "status_code": status, **more}
    return Point(
        T0 + at,
        T0,
        buckets=(0, count, 0, 0),
        sum=count * 0.05,
        attributes=of,
        metric="traces_spanmetrics_latency",
        unit="",
        service="tempo",
        instance="generator",
    )


def edge(at: float, name: str, value: float, caller: str = "web", callee: str = "pay", kind: str = "") -> Point:
    return Point(
        T0 + at,
        T0,
        value,
        attributes={"client": caller, "server": callee, "connection_type": kind},
        metric=f"traces_service_graph_request_{name}",
        unit="",
        form="counter",
        service="tempo",
        instance="generator",
    )


def seconds(at: float, count: int, spent: float) -> Point:
    """How long the calls from web to pay took, as web saw it."""
    name = "traces_service_graph_request_client_seconds"
    return replace(edge(at, "", 0), metric=name, form="histogram", buckets=(0, 0, count, 0), sum=spent)


def test_a_service_without_metrics_is_counted_by_its_spans(prometheus: Prometheus) -> None:
    of = {"http_route": "/pay", "http_request_method": "POST"}
    for at, count in ((5, 3), (15, 7), (25, 7)):
        prometheus.feed(points(span_metric(at, count, **of, http_response_status_code="200")))
    prometheus.feed(points(span_metric(15, 2, "STATUS_CODE_ERROR", **of, http_response_status_code="503")))
    prometheus.feed(points(span_metric(15, 5, "STATUS_CODE_ERROR", **of, http_response_status_code="404")))
    block = prometheus.metrics.window(RED, Window(T0, T0 + 30), 10.0)
    same(served(block, names.REQUESTS, "/pay", "pay", method="POST"), [3, 11, 0])
    same(served(block, names.ERRORS, "/pay", "pay", method="POST"), [0, 2, 0])
    same(served(block, names.DURATION, "/pay", "pay", method="POST"), [0.15, 0.55, 0])
    same(served(block, names.BUCKET, "/pay", "pay", method="POST", le="0.1"), [3, 11, 0])


def test_what_serves_no_http_goes_by_the_name_of_its_span(prometheus: Prometheus) -> None:
    consumer = span_metric(5, 4, span_kind="SPAN_KIND_CONSUMER", span_name="orders process")
    client = span_metric(5, 9, span_kind="SPAN_KIND_CLIENT", span_name="POST")
    prometheus.feed(points(consumer, client))
    block = prometheus.metrics.window([Selector(names.REQUESTS)], Window(T0, T0 + 10), 10.0)
    assert block.values.tolist() == [[4]]
    same(served(block, names.REQUESTS, "orders process", "pay", method=""), [4])


def test_spans_are_not_counted_where_metrics_are_sent(prometheus: Prometheus) -> None:
    own = Point(T0 + 5, T0, buckets=(7, 0, 0, 0), attributes=http("/pay"), service="pay")
    prometheus.feed(points(own, span_metric(5, 99)))
    block = prometheus.metrics.window([Selector(names.REQUESTS, (names.SERVICE,))], Window(T0, T0 + 10), 10.0)
    assert block.values.tolist() == [[7]]


def test_metrics_of_one_kind_of_work_leave_the_others_to_spans(prometheus: Prometheus) -> None:
    own = Point(T0 + 5, T0, buckets=(7, 0, 0, 0), attributes=http("/pay"), service="pay")
    consumer = span_metric(5, 4, span_kind="SPAN_KIND_CONSUMER", span_name="orders process")
    rpc = span_metric(5, 3, span_name="Pay/Charge", rpc_method="Charge")
    covered = span_metric(5, 99, http_route="/pay", http_request_method="GET")
    prometheus.feed(points(own, consumer, rpc, covered, span_metric(5, 98)))
    block = prometheus.metrics.window(RED, Window(T0, T0 + 10), 10.0)
    assert sum(dict(one)["__name__"] == names.REQUESTS for one in block.labels) == 3
    same(served(block, names.REQUESTS, "/pay", "pay"), [7])
    same(served(block, names.REQUESTS, "orders process", "pay", method=""), [4])
    same(served(block, names.REQUESTS, "Charge", "pay", method=""), [3])
    by_service = [Selector(name, (names.SERVICE,)) for name in (names.REQUESTS, names.BUCKET)]
    block = prometheus.metrics.window(by_service, Window(T0, T0 + 10), 10.0)
    same(row(block, names.REQUESTS, service="pay"), [14])


def test_calls(prometheus: Prometheus) -> None:
    prometheus.feed(
        points(
            edge(5, "total", 10),
            edge(5, "total", 50, caller="user", callee="web", kind="virtual_node"),
            seconds(5, 10, 2.0),
            edge(15, "total", 16),
            edge(15, "failed_total", 3),
            seconds(15, 16, 5.0),
            edge(15, "total", 4, kind="virtual_node"),
        )
    )
    block = prometheus.metrics.window(CALLED, Window(T0, T0 + 20), 10.0)
    assert len(block.labels) == 3
    same(row(block, names.REQUESTS, caller="web", callee="pay"), [10, 10])
    same(row(block, names.ERRORS, caller="web", callee="pay"), [0, 3])
    same(row(block, names.DURATION, caller="web", callee="pay"), [2, 3])


def test_topology(prometheus: Prometheus) -> None:
    for at in range(0, 301, 15):
        prometheus.feed(
            points(
                edge(at, "total", at),
                edge(at, "failed_total", at / 10),
                seconds(at, at, at / 5),
                edge(at, "total", at / 3, callee="postgresql", kind="database"),
                edge(at, "total", at, caller="user", callee="web", kind="virtual_node"),
            )
        )
    pay, database = PrometheusTopology(prometheus.api).edges(Window(T0, T0 + 300))
    assert (pay.caller, pay.callee, pay.connection) == ("web", "pay", "")
    assert (pay.rate, pay.error_ratio, pay.latency) == (pytest.approx(1.0, 0.1), pytest.approx(0.1), pytest.approx(0.2))
    assert (database.callee, database.connection) == ("postgresql", "virtual")
    assert PrometheusTopology(prometheus.api).edges(Window(T0 + 2000, T0 + 2060)) == []


def test_telemetry_is_counted_by_service_and_silence_is_zero(prometheus: Prometheus) -> None:
    def up(at: float, service: str) -> Point:
        sdk = {
            "telemetry.sdk.language": "python"
        }  # as every SDK says: without any such attribute there is no target_info
        made = Point(T0 + at, T0, 1.0, metric="up.time", form="gauge", service=service, instance=f"{service}-0")
        return replace(made, resource=sdk)

    for at in range(5, 61, 5):
        prometheus.feed(points(up(at, "a")))
        if at <= 20:
            prometheus.feed(points(up(at, "b")))
    block = prometheus.metrics.window([Selector(names.TELEMETRY, (names.SERVICE,))], Window(T0, T0 + 80), 20.0)
    a, b = (row(block, names.TELEMETRY, service=name) for name in ("a", "b"))
    assert min(a[:3]) >= 1
    assert b[0] >= 1
    same(b[1:], [0, 0, NAN])
    assert prometheus.metrics.newest() == T0 + 60
    assert prometheus.metrics.complete_until() == T0 + 50


def test_a_label_that_was_not_promoted_is_an_error(prometheus: Prometheus) -> None:
    paid = Point(T0 + 5, T0, 3.0, metric="paid", form="counter", unit="", attributes={"color": "red"})
    prometheus.feed(points(paid))
    window = Window(T0, T0 + 10)
    found = prometheus.metrics.window([Selector("paid", ("color", names.SERVICE_INSTANCE))], window, 10.0)
    assert found.labels == ((("__name__", "paid"), ("color", "red"), ("service.instance.id", "api-0")),)
    with pytest.raises(SourceError, match=r"has the label k8s_pod_name; .*promote_resource_attributes"):
        prometheus.metrics.window([Selector("paid", ("k8s.pod.name",))], window, 10.0)


def test_windows_in_a_row_need_no_lookback(prometheus: Prometheus) -> None:
    """The engine's cycles: each reads its own step, and a step asked again is answered the same."""
    counted = []
    for at in range(5, 100, 5):
        prometheus.feed(points(Point(T0 + at, T0, buckets=(at, 0, 0, 0), sum=at, attributes=http("/"))))
    for start in range(0, 90, 15):
        block = prometheus.metrics.window(RED, Window(T0 + start, T0 + start + 15), 15.0)
        again = prometheus.metrics.window(RED, Window(T0 + start, T0 + start + 15), 15.0)
        assert again.values.tolist() == block.values.tolist()
        counted += served(block, names.REQUESTS)
    same(counted, [15] * 6)


def test_threads_that_ask_the_same_are_answered_the_same(prometheus: Prometheus) -> None:
    for at in range(5, 61, 5):
        routes = [Point(T0 + at, T0, buckets=(at, 0, 0, 0), attributes=http(f"/{number}")) for number in range(50)]
        prometheus.feed(points(*routes))
    window = Window(T0 + 30, T0 + 60)
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            blocks = list(pool.map(lambda _: prometheus.metrics.window(RED, window, 10.0), range(24)))
    finally:
        sys.setswitchinterval(switching)
    assert len(blocks[0].labels) > 50
    assert all(one.labels == blocks[0].labels for one in blocks)
    assert all(one.values.tolist() == blocks[0].values.tolist() for one in blocks)
