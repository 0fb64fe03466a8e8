"""Callers stand to the left of callees, nothing overlaps, and the same graph looks the same."""

import random
from itertools import combinations, pairwise

import pytest

from aiops.web.layout import Layout, Pair, layout

DIAMOND: tuple[Pair, ...] = (("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"))


def layers(found: Layout) -> dict[str, int]:
    return {name: layer for name, (layer, _) in found.spots.items()}


def graph(count: int, calls: int, seed: int) -> tuple[tuple[str, ...], tuple[Pair, ...]]:
    """Services that mostly call later ones; a tenth calls back."""
    rng = random.Random(seed)
    names = tuple(f"s{number}" for number in range(count))
    pairs = {tuple(sorted(rng.sample(range(count), 2), reverse=rng.random() < 0.1)) for _ in range(calls)}
    return names, tuple((names[one], names[other]) for one, other in sorted(pairs))


def crossings(found: Layout) -> int:
    links = []
    for (caller, callee), bends in found.bends.items():
        links += [tuple(sorted(pair)) for pair in pairwise([found.spots[caller], *bends, found.spots[callee]])]
    return sum(
        one[0][0] == other[0][0] and (one[0][1] - other[0][1]) * (one[1][1] - other[1][1]) < 0
        for one, other in combinations(links, 2)
    )


def test_callees_stand_behind_their_last_caller() -> None:
    found = layout((), (*DIAMOND, ("a", "d")))
    assert layers(found) == {"a": 0, "b": 1, "c": 1, "d": 2}
    assert [layer for layer, _ in found.bends["a", "d"]] == [1]
    assert found.layers == 3


def test_a_caller_that_nobody_calls_stands_right_before_its_first_callee() -> None:
    found = layers(layout((), (("a", "b"), ("b", "c"), ("c", "store"), ("job", "store"))))
    assert found["job"] == found["c"]


def test_a_cycle_is_cut_once_and_its_edge_keeps_its_direction() -> None:
    found = layout((), (("users", "a"), ("a", "b"), ("b", "c"), ("c", "a")))
    assert layers(found) == {"users": 0, "a": 1, "b": 2, "c": 3}
    assert len(found.bends["c", "a"]) == 1
    both = layout((), (("a", "b"), ("b", "a")))
    assert sorted(layers(both).values()) == [0, 1]
    assert set(both.bends) == {("a", "b"), ("b", "a")}


def test_a_call_of_itself_moves_nothing() -> None:
    assert layout((), (*DIAMOND, ("b", "b"))).spots == layout((), DIAMOND).spots
    alone = layout(("a",), (("a", "a"),))
    assert (alone.spots, alone.bends, alone.layers, alone.rows) == ({"a": (0, 0.0)}, {}, 1, 1.0)


def test_nothing_at_all() -> None:
    assert layout((), ()).spots == {}


def test_parts_stand_below_each_other_the_largest_first() -> None:
    found = layout(("z",), (("p", "q"), *DIAMOND))
    below = {name: row for name, (_, row) in found.spots.items()}
    assert max(below[name] for name in "abcd") < below["p"] == below["q"] < below["z"]


def test_an_order_without_crossings_is_found() -> None:
    pairs = tuple((f"a{one}", f"b{5 - one}") for one in range(6)) + tuple(("top", f"a{one}") for one in range(6))
    assert crossings(layout((), pairs)) == 0


@pytest.mark.parametrize(("count", "calls"), [(1, 0), (10, 15), (60, 120), (200, 400)])
def test_nothing_overlaps_and_every_edge_goes_on_layer_by_layer(count: int, calls: int) -> None:
    names, pairs = graph(count, calls, seed=1)
    found = layout(names, pairs)
    assert set(found.spots) == set(names)
    by_layer: dict[int, list[float]] = {}
    for layer, row in found.spots.values():
        by_layer.setdefault(layer, []).append(row)
    for rows in by_layer.values():
        assert all(after - before >= 0.998 for before, after in pairwise(sorted(rows)))
    assert min(row for _, row in found.spots.values()) >= 0
    assert max(row for _, row in found.spots.values()) <= found.rows - 1 + 1e-6
    for (caller, callee), bends in found.bends.items():
        steps = [layer for layer, _ in (found.spots[caller], *bends, found.spots[callee])]
        way = 1 if steps[-1] > steps[0] else -1
        assert all(after - before == way for before, after in pairwise(steps))


def test_the_order_of_the_question_does_not_matter() -> None:
    names, pairs = graph(40, 80, seed=2)
    mixed = list(pairs)
    random.Random(3).shuffle(mixed)
    one, other = layout(names, pairs), layout(names[::-1], tuple(mixed))
    assert (one.spots, one.bends) == (other.spots, other.bends)


def test_sweeps_remove_crossings() -> None:
    """Half of those of an order at random, at most."""
    names, pairs = graph(40, 60, seed=4)
    found = layout(names, pairs)
    rng = random.Random(5)
    places = {spot: (spot[0], rng.random()) for spot in {*found.spots.values(), *sum(found.bends.values(), ())}}
    mixed = Layout(
        {name: places[spot] for name, spot in found.spots.items()},
        {pair: tuple(places[spot] for spot in bends) for pair, bends in found.bends.items()},
        found.layers,
        found.rows,
    )
    assert crossings(found) * 2 < crossings(mixed)
