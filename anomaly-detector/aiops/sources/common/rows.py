"""Rows of an answer: values by label set, joined into a block."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np

from aiops.model import Labels, Selector, SeriesBlock, names
from aiops.model.arrays import Bools, Floats
from aiops.sources.common.grid import Grid

UNKNOWN: Final = np.inf
"""In seconds and buckets of `Requests`: there were requests, but the value of some of them is unknown. Any sum with it
is unknown too, while NaN (no requests) leaves a sum unchanged."""

Key = tuple[str, ...]
K = TypeVar("K")


@dataclass(slots=True)
class Requests:
    """Requests, errors and durations (RED) of many scopes: by key, `(steps,)` each; `buckets` are cumulative, by key
    and upper bound in seconds."""

    total: dict[Key, Floats] = field(default_factory=dict)
    bad: dict[Key, Floats] = field(default_factory=dict)
    seconds: dict[Key, Floats] = field(default_factory=dict)
    buckets: dict[tuple[Key, float], Floats] = field(default_factory=dict)

    def add(self, other: "Requests") -> None:
        """Add the rows of another answer, which counted other requests. Of a key in both, only the buckets that both
        know are exact, and are kept."""
        both = self.total.keys() & other.total.keys()
        for mine, its in ((self.total, other.total), (self.bad, other.bad), (self.seconds, other.seconds)):
            for key, values in its.items():
                _add(mine, key, values)
        lone = {one for one in self.buckets.keys() ^ other.buckets.keys() if one[0] in both}
        for place, values in other.buckets.items():
            _add(self.buckets, place, values)
        for one in lone:
            del self.buckets[one]

    def unjudged(self, steps: Callable[[Key], Bools | None]) -> None:
        """Remove the steps of each key that must not be judged."""
        odd = {key: which for key in self.total if (which := steps(key)) is not None}
        for key, which in odd.items():
            for mine in (self.total, self.bad, self.seconds):
                mine[key][which] = np.nan
        for (key, _), values in self.buckets.items():
            if key in odd:
                values[odd[key]] = np.nan

    def chosen(self, scope: Sequence[str], selector: Selector) -> "Requests":
        """Select the keys (labelled `scope`) that match the selector, and sum them by its labels. Buckets that not all
        of them have are left out."""
        if not selector.where and tuple(selector.by) == tuple(scope):
            return self
        out = Requests()
        place = [scope.index(name) for name in selector.by]
        having: Counter[tuple[Key, float]] = Counter()
        for mine, its in ((self.total, out.total), (self.bad, out.bad), (self.seconds, out.seconds)):
            for key, values in mine.items():
                if fits(tuple(zip(scope, key, strict=True)), selector.where):
                    _add(its, tuple(key[at] for at in place), values)
        for (key, bound), values in self.buckets.items():
            if fits(tuple(zip(scope, key, strict=True)), selector.where):
                slot = (tuple(key[at] for at in place), bound)
                _add(out.buckets, slot, values)
                having[slot] += 1
        out.buckets = {one: row for one, row in out.buckets.items() if having[one] >= having[one[0], np.inf]}
        return out

    def rows(self, name: str, by: Sequence[str]) -> Iterable[tuple[Labels, Floats]]:
        """Yield the rows of one signal, with labels."""
        match name:
            case names.REQUESTS | names.ERRORS | names.DURATION:
                chosen = {names.REQUESTS: self.total, names.ERRORS: self.bad, names.DURATION: self.seconds}[name]
                for key, values in chosen.items():
                    yield labelled(name, dict(zip(by, key, strict=True))), _shown(values)
            case names.BUCKET:
                for (key, bound), values in self.buckets.items():
                    yield labelled(name, {**dict(zip(by, key, strict=True)), names.LE: le(bound)}), _shown(values)


def plus(left: Floats, right: Floats) -> Floats:
    """Add where both values exist; otherwise take the one that does."""
    return np.where(np.isnan(left), right, np.where(np.isnan(right), left, left + right))


def _shown(values: Floats) -> Floats:
    """Replace unknown values by NaN."""
    return np.where(np.isinf(values), np.nan, values)


def _add(table: dict[K, Floats], key: K, values: Floats) -> None:
    before = table.get(key)
    table[key] = values if before is None else plus(before, values)


def labelled(name: str, pairs: Mapping[str, str]) -> Labels:
    """Make a sorted label set with the name of the signal."""
    return tuple(sorted({**pairs, names.NAME: name}.items()))


def le(bound: float) -> str:
    """Write an upper bound as Prometheus does."""
    return "+Inf" if np.isinf(bound) else f"{bound:.12g}"


def fits(of: Labels, where: Labels) -> bool:
    """Return whether a row has the wanted labels; a missing label is ""."""
    have = dict(of)
    return all(have.get(name, "") == value for name, value in where)


def block(rows: Mapping[Labels, Floats], grid: Grid, step: float) -> SeriesBlock:
    """Join rows into a block, in label order."""
    order = sorted(rows)
    values = np.array([rows[one] for one in order], dtype=np.float64).reshape(len(order), grid.steps)
    return SeriesBlock(tuple(order), grid.ends(), step, values)
