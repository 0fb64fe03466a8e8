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
from aiops.model.arrays import Bools, Floats

Z: Final = 4.0
"""Standard errors by which a rate of calls must be higher."""
USUAL: Final = 0.05
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
    at_work = waits.serving[requests.rows] == requests.rows
    good_visits, bad_visits = (
        np.bincount(named.work[at_work & side], minlength=len(named.causes))[caller] for side in (~bad, bad)
    )
    times = number.astype(float)
    # Within the usual number of calls, more of them may be another mix of requests, which is nobody's fault.
    times = np.maximum(0.0, times - _usually(of[~bad[by]], times[~bad[by]], good_visits)[of])
    more, error = _rates(of, times, bad[by], good_visits, bad_visits)
    a_request = cost * bad_visits / int(requests.bad.sum())
    told = (more >= Z * error) & (more > 0)
    out: dict[Cause, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for one in np.flatnonzero(told).tolist():
        seconds_, error_ = out[named.causes[caller[one]]]
        more_, wrong = float(more[one] * a_request[one]), float(error[one] * a_request[one])
        out[named.causes[caller[one]]] = seconds_ + more_, float(np.hypot(error_, wrong))
    return dict(out)


def _rates(
    of: RowNumbers, times: Floats, bad: Bools, good_visits: RowNumbers, bad_visits: RowNumbers
) -> tuple[Floats, Floats]:
    """How many calls more of each kind a bad visit makes than a good one, and the standard error; shape (kinds,)."""
    kinds = len(good_visits)
    means, errors = [], []
    for here, visits in ((bad, bad_visits), (~bad, good_visits)):
        n = np.maximum(visits, 1)
        mean = np.bincount(of[here], times[here], kinds) / n
        square = np.bincount(of[here], times[here] ** 2, kinds) / n
        means.append(mean)
        # One call more or less is always possible: a rate that was never seen to vary is not certain.
        errors.append((np.maximum(square - mean**2, 0.0) + 1.0 / n) / n)
    return means[0] - means[1], np.sqrt(errors[0] + errors[1])


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
