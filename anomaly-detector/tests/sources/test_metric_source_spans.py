"""The contract of MetricSource on services that send spans only, on calls, arrivals and the watermark."""

from dataclasses import replace

import pytest

from aiops.model import Selector, Window, names

from .conftest import T0, Adapter
from .otlp import CLIENT, CONSUMER, INTERNAL, PRODUCER, Call, Point, http, points, spans
from .reading import CALLS, NAN, RED, row, same, served

CALLED = tuple(Selector(name, CALLS) for name in (names.REQUESTS, names.ERRORS, names.DURATION))


def hit(number: int, end: float, route: str = "/", status: int = 200, **more: object) -> Call:
    return replace(Call(number, number, T0 + end, attributes=http(route, status)), **more)  # type: ignore[arg-type]


def test_requests_count_by_their_end(adapter: Adapter) -> None:
    adapter.feed(spans(hit(1, 10, duration=9.5), hit(2, 10.000001), hit(3, 15, status=503), hit(4, 16, status=404)))
    block = adapter.metrics.window(RED, Window(T0, T0 + 20), 10.0)
    same(served(block, names.REQUESTS), [1, 3])
    same(served(block, names.ERRORS), [0, 1])
    same(served(block, names.DURATION), [9.5, 0.15])
    same(served(block, names.BUCKET, le="0.025"), [0, 0])
    same(served(block, names.BUCKET, le="0.05"), [0, 3])
    same(served(block, names.BUCKET, le="10"), [1, 3])
    same(served(block, names.BUCKET, le="+Inf"), [1, 3])


def test_zero_while_the_service_is_heard(adapter: Adapter) -> None:
    other = [replace(hit(100 + at, at + 5.0), kind=INTERNAL, name="work") for at in (0, 10, 30, 320)]
    adapter.feed(spans(hit(1, 15, "/a"), *other))
    block = adapter.metrics.window(RED, Window(T0, T0 + 340), 10.0)
    got = served(block, names.REQUESTS, "/a")
    # Before its first request, in a step without any span, and five minutes later: not known.
    same(got[:5], [NAN, 1, NAN, 0, NAN])
    same(got[31:34], [NAN, NAN, NAN])
    same(served(block, names.ERRORS, "/a"), [0 if one == one else NAN for one in got])


def test_zero_reaches_over_the_start_of_the_window(adapter: Adapter) -> None:
    adapter.feed(spans(hit(1, 15, "/a"), hit(2, 105, "/b")))
    block = adapter.metrics.window(RED, Window(T0 + 100, T0 + 110), 10.0)
    same(served(block, names.REQUESTS, "/a"), [0])
    same(served(block, names.BUCKET, "/a", le="+Inf"), [0])


def test_spans_are_not_counted_where_metrics_are_sent(adapter: Adapter) -> None:
    counted = Point(T0 + 5, T0, buckets=(7, 0, 0, 0), attributes=http("/"))
    adapter.feed(points(counted), spans(hit(1, 6), hit(2, 15)))
    block = adapter.metrics.window(RED, Window(T0, T0 + 20), 10.0)
    same(served(block, names.REQUESTS), [7, NAN])


@pytest.mark.parametrize(
    ("call", "route", "method"),
    [
        (Call(1, 1, T0 + 5, name="GET", attributes=http("")), "", "GET"),
        (Call(1, 1, T0 + 5, name="orders process", kind=CONSUMER), "orders process", ""),
        (
            Call(1, 1, T0 + 5, name="x", attributes={"rpc.service": "Pay", "rpc.method": "Do"}),
            "Pay/Do",
            "",
        ),
        (Call(1, 1, T0 + 5, attributes={"http.route": "/old", "http.method": "PUT"}), "/old", "PUT"),
    ],
    ids=["http without route", "consumer", "rpc", "old names"],
)
def test_routes(adapter: Adapter, call: Call, route: str, method: str) -> None:
    adapter.feed(spans(call))
    block = adapter.metrics.window(RED, Window(T0, T0 + 10), 10.0)
    same(served(block, names.REQUESTS, route, method=method), [1])


def test_a_span_sent_twice_counts_once(adapter: Adapter) -> None:
    export = spans(hit(1, 5), hit(1, 5), hit(2, 6))
    adapter.feed(export, export)
    block = adapter.metrics.window(RED, Window(T0, T0 + 10), 10.0)
    same(served(block, names.REQUESTS), [2])


def call(number: int, end: float, caller: str = "web", **more: object) -> Call:
    made = Call(number, number, T0 + end, service=caller, name="GET", kind=CLIENT)
    return replace(made, **more)  # type: ignore[arg-type]


def answer(number: int, end: float, service: str = "api", **more: object) -> Call:
    """The server span of call `number`."""
    made = Call(number, number + 1000, T0 + end, parent=number, service=service)
    return replace(made, **more)  # type: ignore[arg-type]


def test_calls_by_callee(adapter: Adapter) -> None:
    adapter.feed(
        spans(
            call(1, 5, attributes={"peer.service": "pay", "http.response.status_code": 503}),
            call(2, 5, attributes={"server.address": "10.0.0.1", "server.port": 80}),
            answer(2, 4.9),
            call(3, 5, attributes={"db.system": "postgresql", "server.address": "db"}, error=True),
            call(4, 5, attributes={"server.address": "mail.example.org", "http.response.status_code": 404}, error=True),
            call(5, 5, kind=PRODUCER, name="orders publish"),
            answer(5, 8, "worker", kind=CONSUMER),
        )
    )
    block = adapter.metrics.window(CALLED, Window(T0, T0 + 10), 10.0)
    got = {
        (dict(labels)["callee"], dict(labels)["__name__"]): value
        for labels, [value] in zip(block.labels, block.values.tolist(), strict=True)
        if dict(labels)["__name__"] != names.DURATION
    }
    assert got == {
        ("pay", "requests"): 1,
        ("pay", "errors"): 1,
        ("api", "requests"): 1,
        ("api", "errors"): 0,
        ("postgresql", "requests"): 1,
        ("postgresql", "errors"): 1,
        ("mail.example.org", "requests"): 1,
        ("mail.example.org", "errors"): 0,
        ("worker", "requests"): 1,
        ("worker", "errors"): 0,
    }


def test_a_callee_that_died_keeps_its_name(adapter: Adapter) -> None:
    at = {"server.address": "127.0.0.1", "server.port": 8081}
    refused = {**at, "error.type": "ConnectionError"}
    adapter.feed(spans(call(1, 5, attributes=at), answer(1, 4.9), call(2, 15, attributes=refused, error=True)))
    block = adapter.metrics.window(CALLED, Window(T0, T0 + 20), 10.0)
    same(row(block, names.REQUESTS, caller="web", callee="api"), [1, 1])
    same(row(block, names.ERRORS, caller="web", callee="api"), [0, 1])


def test_telemetry(adapter: Adapter) -> None:
    gauge = Point(T0 + 15, T0, 1.0, metric="queue", form="gauge", service="batch")
    adapter.feed(spans(hit(1, 5), hit(2, 6), hit(3, 35)), points(gauge))
    block = adapter.metrics.window([Selector(names.TELEMETRY, (names.SERVICE,))], Window(T0, T0 + 40), 10.0)
    same(row(block, names.TELEMETRY, service="api"), [2, 0, NAN, 1])
    same(row(block, names.TELEMETRY, service="batch"), [NAN, 1, NAN, 0])
    later = adapter.metrics.window([Selector(names.TELEMETRY, (names.SERVICE,))], Window(T0 + 30, T0 + 40), 10.0)
    same(row(later, names.TELEMETRY, service="batch"), [0])


def test_the_watermark_follows_the_newest_and_never_falls(adapter: Adapter) -> None:
    adapter.feed(spans(hit(1, 50)))
    assert adapter.metrics.newest() == T0 + 50
    assert adapter.metrics.complete_until() == T0 + 50 - adapter.lateness
    adapter.feed(points(Point(T0 + 40, T0, buckets=(1, 0, 0, 0))))
    assert adapter.metrics.newest() == T0 + 50


def test_a_clock_ahead_does_not_move_time(adapter: Adapter) -> None:
    adapter.clock.time = T0 + 60
    adapter.feed(spans(hit(1, 50), hit(2, 600), hit(3, 64)))
    assert adapter.metrics.newest() == T0 + 64
    block = adapter.metrics.window(RED, Window(T0 + 595, T0 + 605), 10.0)
    same(served(block, names.REQUESTS), [1])


def test_metrics_of_one_kind_of_work_leave_the_others_to_spans(adapter: Adapter) -> None:
    own = Point(T0 + 5, T0, buckets=(7, 0, 0, 0), attributes=http("/"))
    rpc = {"rpc.system": "grpc", "rpc.service": "Pay", "rpc.method": "Charge"}
    adapter.feed(
        points(own),
        spans(
            hit(1, 6),
            Call(2, 2, T0 + 6, name="orders process", kind=CONSUMER, error=True),
            Call(3, 3, T0 + 6, name="Pay/Charge", attributes=rpc),
            Call(4, 4, T0 + 6, name="GET /", attributes={}),
        ),
    )
    block = adapter.metrics.window(RED, Window(T0, T0 + 10), 10.0)
    assert sum(dict(one)["__name__"] == names.REQUESTS for one in block.labels) == 3
    same(served(block, names.REQUESTS), [7])
    same(served(block, names.REQUESTS, "orders process", method=""), [1])
    same(served(block, names.ERRORS, "orders process", method=""), [1])
    same(served(block, names.REQUESTS, "Pay/Charge", method=""), [1])


def test_work_that_metrics_and_spans_count_adds_up(adapter: Adapter) -> None:
    own = Point(T0 + 5, T0, buckets=(7, 0, 0, 0), attributes=http("/"))
    adapter.feed(points(own), spans(Call(2, 2, T0 + 6, name="orders process", kind=CONSUMER)))
    by_service = [Selector(name, (names.SERVICE,)) for name in (names.REQUESTS, names.BUCKET)]
    block = adapter.metrics.window(by_service, Window(T0, T0 + 10), 10.0)
    same(row(block, names.REQUESTS, service="api"), [8])
    same(row(block, names.BUCKET, service="api", le="+Inf"), [8])
    # Metrics end buckets at 0.01, 0.1 and 1 s, spans at more: what both know is exact.
    known = {dict(one)["le"] for one in block.labels if dict(one)["__name__"] == names.BUCKET}
    assert known == {"0.01", "0.1", "1", "+Inf"}


def test_rpc_metrics_leave_http_to_spans(adapter: Adapter) -> None:
    of = {"rpc.service": "Pay", "rpc.method": "Charge"}
    own = Point(T0 + 5, T0, buckets=(7, 0, 0, 0), attributes=of, metric="rpc.server.call.duration")
    adapter.feed(points(own), spans(hit(1, 6), Call(3, 3, T0 + 6, name="Pay/Charge", attributes=of)))
    block = adapter.metrics.window(RED, Window(T0, T0 + 10), 10.0)
    same(served(block, names.REQUESTS), [1])
    same(served(block, names.REQUESTS, "Pay/Charge", method=""), [7])


def test_streams_are_requests_without_a_duration(adapter: Adapter) -> None:
    socket = http("/live", 101)
    adapter.feed(
        spans(
            Call(1, 1, T0 + 5, 300.0, attributes=socket),
            Call(2, 2, T0 + 15, 300.0, attributes=socket),
            Call(3, 3, T0 + 16, 0.02, attributes=http("/live", 404)),
        )
    )
    block = adapter.metrics.window(RED, Window(T0, T0 + 20), 10.0)
    same(served(block, names.REQUESTS, "/live"), [1, 2])
    same(served(block, names.ERRORS, "/live"), [0, 0])
    # What lasts as long as somebody listens takes as long as the others.
    same(served(block, names.DURATION, "/live"), [NAN, 0.04])
    same(served(block, names.BUCKET, "/live", le="0.025"), [NAN, 2])


def test_a_call_streams_where_its_server_says_so(adapter: Adapter) -> None:
    adapter.feed(
        spans(
            Call(1, 1, T0 + 5, 300.0, service="web", kind=CLIENT, attributes={"peer.service": "api"}),
            Call(1, 2, T0 + 5, 300.0, 1, attributes=http("/live", 101)),
            Call(2, 3, T0 + 6, 0.5, service="web", kind=CLIENT, attributes={"peer.service": "api"}),
        )
    )
    by = [Selector(name, CALLS) for name in (names.REQUESTS, names.DURATION)]
    block = adapter.metrics.window(by, Window(T0, T0 + 10), 10.0)
    same(row(block, names.REQUESTS, caller="web", callee="api"), [2])
    same(row(block, names.DURATION, caller="web", callee="api"), [1.0])
