"""The contract of TopologySource."""

from dataclasses import replace

import pytest

from aiops.model import Population, PopulationKind, Window

from .conftest import T0, Embedded, Tracing
from .otlp import CLIENT, CONSUMER, INTERNAL, PRODUCER, Call, Value, spans


def test_edges(tracing: Tracing) -> None:
    calls = []
    database = {"db.system": "pg"}
    for number in range(1, 11):
        base, end = number * 10, tracing.t0 + number
        calls += [
            Call(number, base + 1, end, 0.4, service="web"),
            Call(number, base + 2, end, 0.2, base + 1, "web", "POST", CLIENT, error=number == 3),
            Call(number, base + 3, end, 0.1, base + 2, "api"),
            Call(number, base + 4, end, 0.05, base + 3, "api", "SELECT", CLIENT, attributes=database),
        ]
    tracing.feed(spans(*calls))
    found = tracing.topology.edges(Window(tracing.t0, tracing.t0 + 20))
    api, pg = sorted(found, key=lambda edge: edge.callee)
    assert (api.caller, api.callee, api.connection) == ("web", "api", "")
    assert (api.rate, api.error_ratio) == (0.5, 0.1)
    assert api.latency == pytest.approx(0.2)
    assert (pg.caller, pg.callee, pg.connection) == ("api", "pg", "virtual")
    assert tracing.topology.edges(Window(tracing.t0 + 20, tracing.t0 + 40)) == []


def test_an_edge_without_client_spans(tracing: Tracing) -> None:
    end = tracing.t0 + 5
    tracing.feed(
        spans(
            Call(1, 1, end, service="web"),
            Call(1, 2, end, parent=1, service="web", kind=INTERNAL),
            Call(1, 3, end, parent=2, service="api", error=True),
        )
    )
    [edge] = tracing.topology.edges(Window(tracing.t0, tracing.t0 + 10))
    assert (edge.caller, edge.callee, edge.rate, edge.error_ratio) == ("web", "api", 0.1, 1.0)


def test_a_callee_that_died_keeps_its_name(tracing: Tracing) -> None:
    there: dict[str, Value] = {"server.address": "10.1.1.7", "server.port": 8080}
    tracing.feed(
        spans(
            Call(1, 1, tracing.t0 + 5, service="web", kind=CLIENT, attributes=there),
            Call(1, 2, tracing.t0 + 5, parent=1, service="api"),
            Call(2, 3, tracing.t0 + 15, service="web", kind=CLIENT, error=True, attributes=there),
        )
    )
    [edge] = tracing.topology.edges(Window(tracing.t0, tracing.t0 + 20))
    assert (edge.caller, edge.callee, edge.rate, edge.error_ratio) == ("web", "api", 0.1, 0.5)


QUEUE: dict[str, Value] = {"messaging.system": "kafka", "messaging.destination.name": "orders"}


@pytest.mark.parametrize("linked", [True, False], ids=["by a link", "over its destination"])
def test_a_consumer_is_called_by_who_sends_it_messages(tracing: Tracing, linked: bool) -> None:
    end = tracing.t0 + 5
    to: dict[str, Value] = {} if linked else QUEUE
    tracing.feed(
        spans(
            Call(1, 1, end, 0.1, 0, "shop"),
            Call(1, 2, end, 0.01, 1, "shop", "send", PRODUCER, attributes={"server.address": "kafka", **to}),
            Call(
                2, 3, end + 1, 0.1, 0, "billing", "process", CONSUMER, links=[(1, 2)] if linked else [], attributes=to
            ),
        )
    )
    [edge] = tracing.topology.edges(Window(tracing.t0, tracing.t0 + 10))
    assert (edge.caller, edge.callee, edge.rate, edge.connection) == ("shop", "billing", 0.1, "")


def test_a_message_that_several_services_consume_is_a_call_of_each(tracing: Tracing) -> None:
    end = tracing.t0 + 5
    tracing.feed(
        spans(
            Call(1, 1, end, 0.01, 0, "shop", "send", PRODUCER, attributes=QUEUE),
            Call(2, 2, end, 0.1, 0, "billing", "process", CONSUMER, attributes=QUEUE),
            Call(3, 3, end, 0.1, 0, "mail", "process", CONSUMER, attributes=QUEUE),
        )
    )
    found = tracing.topology.edges(Window(tracing.t0, tracing.t0 + 10))
    assert [(edge.caller, edge.callee) for edge in found] == [("shop", "billing"), ("shop", "mail")]


def query(number: int, end: float, **there: Value) -> Call:
    return Call(number, number, end, 0.01, 0, "api", "SELECT", CLIENT, attributes={"db.system": "postgresql", **there})


DATABASES: dict[str, tuple[tuple[dict[str, Value], ...], list[str]]] = {
    "one": (({"server.address": "db"}, {"server.address": "db", "db.name": "app"}), ["postgresql"]),
    "one, by its usual port or without": (
        ({"server.address": "db", "server.port": 5432}, {"server.address": "db"}),
        ["postgresql"],
    ),
    "at two servers": (
        ({"server.address": "a"}, {"net.peer.name": "b", "net.peer.port": 5433}),
        ["postgresql://a", "postgresql://b:5433"],
    ),
    "at one server": (
        ({"server.address": "db", "db.namespace": "a"}, {"server.address": "db", "db.name": "b"}),
        ["postgresql://db/a", "postgresql://db/b"],
    ),
}


@pytest.mark.parametrize("case", DATABASES.values(), ids=DATABASES.keys())
def test_databases_of_one_system(tracing: Tracing, case: tuple[tuple[dict[str, Value], ...], list[str]]) -> None:
    there, callees = case
    tracing.feed(spans(*(query(at + 1, tracing.t0 + 5, **one) for at, one in enumerate(there))))
    found = tracing.topology.edges(Window(tracing.t0, tracing.t0 + 10))
    assert [edge.callee for edge in found] == callees
    drawn = tracing.traces.populations(
        [
            Population(service="api", window=Window(tracing.t0, tracing.t0 + 10), kind=PopulationKind.GOOD, callee=one)
            for one in callees
        ]
    )
    assert [len(one) for one in drawn] == [len(there) // len(callees)] * len(callees)
    peers = {span.peer for traces in drawn for trace in traces for span in trace.spans}
    assert peers == set(callees)


UNREACHED: dict[str, tuple[dict[str, Value], dict[str, Value]]] = {
    "by its URL": ({"server.address": "pay.example"}, {"url.full": "http://pay.example:80/pay"}),
    "by the URL of an old convention": ({"net.peer.name": "pay.example"}, {"http.url": "http://u:p@pay.example/pay"}),
    "by its plain address": (
        {"server.address": "10.0.0.1", "server.port": 80},
        {"url.full": "http://10.0.0.1/pay?to=x"},
    ),
    "by the name of the call": ({"server.address": "10.0.0.1"}, {}),
    "at an address that never answered": ({"server.address": "pay.example"}, {"server.address": "10.0.0.2"}),
}


@pytest.mark.parametrize("said", UNREACHED.values(), ids=UNREACHED.keys())
def test_a_callee_that_was_not_reached(tracing: Tracing, said: tuple[dict[str, Value], dict[str, Value]]) -> None:
    before, now = said
    tracing.feed(
        spans(
            Call(1, 1, tracing.t0 + 5, service="web", name="pay.Pay/Pay", kind=CLIENT, attributes=before),
            Call(1, 2, tracing.t0 + 5, parent=1, service="pay"),
            Call(2, 3, tracing.t0 + 15, service="web", name="pay.Pay/Pay", kind=CLIENT, error=True, attributes=now),
        )
    )
    [edge] = tracing.topology.edges(Window(tracing.t0, tracing.t0 + 20))
    assert (edge.caller, edge.callee, edge.rate, edge.error_ratio) == ("web", "pay", 0.1, 0.5)


def test_a_function_is_called_by_its_name(tracing: Tracing) -> None:
    invoked: dict[str, Value] = {"faas.invoked_name": "resize", "faas.invoked_provider": "aws"}
    tracing.feed(spans(Call(1, 1, tracing.t0 + 5, service="web", name="Invoke", kind=CLIENT, attributes=invoked)))
    [edge] = tracing.topology.edges(Window(tracing.t0, tracing.t0 + 10))
    assert (edge.callee, edge.connection) == ("resize", "virtual")


def test_streams_say_nothing_of_the_latency_of_an_edge(tracing: Tracing) -> None:
    there: dict[str, Value] = {"peer.service": "live"}
    tracing.feed(
        spans(
            Call(1, 1, tracing.t0 + 5, 0.1, 0, "web", "GET", CLIENT, attributes=there),
            Call(2, 2, tracing.t0 + 5, 90.0, 0, "web", "GET", CLIENT, attributes={**there, "url.scheme": "wss"}),
        )
    )
    [edge] = tracing.topology.edges(Window(tracing.t0, tracing.t0 + 10))
    assert edge.rate == 0.2
    assert edge.latency == pytest.approx(0.1)


def test_a_callee_that_is_down_for_long_keeps_its_name() -> None:
    source = Embedded()
    there: dict[str, Value] = {"server.address": "10.1.1.7"}
    calls = [Call(1, 1, T0 + 5, 0.1, 0, "web", "pay", CLIENT, attributes=there), Call(1, 2, T0 + 5, parent=1)]
    source.feed(spans(*calls))
    assert [edge.callee for edge in source.topology.edges(Window(T0, T0 + 300))] == ["api"]
    refused = Call(2, 3, T0 + 3000, 0.1, 0, "web", "pay", CLIENT, error=True, attributes=there)
    source.feed(spans(refused, replace(refused, trace=3, span=4, attributes={})))
    [edge] = source.topology.edges(Window(T0 + 2900, T0 + 3200))
    assert (edge.callee, edge.error_ratio) == ("api", 1.0)
    source.source.close()
