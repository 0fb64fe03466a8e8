"""Bad and good requests side by side: what works for each of them, and how far two populations differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from aiops.explain.sampling import counts
from aiops.explain.table import RowNumbers, SpanColumns
from aiops.explain.waits import Waits
from aiops.model.arrays import Bools, Floats

Codes = npt.NDArray[np.integer[Any]]

ROOM: Final = 2**62
"""Largest number by which rows are told apart before they are numbered anew."""
STRETCHES: Final = 12
"""Stretches of time into which good requests are divided, at most."""
STRETCH: Final = 10
"""Good requests in each, at least."""
MAD: Final = 1.4826
"""Standard deviations in a median absolute deviation. It keeps a late detection from looking like drift."""
FEW: Final = 4
"""Stretches from which it can be seen how far times differ."""


@dataclass(frozen=True, slots=True)
class Strata:
    """Good entries (0), and bad ones of one kind (1) or of two (2: the others); `of` has the shape (e,).

    shares: of its side that each stratum stands for, shape (2,) or (3,). by: so many requests drawn by chance say so;
    infinite where nobody had to count. Stratified sampling: Neyman, JRSS 97 (1934).
    """

    of: npt.NDArray[np.int8]
    shares: tuple[float, ...]
    by: float = np.inf

    def weights(self, counts: Floats) -> Floats:
        """For how much of its side each entry stands, shape (e,). counts: of how many requests each was drawn."""
        each = np.array(self.shares) / np.maximum(np.bincount(self.of, counts, len(self.shares)), 1.0)
        return counts * each[self.of]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestWork:
    """The work of e requests, each below its entry, in a table of n spans.

    entries: the row of each entry; bad: whether it is a bad one; weight: for how much of its side it stands, 1 in all
    of either side; shape (e,). strata: how the bad ones were chosen. rows: all rows that work for an entry, INTERNAL
    spans left out; entry: the entry that each of these works for, as a position; waited: the part of its duration that
    the entry waited for; is_bad: whether the entry is a bad one; shape (r,) each.
    """

    table: SpanColumns
    waits: Waits
    entries: RowNumbers
    bad: Bools
    weight: Floats
    strata: Strata
    rows: RowNumbers
    entry: RowNumbers
    waited: Floats
    is_bad: Bools

    @classmethod
    def of(
        cls, table: SpanColumns, waits: Waits, entries: RowNumbers, bad: Bools, strata: Strata | None = None
    ) -> "RequestWork":
        """Find what works for each entry. Of an entry below another one, the work belongs to the lower one."""
        strata = strata or Strata(bad.astype(np.int8), (1.0, 1.0))
        entry = np.full(len(table), -1, np.int32)
        entry[entries] = np.arange(len(entries), dtype=np.int32)
        waited = np.zeros(len(table))
        waited[entries] = 1.0
        for rows in waits.depths():
            above = waits.caller[rows]
            follows = (above >= 0) & (entry[rows] < 0)
            rows, above = rows[follows], above[follows]
            entry[rows] = entry[above]
            waited[rows] = waited[above] * waits.waited[rows]
        rows = np.flatnonzero((entry >= 0) & ~waits.inner).astype(np.int32)
        return cls(
            table=table,
            waits=waits,
            entries=entries,
            bad=bad,
            weight=strata.weights(
                counts(table.origin[row] for row in entries) if table.origin else np.ones(len(entries))
            ),
            strata=strata,
            rows=rows,
            entry=entry[rows],
            waited=waited[rows],
            is_bad=bad[entry[rows]],
        )

    @property
    def both(self) -> bool:
        """Whether there are requests of either kind."""
        return bool(self.bad.any() and not self.bad.all())


@dataclass(frozen=True, slots=True)
class Shift:
    """How far g quantities are larger a bad request than a good one, shape (g,); `error` is the standard error.

    group, entry, value: the sum of each group in each entry that has any, shape (s,).
    """

    mean: Floats
    error: Floats
    group: RowNumbers
    entry: RowNumbers
    value: Floats

    @classmethod
    def of(cls, requests: RequestWork, group: RowNumbers, entry: RowNumbers, value: Floats, groups: int) -> "Shift":
        """Sum values by group and entry, and compare the means; an entry without any has the sum 0.

        The error has two parts: requests differ, and times differ. What good requests differ from one stretch of time
        to the next beyond chance (a variance component, Searle 1992), bad ones may differ as well.
        """
        e, bad = len(requests.bad), requests.bad
        pairs, inverse = np.unique(paired(group, entry, e), return_inverse=True)
        sums = np.bincount(inverse, value, len(pairs)).astype(float)
        of, who = (pairs // e).astype(np.int32), (pairs % e).astype(np.int32)
        n_bad, n_good = int(bad.sum()), int((~bad).sum())
        usual, spread = _moments(of, who, sums, ~bad, groups)
        more, variance = _of_strata(requests.strata, of, who, sums, groups)
        variance = variance + spread / n_good
        stretches = min(STRETCHES, n_good // STRETCH)
        if stretches >= FEW:
            stretch = _stretches(requests, stretches)
            inside = stretch[who] >= 0
            size = np.bincount(stretch[stretch >= 0], minlength=stretches)
            means = (
                np.bincount(
                    paired(of[inside], stretch[who[inside]], stretches), sums[inside], groups * stretches
                ).reshape(groups, stretches)
                / size
            )
            middle = np.median(means, axis=1, keepdims=True)
            between = (MAD * np.median(np.abs(means - middle), axis=1)) ** 2
            drift = np.maximum(0.0, between - spread * float(np.mean(1.0 / size)))
            variance = variance + drift * (1.0 / max(1.0, n_bad * stretches / n_good) + 1.0 / stretches)
        return cls(more - usual, np.sqrt(variance), of, who, sums)


def _of_strata(strata: Strata, of: RowNumbers, who: RowNumbers, sums: Floats, groups: int) -> tuple[Floats, Floats]:
    """The mean of each group over the bad entries, and its variance: what the entries of each stratum differ, and what
    is not known of the shares of the strata."""
    mean, square, variance = np.zeros(groups), np.zeros(groups), np.zeros(groups)
    for stratum, share in enumerate(strata.shares[1:], 1):
        side = strata.of == stratum
        if not share or not side.any():
            continue
        here, spread = _moments(of, who, sums, side, groups)
        mean += share * here
        square += share * here**2
        variance += share**2 * spread / int(side.sum())
    return mean, variance + np.maximum(square - mean**2, 0.0) / strata.by


def _moments(of: RowNumbers, who: RowNumbers, sums: Floats, side: Bools, groups: int) -> tuple[Floats, Floats]:
    """Mean and variance of each group over the entries of one side, those without any included."""
    n, here = int(side.sum()), side[who]
    mean = np.bincount(of[here], sums[here], groups) / n
    square = np.bincount(of[here], sums[here] ** 2, groups) / n
    return mean, np.maximum(square - mean**2, 0.0) * n / max(n - 1, 1)


def _stretches(requests: RequestWork, number: int) -> RowNumbers:
    """The stretch of time of each good entry, in order of their starts, as many entries in each; -1 for bad ones."""
    good = np.flatnonzero(~requests.bad)
    order = np.lexsort((requests.entries[good], requests.table.start[requests.entries[good]]))
    out = np.full(len(requests.bad), -1, np.int32)
    out[good[order]] = np.arange(len(good)) * number // len(good)
    return out


def paired(one: npt.NDArray[np.integer], other: npt.NDArray[np.integer], most: int) -> Codes:
    """One number for each pair; `other` is below `most`."""
    return one.astype(np.int64) * most + other


def distinct_codes(columns: Sequence[npt.NDArray[np.integer]]) -> Codes:
    """A number for each row; rows have the same one where all columns, none of them negative, are alike."""
    codes: Codes = np.zeros(len(columns[0]), np.int64)
    most = 1
    for column in columns:
        values = int(column.max(initial=0)) + 1
        if most * values > ROOM:
            codes = np.unique(codes, return_inverse=True)[1]
            most = int(codes.max(initial=0)) + 1
        codes, most = paired(codes, column, values), most * values
    return codes


def medians(group: RowNumbers, values: Floats, groups: int) -> Floats:
    """The median of each group's values; NaN for a group without any."""
    if not len(values):
        return np.full(groups, np.nan)
    order = np.lexsort((values, group))
    group, values = group[order], values[order]
    cut = np.searchsorted(group, np.arange(groups + 1))
    count, last = np.diff(cut), len(values) - 1
    low = values[np.minimum(cut[:-1] + np.maximum(count - 1, 0) // 2, last)]
    high = values[np.minimum(cut[:-1] + count // 2, last)]
    return np.where(count > 0, (low + high) / 2, np.nan)
