"""How often calls are made: what a caller costs by calling more often than usual.

See docs/methods.md, Where the time goes.
"""

from collections import defaultdict
from typing import Final

import numpy as np

from aiops.explain.own import Places
from aiops.explain.requests import RequestWork, medians, paired
from aiops.explain.table import RowNumbers
from aiops.model import Cause, SpanKind
from aiops.model.arrays import Floats

Z: Final = 4.0
"""Standard errors by which a rate of calls must be higher."""
USUAL: Final = 0.2
"""Part of the good visits that make more calls than the usual number."""


def more_calls(requests: RequestWork, named: Places) -> dict[Cause, tuple[float, float]]:
    """Seconds a bad request that calls cost which each place makes more often than usual, and the standard error.

    A call costs what it usually takes: what it takes longer is slowness, and belongs to where it is slow. Failed calls
    do not count, for their repetition is no habit.
    """
    table, waits, bad = requests.table, requests.waits, requests.is_bad
    position = np.full(len(table), -1, np.int32)
    position[requests.rows] = np.arange(len(requests.rows), dtype=np.int32)
    serving = position[waits.serving[requests.rows]]
    call = (waits.kind[requests.rows] == SpanKind.CLIENT) & ~table.failed[requests.rows] & (serving >= 0)
    made, visit = np.flatnonzero(call), serving[call]
    if not len(made):
        return {}
    rows, server = requests.rows[made], waits.server[requests.rows[made]]
    answered = server >= 0
    other = np.where(answered, table.service[server], table.peer[rows])
    what = np.where(answered & (table.route[server] > 0), table.route[server], table.name[rows])
    words, work = len(table.words), named.work[visit]
    kind = np.unique(paired(paired(work, other, words), what, words), return_inverse=True)[1].astype(np.int32)
    kinds = int(kind.max()) + 1
    caller = np.zeros(kinds, np.int32)
    caller[kind] = work
    seconds = table.duration[rows] * requests.waited[made]
    cost, new = (medians(kind[side], seconds[side], kinds) for side in (~bad[made], bad[made]))
    cost = np.where(np.isnan(cost), new, cost)
    pairs, number = np.unique(paired(kind, visit, len(requests.rows)), return_counts=True)
    of, by = (pairs // len(requests.rows)).astype(np.int32), (pairs % len(requests.rows)).astype(np.int32)
    weight, at_work = requests.weight[requests.entry], waits.serving[requests.rows] == requests.rows
    good_visits = np.bincount(named.work[at_work & ~bad], minlength=len(named.causes))[caller]
    sums = [_sums(named.work[side], weight[side], caller) for side in (at_work & ~bad, at_work & bad)]
    times = number.astype(float)
    # Within the usual number of calls, more of them may be another mix of requests, which is nobody's fault.
    times = np.maximum(0.0, times - _usually(of[~bad[by]], times[~bad[by]], good_visits)[of])
    sides = zip((~bad[by], bad[by]), sums, strict=True)
    rates = [_rate(of[side], times[side], weight[by[side]], all_) for side, all_ in sides]
    more, error = rates[1][0] - rates[0][0], np.hypot(rates[0][1], rates[1][1])
    a_request = cost * sums[1][0]
    told = (more >= Z * error) & (more > 0)
    out: dict[Cause, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for one in np.flatnonzero(told).tolist():
        seconds_, error_ = out[named.causes[caller[one]]]
        more_, wrong = float(more[one] * a_request[one]), float(error[one] * a_request[one])
        out[named.causes[caller[one]]] = seconds_ + more_, float(np.hypot(error_, wrong))
    return dict(out)


def _sums(work: RowNumbers, weight: Floats, caller: RowNumbers) -> tuple[Floats, Floats]:
    """Weights of all visits to the caller of each kind, and their squares; shape (kinds,) each."""
    count = int(max(work.max(initial=0), caller.max(initial=0))) + 1
    whole, squares = (np.bincount(work, weight**power, count).astype(float)[caller] for power in (1, 2))
    return whole, squares


def _rate(of: RowNumbers, times: Floats, weight: Floats, all_: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """How many calls of each kind a visit makes, and the standard error; shape (kinds,). times, weight: of visits that
    make any; all_: sums of the weights, and of their squares, of all visits that may."""
    kinds, squares = len(all_[0]), all_[1]
    whole = np.where(all_[0] > 0, all_[0], 1.0)
    mean = np.bincount(of, weight * times, kinds) / whole
    first, second = (np.bincount(of, weight**2 * times**power, kinds) for power in (1, 2))
    spread = np.maximum(second - 2 * mean * first + mean**2 * squares, 0.0) / whole**2
    # One call more or less is always possible: a rate that was never seen to vary is not certain.
    n = np.where(squares > 0, whole**2 / np.where(squares > 0, squares, 1.0), 1.0)
    return mean, np.sqrt(spread + 1.0 / n**2)


def _usually(of: RowNumbers, times: Floats, visits: RowNumbers) -> Floats:
    """How often a good visit makes each kind of call at most, but for few of them; at least once."""
    order = np.lexsort((-times, of))
    cut = np.searchsorted(of[order], np.arange(len(visits) + 1))
    skip = np.floor(USUAL * visits).astype(int)
    inside = skip < np.diff(cut)
    if not len(times):
        return np.ones(len(visits))
    most = times[order][np.minimum(cut[:-1] + skip, len(times) - 1)]
    return np.where(inside, np.maximum(most, 1.0), 1.0)
