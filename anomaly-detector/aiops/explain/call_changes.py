"""Calls that bad requests make otherwise than good ones: missing, added, more often or less often.

See docs/methods.md, The evidence of a cause.
"""

from typing import Final

import numpy as np

from aiops.explain import wilson
from aiops.explain.call_tree import CallTree
from aiops.explain.requests import RequestWork, paired
from aiops.explain.table import RowNumbers
from aiops.model.arrays import Bools, Floats

LEAST: Final = 0.1
"""Of the requests that visit a caller, by which the part that makes a call must differ."""
SEEN: Final = 3
"""Requests of either side that must visit the caller."""
TIMES: Final = 1.5
"""Times as often a visit, from which a call is made more often."""
Z: Final = 4.0
"""Standard errors by which the number of calls of a visit must differ."""

Sides = tuple[RowNumbers, RowNumbers]


def visiting(requests: RequestWork, tree: CallTree) -> Sides:
    """How many good and bad requests visit each node, shape (m,) each."""
    e = len(requests.bad)
    pairs = np.sort(paired(tree.at, requests.entry, e))
    pairs = pairs[np.r_[True, pairs[1:] != pairs[:-1]]]
    node, bad = pairs // e, requests.bad[pairs % e]
    good, ill = (np.bincount(node[side], minlength=len(tree)) for side in (~bad, bad))
    return good, ill


def changed(tree: CallTree, requests: Sides, visits: Sides) -> list[tuple[int, str]]:
    """Nodes that are visited otherwise where their caller is visited, and how: the clearest first.

    requests, visits: of each node, good and bad ones. A call is missing or added where the Wilson intervals of the
    parts of requests that make it do not meet; else it may be made more or less often.
    """
    above = tree.parent
    of = [np.where(above >= 0, side[above], 0) for side in requests]
    callers = [np.where(above >= 0, side[above], 0) for side in visits]
    compared = (above >= 0) & (of[0] >= SEEN) & (of[1] >= SEEN)
    share = [np.divide(made, n, out=np.zeros(len(tree)), where=n > 0) for made, n in zip(requests, of, strict=True)]
    rate = [np.divide(made, n, out=np.zeros(len(tree)), where=n > 0) for made, n in zip(visits, callers, strict=True)]
    found: list[tuple[float, int, str]] = []
    for node in np.flatnonzero(compared & (np.abs(share[1] - share[0]) >= LEAST)).tolist():
        good, bad = (wilson.interval(float(requests[side][node]), int(of[side][node])) for side in (0, 1))
        if good[0] > bad[1] or bad[0] > good[1]:
            what = "missing" if good[0] > bad[1] else "added"
            found.append((abs(float(share[1][node] - share[0][node])), node, what))
    told = {node for _, node, _ in found}
    clear = compared & _beyond_chance(rate, callers)
    for node in np.flatnonzero(clear).tolist():
        often, before = float(rate[1][node]), float(rate[0][node])
        if node not in told and max(often, before) >= TIMES * min(often, before):
            found.append((0.0, node, "more" if often > before else "fewer"))
    return [(node, what) for _, node, what in sorted(found, key=lambda one: (-one[0], one[1]))]


def _beyond_chance(rate: list[Floats], callers: list[RowNumbers]) -> Bools:
    """Where calls of a visit differ by more than counts of so many do; one call more or less is always possible."""
    n = [np.maximum(side, 1) for side in callers]
    error = np.sqrt(sum(each / size + 1.0 / size**2 for each, size in zip(rate, n, strict=True)))
    beyond: Bools = np.abs(rate[1] - rate[0]) >= Z * error
    return beyond
