"""Requests served, from spans, for services that send no server metrics; sampled spans undercount."""

from collections.abc import Collection, Sequence

import pyarrow as pa

from aiops import names
from aiops.sources.embedded import span_sums
from aiops.sources.embedded.grid import Grid
from aiops.sources.embedded.partitions import SPANS, Partitions
from aiops.sources.embedded.rows import Requests
from aiops.sources.embedded.store import Store


def served(store: Store, by: Sequence[str], grid: Grid, without: Collection[str]) -> Requests:
    """Count spans of kind SERVER and CONSUMER by their end, and by a choice of service, route, method, http_status."""

    def sql(partitions: Partitions) -> str:
        spans = partitions.relation(SPANS, grid.start_ns - span_sums.REMEMBER_NS, grid.end_ns)
        return span_sums.summed(
            f"""(SELECT r.service, s.route, s.method, s.http_status, s.end_ns, s.end_ns - s.start_ns AS took, s.failed
                FROM {spans} s JOIN resources r ON s.resource = r.id
                WHERE s.kind IN (2, 5) AND r.service NOT IN (SELECT service FROM without))""",
            by,
            grid,
        )

    excluded = pa.table({"service": pa.array(sorted(without), pa.string())})
    return span_sums.requests(store, store.query(sql, without=excluded), by, names.SERVICE, grid)
