"""Requests as their callers saw them: client spans, and whom they called."""

from collections.abc import Sequence

from aiops import names
from aiops.sources.common.grid import Grid
from aiops.sources.common.rows import Requests
from aiops.sources.embedded import span_sums
from aiops.sources.embedded.partitions import SPANS, Partitions
from aiops.sources.embedded.span_sums import REMEMBER_NS
from aiops.sources.embedded.store import Store


def relation(partitions: Partitions, start_ns: int, end_ns: int) -> str:
    """SQL for client and producer spans that ended in [start - 5 min, end], with caller and callee.

    The callee is the name that the caller gave (peer.service), else the service of the span on the other side, else the
    service that lately answered this caller at that address (a service that died keeps its name), else the address.
    """
    clients = partitions.relation(SPANS, start_ns - REMEMBER_NS, end_ns)
    servers = partitions.relation(SPANS, start_ns - 2 * REMEMBER_NS, end_ns + REMEMBER_NS)
    return f"""(
        WITH client AS (
            SELECT s.trace_hi, s.trace_lo, s.span_id, s.end_ns, s.end_ns - s.start_ns AS took, s.failed, s.method,
                s.peer, s.address, r.service AS caller
            FROM {clients} s JOIN resources r ON s.resource = r.id WHERE s.kind IN (3, 4)
        ), server AS (
            SELECT s.trace_hi, s.trace_lo, s.parent_id AS span_id, min(r.service) AS service
            FROM {servers} s JOIN resources r ON s.resource = r.id WHERE s.kind IN (2, 5) AND s.parent_id <> 0
            GROUP BY ALL
        ), paired AS (
            SELECT client.*, server.service FROM client LEFT JOIN server USING (trace_hi, trace_lo, span_id)
        ), learned AS (
            SELECT caller, address, min(service) AS service FROM paired
            WHERE address <> '' AND service IS NOT NULL GROUP BY caller, address
            HAVING count(DISTINCT service) = 1
        )
        SELECT paired.* EXCLUDE (service), coalesce(
            nullif(peer, ''), paired.service, learned.service, nullif(address, ''), '') AS callee
        FROM paired LEFT JOIN learned USING (caller, address)
    )"""


def called(store: Store, by: Sequence[str], grid: Grid) -> Requests:
    """Count client spans by `by`, a choice of caller and callee, by their end."""

    def sql(partitions: Partitions) -> str:
        calls = f"SELECT * FROM {relation(partitions, grid.start_ns, grid.end_ns)} WHERE callee <> ''"
        return f"WITH calls AS MATERIALIZED ({calls}) {span_sums.summed('calls', by, grid)}"

    return span_sums.requests(store, store.query(sql), by, names.CALLER, grid)
