"""Slow requests vote for where their time goes, by what each place takes longer than in good requests.

See docs/methods.md, Where the time goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from aiops.explain.excess import excesses
from aiops.explain.own import places
from aiops.explain.requests import RequestWork
from aiops.explain.table import RowNumbers, SpanColumns
from aiops.explain.tree import Tree
from aiops.explain.waits import Waits
from aiops.model import Cause, Span, Trace
from aiops.model.arrays import Bools

NAMED = 0.2  # the part of a request's excess time from which a place is worth naming


ENOUGH = 5  # slow good requests that can be compared with
STRETCHES = 5  # of the good time
COMMON = 0.15  # of the good requests that are as slow as the bad ones, for this to be common
Entries = Sequence[tuple[Tree, Span]]


@dataclass(frozen=True, slots=True)
class Slow:
    """The part of all excess time that a cause holds, and the traces in which it holds a part worth naming."""

    cause: Cause
    share: float
    held: frozenset[str]


def slow(bad: Entries, good: Entries, threshold: float = 0.0) -> list[Slow]:
    """Share out the excess time of bad requests; nothing where no place is slower beyond chance.

    bad, good: a trace and the span in it by which it was chosen. The bad ones were chosen because they took longer than
    `threshold` seconds: where that is common among good ones, they are compared with those alone, for slow requests
    differ from others in good times as well.
    """
    if not bad or not good:
        return []
    table, at, is_bad = side_by_side(comparable(good, threshold), bad)
    requests = RequestWork.of(table, Waits.of(table), at, is_bad)
    found = [one for one in excesses(requests, places(requests)) if one.significant]
    total = sum(one.seconds for one in found)
    lost = np.zeros(len(at))
    for one in found:
        lost[one.entries] += np.maximum(one.each, 0.0)
    return [
        Slow(
            one.cause,
            one.seconds / total,
            frozenset(
                table.traces[table.trace[at[entry]]]
                for entry in one.entries[one.each >= NAMED * lost[one.entries]].tolist()
                if lost[entry] > 0
            ),
        )
        for one in found
    ]


def side_by_side(good: Entries, bad: Entries) -> tuple[SpanColumns, RowNumbers, Bools]:
    """The traces of good and bad entries as one table, the rows of the entries, and which of them are bad ones."""
    table = SpanColumns.of(Trace(entry.trace_id, tree.spans) for tree, entry in (*good, *bad))
    rows = {(span.trace_id, span.span_id): row for row, span in enumerate(table.origin)}
    entries = {
        rows[entry.trace_id, entry.span_id]: is_bad
        for pairs, is_bad in ((good, False), (bad, True))
        for _, entry in pairs
    }
    at = np.array(sorted(entries), np.int32)
    return table, at, np.array([entries[int(row)] for row in at], bool)


def comparable(good: Entries, threshold: float) -> Entries:
    """The good requests that are as slow as bad ones, if they are common at any time; else all."""
    slow = [one for one in good if one[1].duration > threshold]
    if not threshold or len(slow) < ENOUGH:
        return good
    ordered = sorted(good, key=lambda one: (one[1].start, one[1].span_id))
    stretches = [
        ordered[len(ordered) * at // STRETCHES : len(ordered) * (at + 1) // STRETCHES] for at in range(STRETCHES)
    ]
    shares = [sum(entry.duration > threshold for _, entry in one) / len(one) for one in stretches if one]
    # The middle one: what is found late begins in what was taken for good times.
    return slow if median(shares) >= COMMON else good
