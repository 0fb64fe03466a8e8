"""What objectives count in a block of series: events and bad events by objective, group and step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.model import Labels, Protocol, Query, Ratio, Selector, SeriesBlock, Server, Slo, names, value_of
from aiops.model.arrays import Floats

GROUPS: Final = {"http.route": names.ROUTE, "http.request.method": names.METHOD, "service.name": names.SERVICE}
"""Attributes by which requests served can be split here, and their labels in a block."""

_LOST: Final = Selector(names.LOST, (names.METRIC, names.SERVICE))
REMEMBERED: Final = 200_000
"""The number of series whose slots are remembered; beyond it the memory is cleared."""

Slot = tuple[str, Labels]
"""An objective (by name) and the group that a budget belongs to."""


class EventKind(IntEnum):
    """Which events of an objective a row counts."""

    TOTAL = 0
    BAD = 1
    GOOD = 2


@dataclass(slots=True)
class SliMatcher:
    """The objectives that can be counted in blocks; `left_out` says why others cannot. `unbound` are the objectives
    whose last requests came without a bucket that ends at their threshold: nothing is known of them."""

    slos: Sequence[Slo]
    left_out: dict[str, str] = field(default_factory=dict)
    slots: dict[Slot, int] = field(default_factory=dict)
    good: list[bool] = field(default_factory=list)
    unbound: set[str] = field(default_factory=set)
    _bounded: list[bool] = field(default_factory=list)
    _served: dict[str, list[Slo]] = field(default_factory=dict)
    _asked: dict[tuple[str, frozenset[str]], list[tuple[Slo, EventKind]]] = field(default_factory=dict)
    _known: dict[Labels, tuple[tuple[int, EventKind], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for slo in self.slos:
            if why := _why_not(slo):
                self.left_out[slo.name] = why
            elif isinstance(slo.indicator, Server):
                self._served.setdefault(slo.indicator.service, []).append(slo)
            else:
                for query, part in _queries(slo):
                    key = (query.metric, frozenset(_by(slo, query)))
                    self._asked.setdefault(key, []).append((slo, part))

    def selectors(self) -> list[Selector]:
        """Return what to ask a source for, in addition to requests, errors and buckets by service, route and method."""
        out = dict.fromkeys(
            Selector(query.metric, _by(slo, query), query.where, query.unit)
            for slo in self.slos
            if slo.name not in self.left_out
            for query, _ in _queries(slo)
        )
        return [*out, _LOST] if out else []

    def counted(self, block: SeriesBlock) -> tuple[Floats, Floats]:
        """Return events and bad events of each slot, `(slots, steps)`; NaN where there was no sample of any event."""
        found = [(row, *one) for row, series in enumerate(block.labels) for one in self._of(series)]
        shape = (len(EventKind), len(self.slots), len(block.ends))
        sums, seen = np.zeros(shape), np.zeros(shape, bool)
        for row, slot, part in found:
            sums[part, slot] += np.nan_to_num(block.values[row])
            seen[part, slot] |= ~np.isnan(block.values[row])
        lost = self._lost({(slot, part) for _, slot, part in found})
        seen[EventKind.TOTAL, lost] = False
        for slot, steps in self._one_sided(block):
            seen[EventKind.TOTAL, slot, steps] = False
        events = np.where(seen[EventKind.TOTAL], sums[EventKind.TOTAL], np.nan)
        by_good = np.array(self.good, bool)[:, None]
        bad = np.where(by_good, sums[EventKind.TOTAL] - sums[EventKind.GOOD], sums[EventKind.BAD])
        return events, np.where(np.isnan(events), np.nan, np.clip(bad, 0.0, None))

    def keep(self, rows: Sequence[int]) -> None:
        """Forget every slot but these, which are numbered anew in this order."""
        slots = list(self.slots)
        self.slots = {slots[row]: at for at, row in enumerate(rows)}
        self.good, self._bounded = [self.good[row] for row in rows], [self._bounded[row] for row in rows]
        self._known.clear()

    def _lost(self, found: set[tuple[int, EventKind]]) -> list[int]:
        """Return the slots whose requests came without a bucket at their threshold; all of them would seem slow."""
        lost = []
        for slot, (name, _) in enumerate(self.slots):
            if self._bounded[slot] and (slot, EventKind.TOTAL) in found:
                bound = (slot, EventKind.GOOD) in found
                (self.unbound.discard if bound else self.unbound.add)(name)
                if not bound:
                    lost.append(slot)
        return lost

    def _one_sided(self, block: SeriesBlock) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """Yield the steps in which one side of the ratio of a slot may be missing, because it was rejected."""
        odd = {
            (value_of(series, names.METRIC), value_of(series, names.SERVICE)): block.values[row] > 0
            for row, series in enumerate(block.labels)
            if value_of(series, names.NAME) == names.LOST
        }
        if not odd:
            return
        named = {one.name: one for one in self.slos}
        for slot, (name, group) in enumerate(self.slots):
            for query, _ in _queries(named[name]):
                said = {**dict(group), **dict(query.where)}
                steps = odd.get((query.metric, said.get(names.SERVICE_NAME, "")))
                if steps is not None:
                    yield slot, steps

    def _of(self, series: Labels) -> tuple[tuple[int, EventKind], ...]:
        """Return the slots that a row adds to; computed once per series."""
        known = self._known.get(series)
        if known is None:
            if len(self._known) >= REMEMBERED:  # many of these series have ended
                self._known.clear()
            known = self._known[series] = tuple(self._worked_out(series))
        return known

    def _worked_out(self, series: Labels) -> Iterator[tuple[int, EventKind]]:
        name = value_of(series, names.NAME)
        for slo in self._served.get(value_of(series, names.SERVICE), ()):
            part = _part(slo.indicator, name, series)  # type: ignore[arg-type]
            if part is not None:
                of = {attribute: value_of(series, GROUPS[attribute]) for attribute in slo.group_by}
                yield self.slot(slo, of), part
        keys = frozenset(key for key, _ in series if key != names.NAME)
        for slo, part in self._asked.get((name, keys), ()):
            query = next(query for query, which in _queries(slo) if which == part)
            if all(value_of(series, key) == value for key, value in query.where):
                yield self.slot(slo, {attribute: value_of(series, attribute) for attribute in slo.group_by}), part

    def slot(self, slo: Slo, group: dict[str, str]) -> int:
        """Return the place of an objective's group; a new one is added at the end."""
        slot = (slo.name, tuple(sorted(group.items())))
        if slot not in self.slots:
            self.slots[slot] = len(self.slots)
            of = slo.indicator
            self._bounded.append(isinstance(of, Server) and of.threshold is not None)
            self.good.append(of.threshold is not None if isinstance(of, Server) else bool(_good(slo)))
        return self.slots[slot]


def _why_not(slo: Slo) -> str:
    of = slo.indicator
    if isinstance(of, Server):
        unknown = [one for one in slo.group_by if one not in GROUPS]
        if unknown:
            return f"requests cannot be split by {', '.join(unknown)} here; they can by {', '.join(GROUPS)}"
        return ""
    if not isinstance(of, Ratio):
        return "a gauge is judged by Prometheus alone"
    return "its PromQL is for Prometheus alone" if any(query.promql for query, _ in _queries(slo)) else ""


def _part(of: Server, name: str, series: Labels) -> EventKind | None:
    """Return which events of an objective a row of requests counts; None if it counts none."""
    route, method = value_of(series, names.ROUTE), value_of(series, names.METHOD)
    if of.protocol == Protocol.RPC:
        # The route of an RPC is rpc.service/rpc.method.
        service, _, call = route.rpartition("/")
        fits = of.route in ("", service) and of.method in ("", call)
    else:
        fits = of.route in ("", route) and of.method in ("", method)
    if not fits:
        return None
    if name == names.REQUESTS:
        return EventKind.TOTAL
    if of.threshold is None:
        return EventKind.BAD if name == names.ERRORS else None
    bound = value_of(series, names.LE)
    return EventKind.GOOD if name == names.BUCKET and bound != "+Inf" and float(bound) == float(of.threshold) else None


def _queries(slo: Slo) -> list[tuple[Query, EventKind]]:
    of = slo.indicator
    if not isinstance(of, Ratio):
        return []
    found = [(of.total, EventKind.TOTAL), (of.bad, EventKind.BAD), (of.good, EventKind.GOOD)]
    return [(query, part) for query, part in found if query is not None]


def _good(slo: Slo) -> bool:
    return isinstance(slo.indicator, Ratio) and slo.indicator.good is not None


def _by(slo: Slo, query: Query) -> tuple[str, ...]:
    """Return the labels that a metric is asked by: the groups and the attributes of the selection, so that each row can
    be assigned."""
    return tuple(dict.fromkeys((*slo.group_by, *(key for key, _ in query.where)))) or (names.SERVICE,)
