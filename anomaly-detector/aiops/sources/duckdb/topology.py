"""The calls between services, from spans: the TopologySource."""

from aiops.model import VIRTUAL, Edge, Window
from aiops.sources.duckdb import called
from aiops.sources.duckdb.partitions import HOUR_NS, SPANS, Partitions
from aiops.sources.duckdb.span_sums import REMEMBER_NS
from aiops.sources.duckdb.store import Store


class EmbeddedTopology:
    """Edges from client spans, and from spans whose parent belongs to another service without a client span between
    them.

    A callee that has sent no span since an hour before the window is virtual. Streams count as calls, but not for
    latency.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def edges(self, window: Window) -> list[Edge]:
        """Return the edges with calls that ended in the window, by caller and callee. Raises SourceError."""
        start, end = round(window.start * 1e9) + 1, round(window.end * 1e9)

        def sql(partitions: Partitions) -> str:
            children = partitions.relation(SPANS, start, end)
            parents = partitions.relation(SPANS, start - REMEMBER_NS, end + REMEMBER_NS)
            lately = partitions.relation(SPANS, start - HOUR_NS, end + REMEMBER_NS)
            return f"""
                WITH calls AS (
                    SELECT caller, callee, took, failed, streams
                    FROM {called.relation(partitions, start, end, self._store.several)}
                    WHERE callee <> '' AND end_ns >= {start}
                    UNION ALL
                    SELECT r.service, own.service, child.end_ns - child.start_ns, child.failed,
                        coalesce(child.streams, false)
                    FROM {children} child
                    JOIN {parents} parent ON child.trace_hi = parent.trace_hi AND child.trace_lo = parent.trace_lo
                        AND child.parent_id = parent.span_id AND parent.kind NOT IN (3, 4)
                    JOIN resources r ON parent.resource = r.id JOIN resources own ON child.resource = own.id
                    WHERE child.parent_id <> 0 AND child.resource <> parent.resource AND r.service <> own.service
                ), senders AS (
                    SELECT DISTINCT r.service FROM {lately} s JOIN resources r ON s.resource = r.id
                )
                SELECT caller, callee, count(*) AS total, count(*) FILTER (failed) AS bad,
                    coalesce(avg(took) FILTER (NOT streams) / 1e9, 0.0) AS latency,
                    callee IN (SELECT service FROM senders) AS sends
                FROM calls GROUP BY caller, callee ORDER BY caller, callee"""

        answers = self._store.answers
        answers.learn(self._store.query(lambda partitions: called.answered(partitions, start, end)))
        found = self._store.query(sql, remembered=answers.table(end))
        return [
            Edge(
                caller=row["caller"],
                callee=row["callee"],
                rate=row["total"] / window.seconds if window.seconds else 0.0,
                error_ratio=row["bad"] / row["total"],
                latency=row["latency"],
                connection="" if row["sends"] else VIRTUAL,
            )
            for row in found.to_pylist()
        ]
