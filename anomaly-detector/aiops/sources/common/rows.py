"""Rows of an answer: values by label set, put together into a block."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np

from aiops.model import Labels, Selector, SeriesBlock, names
from aiops.sources.common.grid import Bools, Floats, Grid

UNKNOWN: Final = np.inf
"""In seconds and buckets of `Requests`: there were requests, and this is not known of some. Whatever is added to it is
not known either, while NaN, where nothing was, leaves the others as they are."""

Key = tuple[str, ...]
K = TypeVar("K")


@dataclass(slots=True)
class Requests:
    """RED of many scopes: by key, `(steps,)` each; `buckets` cumulative, by key and upper bound in seconds."""

    total: dict[Key, Floats] = field(default_factory=dict)
    bad: dict[Key, Floats] = field(default_factory=dict)
    seconds: dict[Key, Floats] = field(default_factory=dict)
    buckets: dict[tuple[Key, float], Floats] = field(default_factory=dict)

    def add(self, other: "Requests") -> None:
        """Add the rows of another answer, which counted other requests. Of a key that both have only the buckets that
        both know are exact, and stay."""
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
        """Take away the steps of each key that are not to be judged."""
        odd = {key: which for key in self.total if (which := steps(key)) is not None}
        for key, which in odd.items():
            for mine in (self.total, self.bad, self.seconds):
                mine[key][which] = np.nan
        for (key, _), values in self.buckets.items():
            if key in odd:
                values[odd[key]] = np.nan

    def chosen(self, scope: Sequence[str], selector: Selector) -> "Requests":
        """Keep the keys (labelled `scope`) that fit the selector, and add them up by its labels. Buckets that not all
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
        """The rows of one signal, labelled."""
        match name:
            case names.REQUESTS | names.ERRORS | names.DURATION:
                chosen = {names.REQUESTS: self.total, names.ERRORS: self.bad, names.DURATION: self.seconds}[name]
                for key, values in chosen.items():
                    yield labelled(name, dict(zip(by, key, strict=True))), _shown(values)
            case names.BUCKET:
                for (key, bound), values in self.buckets.items():
                    yield labelled(name, {**dict(zip(by, key, strict=True)), names.LE: le(bound)}), _shown(values)


def plus(left: Floats, right: Floats) -> Floats:
    """Add where both are there; take the one that is."""
    return np.where(np.isnan(left), right, np.where(np.isnan(right), left, left + right))


def _shown(values: Floats) -> Floats:
    """What is not known is no number to those who asked."""
    return np.where(np.isinf(values), np.nan, values)


def _add(table: dict[K, Floats], key: K, values: Floats) -> None:
    before = table.get(key)
    table[key] = values if before is None else plus(before, values)


def labelled(name: str, pairs: Mapping[str, str]) -> Labels:
    """Make a label set, sorted, with the name of the signal among it."""
    return tuple(sorted({**pairs, names.NAME: name}.items()))


def le(bound: float) -> str:
    """Write an upper bound as Prometheus does."""
    return "+Inf" if np.isinf(bound) else f"{bound:.12g}"


def fits(of: Labels, where: Labels) -> bool:
    """Say whether a row has the labels wanted; a label that is missing is ""."""
    have = dict(of)
    return all(have.get(name, "") == value for name, value in where)


def block(rows: Mapping[Labels, Floats], grid: Grid, step: float) -> SeriesBlock:
    """Put rows into a block, in label order."""
    order = sorted(rows)
    values = np.array([rows[one] for one in order], dtype=np.float64).reshape(len(order), grid.steps)
    return SeriesBlock(tuple(order), grid.ends(), step, values)
