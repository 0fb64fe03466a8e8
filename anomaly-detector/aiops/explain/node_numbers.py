"""What is known of each node of a tree of calls, good and bad requests apart. See docs/methods.md, The evidence of a
cause."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.explain.call_changes import Sides, visiting
from aiops.explain.call_tree import CallTree
from aiops.explain.critical import critical_seconds
from aiops.explain.excess import LEAST_SECONDS
from aiops.explain.failing import failure_starts
from aiops.explain.requests import RequestWork, medians
from aiops.model.arrays import Bools, Floats

LEAST: Final = 0.05
"""Of the duration of good requests, by which bad ones must take longer for the excess to have parts."""
Both = tuple[Floats, Floats]
"""Of good and of bad requests, a number for each of m nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeNumbers:
    """The numbers of m nodes; see CallNode for those of one. visits: how many there are. critical: the nodes of the
    critical path. total: the mean duration of good and bad requests."""

    requests: Sides
    visits: Sides
    calls: Both
    seconds: Both
    failing: Both
    time: Both
    share_of_excess: Floats
    share_of_failures: Floats
    critical: frozenset[int]
    total: tuple[float, float]

    @classmethod
    def of(cls, requests: RequestWork, tree: CallTree) -> "NodeNumbers":
        """Measure the nodes; there must be requests of either kind."""
        table, m, at, good = requests.table, len(tree), tree.at, ~requests.is_bad

        def sums(values: Floats) -> Both:
            good_sums, bad_sums = (np.bincount(at[side], values[side], m).astype(float) for side in (good, ~good))
            return good_sums, bad_sums

        weight, comparable = _weights(requests, tree)
        mine, duration = weight[requests.entry], table.duration[requests.rows]
        visits = np.bincount(at[good], minlength=m), np.bincount(at[~good], minlength=m)
        failed = sums(table.failed[requests.rows].astype(float))
        time = sums(mine * critical_seconds(requests))
        excess = np.where(comparable, np.maximum(0.0, time[1] - time[0]), 0.0)
        whole = weight * table.duration[requests.entries]
        starts = failure_starts(requests)[requests.rows]
        least = max(LEAST_SECONDS, LEAST * float(whole[~requests.bad].sum()))
        return cls(
            requests=visiting(requests, tree),
            visits=visits,
            calls=sums(mine),
            seconds=(medians(at[good], duration[good], m), medians(at[~good], duration[~good], m)),
            failing=(failed[0] / np.maximum(visits[0], 1), failed[1] / np.maximum(visits[1], 1)),
            time=time,
            share_of_excess=excess / excess.sum() if excess.sum() >= least else np.zeros(m),
            share_of_failures=np.bincount(at, starts, m).astype(float),
            critical=_critical_path(tree, time[1]),
            total=(float(whole[~requests.bad].sum()), float(whole[requests.bad].sum())),
        )


def _weights(requests: RequestWork, tree: CallTree) -> tuple[Floats, Bools]:
    """How much each request counts, so that kinds of requests, by the node in which they begin, are as common among
    good ones as among bad ones; and which nodes belong to a kind that both have."""
    position = np.searchsorted(requests.rows, requests.entries)
    begins, bad = tree.at[position], requests.bad
    before, now = (np.bincount(begins[side], minlength=len(tree)) for side in (~bad, bad))
    both = (before > 0) & (now > 0)
    each = np.divide(now, int(bad.sum()) * before, out=np.zeros(len(tree)), where=both)
    return np.where(bad, 1.0 / int(bad.sum()), each[begins]), both[tree.roots()]


def _critical_path(tree: CallTree, time: Floats) -> frozenset[int]:
    """Nodes from where most of the time begins down to where most of it is spent: at each, the call that holds more
    time than any other, until a node itself holds as much as each of its calls."""
    within = time.copy()
    for node in range(len(tree) - 1, -1, -1):
        if tree.parent[node] >= 0:
            within[tree.parent[node]] += within[node]
    below, path = tree.children(), []
    node, itself = -1, 0.0
    while calls := below.get(node):
        first = max(calls, key=lambda one: (within[one], -one))
        if within[first] <= itself:
            break
        node, itself = first, float(time[first])
        path.append(node)
    return frozenset(path)
