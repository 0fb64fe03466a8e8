"""What requests call: kinds of calls that are missing or new in bad requests, in places where nothing failed.

A fault in the code of a service may change neither status nor time, only what is called. See docs/methods.md, What is
called.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.explain import wilson
from aiops.explain.own import Places
from aiops.explain.requests import Codes, RequestWork, paired
from aiops.explain.table import RowNumbers
from aiops.model import Cause, SpanKind
from aiops.model.arrays import Bools

RARE: Final = 3.0
"""Times as common as among good visits, from which what a visit calls is new."""
SEEN: Final = 3
"""Bad visits that must call so."""
CALLS = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewShape:
    """A place whose visits call something else than usual.

    share, usual: the part of bad and of good visits that call so; interval: of `share`, 95 %. missing, added: calls
    (peer and name) that the most common of these visits lacks, and has, beside the most common good visit. visits: how
    many bad visits were seen; entries: the bad entries with such a visit. significant: chance does not explain it.
    """

    cause: Cause
    share: float
    usual: float
    interval: tuple[float, float]
    missing: CALLS
    added: CALLS
    visits: int
    entries: RowNumbers
    significant: bool


def new_shapes(requests: RequestWork, named: Places) -> list[NewShape]:
    """Places with new shapes, the clearest first, suspects last."""
    table, waits, n = requests.table, requests.waits, len(requests.rows)
    if not n:
        return []
    position = np.full(len(table), -1, np.int32)
    position[requests.rows] = np.arange(n, dtype=np.int32)
    serving = position[waits.serving[requests.rows]]
    call = np.flatnonzero((waits.kind[requests.rows] == SpanKind.CLIENT) & (serving >= 0))
    rows, server = requests.rows[call], waits.server[requests.rows[call]]
    peer = np.where(table.peer[rows] > 0, table.peer[rows], np.where(server >= 0, table.service[server], 0))
    kinds, kind = np.unique(paired(peer, table.name[rows], len(table.words)), return_inverse=True)
    made = np.unique(paired(serving[call], kind, max(len(kinds), 1)))
    visit, what = (made // max(len(kinds), 1)), (made % max(len(kinds), 1))
    shape = np.zeros(n, np.uint64)
    np.add.at(shape, visit, _mixed(what))
    whole = ~_failing(requests)
    visits = np.flatnonzero((waits.serving[requests.rows] == requests.rows) & whole)
    found = []
    called: dict[int, list[int]] = {}
    for place, rows_ in _by_place(named.work[visits], visits):
        one = _at(requests, rows_, shape)
        if one is None:
            continue
        share, usual, low, high, significant, novel, example, common = one
        for row in (example, common):
            begin, end = np.searchsorted(visit, (row, row + 1))
            called[row] = [int(kinds[code]) for code in what[begin:end]]
        names = [{_named(requests, code) for code in called[row]} for row in (example, common)]
        found.append(
            NewShape(
                cause=named.causes[place],
                share=share,
                usual=usual,
                interval=(low, high),
                missing=tuple(sorted(names[1] - names[0])),
                added=tuple(sorted(names[0] - names[1])),
                visits=int(requests.is_bad[rows_].sum()),
                entries=np.unique(requests.entry[novel]),
                significant=significant,
            )
        )
    return sorted(found, key=lambda one: (not one.significant, -one.interval[0], str(one.cause)))


def _at(
    requests: RequestWork, visits: RowNumbers, shape: Codes
) -> tuple[float, float, float, float, bool, RowNumbers, int, int] | None:
    """At one place: share of new shapes among bad and good visits, the interval, whether chance does not explain it,
    bad visits that have one, and examples of a new and of the usual shape; None where no shape is new."""
    bad = requests.is_bad[visits]
    n_bad, n_good = int(bad.sum()), int((~bad).sum())
    if not n_bad or not n_good:
        return None
    shapes, first, of = np.unique(shape[visits], return_index=True, return_inverse=True)
    if len(shapes) < 2:
        return None
    now, before = (np.bincount(of[side], minlength=len(shapes)) for side in (bad, ~bad))
    new = now / n_bad > RARE * (before + 0.5) / (n_good + 1)
    share, usual = float(now[new].sum() / n_bad), float(before[new].sum() / n_good)
    # What was seen once may as well not have been seen: so much of what comes next is new by chance (Good 1953).
    unseen = float((before == 1).sum() / n_good)
    low, high = wilson.interval(share * n_bad, n_bad)
    if now[new].sum() < SEEN or share <= RARE * (usual + unseen):
        return None
    significant = low > RARE * wilson.interval((usual + unseen) * n_good, n_good)[1]
    here = new[of] & bad
    example = int(visits[first[np.argmax(np.where(new, now, -1))]])
    return share, usual, low, high, significant, visits[here], example, int(visits[first[np.argmax(before)]])


def _failing(requests: RequestWork) -> Bools:
    """Which of the rows failed, or waited for something that did: what they call then is a consequence."""
    table, waits = requests.table, requests.waits
    failed = table.failed.copy()
    for begin, end in zip(waits.levels[-2:0:-1], waits.levels[:1:-1], strict=True):
        rows = waits.order[begin:end]
        rows = rows[failed[rows]]
        above = np.where(waits.inner[rows], waits.work[rows], waits.caller[rows])
        failed[above[above >= 0]] = True
    return failed[requests.rows]


def _by_place(place: RowNumbers, visits: RowNumbers) -> list[tuple[int, RowNumbers]]:
    order = np.argsort(place, kind="stable")
    places, first = np.unique(place[order], return_index=True)
    return list(zip(places.tolist(), np.split(visits[order], first[1:]), strict=True))


def _named(requests: RequestWork, code: int) -> tuple[str, str]:
    words = requests.table.words
    return words[code // len(words)], words[code % len(words)]


def _mixed(codes: Codes) -> Codes:
    """Numbers spread over 64 bits, so that sums of few of them differ (splitmix64, Steele et al. 2014)."""
    value = (codes.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))
