"""How many spans and points came from each service, by their own time."""

from typing import Final

import numpy as np

from aiops.model.arrays import Floats
from aiops.sources.common.grid import Grid
from aiops.sources.duckdb.columns import floats, ints, texts
from aiops.sources.duckdb.partitions import LOST_TABLE, POINTS, SPANS, Partitions
from aiops.sources.duckdb.store import Store

# A service heard within this time that sends nothing while others do counts as zero.
REMEMBER_SECONDS: Final = 600.0


def arrivals(store: Store, grid: Grid) -> dict[str, Floats]:
    """Count by service and step, `(steps,)`, including rejected ones; NaN before a service was heard and where nobody
    was."""
    start = grid.start_ns - int(REMEMBER_SECONDS * 1e9)

    def sql(partitions: Partitions) -> str:
        spans, points = partitions.relation(SPANS, start, grid.end_ns), partitions.relation(POINTS, start, grid.end_ns)
        lost = partitions.relation(LOST_TABLE, start, grid.end_ns)
        return f"""
            WITH sent AS (
                SELECT resource, {grid.sql("end_ns")} AS step, count(*) AS count, max(end_ns) AS last
                FROM {spans} GROUP BY ALL
                UNION ALL
                SELECT se.resource, p.step, p.count, p.last FROM
                (SELECT series, {grid.sql("time_ns")} AS step, count(*) AS count, max(time_ns) AS last
                FROM {points} GROUP BY ALL) p JOIN series se ON p.series = se.id
            ), told AS (
                SELECT r.service, step, count, last FROM sent JOIN resources r ON sent.resource = r.id
                UNION ALL
                SELECT service, {grid.sql("at_ns")} AS step, count, at_ns AS last FROM {lost}
            )
            SELECT service, step, sum(count)::DOUBLE AS count, max(last) AS last FROM told GROUP BY ALL"""

    found = store.query(sql)
    services: dict[str, int] = {}
    rows = np.array([services.setdefault(name, len(services)) for name in texts(found, "service")], np.int64)
    if not services:
        return {}
    step = ints(found, "step")
    counts = grid.sums(rows, step, floats(found, "count"), len(services))
    last = np.zeros((len(services), grid.steps + 1), np.int64)
    np.maximum.at(last, (rows, step + 1), ints(found, "last"))
    anyone = np.broadcast_to((~np.isnan(counts)).any(axis=0), counts.shape)
    counts[grid.quiet(last, anyone, REMEMBER_SECONDS)] = 0.0
    return {service: counts[row] for service, row in services.items()}
