"""Search for traces in the embedded store: which ones match, and a line about each. No whole trace is read: a few
narrow columns of the spans in the window, and then of the spans of the traces that were chosen."""

from typing import Any, Final

import orjson

from aiops.model import FoundSpan, TraceQuery, TraceSummary, Window
from aiops.sources.common.spans import NANO
from aiops.sources.duckdb.columns import numbers
from aiops.sources.duckdb.partitions import SPANS, Partitions
from aiops.sources.duckdb.store import Store

SLICES: Final = 12
"""Parts of a window of which some traces each are taken, where they are drawn evenly."""
REACH_NS: Final = 300 * NANO
"""How far, in time, the other spans of a trace may lie from the one that was found."""
_OPERATION: Final = "CASE WHEN s.route <> '' THEN trim(concat(s.method, ' ', s.route)) ELSE s.name END"


def bounds_ns(window: Window) -> tuple[int, int]:
    """Return the first and the last nanosecond inside the window (start, end]."""
    return round(window.start * NANO) + 1, round(window.end * NANO)


def text(value: str) -> str:
    """Quote a text for SQL."""
    return "'" + value.replace("'", "''") + "'"


def evenly(found: str, start: int, end: int, limit: int) -> str:
    """Return SQL for at most `limit` rows of a table (trace_hi, trace_lo, end_ns), evenly over slices of the time.

    Within a slice the hash of the trace id decides, so that no pattern in time or in ids biases the draw.
    """
    slice_ = f"(end_ns - {start}) // {max(end - start + 1, SLICES) // SLICES}"
    return f"""
        SELECT * EXCLUDE (slice, rank) FROM (
            SELECT *, {slice_} AS slice, row_number() OVER (
                PARTITION BY {slice_} ORDER BY hash(trace_hi, trace_lo), trace_hi, trace_lo
            ) AS rank FROM {found}
        ) ORDER BY rank, slice LIMIT {int(limit)}"""


def search(store: Store, query: TraceQuery, window: Window, limit: int, even: bool) -> list[TraceSummary]:
    """Find traces as `aiops.ports.TraceSource` says. Raises SourceError."""
    start, end = bounds_ns(window)
    chosen = store.query(lambda partitions: _chosen(partitions, query, (start, end), limit, even))
    if not chosen.num_rows:
        return []
    ends = numbers(chosen, "end_ns")
    reach = (min(ends) - REACH_NS, max(ends) + REACH_NS)
    table = store.query(lambda partitions: _told(partitions, query, (start, end), reach), chosen=chosen)
    rows = sorted(table.to_pylist(), key=lambda row: (-row["newest"], row["trace_hi"], row["trace_lo"]))
    return [_summary(row) for row in rows if row["at"] is not None]


def _chosen(partitions: Partitions, query: TraceQuery, over: tuple[int, int], limit: int, even: bool) -> str:
    """Return SQL for the traces that match, and when the last of their matching spans ended."""
    longest = "max(s.end_ns - s.start_ns)"
    having = [
        "NOT bool_or(s.failed)" if query.failed is False else "",
        f"{longest} >= {round(query.min_duration * NANO)}" if query.min_duration > 0 else "",
        f"{longest} <= {round(query.max_duration * NANO)}" if query.max_duration > 0 else "",
    ]
    found = f"""
        SELECT s.trace_hi, s.trace_lo, max(s.end_ns) AS end_ns
        FROM {partitions.relation(SPANS, *over)} s {_resources(query)}
        WHERE {_matches(query)} GROUP BY ALL HAVING {" AND ".join(filter(None, having)) or "TRUE"}"""
    if even:
        return evenly(f"({found})", *over, limit)
    return f"{found} ORDER BY max(s.end_ns) DESC, s.trace_hi, s.trace_lo LIMIT {int(limit)}"


def _resources(query: TraceQuery) -> str:
    """Join resources only where a condition needs them."""
    return "JOIN resources r ON s.resource = r.id" if query.service or query.attributes else ""


def _told(partitions: Partitions, query: TraceQuery, over: tuple[int, int], reach: tuple[int, int]) -> str:
    """Return SQL for a line about each chosen trace; its first span and the found one are structs."""
    matches = f"s.end_ns BETWEEN {over[0]} AND {over[1]} AND {_matches(query)}"
    told = "{'id': s.span_id, 'service': r.service, 'operation': %s, 'start_ns': s.start_ns, 'end_ns': s.end_ns, "
    told = told % _OPERATION + "'failed': s.failed, 'http_status': s.http_status}"
    return f"""
        SELECT s.trace_hi, s.trace_lo, any_value(c.end_ns) AS newest, min(s.start_ns) AS began, max(s.end_ns) AS ended,
            count(*) AS spans, bool_or(s.failed) AS failed,
            first({told} ORDER BY s.parent_id <> 0, s.start_ns, s.span_id) AS root,
            first({told} ORDER BY s.end_ns - s.start_ns DESC, s.start_ns, s.span_id) FILTER (WHERE {matches}) AS at
        FROM {partitions.relation(SPANS, *reach)} s JOIN resources r ON s.resource = r.id
        JOIN chosen c ON s.trace_hi = c.trace_hi AND s.trace_lo = c.trace_lo
        GROUP BY s.trace_hi, s.trace_lo"""


def _summary(row: dict[str, Any]) -> TraceSummary:
    root, at = row["root"], row["at"]
    return TraceSummary(
        trace_id=f"{row['trace_hi']:016x}{row['trace_lo']:016x}",
        root_service=root["service"],
        root_name=root["operation"],
        start=row["began"] / NANO,
        duration=(row["ended"] - row["began"]) / NANO,
        spans=row["spans"],
        failed=row["failed"],
        found=FoundSpan(
            span_id=f"{at['id']:016x}",
            service=at["service"],
            operation=at["operation"],
            start=at["start_ns"] / NANO,
            duration=(at["end_ns"] - at["start_ns"]) / NANO,
            failed=at["failed"],
            http_status=at["http_status"],
        ),
    )


def _matches(query: TraceQuery) -> str:
    """Return SQL for what `TraceQuery.holds` says of a span."""
    conditions = [
        f"r.service = {text(query.service)}" if query.service else "",
        f"{text(query.route)} IN (s.route, s.name, {_OPERATION})" if query.route else "",
        "s.failed" if query.failed else "",
        *(
            f"({_has('s.attributes', key, value)} OR {_has('r.attributes', key, value)})"
            for key, value in query.attributes
        ),
        _tells(query.text) if query.text else "",
    ]
    return " AND ".join(one for one in conditions if one) or "TRUE"


def _has(attributes: str, key: str, value: str) -> str:
    """Whether JSON of text by text has a pair: it stands behind a brace or a comma, and a quote that is not escaped."""
    pair = f"{_json(key)}:{_json(value)}"
    return f"(contains({attributes}, {text(',' + pair)}) OR starts_with({attributes}, {text('{' + pair)}))"


def _json(value: str) -> str:
    return orjson.dumps(value.encode(errors="replace").decode()).decode()


def _tells(part: str) -> str:
    places = ("s.name", "s.status_message", "s.exception_message")
    return "(" + " OR ".join(f"contains(lower({one}), lower({text(part)}))" for one in places) + ")"
