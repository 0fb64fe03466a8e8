"""Rows on their way to the store: tables in the shape of `schema`, and their encoding."""

import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson
import pyarrow as pa

from aiops.sources.duckdb.lost import Loss, packed, unpacked

# request id, rejected spans, rejected points, then the lengths of five Arrow streams and of the rest in JSON
_HEADER: Final = struct.Struct("<QII6Q")
_ACK: Final = struct.Struct("<Q?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The contents of one export; a table that is None has no rows. reasons: how often what was rejected or repaired.
    folded: names beyond a limit, by limit (`caps`). lost: what was rejected of requests."""

    resources: pa.Table | None = None
    series: pa.Table | None = None
    points: pa.Table | None = None
    spans: pa.Table | None = None
    logs: pa.Table | None = None
    rejected_spans: int = 0
    rejected_points: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    folded: Mapping[str, int] = field(default_factory=dict)
    lost: Counter[Loss] = field(default_factory=Counter)


@dataclass(slots=True)
class Rejections:
    """Rows, or parts of them, that cannot be stored, with the reasons, for OTLP's partial success."""

    count: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    def add(self, reason: str, count: int = 1) -> None:
        """Count a rejection with its reason."""
        self.count += count
        self.reasons[reason] = self.reasons.get(reason, 0) + count

    def message(self, done: str = "rejected") -> str:
        """Write all reasons with their counts in one line."""
        return "; ".join(f"{count} {done}: {reason}" for reason, count in self.reasons.items())


def pack(request: int, batch: Batch) -> bytes:
    """Encode a batch as one message from the receiver to the owner of the store."""
    tables = (batch.resources, batch.series, batch.points, batch.spans, batch.logs)
    parts = [b"" if table is None else _stream(table) for table in tables]
    said = (dict(batch.reasons), dict(batch.folded), packed(batch.lost))
    parts.append(orjson.dumps(said) if any(said) else b"")
    head = _HEADER.pack(request, batch.rejected_spans, batch.rejected_points, *(len(part) for part in parts))
    return b"".join((head, *parts))


def unpack(message: bytes) -> tuple[int, Batch]:
    """Decode a message of `pack`: the request's id and the batch."""
    request, rejected_spans, rejected_points, *sizes = _HEADER.unpack_from(message)
    tables: list[pa.Table | None] = []
    at = _HEADER.size
    view = pa.py_buffer(message)
    *sizes, said = sizes
    for size in sizes:
        tables.append(pa.ipc.open_stream(view.slice(at, size)).read_all() if size else None)
        at += size
    resources, series, points, spans, logs = tables
    reasons, folded, lost = orjson.loads(message[at : at + said]) if said else ({}, {}, [])
    return request, Batch(
        resources=resources,
        series=series,
        points=points,
        spans=spans,
        logs=logs,
        rejected_spans=rejected_spans,
        rejected_points=rejected_points,
        reasons=reasons,
        folded=folded,
        lost=unpacked(lost),
    )


def pack_acks(requests: list[int], committed: bool) -> bytes:
    """Encode the answer to requests: whether they are committed."""
    return b"".join(_ACK.pack(request, committed) for request in requests)


def unpack_acks(message: bytes) -> list[tuple[int, bool]]:
    """Decode a message of `pack_acks`: ids of requests, and whether they are committed."""
    return list(_ACK.iter_unpack(message))


def merge(batches: list[Batch]) -> Batch:
    """Join the rows of several batches."""

    def joined(tables: list[pa.Table | None]) -> pa.Table | None:
        present = [table for table in tables if table is not None]
        return pa.concat_tables(present) if present else None

    if len(batches) == 1:
        return batches[0]
    reasons: Counter[str] = Counter()
    folded: Counter[str] = Counter()
    lost: Counter[Loss] = Counter()
    for one in batches:
        reasons.update(one.reasons)
        folded.update(one.folded)
        lost.update(one.lost)
    return Batch(
        resources=joined([one.resources for one in batches]),
        series=joined([one.series for one in batches]),
        points=joined([one.points for one in batches]),
        spans=joined([one.spans for one in batches]),
        logs=joined([one.logs for one in batches]),
        rejected_spans=sum(one.rejected_spans for one in batches),
        rejected_points=sum(one.rejected_points for one in batches),
        reasons=reasons,
        folded=folded,
        lost=lost,
    )


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()
