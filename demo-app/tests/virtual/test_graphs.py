"""Generated graphs of every size are graphs of services that could be: no cycle, nobody out of reach."""

import math

import pytest

from shop.virtual.generated import generated
from shop.virtual.graph import Graph, shop

SIZES = (5, 12, 50, 200)


def reached(graph: Graph) -> set[str]:
    """Keys of the operations that customers' requests come to."""
    waiting = [one.path for one in graph.entries]
    seen: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key in graph.operations and key not in seen:
            seen.add(key)
            waiting += [call.to for call in graph.operations[key].calls]
    return seen


def depth(graph: Graph, key: str, above: tuple[str, ...] = ()) -> int:
    """Length of the longest chain of calls; fails on a cycle."""
    assert key not in above, f"{key} calls itself through {above}"
    if key not in graph.operations:
        return 0
    return 1 + max((depth(graph, call.to, (*above, key)) for call in graph.operations[key].calls), default=0)


@pytest.mark.parametrize("services", SIZES)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_generated_graph(services: int, seed: int) -> None:
    graph = generated(seed, services)
    assert len(graph.services()) == services
    assert all(2 <= depth(graph, one.path) <= 13 for one in graph.entries)
    assert reached(graph) == set(graph.operations)
    assert {one.path.partition(" ")[0] for one in graph.entries} == {"edge"}
    assert math.isclose(sum(one.share for one in graph.entries), 1.0)
    targets = {call.to for one in graph.operations.values() for call in one.calls}
    assert targets <= set(graph.operations) | set(graph.dependencies)
    assert set(graph.dependencies) <= targets


@pytest.mark.parametrize("services", [-1, 0, 4, 201])
def test_other_sizes_are_refused(services: int) -> None:
    with pytest.raises(ValueError, match=rf"5\.\.200 services, not {services}"):
        generated(1, services)


def test_the_seed_decides() -> None:
    assert generated(1, 50) == generated(1, 50)
    assert generated(1, 50) != generated(2, 50)


def test_a_large_graph_has_everything_that_graphs_have() -> None:
    graph = generated(1, 200)
    calls = [call for one in graph.operations.values() for call in one.calls]
    assert any(call.retries for call in calls)
    assert any(not call.waits for call in calls)
    assert any(call.share < 1 for call in calls)
    assert any(one.together for one in graph.operations.values())
    assert {one.system for one in graph.dependencies.values()} == {"postgresql", "redis", "mongodb"}


def test_the_shop_is_a_graph_too() -> None:
    graph = shop()
    assert set(graph.services()) == {"gateway", "checkout", "payment", "inventory", "catalog"}
    assert graph.callers("payment /payment") == ("gateway", "checkout")
    rates = graph.arrivals()
    assert rates["payment /payment"] == pytest.approx(0.6)
    assert rates["gateway /payment"] == pytest.approx(0.2)
    assert graph.operation("payment", None).key == "payment /payment"
    with pytest.raises(KeyError):
        graph.operation("payment", "/checkout")
