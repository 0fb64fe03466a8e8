"""The contract of TopologySource."""

import pytest

from aiops.model import Window

from .conftest import T0, Adapter
from .otlp import CLIENT, INTERNAL, Call, spans


def test_edges(adapter: Adapter) -> None:
    calls = []
    database = {"db.system": "pg"}
    for number in range(1, 11):
        base = number * 10
        calls += [
            Call(number, base + 1, T0 + number, 0.4, service="web"),
            Call(number, base + 2, T0 + number, 0.2, base + 1, "web", "POST", CLIENT, error=number == 3),
            Call(number, base + 3, T0 + number, 0.1, base + 2, "api"),
            Call(number, base + 4, T0 + number, 0.05, base + 3, "api", "SELECT", CLIENT, attributes=database),
        ]
    adapter.feed(spans(*calls))
    api, pg = sorted(adapter.topology.edges(Window(T0, T0 + 20)), key=lambda edge: edge.callee)
    assert (api.caller, api.callee, api.connection) == ("web", "api", "")
    assert (api.rate, api.error_ratio) == (0.5, 0.1)
    assert api.latency == pytest.approx(0.2)
    assert (pg.caller, pg.callee, pg.connection) == ("api", "pg", "virtual")
    assert adapter.topology.edges(Window(T0 + 20, T0 + 40)) == []


def test_an_edge_without_client_spans(adapter: Adapter) -> None:
    adapter.feed(
        spans(
            Call(1, 1, T0 + 5, service="web"),
            Call(1, 2, T0 + 5, parent=1, service="web", kind=INTERNAL),
            Call(1, 3, T0 + 5, parent=2, service="api", error=True),
        )
    )
    [edge] = adapter.topology.edges(Window(T0, T0 + 10))
    assert (edge.caller, edge.callee, edge.rate, edge.error_ratio) == ("web", "api", 0.1, 1.0)
