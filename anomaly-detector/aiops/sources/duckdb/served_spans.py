"""Requests served, from spans, where no metric of the service counts them; sampled spans undercount."""

from collections.abc import Collection, Sequence
from typing import Final

import pyarrow as pa

from aiops.model import names
from aiops.sources.common.grid import Grid
from aiops.sources.common.rows import Requests
from aiops.sources.common.work import Work, covering
from aiops.sources.duckdb import served_metrics, span_sums
from aiops.sources.duckdb.partitions import SPANS, Partitions
from aiops.sources.duckdb.store import Store

# The same as `work.of_span`. Attributes are read only where method and status do not decide.
_WORK: Final = f"""CASE WHEN kind = 5 THEN '{Work.CONSUMER}'
    WHEN method <> '' OR http_status <> 0 OR contains(attributes, '"{names.HTTP_ROUTE}":') THEN '{Work.HTTP}'
    WHEN contains(attributes, '"{names.RPC_METHOD}":') THEN '{Work.RPC}' ELSE '{Work.OTHER}' END"""


def served(store: Store, by: Sequence[str], grid: Grid, without: Collection[tuple[str, Work]]) -> Requests:
    """Count spans of kind SERVER and CONSUMER by their end, and by a choice of service, route, method, http_status.

    `without` are services with the kind of operation that their metrics count.
    """
    # Only spans of these services need their kind of operation.
    work = f"CASE WHEN resource IN (SELECT id FROM reporting) THEN {_WORK} ELSE '' END" if without else "''"

    def sql(partitions: Partitions) -> str:
        spans = partitions.relation(SPANS, grid.start_ns - span_sums.REMEMBER_NS, grid.end_ns)
        told = "* REPLACE (coalesce(streams, false) AS streams)"
        served = f"(SELECT {told}, end_ns - start_ns AS took, {work} AS work FROM {spans} WHERE kind IN (2, 5))"
        # Services are looked up for the sums, and not for every span.
        keys = ["resource", "work", *(name for name in by if name != names.SERVICE)]
        columns = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in by)
        return f"""
            WITH reporting AS (
                SELECT id FROM resources WHERE service IN (SELECT service FROM without)
            )
            SELECT {columns}, step, slot, total, bad, nanoseconds, last
            FROM ({span_sums.summed(served, keys, grid)}) sums JOIN resources r ON sums.resource = r.id
            WHERE (r.service, sums.work) NOT IN (SELECT (service, work) FROM without)
            AND NOT (r.service = '{names.OTHER}' AND r.id IN {served_metrics.REPORTING})"""

    # `other` stands for many services: each of their processes reports for itself.
    excluded = sorted(
        {(service, work) for service, of in without for work in Work if of in covering(work) and service != names.OTHER}
    )
    table = pa.table(
        {
            "service": pa.array([service for service, _ in excluded], pa.string()),
            "work": pa.array([str(work) for _, work in excluded], pa.string()),
        }
    )
    return span_sums.requests(store, store.query(sql, without=table), by, names.SERVICE, grid)
