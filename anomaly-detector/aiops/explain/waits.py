"""Who waited for whom in a table of spans, and for how long each worked itself.

See docs/methods.md, Traces as trees.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from aiops.explain.table import RowNumbers, SpanColumns
from aiops.model import SpanKind
from aiops.model.arrays import Bools, Floats

_SERVING: Final = (SpanKind.SERVER, SpanKind.CONSUMER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Who waited for whom in a table of n spans.

    kind: the kinds, those told from the shape included. caller: the row whose work waited for this request or call, -1
    for none; INTERNAL spans of a service belong to the work around them and have none either. inner: whether a row is
    such a span, and work the row of the work that it is part of. server: for a call, the row in another service that
    answered it, else -1. serving: the row in whose name a row works, the request that its service serves. order: rows,
    callers before what they call; `levels` are its cuts, one at each depth. waited: the part of a row's duration in
    which its caller waited for it, from 0 to 1. own: seconds in which a row's work waited for nothing.
    """

    kind: npt.NDArray[np.int8]
    caller: RowNumbers
    inner: Bools
    work: RowNumbers
    server: RowNumbers
    serving: RowNumbers
    order: RowNumbers
    levels: tuple[int, ...]
    waited: Floats
    own: Floats

    def depths(self) -> Iterator[RowNumbers]:
        """RowNumbers of each depth from the second on: all that have a caller, callers before what they call."""
        for begin, end in zip(self.levels[1:-1], self.levels[2:], strict=True):
            yield self.order[begin:end]

    @classmethod
    def of(cls, table: SpanColumns) -> "Waits":
        """Work out who waited for whom."""
        parent = _acyclic(table.parent)
        kind = _kinds(table, parent)
        has = parent >= 0
        above = np.where(has, parent, 0)
        same = has & (table.service[above] == table.service)
        inner = same & ((kind == SpanKind.INTERNAL) | (kind == SpanKind.UNSPECIFIED))
        itself = np.arange(len(parent), dtype=np.int32)
        work = end_of(np.where(inner, parent, itself))
        awaited = has & ~inner & (kind != SpanKind.CONSUMER)
        caller = np.where(awaited, work[above], -1).astype(np.int32)
        stays = (caller < 0) | np.isin(kind, _SERVING) | (table.service[np.maximum(caller, 0)] != table.service)
        serving = end_of(np.where(inner, work, np.where(stays, itself, caller)).astype(np.int32))
        order, levels = _levels(np.where(inner, work, caller).astype(np.int32))
        begin, end = awaited_moments(table, kind, caller)
        waited = np.divide(end - begin, table.duration, out=np.zeros(len(parent)), where=table.duration > 0)
        waited = np.minimum(waited, 1.0)  # seconds after a start are rounded
        own = np.where(inner, 0.0, np.maximum(0.0, table.duration - _covered(caller, begin, end, table.duration)))
        return cls(
            kind=kind,
            caller=caller,
            inner=inner,
            work=work,
            server=_servers(table, caller),
            serving=serving,
            order=order,
            levels=levels,
            waited=waited,
            own=own,
        )


def _acyclic(parent: RowNumbers) -> RowNumbers:
    """The same parents; rows in a circle, or below one, have none."""
    above = parent.copy()
    for _ in range(max(1, int(np.ceil(np.log2(len(parent) + 1)))) + 1):
        if not (above >= 0).any():
            return parent
        above = np.where(above >= 0, above[above], -1)
    return np.where(above >= 0, -1, parent).astype(np.int32)


def end_of(above: RowNumbers) -> RowNumbers:
    """Follow each row to the end of its chain, where a row points at itself."""
    while True:
        further = above[above]
        if np.array_equal(further, above):
            return above
        above = further


def _kinds(table: SpanColumns, parent: RowNumbers) -> npt.NDArray[np.int8]:
    """The kinds. A span that states none is a call where all that is below it runs in another service, and a request
    where what is above it does, or nothing is."""
    unknown = table.kind == SpanKind.UNSPECIFIED
    if not unknown.any():
        return table.kind
    has = parent >= 0
    above = np.where(has, parent, 0)
    crosses = has & (table.service[above] != table.service)
    n = len(parent)
    below = np.bincount(above[has], minlength=n)
    elsewhere = np.bincount(above[crosses], minlength=n)
    calls = unknown & has & ~crosses & (elsewhere > 0) & (elsewhere == below)
    serves = unknown & (crosses | ~has)
    return np.where(calls, SpanKind.CLIENT, np.where(serves, SpanKind.SERVER, table.kind)).astype(np.int8)


def _levels(above: RowNumbers) -> tuple[RowNumbers, tuple[int, ...]]:
    """RowNumbers by depth, and where each depth begins and ends in them."""
    depth = (above >= 0).astype(np.int32)
    far = above.copy()
    while (far >= 0).any():
        at = np.maximum(far, 0)
        depth = depth + np.where(far >= 0, depth[at], 0)
        far = np.where(far >= 0, far[at], -1)
    order = np.argsort(depth, kind="stable").astype(np.int32)
    cuts = np.searchsorted(depth[order], np.arange(int(depth.max(initial=0)) + 2))
    return order, tuple(int(one) for one in cuts)


def awaited_moments(table: SpanColumns, kind: npt.NDArray[np.int8], caller: RowNumbers) -> tuple[Floats, Floats]:
    """When the caller waited for each row: seconds after the caller's start, (0, 0) without a caller.

    A call made by the same service has the same clock: what lies outside the caller was not waited for. What another
    host served is moved into the caller when it does not lie there, for its clock may differ.
    """
    at = np.maximum(caller, 0)
    room = np.where(caller >= 0, table.duration[at], 0.0)
    offset = table.start - table.start[at]
    same = (table.service[at] == table.service) & ~np.isin(kind, _SERVING)
    length = np.minimum(table.duration, room)
    begin = np.where(same, np.clip(offset, 0.0, room), np.clip(offset, 0.0, room - length))
    end = np.where(same, np.clip(offset + table.duration, begin, room), begin + length)
    return begin, end


def _covered(caller: RowNumbers, begin: Floats, end: Floats, room: Floats) -> Floats:
    """Seconds of each row in which it waited for at least one of its calls: the length of the intervals' union."""
    rows = np.flatnonzero(caller >= 0)
    if not len(rows):
        return np.zeros(len(caller))
    rows = rows[np.lexsort((begin[rows], caller[rows]))]
    of = caller[rows]
    begin, end = (np.divide(one[rows], room[of], out=np.zeros(len(rows)), where=room[of] > 0) for one in (begin, end))
    first = np.r_[True, of[1:] != of[:-1]]
    group = np.cumsum(first) - 1
    # The latest end so far within each group: the groups are lifted apart, so that one running maximum serves all.
    latest = np.maximum.accumulate(end + 2.0 * group) - 2.0 * group
    before = np.where(first, 0.0, np.r_[0.0, latest[:-1]])
    return room * np.bincount(of, np.maximum(0.0, end - np.maximum(begin, before)), len(caller))


def _servers(table: SpanColumns, caller: RowNumbers) -> RowNumbers:
    """For each call the first row in another service that it waited for."""
    at = np.maximum(caller, 0)
    rows = np.flatnonzero((caller >= 0) & (table.service != table.service[at]))[::-1]
    server = np.full(len(caller), -1, np.int32)
    server[caller[rows]] = rows  # the earliest comes last and stays
    return server
