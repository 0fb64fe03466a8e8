"""The kinds of fault that act between processes: on calls, on versions, and on the customers."""

import socket
import threading
import time
from typing import Any

import pytest

from aiops.testing.waiting import until

BY = {"/checkout": "POST", "/payment": "POST", "/products": "GET"}


def served(shop: Any, path: str, **arguments: Any) -> Any:
    """Call an endpoint by its method."""
    return shop.call(BY[path], path, **arguments)


def client_spans(shop: Any, sink: Any, service: str, peer: str, count: int = 1) -> list[Any]:
    """Wait for so many calls from a service to another in the last trace, and return them."""

    def found() -> list[Any]:
        spans = [
            s for s in sink.trace(shop.trace_id) if (s.service, s.attributes.get("peer.service")) == (service, peer)
        ]
        return spans if len(spans) >= count else []

    spans: list[Any] = until(found)
    return spans


def versions(shop: Any) -> set[str]:
    """Return the versions of payment that answer; twelve answers leave out one of two once in two thousand times."""
    return {shop.call("GET", "/ready", "payment").json()["version"] for _ in range(12)}


def test_time_is_lost_before_the_server_span_of_one_caller(shop: Any, sink: Any) -> None:
    assert shop.fault(kind="network", endpoint="/payment", strength=3000, caller="checkout").ok
    assert served(shop, "/payment").ok
    assert client_spans(shop, sink, "gateway", "payment")[0].seconds < 3
    assert served(shop, "/checkout").ok
    assert client_spans(shop, sink, "checkout", "payment")[0].seconds > 3
    server = until(lambda: [s for s in sink.trace(shop.trace_id) if (s.service, s.kind) == ("payment", "server")])
    assert server[0].seconds < 3


def test_callers_call_again_when_they_are_asked_to(shop: Any, sink: Any) -> None:
    assert shop.fault(kind="retries", endpoint="/payment").ok
    answer = shop.call("POST", "/payment")
    assert answer.status_code == 503
    assert "Retry-After" not in answer.headers  # that was between the two services
    calls = client_spans(shop, sink, "gateway", "payment", 4)
    assert [span.attributes.get("http.request.resend_count") for span in calls] == [None, 1, 2, 3]
    shop.call("POST", "/simulate/clear")
    assert shop.fault(kind="errors", endpoint="/payment", strength=1).ok
    assert shop.call("POST", "/payment").status_code == 503
    until(lambda: [s for s in sink.trace(shop.trace_id) if (s.service, s.kind) == ("gateway", "server")])
    assert len(client_spans(shop, sink, "gateway", "payment")) == 1


def test_a_pool_runs_out(shop: Any) -> None:
    assert shop.fault(kind="pool", endpoint="/payment", strength=20_000).ok
    answers: list[Any] = []
    paying = [threading.Thread(target=lambda: answers.append(shop.call("POST", "/payment", "payment"))) for _ in "123"]
    for thread in paying:
        thread.start()
    until(lambda: answers)
    assert (answers[0].status_code, answers[0].json()) == (503, {"error": "no free connection within 1 s"})
    shop.call("POST", "/simulate/clear")
    for thread in paying:
        thread.join(15)
    assert [answer.json().get("payment", "by chance") for answer in answers[1:]] == ["accepted"] * 2


def test_a_tenant_is_known_everywhere_and_can_fail_alone(shop: Any, sink: Any) -> None:
    assert shop.fault(kind="tenant", endpoint="/payment").ok
    assert served(shop, "/checkout").ok
    assert served(shop, "/checkout", tenant="acme").ok
    assert shop.call("POST", "/checkout", tenant="globex").status_code == 502
    spans = until(
        lambda: spans if len(spans := [s for s in sink.trace(shop.trace_id) if s.kind == "server"]) == 4 else []
    )
    assert {(span.service, span.attributes["tenant.id"]) for span in spans} == {
        (service, "globex") for service in ("gateway", "checkout", "inventory", "payment")
    }


def test_a_query_is_slow_in_the_database(shop: Any, sink: Any) -> None:
    assert shop.fault(kind="query", endpoint="/products", strength=500).ok
    assert served(shop, "/products").json()["products"]
    span = until(lambda: next((s for s in sink.trace(shop.trace_id) if s.name == "SELECT products"), None))
    assert 0.5 < span.seconds < 10


def test_stock_is_asked_for_many_times(shop: Any, sink: Any) -> None:
    assert shop.fault(kind="n-plus-one", endpoint="/checkout", strength=6).ok
    assert served(shop, "/checkout").ok
    until(lambda: [s for s in sink.trace(shop.trace_id) if (s.service, s.kind) == ("checkout", "server")])
    assert len(client_spans(shop, sink, "checkout", "inventory", 6)) == 6


def test_what_payment_depends_on_refuses(shop: Any, sink: Any) -> None:
    assert served(shop, "/payment").ok
    good = client_spans(shop, sink, "payment", "card-processor")[0]
    assert shop.fault(kind="dependency", endpoint="/payment").ok
    until(lambda: shop.call("POST", "/payment").status_code == 502)
    answer = shop.call("POST", "/payment", "payment")
    assert (answer.status_code, answer.json()) == (502, {"error": "card-processor cannot be reached"})
    bad = client_spans(shop, sink, "payment", "card-processor")[0]
    assert (bad.status, bad.attributes["error.type"]) == ("error", "ConnectionError")
    assert bad.attributes["server.port"] == good.attributes["server.port"]
    shop.call("POST", "/simulate/clear")
    until(lambda: shop.call("POST", "/payment").ok)


def test_a_new_version_beside_the_old_one_fails(shop: Any, sink: Any) -> None:
    assert shop.fault(kind="version", service="payment").ok
    until(lambda: versions(shop) == {"1.4.2", "1.5.0"})
    before = len(sink.spans)
    answered = {shop.call("POST", "/payment", "payment").status_code for _ in range(30)}
    assert answered == {200, 503}

    def paid() -> list[Any]:
        return [s for s in sink.spans[before:] if (s.service, s.kind) == ("payment", "server")]

    until(lambda: len(paid()) == 30)
    failed = {version: [s.status == "error" for s in paid() if s.version == version] for version in ("1.4.2", "1.5.0")}
    assert all(failed["1.5.0"])
    assert sum(failed["1.4.2"]) <= 1
    assert shop.fault(kind="latency", endpoint="/payment", strength=1).ok  # both obey and both know
    for _ in range(6):
        active = shop.call("GET", "/simulate/status", "payment").json()["active"]
        assert [(entry["kind"], entry["strength"]) for entry in active] == [("version", 1.0), ("latency", 1.0)]
    left = shop.said().count("payment (1.5.0) has left")
    shop.call("POST", "/simulate/clear")
    until(lambda: shop.said().count("payment (1.5.0) has left") > left)
    assert versions(shop) == {"1.4.2"}
    assert shop.call("GET", "/simulate/status").json()["active"] == []


def test_a_deployment_fails_no_request(shop: Any) -> None:
    old = shop.call("GET", "/ready", "payment").json()["pid"]
    answered: list[int] = []
    done = threading.Event()

    def customers() -> None:
        while not done.is_set():
            answered.append(shop.call("POST", "/payment").status_code)

    assert shop.fault(kind="latency", endpoint="/payment", strength=200).ok  # so that there is always one in hand
    coming = [threading.Thread(target=customers) for _ in range(4)]
    for thread in coming:
        thread.start()
    try:
        left = shop.said().count("payment has left")
        assert shop.fault(kind="deploy", service="payment").ok
        until(lambda: shop.said().count("payment has left") > left)
        assert versions(shop) == {"1.5.0"}
        assert shop.call("GET", "/ready", "payment").json()["pid"] != old
        left = shop.said().count("payment (1.5.0) has left")
        shop.call("POST", "/simulate/clear")
        until(lambda: shop.said().count("payment (1.5.0) has left") > left)
        assert versions(shop) == {"1.4.2"}
    finally:
        done.set()
        for thread in coming:
            thread.join()
    assert len(answered) > 50
    assert 502 not in answered  # what a lost connection makes of a payment
    assert answered.count(200) > 0.95 * len(answered)


def test_customers_come_and_stay_away(start: Any, sink: Any, base: int) -> None:
    shop = start("up", "--rate", "2", offset=base + 500)
    until(lambda: "shop: ready" in shop.said(), 60)

    def came() -> int:
        port = 3000 + shop.offset
        return sum(s.attributes.get("server.port") == port for s in list(sink.spans) if s.kind == "server")

    def came_within(seconds: float) -> int:
        before = came()
        time.sleep(seconds)  # how many come in a time is what is asked
        return came() - before

    assert shop.fault(kind="surge", strength=20).ok
    until(lambda: came_within(0.5) > 10)
    assert shop.fault(kind="drop", strength=1).ok
    active = shop.call("GET", "/simulate/status").json()["active"]
    assert [(entry["kind"], entry["service"], entry["strength"]) for entry in active] == [
        ("surge", "gateway", 20.0),
        ("drop", "gateway", 1.0),
    ]
    until(lambda: came_within(0.5) == 0)
    shop.call("POST", "/simulate/clear")
    until(lambda: came_within(0.5) > 0)
    assert shop.call("GET", "/simulate/status").json() == {"active": [], "unreachable": []}
    shop.process.terminate()
    assert shop.process.wait(10) == 0
    assert "dropped 0" in shop.said()


@pytest.mark.parametrize("open_to_others", [False, True])
def test_somebody_elses_port_is_in_use(start: Any, base: int, open_to_others: bool) -> None:
    with socket.create_server(("127.0.0.1", 3012 + base + 600), reuse_port=open_to_others):
        shop = start("serve", "payment", offset=base + 600)
        assert shop.process.wait(15) == 2
    assert "the port is in use" in shop.said()
