"""Where a fault can be, and what is right to say of it."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.explain.graph import Graph, Operation
from bench.explain.trouble import Trouble

ENOUGH = 12.0  # requests since the onset that a target gets, at least, where any does


@dataclass(frozen=True, slots=True)
class Truth:
    """What is right: any of `names` is the right place; `kinds` are the right words. An edge has a caller.

    `dimension` is the attribute and value that the bad requests share.
    """

    names: frozenset[str]
    kinds: tuple[str, ...]
    caller: str = ""
    dimension: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Fault:
    """A trouble and its truths; none where nothing is at fault. Clients of `nameless` services name nobody."""

    trouble: Trouble
    truths: tuple[Truth, ...] = ()
    nameless: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Ground:
    """What a fault is drawn on: the graph, and how many requests each place gets while it lasts."""

    graph: Graph
    counts: Mapping[str, float]
    strength: float = 1.0

    def targets(self, fits: Callable[[Operation], bool] = lambda _: True, share: float = 1.0) -> list[Operation]:
        """Operations behind the front that fit, have requests enough of which a share is hit, and send spans. Where
        none has enough, those with the most."""
        front = {entry.key.partition(" ")[0] for entry in self.graph.entries}
        found = [
            one for one in self.graph.operations.values()
            if one.service not in front and not self.graph.services[one.service].dark and self.counts[one.key] > 0
            and fits(one)
        ]  # fmt: skip
        busy = [one for one in found if self.counts[one.key] * share >= ENOUGH]
        return sorted(busy or sorted(found, key=lambda one: -self.counts[one.key])[:3], key=lambda one: one.key)

    def delay(self, rng: random.Random, key: str, share: float = 1.0) -> float:
        """Seconds that users notice: a good part of what the requests take that pass here."""
        above = self.graph.above(key)
        entries = [one for one in self.graph.entries if one.key in above] or list(self.graph.entries)
        usual = max(self.graph.seconds(one.key, 0) for one in entries)
        of_usual: float = 0.3 * 10 ** rng.random() / share**0.5
        return max(0.03, of_usual * usual) * self.strength

    def of_service(self, service: str) -> list[Operation]:
        return [one for one in self.graph.operations.values() if one.service == service]


Maker = Callable[[random.Random, Ground], Fault | None]


def truth_of(service: str, *kinds: str, caller: str = "", dimension: tuple[str, str] = ("", "")) -> Truth:
    return Truth(frozenset({service}), kinds, caller, dimension)


def edges_of(on: Ground) -> list[tuple[str, Operation]]:
    """Calls that somebody waits for, of operations that are called and can be targets: caller and operation."""
    targets = {one.key: one for one in on.targets()}
    pairs = {
        (one.service, call.to)
        for one in on.graph.operations.values()
        if on.counts[one.key] > 0
        for call in one.calls
        if call.waits and call.to in targets
    }
    return [(caller, targets[to]) for caller, to in sorted(pairs)]
