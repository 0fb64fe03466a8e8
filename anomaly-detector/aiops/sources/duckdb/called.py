"""Requests as their callers saw them: client spans and their callees."""

from collections.abc import Collection, Sequence

from aiops.model import names
from aiops.sources.common.grid import Grid
from aiops.sources.common.rows import Requests
from aiops.sources.duckdb import span_sums
from aiops.sources.duckdb.partitions import SPANS, Partitions
from aiops.sources.duckdb.span_sums import REMEMBER_NS
from aiops.sources.duckdb.store import Store


def relation(partitions: Partitions, start_ns: int, end_ns: int, several: Collection[str]) -> str:
    """Return SQL for client and producer spans that ended in [start - 5 min, end], with caller and callee. A query that
    uses it needs the table `remembered` (see `Answers`).

    The callee is the name that the caller gave (peer.service), else the service of the span on the other side: a child,
    a span that links to it, or the consumer of the destination of its message. Otherwise it is the service that last
    answered this caller at that address (a service that died keeps its name), or the service that the same calls
    reached before, if the span has no address or failed at an address that never answered; else the address. A message
    that several services consume is a call of each. A call is a stream where either side says so. For the systems in
    `several`, databases are named by their whole address.
    """
    return f"""(
        WITH {_paired(partitions, start_ns, end_ns)}, consuming AS (
            SELECT DISTINCT destination, service FROM serving WHERE kind = 5 AND destination <> ''
        ), known AS (
            SELECT caller, address, destination, name, service FROM answered
            UNION ALL
            SELECT caller, address, destination, name, service
            FROM remembered ANTI JOIN answered USING (caller, address, destination, name)
        ), told AS (
            SELECT paired.* EXCLUDE (service), coalesce(
                nullif(peer, ''), paired.service, consuming.service, learned.service,
                CASE WHEN paired.address = '' OR failed THEN same.service END, paired.address) AS reached
            FROM paired
            LEFT JOIN consuming ON paired.kind = 4 AND paired.peer = '' AND paired.service IS NULL
                AND paired.destination <> '' AND paired.destination = consuming.destination
            LEFT JOIN known learned ON paired.service IS NULL AND paired.address <> '' AND learned.name = ''
                AND learned.caller = paired.caller AND learned.address = paired.address
                AND learned.destination = paired.destination
            LEFT JOIN known same ON paired.service IS NULL AND same.name <> ''
                AND same.caller = paired.caller AND same.name = paired.name
        )
        SELECT *, {_shown("reached", several)} AS callee FROM told
    )"""


def answered(partitions: Partitions, start_ns: int, end_ns: int) -> str:
    """Return SQL for what `Answers` learns from the calls of a window."""
    return f"WITH {_paired(partitions, start_ns, end_ns)} SELECT * FROM answered"


def _paired(partitions: Partitions, start_ns: int, end_ns: int) -> str:
    """Return SQL for calls with the service that served each (`paired`), and for the service that answered a caller at
    an address or under a name; null where several did (`answered`)."""
    clients = partitions.relation(SPANS, start_ns - REMEMBER_NS, end_ns)
    servers = partitions.relation(SPANS, start_ns - 2 * REMEMBER_NS, end_ns + REMEMBER_NS)
    return f"""client AS (
            SELECT s.trace_hi, s.trace_lo, s.span_id, s.end_ns, s.end_ns - s.start_ns AS took, s.failed, s.method,
                s.name, s.kind, s.peer, s.address, coalesce(s.destination, '') AS destination,
                coalesce(s.streams, false) AS streams, r.service AS caller
            FROM {clients} s JOIN resources r ON s.resource = r.id WHERE s.kind IN (3, 4)
        ), serving AS MATERIALIZED (
            SELECT s.trace_hi, s.trace_lo, s.parent_id, s.kind, s.links, s.destination,
                coalesce(s.streams, false) AS streams, r.service
            FROM {servers} s JOIN resources r ON s.resource = r.id WHERE s.kind IN (2, 5)
        ), linked AS (
            SELECT unnest(links) AS link, service, streams FROM serving WHERE len(links) > 0
        ), server AS (
            SELECT trace_hi, trace_lo, parent_id AS span_id, min(service) AS service,
                bool_or(streams) AS streams
            FROM serving WHERE kind = 2 AND parent_id <> 0 GROUP BY ALL
            UNION
            SELECT trace_hi, trace_lo, parent_id, service, streams FROM serving WHERE kind = 5 AND parent_id <> 0
            UNION
            SELECT link.trace_hi, link.trace_lo, link.span_id, service, streams FROM linked
        ), paired AS MATERIALIZED (
            SELECT client.* REPLACE (client.streams OR coalesce(server.streams, false) AS streams), server.service
            FROM client LEFT JOIN server USING (trace_hi, trace_lo, span_id)
        ), answered AS MATERIALIZED (
            SELECT caller, address, destination, '' AS name,
                CASE WHEN count(DISTINCT service) = 1 THEN min(service) END AS service, max(end_ns) AS last
            FROM paired WHERE address <> '' AND service IS NOT NULL GROUP BY ALL
            UNION ALL
            SELECT caller, '' AS address, '' AS destination, name,
                CASE WHEN count(DISTINCT reached) = 1 THEN min(reached) END AS service, max(end_ns) AS last
            FROM (
                SELECT caller, name, end_ns, coalesce(nullif(peer, ''), service, nullif(address, '')) AS reached
                FROM paired WHERE kind = 3 AND NOT failed AND name NOT IN ('', method)
            ) WHERE reached IS NOT NULL GROUP BY ALL
        )"""


def _shown(reached: str, several: Collection[str]) -> str:
    """Return SQL for `callees.shown`."""
    system = f"split_part({reached}, '://', 1)"
    if not several:
        return system
    quoted = ", ".join("'" + one.replace("'", "''") + "'" for one in sorted(several))
    return f"CASE WHEN {system} IN ({quoted}) THEN {reached} ELSE {system} END"


def called(store: Store, by: Sequence[str], grid: Grid) -> Requests:
    """Count client spans by `by`, a choice of caller and callee, by their end."""

    def sql(partitions: Partitions) -> str:
        every = relation(partitions, grid.start_ns, grid.end_ns, store.several)
        calls = f"SELECT * FROM {every} WHERE callee <> ''"
        return f"WITH calls AS MATERIALIZED ({calls}) {span_sums.summed('calls', by, grid)}"

    found = store.query(sql, remembered=store.answers.table(grid.end_ns))
    return span_sums.requests(store, found, by, names.CALLER, grid)
