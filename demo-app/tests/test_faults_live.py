"""Each kind of fault, against real processes."""

import os
import signal
import threading
import time
from typing import Any

import pytest
import requests

from aiops.testing.waiting import until

CALLS = {"/inventory": "GET", "/products": "GET", "/payment": "POST", "/checkout": "POST"}
OWNER = {"/inventory": "inventory", "/products": "catalog", "/payment": "payment", "/checkout": "checkout"}


@pytest.mark.parametrize("path", CALLS)
def test_a_good_day(shop: Any, path: str) -> None:
    assert shop.call(CALLS[path], path).ok


@pytest.mark.parametrize("endpoint", ["/payment", "payment"])
def test_delay(shop: Any, sink: Any, endpoint: str) -> None:
    answer = shop.call("POST", f"/simulate/delay?endpoint={endpoint}&duration=600")
    assert answer.json() | {"since": ""} == {
        "kind": "latency", "service": "payment", "endpoint": "/payment", "strength": 600.0, "since": "", "until": None,
    }  # fmt: skip
    start = time.monotonic()
    shop.call("POST", "/checkout")
    assert time.monotonic() - start > 0.6
    until(
        lambda: (
            {span.service for span in sink.trace(shop.trace_id) if span.kind == "server"}
            >= {"gateway", "checkout", "payment"}
        )
    )
    slow = {span.service for span in sink.trace(shop.trace_id) if span.kind == "server" and span.seconds > 0.6}
    assert slow == {"payment", "checkout", "gateway"}


def test_error(shop: Any, sink: Any) -> None:
    assert shop.call("POST", "/simulate/error?endpoint=/payment&rate=1").ok
    answer = shop.call("POST", "/checkout")
    assert (answer.status_code, answer.json()) == (502, {"error": "payment answered 503"})
    span = until(
        lambda: next((s for s in sink.trace(shop.trace_id) if (s.service, s.kind) == ("payment", "server")), None)
    )
    assert (span.status, span.status_description) == ("error", "card processor refused")
    assert span.exceptions[0]["exception.type"] == "shop.failures.PaymentError"
    assert span.attributes["error.type"] == "503"
    assert shop.call("POST", "/payment").status_code == 503


def test_a_failed_inventory_stops_a_checkout(shop: Any, sink: Any) -> None:
    assert shop.fault(kind="errors", endpoint="/inventory", strength=1).ok
    assert shop.call("POST", "/checkout").status_code == 502
    until(lambda: any(s.service == "gateway" and s.kind == "server" for s in sink.trace(shop.trace_id)))
    until(lambda: any(s.service == "checkout" and s.kind == "server" for s in sink.trace(shop.trace_id)))
    assert not [span for span in sink.trace(shop.trace_id) if span.service == "payment"]


def test_exception(shop: Any, sink: Any) -> None:
    assert shop.fault(kind="exception", endpoint="/payment").ok
    assert shop.call("POST", "/payment").status_code == 500
    span = until(
        lambda: next((s for s in sink.trace(shop.trace_id) if (s.service, s.kind) == ("payment", "server")), None)
    )
    assert span.status_description == "PaymentError: no rule for card scheme 'girocard'"
    assert "raise failing.error" in span.exceptions[0]["exception.stacktrace"]
    assert "Traceback" not in shop.said()


def test_timeout_leaves_callers_to_tell(shop: Any, sink: Any) -> None:
    assert shop.fault(kind="timeout", endpoint="/payment").ok
    start = time.monotonic()
    answer = shop.call("POST", "/payment")
    assert (answer.status_code, answer.json()) == (504, {"error": "payment did not answer within 5 s"})
    assert 4.9 < time.monotonic() - start < 15
    client = until(
        lambda: next((s for s in sink.trace(shop.trace_id) if s.kind == "client" and s.service == "gateway"), None)
    )
    assert client.attributes["error.type"] == "ReadTimeout"
    assert client.attributes["peer.service"] == "payment"
    trace_id = shop.trace_id
    assert shop.up("payment")
    assert not [span for span in sink.trace(trace_id) if span.service == "payment"]


def test_clearing_lets_go_of_held_requests(shop: Any) -> None:
    assert shop.fault(kind="timeout", endpoint="/payment").ok
    answers: list[requests.Response] = []
    held = threading.Thread(target=lambda: answers.append(shop.call("POST", "/payment", "payment")))
    held.start()
    held.join(0.3)
    assert held.is_alive()
    shop.call("POST", "/simulate/clear")
    held.join(15)  # of the 20 s for which it would wait
    assert answers[0].status_code == 503


def test_refused_lives_and_exports(shop: Any, sink: Any) -> None:
    pid = shop.call("GET", "/ready", "payment").json()["pid"]
    assert shop.fault(kind="refused", service="payment").ok
    until(lambda: not shop.up("payment"))
    status = shop.call("GET", "/simulate/status").json()
    assert [(active["kind"], active["service"]) for active in status["active"]] == [("refused", "payment")]
    assert status["unreachable"] == ["payment"]
    assert shop.call("POST", "/checkout").status_code == 502
    client = until(
        lambda: next((s for s in sink.trace(shop.trace_id) if s.attributes.get("peer.service") == "payment"), None)
    )
    assert client.attributes["error.type"] == "ConnectionError"
    before = sink.metric_exports["payment"]
    until(lambda: sink.metric_exports["payment"] >= before + 2)
    shop.call("POST", "/simulate/clear")
    until(lambda: shop.up("payment"))
    assert shop.call("GET", "/ready", "payment").json()["pid"] == pid
    assert shop.call("POST", "/payment").ok


def test_gone_stays_away_until_cleared(shop: Any) -> None:
    pid = shop.call("GET", "/ready", "payment").json()["pid"]
    assert shop.fault(kind="gone", service="payment").ok
    until(lambda: "payment is gone" in shop.said())
    assert not shop.up("payment")
    assert shop.call("POST", "/payment").json() == {"error": "payment cannot be reached"}
    shop.call("POST", "/simulate/clear")
    until(lambda: shop.up("payment"))
    assert shop.call("GET", "/ready", "payment").json()["pid"] != pid


def test_gone_comes_back_by_itself(shop: Any) -> None:
    assert shop.fault(kind="gone", endpoint="/products", for_seconds=0.5).ok
    until(lambda: not shop.up("catalog"))
    until(lambda: shop.up("catalog"))
    assert shop.call("GET", "/products").ok


def test_a_killed_service_starts_again(shop: Any) -> None:
    pid = shop.call("GET", "/ready", "inventory").json()["pid"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: "inventory died (exit status -9); it starts again in 1 s" in shop.said())
    until(lambda: shop.up("inventory"))


def test_bad_orders_change_nothing(shop: Any) -> None:
    bad = (
        ("/simulate/delay?endpoint=/nope&duration=1", None, "endpoint"),
        ("/simulate/delay?endpoint=/payment&duration=-1", None, "duration"),
        ("/simulate/error?endpoint=/payment&rate=nan", None, "rate"),
        ("/simulate/fault", {"kind": "fire", "endpoint": "/payment"}, "kind"),
    )
    for path, body, parameter in bad:
        answer = shop.call("POST", path, json=body)
        assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)
    assert shop.call("GET", "/simulate/status").json() == {"active": [], "unreachable": []}


def test_status_covers_all_services_and_ends(shop: Any) -> None:
    for path in CALLS:
        assert shop.fault(kind="latency", endpoint=path, strength=1).ok
    active = shop.call("GET", "/simulate/status").json()["active"]
    assert {entry["service"] for entry in active} == set(OWNER.values())
    assert shop.call("GET", "/simulate/status", "payment").json()["active"][0]["endpoint"] == "/payment"
    shop.call("POST", "/simulate/clear")
    shop.fault(kind="latency", endpoint="/payment", strength=1, for_seconds=0.2)
    until(lambda: shop.call("GET", "/simulate/status").json()["active"] == [])
