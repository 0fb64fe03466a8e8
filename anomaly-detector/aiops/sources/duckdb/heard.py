"""The names that the store already has, so that a restarted receiver continues to tell them apart.

The two halves run in two processes: the owner of the store reads the names, the receiver takes them in.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from aiops.model import names
from aiops.sources.common.caps import Roll

if TYPE_CHECKING:  # the receiver does not import DuckDB
    from aiops.sources.duckdb.store import Store

RECENT_NS: Final = 2 * 3600 * 1_000_000_000
"""Only the last spans are searched, because there are many."""

Heard = dict[str, list[Any]]


def read_heard(store: "Store", most: int) -> Heard:
    """Return the names, the most used first: routes and callees of services, processes, and `most` series. Raises
    SourceError."""
    from aiops.sources.duckdb.partitions import SPANS

    newest = round((store.newest() or 0.0) * 1e9)

    def rows(sql: str) -> list[Any]:
        def written(partitions: Any) -> str:
            return sql.format(spans=partitions.relation(SPANS, max(0, newest - RECENT_NS), newest))

        return [list(row.values()) for row in store.query(written).to_pylist()]

    of = "JOIN resources r ON {of}.resource = r.id WHERE r.service <> '" + names.OTHER + "'"
    spans, series = of.format(of="s"), of.format(of="se")
    summed = f"contains(attributes, '\"{names.OVERFLOW}\"')"
    return {
        "routes": rows(
            f"""
            SELECT service, route, method FROM (
                SELECT r.service, s.route, s.method, count(*) AS times FROM {{spans}} s {spans} AND s.kind IN (2, 5)
                GROUP BY ALL
                UNION ALL
                SELECT r.service, se.route, se.method, 0 FROM series se {series}
                AND se.metric IN ({", ".join(f"'{one}'" for one in names.SERVER_DURATION_METRICS)}) GROUP BY ALL
            ) WHERE route <> '{names.OTHER}' GROUP BY ALL ORDER BY sum(times) DESC, service, route, method"""
        ),
        "callees": rows(
            f"""
            SELECT service, unnest([peer, address]) AS name FROM (
                SELECT r.service, s.peer, s.address, count(*) AS times FROM {{spans}} s {spans} AND s.kind IN (3, 4)
                GROUP BY ALL ORDER BY times DESC, service, peer, address)"""
        ),
        "processes": rows("SELECT id, service FROM resources ORDER BY id"),
        "series": rows(f"SELECT resource, metric, id FROM series WHERE NOT {summed} ORDER BY id LIMIT {int(most)}"),
        "summed": rows(f"SELECT DISTINCT resource FROM series WHERE {summed}"),
    }


def place_heard(heard: Mapping[str, list[Any]], roll: Roll) -> None:
    """Give the names their places."""
    for resource, service in heard["processes"]:
        roll.process(resource)
        if service != names.OTHER:
            roll.service(service)
    for service, route, method in heard["routes"]:
        roll.route(service, route, method)
    for service, name in heard["callees"]:
        roll.callee(service, name)
    for resource, metric, series in heard["series"]:
        roll.series(resource, metric, series)
    roll.close(resource for (resource,) in heard["summed"])
    roll.folded()  # names beyond a limit were counted before
