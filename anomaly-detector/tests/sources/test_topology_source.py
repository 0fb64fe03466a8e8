"""The contract of TopologySource."""

import pytest

from aiops.model import Window

from .conftest import Tracing
from .otlp import CLIENT, INTERNAL, Call, Value, spans


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
