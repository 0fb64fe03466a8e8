"""Whom a client called, as programs say it or do not: the whole engine in virtual time."""

from collections.abc import Iterator, Mapping

import pytest
from sources.otlp import CLIENT, Call, Point, Value, http, points

from aiops.model import CauseKind, Family, Window, names, value_of

from .world import AT_ONCE, STEP, T0, Export, Watched, causes, next_id, times


def edges(watched: Watched) -> set[tuple[str, str]]:
    now = watched.clock.now()
    return {(one.caller, one.callee) for one in watched.source.topology.edges(Window(now - 30, now))}


class Tables:
    """Two services, each with a PostgreSQL of its own; queries to some of them fail."""

    def __init__(self, *services: str) -> None:
        self.services, self.failing = services, ""

    def __call__(self, at: float) -> Iterator[Call]:
        for service in self.services:
            failed = service == self.failing
            for end in times(at):
                trace, served, query = next_id(), next_id(), next_id()
                there: dict[str, Value] = {"server.address": f"{service}-db", "server.port": 5432}
                database: dict[str, Value] = {"db.system.name": "postgresql", "db.namespace": service, **there}
                yield from (
                    Call(
                        trace,
                        served,
                        end,
                        0.03,
                        0,
                        service,
                        f"GET /{service}",
                        error=failed,
                        attributes=http(f"/{service}", 500 if failed else 200),
                    ),
                    Call(
                        trace,
                        query,
                        end,
                        0.02,
                        served,
                        service,
                        "SELECT",
                        CLIENT,
                        error=failed,
                        message="connection refused" if failed else "",
                        attributes=database,
                    ),
                )


def test_two_databases_of_one_system_are_two(watched: Watched) -> None:
    tables = Tables("orders", "users")
    watched.play(26, tables, every=AT_ONCE)
    tables.failing = "users"
    watched.play(10, tables)
    assert causes(watched) == [("postgresql://users-db/users", CauseKind.DEPENDENCY)]
    (incident,) = watched.incidents()
    assert "orders" not in incident.affected_services
    assert edges(watched) == {
        ("orders", "postgresql://orders-db/orders"),
        ("users", "postgresql://users-db/users"),
    }


def test_the_only_database_goes_by_its_system(watched: Watched) -> None:
    tables = Tables("orders")
    watched.play(26, tables, every=AT_ONCE)
    tables.failing = "orders"
    watched.play(10, tables)
    assert causes(watched) == [("postgresql", CauseKind.DEPENDENCY)]
    assert edges(watched) == {("orders", "postgresql")}


class Payments:
    """A shop that pays over HTTP or gRPC; what its client spans say of the callee is told apart by whether anyone
    answers. `dead`: nobody does. `moved`: another service does."""

    def __init__(self, alive: Mapping[str, Value], refused: Mapping[str, Value], name: str) -> None:
        self.alive, self.refused, self.name = alive, refused, name
        self.dead, self.moved = False, False

    def __call__(self, at: float) -> Iterator[Call]:
        for end in times(at):
            trace, root, call, served = (next_id() for _ in range(4))
            failed = self.dead and not self.moved
            yield from (
                Call(
                    trace,
                    root,
                    end,
                    0.04,
                    0,
                    "shop",
                    "POST /order",
                    error=failed,
                    attributes=http("/order", 502 if failed else 200, "POST"),
                ),
                Call(
                    trace,
                    call,
                    end,
                    0.03,
                    root,
                    "shop",
                    self.name,
                    CLIENT,
                    error=failed,
                    message="connection refused" if failed else "",
                    attributes=self.refused if failed else {} if self.moved else self.alive,
                ),
                *(
                    [Call(trace, served, end - 0.005, 0.02, call, "cash" if self.moved else "payment", self.name)]
                    if not failed
                    else []
                ),
            )


REFUSED: dict[str, tuple[Mapping[str, Value], Mapping[str, Value], str]] = {
    "by its URL alone": (
        {"server.address": "payment.example", "url.full": "http://payment.example/pay"},
        {"url.full": "http://payment.example/pay", "error.type": "ECONNREFUSED"},
        "POST",
    ),
    "by nothing": ({"server.address": "10.0.0.7"}, {"rpc.system": "grpc"}, "pay.Payment/Pay"),
    "at another address": ({"server.address": "payment.example"}, {"server.address": "10.0.0.8"}, "pay.Payment/Pay"),
}


@pytest.mark.parametrize("said", REFUSED.values(), ids=REFUSED.keys())
def test_a_callee_that_nobody_reaches_any_more_is_named(
    watched: Watched, said: tuple[Mapping[str, Value], Mapping[str, Value], str]
) -> None:
    payments = Payments(*said)
    watched.play(26, payments, every=AT_ONCE)
    payments.dead = True
    watched.play(15, payments)
    assert causes(watched) == [("payment", CauseKind.DOWN)]
    assert edges(watched) == {("shop", "payment")}


def test_the_trouble_of_calls_that_have_ended_ends_with_them(watched: Watched) -> None:
    payments = Payments({"peer.service": "payment"}, {"peer.service": "payment"}, "POST")
    watched.play(26, payments, every=AT_ONCE)
    payments.dead = True
    watched.play(15, payments)
    assert len(watched.incidents()) == 1
    payments.moved = True
    watched.play(50, payments, every=5)
    (incident,) = watched.incidents()
    assert incident.state == "resolved"
    assert edges(watched) == {("shop", "cash")}


class Counted:
    """A service that counts its requests by routes, and traces them by spans that have theirs only in the name, or
    know only what a router under a prefix does."""

    def __init__(self, name: str, route: str) -> None:
        self.name, self.route, self.failing = name, route, False
        self.counts: dict[int, int] = {}

    def __call__(self, at: float) -> Iterator[Call | Export]:
        status = 500 if self.failing else 200
        self.counts[status] = self.counts.get(status, 0) + 10
        for code, count in self.counts.items():
            yield points(
                Point(
                    at + 2,
                    T0,
                    buckets=(0, count, 0, 0),
                    sum=count * 0.05,
                    attributes=http("/api/items/{id}", code),
                )
            )
        for end in times(at):
            said: dict[str, Value] = {"http.request.method": "GET", "http.response.status_code": status}
            routed = {"http.route": self.route} if self.route else {}
            yield Call(
                next_id(), next_id(), end, 0.05, name=self.name, error=self.failing, attributes={**said, **routed}
            )


@pytest.mark.parametrize(
    ("name", "route"),
    [("GET /api/items/{id}", ""), ("GET /items/{id}", "/items/{id}"), ("HTTP GET /api/items/{id}", "")],
    ids=["in the span's name", "without the prefix of its router", "in a name of an old convention"],
)
def test_spans_are_found_that_name_a_route_otherwise_than_the_metric(watched: Watched, name: str, route: str) -> None:
    counted = Counted(name, route)
    watched.play(26, counted, every=AT_ONCE)
    counted.failing = True
    watched.play(10, counted)
    assert causes(watched) == [("api", CauseKind.ERRORS)]


class Mute:
    """A service whose spans are lost while every call to it is answered."""

    def __init__(self) -> None:
        self.mute = False

    def __call__(self, at: float) -> Iterator[Call]:
        for end in times(at):
            trace, root, call, served = (next_id() for _ in range(4))
            shop = [
                Call(trace, root, end, 0.04, 0, "shop", "GET /cart", attributes=http("/cart")),
                Call(
                    trace, call, end, 0.03, root, "shop", "GET", CLIENT, attributes={"server.address": "cart.example"}
                ),
            ]
            cart = [Call(trace, served, end - 0.005, 0.02, call, "cart", "GET /cart", attributes=http("/cart"))]
            yield from (*shop, *([] if self.mute else cart))


def test_a_service_that_is_only_mute_is_silent_and_answers(watched: Watched) -> None:
    mute = Mute()
    watched.play(26, mute, every=AT_ONCE)
    mute.mute = True
    watched.play(30, mute, every=3)
    assert watched.engine.last is not None
    assert [(value_of(one.series, names.SERVICE), one.family) for one in watched.engine.last.findings] == [
        ("cart", Family.SILENCE)
    ]
    now = watched.clock.now()
    (edge,) = watched.source.topology.edges(Window(now - 10 * STEP, now))
    assert (edge.callee, edge.error_ratio) == ("cart", 0.0)
    (incident,) = watched.incidents()
    assert incident.root_cause is None
