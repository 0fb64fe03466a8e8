"""Traces from the embedded store: the TraceSource."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

import pyarrow as pa

from aiops.model import Population, PopulationKind, Span, Trace, TraceQuery, TraceSummary, Window, iso
from aiops.sources.common import attributes, bounds, links
from aiops.sources.common.spans import NANO, span, unanswered
from aiops.sources.duckdb import called, searching
from aiops.sources.duckdb.columns import numbers, texts
from aiops.sources.duckdb.partitions import SPANS, Partitions
from aiops.sources.duckdb.searching import REACH_NS, bounds_ns, evenly, text
from aiops.sources.duckdb.store import Store

MOST_FOUND: Final = 1500
"""The most traces that one search finds: more points are not told apart in a drawing."""


class EmbeddedTraces:
    """Whole traces from DuckDB."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def search(self, query: TraceQuery, window: Window, limit: int, evenly: bool = False) -> list[TraceSummary]:
        """Find traces as `aiops.ports.TraceSource` says. Raises SourceError."""
        return searching.search(self._store, query, window, min(limit, self.most_found), evenly)

    @property
    def most_found(self) -> int:
        """The most traces that one search finds."""
        return MOST_FOUND

    def traces(self, ids: Sequence[str]) -> list[Trace]:
        """Read whole traces by id (32 hexadecimal digits), in the order asked; unknown ones are left out."""
        known = [int(one, 16) for one in ids if _is_id(one)]
        wanted = pa.table(
            {
                "trace_hi": pa.array([number >> 64 for number in known], pa.uint64()),
                "trace_lo": pa.array([number & (2**64 - 1) for number in known], pa.uint64()),
            }
        )
        return self._whole(wanted)

    def populations(self, wanted: Sequence[Population]) -> list[list[Trace]]:
        """Draw at most `limit` whole traces for each population, evenly over time slices of its window; repeated draws
        give the same traces.

        Within a slice the hash of the trace id decides, so that no pattern in time or in ids biases the draw.
        Populations of one window draw the same traces where possible; each is read once. A trace that continues others
        by links comes with their spans. A failed call that nobody answered gets the name of the service that such calls
        reached before.
        """
        drawn = [self._drawn(one) for one in wanted]
        found = [table for table in drawn if table.num_rows]
        if not found:
            return [[] for _ in wanted]
        whole = {trace.trace_id: trace for trace in self._whole(pa.concat_tables(found))}
        whole = self._called(whole)
        before = {one.trace_id: one for one in self.traces(links.sources_of(whole.values()))}
        whole = {trace_id: links.continued(trace, before | whole) for trace_id, trace in whole.items()}
        return [[whole[one] for one in _ids(table) if one in whole] for table in drawn]

    @property
    def store(self) -> str:
        """The name of the store for people."""
        return "the engine's own store"

    def described(self, wanted: Population) -> str:
        """Return the call of the API that answers the spans of the window: nobody but the engine can ask the store."""
        return f"GET /aiops/spans?since={iso(wanted.window.start)}&until={iso(wanted.window.end)}"

    def spans(self, window: Window, most: int) -> tuple[list[Span], bool]:
        """Return all spans that ended in the window, by their end. Raises TooMuch for more than `most`."""
        start, end = bounds_ns(window)
        table = self._store.query(
            lambda partitions: (
                f"""
            SELECT s.*, r.service, r.instance, r.version
            FROM {partitions.relation(SPANS, start, end)} s JOIN resources r ON s.resource = r.id
            ORDER BY s.end_ns, s.span_id LIMIT {int(most) + 1}"""
            )
        )
        bounds.check_spans(table.num_rows, most)
        resources = self._resources(table)
        rows = table.to_pylist()
        return [span(row, resources[row["resource"]], ()) for row in rows if row["resource"] in resources], True

    def _drawn(self, wanted: Population) -> pa.Table:
        """Return the ids of a population's traces, and the end of the span by which each was drawn."""
        start, end = bounds_ns(wanted.window)

        def sql(partitions: Partitions) -> str:
            source = (
                _of_callee(partitions, wanted, start, end, self._store.several)
                if wanted.callee
                else _served(partitions, wanted, start, end)
            )
            found = f"(SELECT trace_hi, trace_lo, min(end_ns) AS end_ns FROM {source} GROUP BY ALL)"
            return evenly(found, start, end, wanted.limit)

        return self._store.query(sql, remembered=self._store.answers.table(end))

    def _called(self, whole: dict[str, Trace]) -> dict[str, Trace]:
        """Return the same traces; failed calls that nobody answered get the name of the service that such calls reached
        before."""
        asking = [span for trace in whole.values() for span in unanswered(trace)]
        if not asking:
            return whole
        start, end = (round(choose(one.end for one in asking) * NANO) for choose in (min, max))
        low = ", ".join(sorted({str(int(one.trace_id[16:], 16)) for one in asking}))
        found = self._store.query(
            lambda partitions: (
                f"""
            SELECT span_id, min(callee) AS callee
            FROM {called.relation(partitions, start, end, self._store.several)}
            WHERE trace_lo IN ({low}) AND callee <> '' GROUP BY span_id HAVING count(DISTINCT callee) = 1"""
            ),
            remembered=self._store.answers.table(end),
        )
        callees = dict(zip(numbers(found, "span_id"), texts(found, "callee"), strict=True))
        peers = {one.span_id: callees.get(int(one.span_id, 16), one.peer) for one in asking}
        return {
            trace_id: replace(
                trace, spans=tuple(replace(one, peer=peers.get(one.span_id, one.peer)) for one in trace.spans)
            )
            for trace_id, trace in whole.items()
        }

    def _whole(self, wanted: pa.Table) -> list[Trace]:
        """Read the spans of the traces in a table (trace_hi, trace_lo, and optionally end_ns to search only near it):
        all of them, but of huge traces only the failed ones and then the longest."""
        if not wanted.num_rows:
            return []
        order = list(dict.fromkeys(zip(numbers(wanted, "trace_hi"), numbers(wanted, "trace_lo"), strict=True)))
        reach: tuple[int, ...] = ()
        if "end_ns" in wanted.column_names:
            ends = numbers(wanted, "end_ns")
            reach = (min(ends) - REACH_NS, max(ends) + REACH_NS)
        # As constants, so that the scan skips what cannot match before it reads the wide columns.
        low = ", ".join(str(number) for number in sorted({low for _, low in order}))
        most = bounds.spans_each(len(order))
        table = self._store.query(
            lambda partitions: (
                f"""
            SELECT s.*, r.service, r.instance, r.version, count(*) OVER (PARTITION BY trace_hi, trace_lo) AS size
            FROM {partitions.relation(SPANS, *reach)} s JOIN resources r ON s.resource = r.id
            WHERE s.trace_lo IN ({low})
            QUALIFY row_number() OVER (
                PARTITION BY trace_hi, trace_lo ORDER BY failed DESC, end_ns - start_ns DESC, start_ns, span_id
            ) <= {most}
            ORDER BY s.start_ns, s.span_id"""
            )
        )
        resources = self._resources(table)
        spans: dict[tuple[int, int], list[Span]] = {key: [] for key in order}
        sizes: dict[tuple[int, int], int] = {}
        for row in table.to_pylist():
            key, resource = (row["trace_hi"], row["trace_lo"]), resources.get(row["resource"])
            # A span without its resource was dropped, as too old, between the two queries.
            if key in spans and resource is not None:
                spans[key].append(span(row, resource, self._store.several))
                sizes[key] = row["size"]
        return [
            Trace(f"{key[0]:016x}{key[1]:016x}", tuple(found), max(0, sizes[key] - len(found)))
            for key, found in spans.items()
            if found
        ]

    def _resources(self, spans: pa.Table) -> dict[int, dict[str, str]]:
        table = self._store.query(
            lambda _: "SELECT id, attributes FROM resources SEMI JOIN wanted USING (id)",
            wanted=pa.table({"id": spans.column("resource").unique()}),
        )
        rows = zip(numbers(table, "id"), texts(table, "attributes"), strict=True)
        return {key: attributes.parse(text) for key, text in rows}


def _ids(table: pa.Table) -> list[str]:
    pairs = zip(numbers(table, "trace_hi"), numbers(table, "trace_lo"), strict=True)
    return [f"{hi:016x}{lo:016x}" for hi, lo in pairs]


def _served(partitions: Partitions, wanted: Population, start: int, end: int) -> str:
    conditions = ["s.kind IN (2, 5)", f"r.service = {text(wanted.service)}", _kind(wanted, "s.end_ns - s.start_ns")]
    if wanted.method:
        conditions.append(f"s.method IN ({text(wanted.method)}, '')")
    spans = (
        f"SELECT s.*{_fit(wanted.route)} FROM {partitions.relation(SPANS, start, end)} s "
        f"JOIN resources r ON s.resource = r.id WHERE {' AND '.join(conditions)}"
    )
    if not wanted.route:
        return f"({spans})"
    # Spans with a worse fit are used only where none has a better one.
    return f"(SELECT * FROM ({spans}) WHERE fit IS NOT NULL QUALIFY fit = min(fit) OVER ())"


def _fit(route: str) -> str:
    """Return SQL for how well a span fits a route, 0 best, as `Span.goes_by` defines it; null where it does not."""
    if not route:
        return ""
    whole, bare = text(route), text(f"/{route.strip('/')}")
    mine = "concat('/', trim(s.route, '/'))"
    mounted = f"'/' NOT IN ({mine}, {bare}) AND (ends_with({mine}, {bare}) OR ends_with({bare}, {mine}))"
    named = f"s.route = '' AND (s.name = {whole} OR ends_with(s.name, {text(f' {route}')}))"
    return f", CASE WHEN s.route = {whole} THEN 0 WHEN {named} THEN 1 WHEN {mounted} THEN 2 END AS fit"


def _of_callee(partitions: Partitions, wanted: Population, start: int, end: int, several: Collection[str]) -> str:
    conditions = [
        f"end_ns >= {start}",
        f"caller = {text(wanted.service)}",
        f"callee = {text(wanted.callee)}",
        _kind(wanted, "took"),
    ]
    if wanted.method:
        conditions.append(f"method = {text(wanted.method)}")
    return f"(SELECT * FROM {called.relation(partitions, start, end, several)} WHERE {' AND '.join(conditions)})"


def _kind(wanted: Population, took: str) -> str:
    threshold = round(wanted.threshold * NANO)
    match wanted.kind:
        case PopulationKind.FAILED:
            return "failed"
        case PopulationKind.SLOW:
            return f"{took} > {threshold}"
        case PopulationKind.GOOD:
            return f"NOT failed AND {took} <= {threshold}" if threshold else "NOT failed"
        case PopulationKind.ANY:
            return "TRUE"


def _is_id(text: str) -> bool:
    return 0 < len(text) <= 32 and all(digit in "0123456789abcdefABCDEF" for digit in text)
