"""Who answers for the time of each span: a service's own work, the way to another service, or what sends no spans."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.explain.requests import RequestWork, distinct_codes
from aiops.explain.table import RowNumbers
from aiops.model import Cause, CauseKind, SpanKind

KINDS: Final = (CauseKind.LATENCY, CauseKind.NETWORK, CauseKind.LATENCY)


@dataclass(frozen=True, slots=True)
class Places:
    """Places of the time of r rows: `causes` names them, `at` is the position of each row's.

    A request's own time belongs to its service and route. That of a call belongs to the way between the two services
    where the other one answered, and to the callee where it sends no spans, such as a database. Other time of a span
    belongs to the request that it serves. work: the place of that request, for every row.
    """

    causes: tuple[Cause, ...]
    at: RowNumbers
    work: RowNumbers


def places(requests: RequestWork) -> Places:
    """Name the place of every row."""
    table, waits, rows = requests.table, requests.waits, requests.rows
    serving, server, none = waits.serving[rows], waits.server[rows], np.zeros(len(rows), np.int32)
    call = waits.kind[rows] == SpanKind.CLIENT
    answered = call & (server >= 0)
    outside = call & ~answered & (table.peer[rows] > 0)
    title = np.where(table.route[serving] > 0, table.route[serving], table.name[serving])
    own = (none, table.service[serving], title, table.method[serving], none)
    mine = (
        np.where(answered, 1, np.where(outside, 2, 0)),
        np.where(answered, table.service[server], np.where(outside, table.peer[rows], own[1])),
        np.where(answered, table.route[server], np.where(outside, table.statement[rows], title)),
        np.where(answered, table.method[server], np.where(outside, 0, own[3])),
        np.where(answered | outside, table.service[rows], 0),
    )
    columns = [np.concatenate(pair) for pair in zip(mine, own, strict=True)]
    codes = distinct_codes(columns)
    first, codes = np.unique(codes, return_index=True, return_inverse=True)[1:]
    causes = tuple(
        Cause(table.words[service], KINDS[kind], table.words[endpoint], table.words[method], table.words[caller])
        for kind, service, endpoint, method, caller in zip(*(one[first].tolist() for one in columns), strict=True)
    )
    return Places(causes, codes[: len(rows)].astype(np.int32), codes[len(rows) :].astype(np.int32))
