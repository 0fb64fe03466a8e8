"""Sums over spans by step, with zeros where their sender was heard but sent no such spans."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from aiops.model import names
from aiops.model.arrays import Floats, Ints
from aiops.sources.common.grid import Grid
from aiops.sources.common.rows import Key, Requests
from aiops.sources.duckdb.columns import floats, ints, numbers, texts
from aiops.sources.duckdb.partitions import SPANS, Partitions
from aiops.sources.duckdb.store import Store

# A key seen within this time but not now, while its sender is heard, has zero requests; after it, it is absent.
REMEMBER_SECONDS: Final = 300.0
REMEMBER_NS: Final = int(REMEMBER_SECONDS * 1e9)
_BOUNDS_NS: Final = [round(bound * 1e9) for bound in names.DURATION_BOUNDS]


STREAMS: Final = -1
"""The slot of requests whose duration means nothing."""


def slot(duration: str) -> str:
    """Return SQL for the index of the bucket of a duration in nanoseconds."""
    return " + ".join(f"({duration} > {bound})::INTEGER" for bound in _BOUNDS_NS)


def summed(relation: str, by: Sequence[str], grid: Grid) -> str:
    """Return SQL that sums rows (by…, end_ns, took, failed, streams) by key, step and bucket; streams have none.

    Of rows before the start, which are many times more, only the newest time of each key is returned, as step -1.
    """
    keys = ", ".join(by)
    return f"""
        SELECT {keys}, {grid.sql("end_ns")} AS step,
            CASE WHEN streams THEN {STREAMS} ELSE {slot("took")} END AS slot, count(*) AS total,
            count(*) FILTER (failed) AS bad, sum(took)::DOUBLE AS nanoseconds, max(end_ns) AS last
        FROM {relation} WHERE end_ns > {grid.start_ns} GROUP BY ALL
        UNION ALL
        SELECT {keys}, -1 AS step, 0 AS slot, 0 AS total, 0 AS bad, 0.0 AS nanoseconds, max(end_ns) AS last
        FROM {relation} WHERE end_ns <= {grid.start_ns} GROUP BY ALL"""


def requests(store: Store, found: pa.Table, by: Sequence[str], sender: str, grid: Grid) -> Requests:
    """Make rows from the result of `summed`; a key may occur more than once in a step. `sender` is the label of `by`
    whose presence turns missing requests into zero; without it a step without requests is zero when anyone was heard.
    Streams count as requests with the mean duration of the others of their key and step; where there are no others, the
    duration is unknown."""
    out = Requests()
    keys: dict[Key, int] = {}
    columns = [texts(found, name) for name in by]
    rows = np.array([keys.setdefault(key, len(keys)) for key in zip(*columns, strict=True)], np.int64)
    step = ints(found, "step")
    if not keys:
        return out
    count = len(keys)
    last = np.zeros((count, grid.steps + 1), np.int64)
    np.maximum.at(last, (rows, step + 1), ints(found, "last"))
    heard = heard_by(store, grid)
    nobody = np.zeros(grid.steps, bool)
    anyone = np.any(list(heard.values()), axis=0) if heard else nobody
    place = list(by).index(sender) if sender in by else None
    active = np.array([anyone if place is None else heard.get(key[place], nobody) for key in keys])
    zero = grid.quiet(last, active, REMEMBER_SECONDS)

    def table(values: Floats) -> Floats:
        sums = grid.sums(rows, step, values, count)
        sums[zero] = 0.0
        return sums

    total = table(floats(found, "total"))
    # Rows come in any order: whole nanoseconds have the same sum in each.
    bad = table(floats(found, "bad"))
    slots: Ints = ints(found, "slot")
    timed = slots != STREAMS
    counts = np.where(timed, floats(found, "total"), 0.0)
    seconds = table(np.where(timed, floats(found, "nanoseconds"), 0.0)) / 1e9
    buckets = [table(np.where(slots <= place, counts, 0.0)) for place in range(len(names.DURATION_BOUNDS))]
    if not timed.all():
        others = table(counts)
        scale = np.divide(total, others, out=np.full_like(total, np.nan), where=others > 0)
        scale[total == 0] = 1.0
        seconds, buckets = seconds * scale, [one * scale for one in buckets]
    for key, row in keys.items():
        if np.isnan(total[row]).all():
            continue
        out.total[key], out.bad[key], out.seconds[key] = total[row], bad[row], seconds[row]
        for bound, counts in zip(names.DURATION_BOUNDS, buckets, strict=True):
            out.buckets[key, bound] = counts[row]
        out.buckets[key, np.inf] = total[row]
    return out


def heard_by(store: Store, grid: Grid) -> dict[str, Floats]:
    """Return by service in which steps it sent any span, `(steps,)` booleans."""

    def sql(partitions: Partitions) -> str:
        spans = partitions.relation(SPANS, grid.start_ns + 1, grid.end_ns)
        return f"""
            SELECT r.service, steps.step FROM
            (SELECT DISTINCT resource, {grid.sql("end_ns")} AS step FROM {spans}) steps
            JOIN resources r ON steps.resource = r.id"""

    found = store.query(sql)
    out: dict[str, Floats] = {}
    for service, step in zip(texts(found, "service"), numbers(found, "step"), strict=True):
        out.setdefault(service, np.zeros(grid.steps, bool))[step] = True
    return out
