"""Requests served, from spans, for services that send no server metrics; sampled spans undercount."""

from collections.abc import Collection, Sequence

import pyarrow as pa

from aiops import names
from aiops.sources.common.grid import Grid
from aiops.sources.common.rows import Requests
from aiops.sources.embedded import span_sums
from aiops.sources.embedded.partitions import SPANS, Partitions
from aiops.sources.embedded.store import Store


def served(store: Store, by: Sequence[str], grid: Grid, without: Collection[str]) -> Requests:
    """Count spans of kind SERVER and CONSUMER by their end, and by a choice of service, route, method, http_status."""

    def sql(partitions: Partitions) -> str:
        spans = partitions.relation(SPANS, grid.start_ns - span_sums.REMEMBER_NS, grid.end_ns)
        told = "* REPLACE (coalesce(streams, false) AS streams), end_ns - start_ns AS took"
        served = f"(SELECT {told} FROM {spans} WHERE kind IN (2, 5))"
        # Services are looked up for what is summed, and not for every span.
        keys = ["resource", *(name for name in by if name != names.SERVICE)]
        columns = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in by)
        return f"""
            SELECT {columns}, step, slot, total, bad, nanoseconds, last
            FROM ({span_sums.summed(served, keys, grid)}) sums JOIN resources r ON sums.resource = r.id
            WHERE r.service NOT IN (SELECT service FROM without)"""

    excluded = pa.table({"service": pa.array(sorted(without), pa.string())})
    return span_sums.requests(store, store.query(sql, without=excluded), by, names.SERVICE, grid)
