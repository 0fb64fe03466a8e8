"""The tree of calls of many requests: what is alike under alike callers is one node.

See docs/methods.md, The evidence of a cause.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.explain.requests import Codes, RequestWork, distinct_codes, paired
from aiops.explain.table import RowNumbers
from aiops.explain.waits import end_of
from aiops.model import SpanKind

DEEPEST: Final = 100
"""Calls below each other that have nodes; what is deeper counts with the node of the hundredth."""
CALLING: Final = (SpanKind.CLIENT, SpanKind.PRODUCER)


@dataclass(frozen=True, slots=True)
class CallTree:
    """m nodes for the r rows of requests.

    parent: of each node, a lower number, -1 for none; shape (m,). at: the node of each row, shape (r,). like: a row
    that each node stands for, as a position among the r, shape (m,).
    """

    parent: RowNumbers
    at: RowNumbers
    like: RowNumbers

    def __len__(self) -> int:
        return len(self.parent)

    @classmethod
    def of(cls, requests: RequestWork) -> "CallTree":
        """Put rows of the same service, operation, kind and callee under the same callers together. A row like one of
        its callers belongs to that caller's node: a place that calls itself is one node."""
        rows, key, depth = requests.rows, distinct_codes(_operations(requests)), _depths(requests)
        position = np.full(len(requests.table), -1, np.int32)
        position[rows] = np.arange(len(rows), dtype=np.int32)
        above = requests.waits.caller[rows]
        caller = np.where(above >= 0, position[above], -1)
        caller[position[requests.entries]] = -1
        deep = depth > DEEPEST
        grown = _Growing()
        at = np.full(len(rows), -1, np.int32)
        order = np.argsort(depth, kind="stable")
        order = order[~deep[order]]
        for same in np.split(order, np.flatnonzero(np.diff(depth[order])) + 1):
            if len(same):
                at[same] = grown.nodes(np.where(caller[same] >= 0, at[caller[same]], -1), key[same], same)
        if deep.any():
            at = at[end_of(np.where(deep, caller, np.arange(len(rows), dtype=np.int32)))]
        return cls(np.array(grown.parent, np.int32), at, np.array(grown.like, np.int32))

    def children(self) -> dict[int, list[int]]:
        """The nodes below each node; those where requests begin are below -1."""
        below: dict[int, list[int]] = defaultdict(list)
        for node, parent in enumerate(self.parent.tolist()):
            below[parent].append(node)
        return below

    def roots(self) -> RowNumbers:
        """The node in which the requests begin that each node belongs to, shape (m,)."""
        return end_of(np.where(self.parent >= 0, self.parent, np.arange(len(self), dtype=np.int32)))


class _Growing:
    """Nodes so far."""

    def __init__(self) -> None:
        self.parent: list[int] = []
        self.like: list[int] = []
        self._key: list[int] = []
        self._known: dict[tuple[int, int], int] = {}

    def nodes(self, parent: RowNumbers, key: Codes, rows: RowNumbers) -> RowNumbers:
        """The node of each row, by its caller's node (-1 for none) and its key."""
        most = int(key.max()) + 1
        pairs, first, inverse = np.unique(paired(parent + 1, key, most), return_index=True, return_inverse=True)
        found = [
            self._node(pair // most - 1, pair % most, int(rows[at]))
            for pair, at in zip(pairs.tolist(), first.tolist(), strict=True)
        ]
        return np.array(found, np.int32)[inverse]

    def _node(self, parent: int, key: int, row: int) -> int:
        known = self._known.get((parent, key))
        if known is not None:
            return known
        node = parent
        while node >= 0 and self._key[node] != key:
            node = self.parent[node]
        if node < 0:
            node = len(self.parent)
            self.parent.append(parent)
            self._key.append(key)
            self.like.append(row)
        self._known[parent, key] = node
        return node


def _operations(requests: RequestWork) -> list[RowNumbers]:
    """What tells places in the call path apart, a column each: service, kind, name, method, callee."""
    table, rows, kind = requests.table, requests.rows, requests.waits.kind[requests.rows]
    call, server = np.isin(kind, CALLING), requests.waits.server[requests.rows]
    asked = np.where(table.statement[rows] > 0, table.statement[rows], table.name[rows])
    routed = table.route[rows] > 0
    return [
        table.service[rows],
        kind,
        np.where(call, asked, np.where(routed, table.route[rows], table.name[rows])),
        np.where(call | ~routed, 0, table.method[rows]),
        np.where(call, np.where(server >= 0, table.service[server], table.peer[rows]), 0),
    ]


def _depths(requests: RequestWork) -> RowNumbers:
    """Callers above each row."""
    depth = np.zeros(len(requests.table), np.int32)
    order, levels = requests.waits.order, requests.waits.levels
    depth[order] = np.repeat(np.arange(len(levels) - 1, dtype=np.int32), np.diff(levels))
    return depth[requests.rows]
