"""Increments of raw counters, summed to the rows of a block by the requested labels."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.model import Labels, names
from aiops.model.arrays import Floats, Ints
from aiops.sources.common.grid import Grid
from aiops.sources.common.rows import fits, labelled, le, plus
from aiops.sources.prometheus.catalogue import NOTHING, Catalogue, Numbers
from aiops.sources.prometheus.counters import Increments
from aiops.sources.prometheus.meaning import RENAMED, Adds

Rows = tuple[list[Labels], Floats]
_SIGNALS: Final = (names.REQUESTS, names.ERRORS, names.DURATION)


@dataclass(slots=True)
class Summing:
    """How the series of a catalogue add up to rows labelled `by`: computed once for each series.

    row: for each series the number of its row, NOTHING where it does not match. slot: for each bucket series the number
    of its (row, bound).
    """

    catalogue: Catalogue
    scope: Sequence[str]
    by: tuple[str, ...]
    where: Labels
    rows: Numbers = field(default_factory=Numbers)
    labels: list[tuple[Labels, Labels, Labels]] = field(default_factory=list)
    row: list[int] = field(default_factory=list)
    slot: list[int] = field(default_factory=list)
    slots: dict[tuple[int, float], int] = field(default_factory=dict)
    slot_labels: list[Labels] = field(default_factory=list)
    slot_row: list[int] = field(default_factory=list)

    def add_up(self, increments: Increments, grid: Grid, wanted: Iterable[str]) -> list[Rows]:
        """Return the rows of each wanted signal that have any value."""
        self._keep_up()
        count = len(self.rows)
        all_rows = np.array(self.row, np.int64).reshape(len(self.row))
        row, adds = all_rows[increments.series], self.catalogue.adds[increments.series]
        good = (row != NOTHING) & ~self._outdated()[increments.series]
        row, adds, column, value = row[good], adds[good], increments.column[good], increments.value[good]
        series = increments.series[good]
        value = value * self.catalogue.scale[series]

        def summed(which: NDArray[np.bool_]) -> Floats:
            return grid.sums(row[which], column[which], value[which], count)

        total = summed(adds <= Adds.TOTAL_AND_BAD)
        there = ~np.isnan(total)
        known: NDArray[np.bool_] = np.asarray(there.any(axis=1))
        out: list[Rows] = []
        for place, name in enumerate(_SIGNALS):
            if name in wanted:
                values = total
                if name == names.ERRORS:
                    values = summed((adds == Adds.TOTAL_AND_BAD) | (adds == Adds.BAD))
                    values = np.where(there, np.nan_to_num(values), np.nan)
                elif name == names.DURATION:
                    values = summed(adds == Adds.SECONDS)
                chosen = np.flatnonzero(known)
                out.append(([self.labels[at][place] for at in chosen.tolist()], values[chosen]))
        if names.BUCKET in wanted:
            out += self._buckets(series, column, value, total, known, grid)
        return out

    def _buckets(
        self, series: Ints, column: Ints, value: Floats, total: Floats, known: NDArray[np.bool_], grid: Grid
    ) -> list[Rows]:
        """Return cumulative buckets. Where senders have different bounds, only the bounds that all share are exact, and
        are kept."""
        slots = np.array(self.slot, np.int64).reshape(len(self.slot))
        slot_row = np.array(self.slot_row, np.int64).reshape(len(self.slot_row))
        active = np.unique(series)
        counts = active[self.catalogue.adds[active] <= Adds.TOTAL_AND_BAD]
        row_of = np.array(self.row, np.int64).reshape(len(self.row))
        histograms = np.bincount(row_of[counts], minlength=len(self.rows))
        bounded = active[slots[active] != NOTHING]
        sharing = np.bincount(slots[bounded], minlength=len(slot_row))
        mine = slots[series]
        inside = mine != NOTHING
        table = grid.sums(mine[inside], column[inside], value[inside], len(slot_row))
        chosen = np.flatnonzero((sharing == histograms[slot_row]) & ~np.isnan(table).all(axis=1))
        rows = np.flatnonzero(known)
        infinite = [self.slot_labels[self._slot(at, np.inf)] for at in rows.tolist()]
        return [([self.slot_labels[at] for at in chosen.tolist()], table[chosen]), (infinite, total[rows])]

    def _slot(self, row: int, bound: float) -> int:
        found = self.slots.setdefault((row, bound), len(self.slots))
        if found == len(self.slot_labels):
            pairs = {name: value for name, value in self.labels[row][0] if name != names.NAME}
            self.slot_labels.append(labelled(names.BUCKET, {**pairs, names.LE: le(bound)}))
            self.slot_row.append(row)
        return found

    def _keep_up(self) -> None:
        """Assign the new series of the catalogue to rows."""
        keys = list(self.catalogue.keys)
        for number in range(len(self.row), len(self.catalogue)):
            key = keys[self.catalogue.key[number]]
            if not fits(tuple(zip(self.scope, key, strict=True)), self.where):
                self.row.append(NOTHING)
                self.slot.append(NOTHING)
                continue
            mine = tuple(key[self.scope.index(name)] for name in self.by)
            row = self.rows.of(mine)
            if row == len(self.labels):
                pairs = dict(zip(self.by, mine, strict=True))
                requests, errors, seconds = (labelled(name, pairs) for name in _SIGNALS)
                self.labels.append((requests, errors, seconds))
            self.row.append(row)
            bucket = self.catalogue.adds[number] == Adds.BUCKET
            self.slot.append(self._slot(row, float(self.catalogue.bound[number])) if bucket else NOTHING)

    def _outdated(self) -> NDArray[np.bool_]:
        """Return the series under an old name of services that send the new name too."""
        families, keys = self.catalogue.families, list(self.catalogue.keys)
        if not any(family in RENAMED for family in set(families)):
            return np.zeros(len(families), bool)
        services = [keys[at][0] for at in self.catalogue.key.tolist()]
        current = set(zip(services, families, strict=True))
        return np.array(
            [(one, RENAMED.get(family, "")) in current for one, family in zip(services, families, strict=True)], bool
        )


def together(answers: Sequence[Sequence[Rows]], grid: Grid) -> list[Rows]:
    """Add up answers that counted different requests. Of a row in several, only the buckets that all of them know are
    exact, and are kept."""
    parts = [part for answer in answers for part in answer]
    labels = [one for part, _ in parts for one in part]
    if len(set(labels)) == len(labels):
        return parts
    rows: dict[Labels, Floats] = {}
    knowing: Counter[Labels] = Counter()
    for one, values in zip(labels, np.concatenate([values for _, values in parts]), strict=True):
        rows[one] = plus(rows[one], values) if one in rows else values
        knowing[one] += 1
    infinite = le(np.inf)
    whole = {_without_bound(one): count for one, count in knowing.items() if dict(one).get(names.LE) == infinite}
    kept = [one for one in rows if knowing[one] >= whole.get(_without_bound(one), 1)]
    return [(kept, np.array([rows[one] for one in kept]).reshape(len(kept), grid.steps))]


def _without_bound(labels: Labels) -> Labels:
    return tuple(pair for pair in labels if pair[0] != names.LE)
