"""Causes from end to end, in virtual time: applications as their frameworks, clients and databases describe them."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sources.otlp import CLIENT, Value

from aiops.model import Cause, CauseKind, Incident, IncidentState, Severity

from .requests import Part, Traffic, called, inner, served, stretched
from .world import AT_ONCE, Watched

CALM, FAULT = 35, 10  # steps


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path)
    yield one
    one.close()


def found(watched: Watched, good: Callable[[random.Random], Part], bad: Callable[[random.Random], Part]) -> Incident:
    """The one incident that comes of a fault."""
    traffic = Traffic(good, 10)
    watched.play(CALM, traffic, every=AT_ONCE)
    assert watched.incidents() == []
    traffic.request = bad
    watched.play(FAULT, traffic)
    (incident,) = watched.incidents()
    return incident


def jitter(rng: random.Random) -> float:
    return 40 * rng.lognormvariate(0, 0.2)


def handled(status: int) -> Callable[[random.Random], Part]:
    """A framework with an INTERNAL span around its handler, which answers without throwing."""

    def request(rng: random.Random) -> Part:
        took = jitter(rng)
        stock = served("stock", "/stock/:sku", 12, 10 + took, status=status)
        call = called("orders", 10, 12 + took, stock, status=status, **{"server.address": "10.0.0.7"})
        handler = inner("orders", "request handler - /orders/:id", 2, 14 + took, call)
        middleware = inner("orders", "middleware - json", 1, 1.5)
        front = 502 if status >= 500 else 200
        return served("orders", "/orders/:id", 0, 15 + took, middleware, handler, status=front)

    return request


def echoed(status: int) -> Callable[[random.Random], Part]:
    """A framework whose INTERNAL span for the sending of the answer fails with it."""

    def request(rng: random.Random) -> Part:
        took = jitter(rng)
        stock = served("stock", "/stock/<int:sku>", 12, 10 + took, status=status)
        call = called("orders", 10, 12 + took, stock, status=status, **{"url.full": "http://10.0.0.7:81/stock/7"})
        sent = inner("orders", "GET /orders/{id} http send", 13 + took, 14 + took, status=status)
        return served("orders", "/orders/{id}", 0, 15 + took, call, sent, status=status)

    return request


@pytest.mark.parametrize("answers", [handled, echoed])
def test_internal_spans_do_not_hide_the_callee(
    watched: Watched, answers: Callable[[int], Callable[[random.Random], Part]]
) -> None:
    incident = found(watched, answers(200), answers(500))
    assert incident.root_cause is not None
    cause = incident.root_cause.cause
    assert (cause.service, cause.kind) == ("stock", CauseKind.ERRORS)
    assert incident.root_cause.confidence > 0.9
    assert incident.root_cause.alternatives == ()
    assert "orders" in incident.affected_services


def queried(query: float) -> Callable[[random.Random], Part]:
    """A service that asks a database, which sends no telemetry; `query` milliseconds."""

    def request(rng: random.Random) -> Part:
        took = jitter(rng) + query
        attributes: dict[str, Value] = {
            "db.system": "postgresql", "db.operation": "SELECT", "db.sql.table": "stock", "db.name": "shop",
        }  # fmt: skip
        asked = Part("stock", CLIENT, "SELECT shop.stock", 15, 15 + took, attributes=attributes)
        stock = served("stock", "/stock/:sku", 12, 20 + took, inner("stock", "handler", 13, 18 + took, asked))
        return served("orders", "/orders/:id", 0, 25 + took, called("orders", 10, 22 + took, stock))

    return request


def test_a_slow_database_is_named_with_its_statement(watched: Watched) -> None:
    incident = found(watched, queried(0), queried(800))
    assert incident.root_cause is not None
    cause = Cause("postgresql", CauseKind.LATENCY, "SELECT stock", caller="stock")
    assert incident.root_cause.cause == cause
    assert incident.title == "Latency spike in postgresql SELECT stock, called by stock"
    assert "calls from stock to postgresql for SELECT stock, which take" in incident.root_cause.description
    assert {"stock", "orders"} <= set(incident.affected_services)
    health = {one.service: one for one in watched.use_cases.health.services()}
    assert {health[name].status for name in ("stock", "orders")} <= {"degraded", "unhealthy"}


def nameless(alive: bool) -> Callable[[random.Random], Part]:
    """A client that says nothing of whom it calls before it is connected."""

    def request(rng: random.Random) -> Part:
        took = jitter(rng)
        price = called("orders", 2, 8, served("price", "/price", 3, 7), **{"peer.service": "price"})
        if alive:
            stock = served("stock", "/stock", 12, 10 + took)
            return served("orders", "/orders", 0, 15 + took, price, called("orders", 10, 12 + took, stock))
        return served("orders", "/orders", 0, 15, price, called("orders", 10, 12, status=0), status=502)

    return request


def test_a_callee_that_no_client_names_is_down(watched: Watched) -> None:
    incident = found(watched, nameless(True), nameless(False))
    assert incident.root_cause is not None
    assert (incident.root_cause.cause.service, incident.root_cause.cause.kind) == ("stock", CauseKind.DOWN)
    health = {one.service: one for one in watched.use_cases.health.services()}
    assert (health["stock"].status, health["orders"].status) == ("unhealthy", "unhealthy")
    assert health["price"].status == "healthy"


def test_telemetry_that_stops_is_no_outage(watched: Watched) -> None:
    def mute(rng: random.Random) -> Part:
        took = jitter(rng)
        return served("orders", "/orders", 0, 15 + took, called("orders", 10, 12 + took, **{"peer.service": "stock"}))

    def good(rng: random.Random) -> Part:
        root = mute(rng)
        (call,) = root.inside
        return replace(root, inside=(replace(call, inside=(served("stock", "/stock", 12, call.end - 2),)),))

    traffic = Traffic(good, 10)
    watched.play(CALM, traffic, every=AT_ONCE)
    traffic.request = mute
    watched.play(32, traffic, every=2)
    (incident,) = watched.incidents()
    assert incident.root_cause is None
    assert "its telemetry may have stopped rather than the service" in incident.no_cause
    assert "down" not in incident.title
    assert incident.severity == Severity.LOW


def shop(longer: Callable[[random.Random, float], float]) -> Callable[[random.Random], Part]:
    """Requests to one of two routes, of five services; `longer` says what milliseconds of work, or of a way, take."""

    def request(rng: random.Random) -> Part:
        asked = Part("catalog", CLIENT, "SELECT products", 12, 14, attributes={"db.system.name": "sqlite"})
        products = served("catalog", "/products", 5, 20, asked)
        stock = called("checkout", 12, 25, served("stock", "/stock", 14, 23))
        paid = called("checkout", 26, 60, served("payment", "/payment", 28, 58))
        checkout = served("checkout", "/checkout", 5, 65, stock, paid)
        route, answered = rng.choice((("/products", products), ("/checkout", checkout)))
        call = called("gateway", 3, answered.end + 2, answered)
        return stretched(served("gateway", route, 0, call.end + 2, call), lambda took: longer(rng, took))

    return request


def usual(rng: random.Random, took: float) -> float:
    return took * rng.lognormvariate(0, 0.2)


def slower(rng: random.Random, took: float) -> float:
    """Less of a CPU for everybody."""
    return 7 * took * rng.lognormvariate(0, 0.8)


def test_a_machine_that_starves_is_one_incident(watched: Watched) -> None:
    incident = found(watched, shop(usual), shop(slower))
    assert incident.root_cause is not None
    assert incident.root_cause.cause.kind == CauseKind.MACHINE
    assert incident.title == "Services on the shared machine are slow at once"
    assert incident.root_cause.confidence < 0.7
    assert {"gateway", "checkout", "payment", "stock", "catalog"} <= set(incident.affected_services)
    watched.play(30, Traffic(shop(usual), 10), every=3)
    assert [one.state for one in watched.incidents()] == [IncidentState.RESOLVED]


def test_services_that_are_slow_by_themselves_are_incidents_of_their_own(watched: Watched) -> None:
    def by_themselves(rng: random.Random, took: float) -> float:
        return usual(rng, took) + (500.0 if took >= 12 else 0.0)  # all but the gateway and the ways

    traffic = Traffic(shop(usual), 10)
    watched.play(CALM, traffic, every=AT_ONCE)
    traffic.request = shop(by_themselves)
    watched.play(FAULT, traffic)
    causes = {one.root_cause.cause for one in watched.incidents() if one.root_cause is not None}
    assert {one.service for one in causes} >= {"payment"}
    assert CauseKind.MACHINE not in {one.kind for one in causes}
