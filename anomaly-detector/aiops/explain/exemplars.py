"""Requests to look at: bad ones that show the trouble, and good ones of the same kind to compare them with."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from aiops.explain.requests import RequestWork, distinct_codes
from aiops.explain.table import SpanColumns
from aiops.model import Exemplar
from aiops.model.safe import shortened

EXAMPLES: Final = 3
"""Examples of either side."""


def exemplars(requests: RequestWork, clearest: Sequence[str]) -> tuple[tuple[Exemplar, ...], tuple[Exemplar, ...]]:
    """Bad and good examples. The bad ones are of these traces, the clearest first; where none is, the longest.
    For each of them there is a good one of the same operation that did not fail, of those not taken yet the nearest to
    their median duration, where there is one left."""
    table, entries = requests.table, requests.entries
    ids = {trace: at for at, trace in reversed(list(enumerate(clearest)))}
    trace = [table.traces[number] for number in table.trace[entries].tolist()]
    seconds = table.duration[entries]
    kind = distinct_codes([column[entries] for column in (table.service, table.route, table.method, table.name)])
    order = sorted(
        np.flatnonzero(requests.bad).tolist(),
        key=lambda one: (ids.get(trace[one], len(ids)), -seconds[one], trace[one]),
    )
    bad = ([one for one in order if trace[one] in ids] or order)[:EXAMPLES]
    sound = ~requests.bad & ~table.failed[entries]
    good: list[int] = []
    for one in bad:
        alike = np.flatnonzero(sound & (kind == kind[one])).tolist()
        middle = float(np.median(seconds[alike])) if alike else 0.0
        left = sorted(
            (each for each in alike if each not in good), key=lambda each: (abs(seconds[each] - middle), trace[each])
        )
        good += left[:1]
    return tuple(_exemplar(table, int(entries[one])) for one in bad), tuple(
        _exemplar(table, int(entries[one])) for one in good
    )


def _exemplar(table: SpanColumns, row: int) -> Exemplar:
    span = table.span(row)
    return Exemplar(
        trace_id=span.trace_id,
        span_id=span.span_id if table.origin else "",
        service=shortened(span.service),
        operation=shortened(span.operation),
        start=span.start,
        seconds=float(table.duration[row]),
        failed=span.failed,
    )
