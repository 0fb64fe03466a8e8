"""Places for the nodes of a directed graph, in layers from left to right: callers before callees, few crossings.

The method is that of Sugiyama, Tagawa and Toda (1981): turn the edges of cycles round, put each node behind its longest
path, order layers by barycentres, then level edges out. The same graph always gets the same places.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

Pair = tuple[str, str]
Spot = tuple[int, float]  # a layer, counted from the left, and a height in rows

SWEEPS: Final = 12
LEVELLING: Final = 8
BEND: Final = 0.4
"""The height of a bend, where an edge passes a layer, in rows; a node has the height 1."""
REMEMBERED: Final = 32


@dataclass(frozen=True, slots=True)
class Layout:
    """Where nodes are, and where the edges between them bend, from caller to callee; the extent in layers and rows."""

    spots: dict[str, Spot]
    bends: dict[Pair, tuple[Spot, ...]]
    layers: int
    rows: float


@lru_cache(REMEMBERED)
def layout(nodes: tuple[str, ...], pairs: tuple[Pair, ...]) -> Layout:
    """Place nodes and all edges between different nodes. Parts without an edge between them stand one below the other,
    the largest first."""
    edges = sorted({(caller, callee) for caller, callee in pairs if caller != callee})
    spots: dict[str, Spot] = {}
    bends: dict[Pair, tuple[Spot, ...]] = {}
    below, layers = 0.0, 0
    for part in _parts(sorted({*nodes, *(one for edge in edges for one in edge)}), edges):
        inside = set(part)
        one = _Drawing(part, [edge for edge in edges if edge[0] in inside])
        heights = one.heights()
        for name, number in one.numbers.items():
            spots[name] = (one.depth[number], heights[number] + below)
        for edge, chain in one.chains.items():
            bends[edge] = tuple((one.depth[each], heights[each] + below) for each in chain[1:-1])
        below += max(heights) + 1
        layers = max(layers, max(one.depth) + 1)
    return Layout(spots, bends, layers, below)


def _parts(nodes: Sequence[str], edges: Sequence[Pair]) -> list[list[str]]:
    """Return the connected parts, the largest first."""
    beside: dict[str, list[str]] = defaultdict(list)
    for caller, callee in edges:
        beside[caller].append(callee)
        beside[callee].append(caller)
    parts, seen = [], set()
    for name in nodes:
        if name in seen:
            continue
        seen.add(name)
        part, waiting = [], [name]
        while waiting:
            part.append(waiting.pop())
            new = [one for one in beside[part[-1]] if one not in seen]
            seen.update(new)
            waiting += dict.fromkeys(new)
        parts.append(sorted(part))
    return sorted(parts, key=lambda part: (-len(part), part[0]))


class _Drawing:
    """One connected part. Nodes and bends are numbered, nodes first, in the order of their names."""

    def __init__(self, nodes: Sequence[str], edges: Sequence[Pair]) -> None:
        self.numbers = {name: number for number, name in enumerate(nodes)}
        pairs = [(self.numbers[caller], self.numbers[callee]) for caller, callee in edges]
        back = _closing(len(nodes), pairs)
        forward = [(callee, caller) if (caller, callee) in back else (caller, callee) for caller, callee in pairs]
        self.depth = _depths(len(nodes), forward)
        self.real = len(nodes)
        self.chains: dict[Pair, list[int]] = {}
        links = []
        for edge, pair in zip(edges, forward, strict=True):
            chain = self._chain(*pair)
            links += list(pairwise(chain))
            self.chains[edge] = chain[::-1] if (self.numbers[edge[0]], self.numbers[edge[1]]) in back else chain
        self.links = sorted(set(links))
        self.left: list[list[int]] = [[] for _ in self.depth]
        self.right: list[list[int]] = [[] for _ in self.depth]
        for start, end in self.links:
            self.right[start].append(end)
            self.left[end].append(start)

    def _chain(self, start: int, end: int) -> list[int]:
        chain = [start]
        for depth in range(self.depth[start] + 1, self.depth[end]):
            chain.append(len(self.depth))
            self.depth.append(depth)
        return [*chain, end]

    def heights(self) -> list[float]:
        """Return the height of every node and bend, in rows from the top; the highest is 0."""
        order = self._ordered()
        gaps = [[self._gap(*pair) for pair in pairwise(layer)] for layer in order]
        out = [0.0] * len(self.depth)
        for layer, apart in zip(order, gaps, strict=True):
            for number, height in zip(layer, _spaced([0.0] * len(layer), apart), strict=True):
                out[number] = height
        for sweep in range(LEVELLING):
            for at in range(len(order)) if sweep % 2 else reversed(range(len(order))):
                layer = order[at]
                beside = [[out[one] for one in (*self.left[number], *self.right[number])] for number in layer]
                wanted = [sum(one) / len(one) if one else out[n] for n, one in zip(layer, beside, strict=True)]
                for number, height in zip(layer, _spaced(wanted, gaps[at]), strict=True):
                    out[number] = height
        top = min(out)
        return [round(height - top, 3) for height in out]

    def _gap(self, above: int, below: int) -> float:
        return (sum(1.0 if one < self.real else BEND for one in (above, below))) / 2

    def _ordered(self) -> list[list[int]]:
        """Return the nodes and bends of each layer in the order with the fewest crossings that was found."""
        layers: list[list[int]] = [[] for _ in range(max(self.depth) + 1)]
        for number in self._walked():
            layers[self.depth[number]].append(number)
        best, fewest = layers, self._crossings(layers)
        for sweep in range(SWEEPS):
            if not fewest:
                break
            layers = [list(layer) for layer in layers]
            right = sweep % 2 == 0
            for at in range(1, len(layers)) if right else reversed(range(len(layers) - 1)):
                place = {number: place for place, number in enumerate(layers[at - 1 if right else at + 1])}
                beside = self.left if right else self.right
                own = {number: place for place, number in enumerate(layers[at])}
                layers[at].sort(key=lambda number: (_mean([place[one] for one in beside[number]], own[number]), number))
            found = self._crossings(layers)
            if found < fewest:
                best, fewest = layers, found
        return best

    def _walked(self) -> Iterator[int]:
        """Yield everything in the order of a walk from the left, so that what hangs together begins side by side."""
        seen: set[int] = set()
        for root in sorted(range(len(self.depth)), key=lambda number: (self.depth[number], number)):
            waiting = [root]
            while waiting:
                number = waiting.pop()
                if number not in seen:
                    seen.add(number)
                    yield number
                    waiting += reversed(self.right[number])

    def _crossings(self, layers: Sequence[Sequence[int]]) -> int:
        """Count the pairs of links that cross."""
        count = 0
        for left, right in pairwise(layers):
            place = {number: place for place, number in enumerate(right)}
            ends: list[int] = []
            for number in left:
                mine = [place[one] for one in self.right[number]]
                count += sum(len(ends) - bisect_left(ends, end + 1) for end in mine)
                for end in mine:
                    insort(ends, end)
        return count


def _mean(places: Sequence[int], otherwise: int) -> float:
    return sum(places) / len(places) if places else otherwise


def _closing(count: int, pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the edges that close a cycle in a walk along them, from nodes that nothing calls first."""
    callees: list[list[int]] = [[] for _ in range(count)]
    called = [0] * count
    for caller, callee in pairs:
        callees[caller].append(callee)
        called[callee] += 1
    back: set[tuple[int, int]] = set()
    open_, done = set[int](), set[int]()
    for root in sorted(range(count), key=lambda one: (called[one] > 0, called[one] - len(callees[one]), one)):
        waiting = [] if root in done else [(root, iter(callees[root]))]
        open_ = {root} if waiting else set()
        while waiting:
            number, rest = waiting[-1]
            following = next(rest, None)
            if following is None:
                waiting.pop()
                open_.discard(number)
                done.add(number)
            elif following in open_:
                back.add((number, following))
            elif following not in done:
                open_.add(following)
                waiting.append((following, iter(callees[following])))
    return back


def _depths(count: int, pairs: Sequence[tuple[int, int]]) -> list[int]:
    """Return the layer of each node: behind the longest path to it; one that nothing calls stands right before the
    first that it calls."""
    callees: list[list[int]] = [[] for _ in range(count)]
    before = [0] * count
    for caller, callee in pairs:
        callees[caller].append(callee)
        before[callee] += 1
    roots = [number for number in range(count) if not before[number]]
    depth, waiting = [0] * count, list(roots)
    while waiting:
        number = waiting.pop()
        for callee in callees[number]:
            depth[callee] = max(depth[callee], depth[number] + 1)
            before[callee] -= 1
            if not before[callee]:
                waiting.append(callee)
    for number in roots:
        depth[number] = min((depth[one] for one in callees[number]), default=1) - 1
    return depth


def _spaced(wanted: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """Return the heights nearest to those wanted, by least squares, that keep order and gaps: isotonic regression by
    pooling adjacent violators."""
    offset, offsets = 0.0, [0.0]
    for gap in gaps:
        offset += gap
        offsets.append(offset)
    pools: list[tuple[float, int]] = []
    for height, shift in zip(wanted, offsets, strict=False):
        total, count = height - shift, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            before = pools.pop()
            total, count = total + before[0], count + before[1]
        pools.append((total, count))
    flat = [total / count for total, count in pools for _ in range(count)]
    return [height + shift for height, shift in zip(flat, offsets, strict=False)]
