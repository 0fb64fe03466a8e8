"""The critical path: what a request waited for at each moment, so that its time is divided and nothing counts twice.

Going back from the end of a request, it waits for the call that ends last, before that one began for the call that
ended last until then, and so on; between them it works itself. See docs/methods.md, The evidence of a cause.
"""

import numpy as np

from aiops.explain.requests import RequestWork
from aiops.explain.table import RowNumbers, SpanColumns
from aiops.explain.waits import Waits, awaited_moments
from aiops.model.arrays import Floats


def critical_seconds(requests: RequestWork) -> Floats:
    """For each row that works for a request: seconds in which the request waited for this row itself, not for what it
    calls. Those of a request add up to its duration."""
    table, waits = requests.table, requests.waits
    part = _critical_parts(table, waits)
    above = waits.caller.copy()
    part[requests.entries], above[requests.entries] = 1.0, -1
    while (above >= 0).any():  # the product along each chain of callers
        at = np.maximum(above, 0)
        part = np.where(above >= 0, part * part[at], part)
        above = np.where(above >= 0, above[at], -1)
    return waits.own[requests.rows] * part[requests.rows]


def _critical_parts(table: SpanColumns, waits: Waits) -> Floats:
    """The part of each row's duration in which its caller waited for it and for no call that ended later, 0 to 1."""
    begin, end = awaited_moments(table, waits.kind, waits.caller)
    rows: RowNumbers = np.flatnonzero(waits.caller >= 0)
    parts = np.zeros(len(table))
    if not len(rows):
        return parts
    rows = rows[np.lexsort((begin[rows], -end[rows], waits.caller[rows]))]
    of = waits.caller[rows]
    room = table.duration[of]
    begin, end = (np.divide(one[rows], room, out=np.zeros(len(rows)), where=room > 0) for one in (begin, end))
    first = np.r_[True, of[1:] != of[:-1]]
    group = np.cumsum(first) - 1
    # The earliest begin so far within each group: the groups are lowered apart, so that one running minimum serves all.
    earliest = np.minimum.accumulate(begin - 2.0 * group) + 2.0 * group
    before = np.where(first, 1.0, np.r_[1.0, earliest[:-1]])
    seconds = room * np.maximum(0.0, np.minimum(end, before) - begin)
    parts[rows] = np.divide(seconds, table.duration[rows], out=np.zeros(len(rows)), where=table.duration[rows] > 0)
    return parts
