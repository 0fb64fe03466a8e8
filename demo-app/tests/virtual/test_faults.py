"""Each kind of fault does in the model what `kinds` says it does."""

import json
from collections import Counter
from statistics import mean, median
from typing import Any

import pytest

from shop.catalogue import Fault
from shop.kinds import KINDS
from shop.profile import NEW_VERSION, PROCESSOR, VERSION, WORK
from shop.virtual.graph import shop
from shop.virtual.load import Load
from shop.virtual.stream import Model, Slice
from shop.virtual.trouble import Timed, Trouble

START = 1_763_712_000.0
SERVER, CLIENT = 2, 3
MANY = 300.0
Span = dict[str, Any]


def live(*faults: Fault, seconds: float = MANY, until: float = 1e12, rate: float = 8.0) -> list[Slice]:
    """The shop under faults from the first moment on."""
    timed = [Timed(fault, START, START + until) for fault in faults]
    return list(Model(shop(), Load(rate), timed, seed=5).slices(START, START + seconds, 15.0))


def spans(slices: list[Slice], **wanted: object) -> list[Span]:
    """Spans of all slices with `service` and `attributes` read, that have the columns wanted."""
    services = {row["id"]: row for one in slices for row in one.resources.to_pylist()}
    found = []
    for row in (row for one in slices for row in one.spans.to_pylist()):
        row |= {"service": services[row["resource"]]["service"], "version": services[row["resource"]]["version"]}
        row |= {"seconds": (row["end_ns"] - row["start_ns"]) / 1e9, "attributes": json.loads(row["attributes"])}
        if all(row[name] == value for name, value in wanted.items()):
            found.append(row)
    return found


def served(slices: list[Slice], service: str) -> list[Span]:
    return spans(slices, service=service, kind=SERVER)


def share_failed(found: list[Span]) -> float:
    return float(mean(one["failed"] for one in found))


def seconds_of(found: list[Span]) -> float:
    return float(median(one["seconds"] for one in found))


@pytest.fixture(scope="module")
def good() -> list[Slice]:
    return live()


def test_a_good_day(good: list[Slice]) -> None:
    assert share_failed(served(good, "gateway")) < 0.01
    own = WORK["/inventory"].median_seconds
    assert seconds_of(served(good, "inventory")) == pytest.approx(own, rel=0.05)
    checkout = spans(good, service="gateway", kind=SERVER, route="/checkout")
    assert seconds_of(checkout) > own + WORK["/payment"].median_seconds + WORK["/checkout"].median_seconds


def test_every_kind_is_known_to_the_model() -> None:
    for kind in KINDS:
        Trouble(shop(), [Timed(Fault(kind, "payment", None, 1.0), START, START + 1)]).at(START)


def test_a_fault_ends() -> None:
    slices = live(Fault("errors", "payment", "/payment", 1.0), until=60.0, seconds=150.0)
    assert share_failed(served(slices[:4], "payment")) == 1.0
    assert share_failed(served(slices[5:], "payment")) < 0.05


def test_errors() -> None:
    found = served(live(Fault("errors", "payment", "/payment", 0.4)), "payment")
    assert share_failed(found) == pytest.approx(0.4, abs=4.5 * (0.24 / len(found)) ** 0.5)
    bad = [one for one in found if one["failed"]]
    assert {one["http_status"] for one in bad} == {503}
    assert {one["status_message"] for one in bad} == {"card processor refused"}
    assert {one["attributes"]["error.type"] for one in bad} == {one["error_type"] for one in bad} == {"503"}


def test_errors_reach_the_callers() -> None:
    slices = live(Fault("errors", "payment", "/payment", 1.0))
    assert {one["http_status"] for one in served(slices, "checkout")} == {502}
    gateway = Counter((one["route"], one["http_status"]) for one in served(slices, "gateway") if one["failed"])
    assert set(gateway) >= {("/payment", 503), ("/checkout", 502)}
    assert share_failed(served(slices, "inventory")) < 0.05


def test_exception() -> None:
    bad = served(live(Fault("exception", "payment", "/payment", 1.0)), "payment")
    assert {(one["http_status"], one["exception_type"]) for one in bad} == {(500, "PaymentError")}
    assert all(one["exception_message"] for one in bad)


def test_latency(good: list[Slice]) -> None:
    slow = live(Fault("latency", "payment", "/payment", 700.0))
    for service in ("payment", "checkout"):
        more = seconds_of(served(slow, service)) - seconds_of(served(good, service))
        assert more == pytest.approx(0.7, abs=0.02), service
    assert seconds_of(served(slow, "inventory")) == pytest.approx(seconds_of(served(good, "inventory")), rel=0.1)


def test_network_time_is_in_no_server_span(good: list[Slice]) -> None:
    slices = live(Fault("network", "payment", "/payment", 400.0, caller="checkout"))
    assert seconds_of(served(slices, "payment")) == pytest.approx(seconds_of(served(good, "payment")), rel=0.1)

    def asked(of: list[Slice], caller: str) -> float:
        return seconds_of(spans(of, service=caller, kind=CLIENT, peer="payment"))

    assert asked(slices, "checkout") - asked(good, "checkout") == pytest.approx(0.4, abs=0.01)
    assert asked(slices, "gateway") == pytest.approx(asked(good, "gateway"), rel=0.1)
    everywhere = live(Fault("network", "payment", "/payment", 400.0))
    assert asked(everywhere, "gateway") - asked(good, "gateway") == pytest.approx(0.4, abs=0.01)


def test_timeout() -> None:
    slices = live(Fault("timeout", "payment", "/payment", 1.0))
    assert not served(slices, "payment")
    clients = spans(slices, service="checkout", kind=CLIENT, peer="payment")
    assert {one["seconds"] for one in clients} == {5.0}
    assert {(one["http_status"], one["error_type"]) for one in clients} == {(0, "requests.exceptions.ReadTimeout")}
    assert {one["http_status"] for one in served(slices, "checkout") if one["failed"]} >= {504}


@pytest.mark.parametrize("kind", ["gone", "refused"])
def test_nothing_answers_at_its_address(kind: str) -> None:
    slices = live(Fault(kind, "payment"))
    assert not served(slices, "payment")
    clients = spans(slices, service="checkout", kind=CLIENT, peer="payment")
    assert {one["error_type"] for one in clients} == {"requests.exceptions.ConnectionError"}
    assert all(one["seconds"] < 0.01 for one in clients)
    assert {one["http_status"] for one in served(slices, "checkout") if one["failed"]} >= {502}
    beats = [uptime(one, "payment") for one in slices]
    assert beats == ([None] * len(slices) if kind == "gone" else [15.0 * (n + 1) for n in range(len(slices))])


def uptime(one: Slice, service: str) -> float | None:
    """What the gauge of a service says in a slice; None if it is silent."""
    resources = {row["id"] for row in one.resources.to_pylist() if row["service"] == service}
    series = {row["id"] for row in one.series.to_pylist() if row["resource"] in resources and row["kind"] == 1}
    return next((row["value"] for row in one.points.to_pylist() if row["series"] in series), None)


def test_who_comes_again_counts_anew() -> None:
    slices = live(Fault("gone", "payment"), until=60.0, seconds=120.0)
    assert [uptime(one, "payment") for one in slices] == [None] * 4 + [15.0, 30.0, 45.0, 60.0]


def test_retries_are_up_to_three_and_counted() -> None:
    slices = live(Fault("retries", "payment", "/payment", 0.6))
    clients = spans(slices, service="checkout", kind=CLIENT, peer="payment")
    counts = Counter(one["attributes"].get("http.request.resend_count", "0") for one in clients)
    assert set(counts) == {"0", "1", "2", "3"}
    for before, after in (("0", "1"), ("1", "2"), ("2", "3")):
        expected = 0.6 * counts[before]
        assert counts[after] == pytest.approx(expected, abs=4.5 * (0.24 * counts[before]) ** 0.5 + 3)
    checkouts = served(slices, "checkout")
    assert share_failed(checkouts) == pytest.approx(0.6**4, abs=4.5 * (0.12 / len(checkouts)) ** 0.5)


def test_pool() -> None:
    found = served(live(Fault("pool", "payment", "/payment", 700.0)), "payment")
    bad = [one for one in found if one["failed"] and one["exception_type"] == "PoolExhausted"]
    fine = [one for one in found if not one["failed"]]
    assert 0.1 < len(bad) / len(found) < 0.9
    assert all(one["seconds"] == pytest.approx(1.0) for one in bad)
    assert min(one["seconds"] for one in fine) > 0.7
    assert max(one["seconds"] for one in fine) > 1.0, "some wait for a connection, and get it"


def test_version() -> None:
    slices = live(Fault("version", "payment", strength=0.7))
    found = served(slices, "payment")
    new = [one for one in found if one["version"] == NEW_VERSION]
    assert len(new) / len(found) == pytest.approx(0.5, abs=4.5 * (0.25 / len(found)) ** 0.5)
    assert share_failed(new) == pytest.approx(0.7, abs=4.5 * (0.21 / len(new)) ** 0.5)
    assert share_failed([one for one in found if one["version"] == VERSION]) < 0.02
    assert len({one["resource"] for one in found}) == 2


def test_tenant() -> None:
    found = served(live(Fault("tenant", "payment", "/payment", 0.9)), "payment")
    bad = [one for one in found if one["attributes"]["tenant.id"] == "globex"]
    assert share_failed(bad) == pytest.approx(0.9, abs=4.5 * (0.09 / len(bad)) ** 0.5)
    assert share_failed([one for one in found if one["attributes"]["tenant.id"] != "globex"]) < 0.02


def test_query(good: list[Slice]) -> None:
    slow = live(Fault("query", "catalog", "/products", 800.0))

    def asked(of: list[Slice]) -> float:
        calls = spans(of, service="catalog", kind=CLIENT)
        return seconds_of([one for one in calls if one["attributes"].get("db.system.name") == "sqlite"])

    assert asked(slow) - asked(good) == pytest.approx(0.8, abs=0.005)
    assert seconds_of(served(slow, "catalog")) > 0.8


def test_n_plus_one() -> None:
    slices = live(Fault("n-plus-one", "checkout", "/checkout", 15.0), seconds=120.0)
    fine = {one["span_id"] for one in served(slices, "checkout") if not one["failed"]}
    calls = Counter(
        (one["parent_id"], one["peer"])
        for one in spans(slices, service="checkout", kind=CLIENT)
        if one["parent_id"] in fine
    )
    assert {count for (_, peer), count in calls.items() if peer == "inventory"} == {15}
    assert {count for (_, peer), count in calls.items() if peer == "payment"} == {1}


def test_dependency() -> None:
    slices = live(Fault("dependency", "payment", "/payment"))
    clients = spans(slices, service="payment", kind=CLIENT, peer=PROCESSOR)
    assert {one["exception_type"] for one in clients} == {"requests.exceptions.ConnectionError"}
    assert all(one["failed"] for one in clients)
    assert {one["http_status"] for one in served(slices, "payment") if one["failed"]} >= {502}
    assert share_failed(served(slices, "payment")) == 1.0


@pytest.mark.parametrize(("kind", "strength", "factor"), [("surge", 3.0, 3.0), ("drop", 0.85, 0.15)])
def test_customers(kind: str, strength: float, factor: float, good: list[Slice]) -> None:
    found = served(live(Fault(kind, "gateway", strength=strength)), "gateway")
    expected = 8.0 * MANY * factor
    assert len(found) == pytest.approx(expected, abs=4.5 * expected**0.5)
    assert share_failed(found) < 0.02


def test_deploy() -> None:
    slices = live(Fault("deploy", "payment"), until=60.0, seconds=120.0)
    versions = [{one["version"] for one in served([part], "payment")} for part in slices]
    assert versions[0] == {NEW_VERSION}
    assert versions[-1] == {VERSION}
    assert share_failed(served(slices, "payment")) < 0.02


def test_gradual_grows() -> None:
    slices = live(Fault("gradual", "payment", "/payment", 500.0), seconds=4 * 3600.0, rate=0.5)
    quarter = len(slices) // 4
    seen = [seconds_of(served(slices[n * quarter : (n + 1) * quarter], "payment")) for n in range(4)]
    base = WORK["/payment"].median_seconds + 0.007  # its call of the card processor
    assert seen == [pytest.approx(base + 0.5 * (n + 0.5) / 4, abs=0.03) for n in range(4)]
