"""Slow requests vote for where their time goes, by what each place takes longer than in good requests.

See docs/methods.md, Where the time goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np

from aiops.explain.excess import Excess, excesses
from aiops.explain.own import places
from aiops.explain.requests import RequestWork, Strata
from aiops.explain.sampling import counts
from aiops.explain.table import RowNumbers, SpanColumns
from aiops.explain.tree import Tree
from aiops.explain.waits import Waits
from aiops.model import Cause, Span, Trace
from aiops.model.arrays import Bools, Floats

NAMED: Final = 0.2
"""The part of a request's excess time from which a place is worth naming."""
ENOUGH: Final = 5
"""Slow good requests that can be compared with."""
STRETCHES: Final = 5
"""Stretches of the good time."""
COMMON: Final = 0.15
"""Of the good requests that are as slow as the bad ones, for this to be common."""
SEEN: Final = 4
"""Slow ones among any requests of the bad time, from which on their part of all is known. Of fewer it is known that
they are not new where as many are among good ones; else the slow ones alone have to tell."""
BEYOND: Final = 2.25
"""Standard errors by which a place must be slower in all requests of the bad time, if it is slower in slow ones."""
SURE: Final = 5.0
"""Standard errors from which it need not be slower in slow ones."""

Entries = Sequence[tuple[Tree, Span]]


@dataclass(frozen=True, slots=True)
class Slow:
    """The part of all excess time that a cause holds, and the traces in which it holds a part worth naming."""

    cause: Cause
    share: float
    held: frozenset[str]


def slow(bad: Entries, good: Entries, threshold: float = 0.0, now: Entries = ()) -> list[Slow]:
    """Share out the excess time of bad requests; nothing where no place is slower beyond chance.

    bad, good, now: a trace and the span in it by which it was chosen. The bad ones were chosen because they took longer
    than `threshold` seconds, and slow requests differ from others in good times as well. So they are compared with slow
    good ones, where these are common; and a place is named only if it is slower in all requests of the bad time, whose
    picture is given by `now`: requests of that time, whatever they took.
    """
    if not bad or not good:
        return []
    compared = _Compared([*good, *now, *bad])
    requests, found = compared.with_good(comparable(good, threshold), bad)
    found = [one for one in found if one.significant]
    slower, fine = _split(now, threshold)
    before, _ = _split(good, threshold)
    if len(slower) >= SEEN or (now and len(before) >= max(len(slower), 1)):
        named = {one.cause for one in found}
        requests, found = compared.with_good(good, [*slower, *bad], fine, now)
        beyond, sure = (_student(one, max(len(now) - 1, 1)) for one in (BEYOND, SURE))
        found = [one for one in found if one.seconds >= (beyond if one.cause in named else sure) * one.error]
        found = [one for one in found if one.seconds > 0]
    total = sum(one.seconds for one in found)
    lost: Floats = np.zeros(len(requests.entries))
    for one in found:
        lost[one.entries] += np.maximum(one.each, 0.0)
    ids = frozenset(entry.trace_id for _, entry in bad)
    return [Slow(one.cause, one.seconds / total, ids & _held(requests, one, lost)) for one in found]


def longer(now: Entries, good: Entries) -> bool:
    """Whether requests took longer than good ones, beyond chance (Welch 1947)."""
    if min(len(now), len(good)) < ENOUGH:
        return True
    (before, spread), (after, spread_now) = (_mean([entry for _, entry in side]) for side in (good, now))
    return after - before > BEYOND * float(np.sqrt(spread + spread_now))


def _mean(entries: Sequence[Span]) -> tuple[float, float]:
    """The mean duration of what the entries were drawn from, in seconds, and the square of its standard error."""
    seconds, weight = np.array([one.duration for one in entries]), counts(entries)
    mean = float(np.average(seconds, weights=weight))
    squares = float((weight**2 * (seconds - mean) ** 2).sum() / weight.sum() ** 2)
    return mean, squares * len(entries) / (len(entries) - 1)


def _held(requests: RequestWork, one: Excess, lost: Floats) -> frozenset[str]:
    """Ids of the traces in which a place holds a part worth naming of what their requests lost."""
    here = one.entries[(one.each >= NAMED * lost[one.entries]) & (lost[one.entries] > 0)]
    return frozenset(requests.table.traces[at] for at in requests.table.trace[requests.entries[here]].tolist())


class _Compared:
    """All requests of a comparison in one table."""

    def __init__(self, entries: Entries) -> None:
        traces = {entry.trace_id: Trace(entry.trace_id, tree.spans) for tree, entry in entries}
        self._table = SpanColumns.of(traces.values())
        self._waits = Waits.of(self._table)
        self._rows = {(span.trace_id, span.span_id): row for row, span in enumerate(self._table.origin)}

    def with_good(
        self, good: Entries, bad: Entries, others: Entries = (), drawn: Entries = ()
    ) -> tuple[RequestWork, list[Excess]]:
        """What each place takes longer in bad requests."""
        requests = self.work(good, bad, others, drawn)
        return requests, excesses(requests, places(requests))

    def work(self, good: Entries, bad: Entries, others: Entries = (), drawn: Entries = ()) -> RequestWork:
        """Good and bad requests side by side. others: those of `drawn`, any requests of the bad time, that are not
        bad."""
        stratum = {self._row(one): number for number, side in enumerate((good, others, bad)) for one in side}
        at = np.array(sorted(stratum), np.int32)
        of = np.array([stratum[int(row)] for row in at], np.int8)
        count, whole = (counts(entry for _, entry in side).sum() for side in (others, drawn))
        share = count / whole if others else 0.0
        strata = Strata(of, (1.0, share, 1.0 - share), float(len(drawn) or np.inf))
        return RequestWork.of(self._table, self._waits, at, of > 0, strata)

    def _row(self, one: tuple[Tree, Span]) -> int:
        return self._rows[one[1].trace_id, one[1].span_id]


def _student(deviates: float, freedom: int) -> float:
    """Student's t that is as rare as so many standard deviations (Abramowitz & Stegun 1964, 26.7.5): what few requests
    differ is not well known."""
    z = deviates
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def _split(entries: Entries, threshold: float) -> tuple[list[tuple[Tree, Span]], list[tuple[Tree, Span]]]:
    """Those that took longer than so many seconds, and the others."""
    slow = [one for one in entries if one[1].duration > threshold]
    return slow, [one for one in entries if one[1].duration <= threshold]


def side_by_side(good: Entries, bad: Entries) -> tuple[SpanColumns, RowNumbers, Bools]:
    """The traces of good and bad entries as one table, the rows of the entries, and which of them are bad ones."""
    requests = _Compared([*good, *bad]).work(good, bad)
    return requests.table, requests.entries, requests.bad


def comparable(good: Entries, threshold: float) -> Entries:
    """The good requests that are as slow as bad ones, if they are common at any time; else all."""
    slow, _ = _split(good, threshold)
    if not threshold or len(slow) < ENOUGH:
        return good
    ordered = sorted(good, key=lambda one: (one[1].start, one[1].span_id))
    stretches = [
        ordered[len(ordered) * at // STRETCHES : len(ordered) * (at + 1) // STRETCHES] for at in range(STRETCHES)
    ]
    shares = [len(_split(one, threshold)[0]) / len(one) for one in stretches if one]
    # The middle one: what is found late begins in what was taken for good times.
    return slow if median(shares) >= COMMON else good
