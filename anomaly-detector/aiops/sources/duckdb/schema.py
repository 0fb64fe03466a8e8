"""The Arrow streams that the store accepts from any producer: the OTLP decoder, or a model in virtual time.

All times are Unix nanoseconds (int64), all durations in the rows nanoseconds, all ids unsigned 64-bit integers (a trace
id is two: its first and its last eight bytes, big-endian). A missing text is "", a missing number 0; nothing is null
but the parts of a point that its kind does not have, and what an earlier release did not write. `attributes` are JSON
objects of text to text, keys sorted.

- RESOURCES: one row for each process that sends; `id` from `resource_id`.
- SERIES: one row for each metric with one set of attributes of one resource; `id` from `series_id`. `kind` is a `Kind`,
  `temporality` OTLP's number (0 none, 1 delta, 2 cumulative), `bounds` a histogram's upper bounds in its own unit.
  `route`, `method`, `http_status` and `failed` are read out of the attributes (`conventions`).
- POINTS: one row for each sample. `value` for gauges and sums; `count`, `sum` and `buckets` (not cumulative, one more
  than bounds) for histograms. `start_ns` says since when a cumulative value counts (0: unknown).
- SPANS: `peer` is the callee's name as the caller knew it (peer.service), `address` what else it knew (database,
  address). `failed` as `aiops.model.Span` documents it. `destination` is the queue or topic of a message, `links` are
  the spans of other traces that this one goes on from. `streams`: its duration says nothing. `events` is a JSON list
  of name, Unix nanoseconds and attributes, "" without any.
- LOST: what the receiver rejected of requests (see `lost.Loss`), by the time of the telemetry that came with it.
- DATABASES: addresses of databases that were ever called, so that two of one system are told apart for good.
- LOGS: one row for each log record, in a database of its own, so that a flood of them holds up no span. `severity` is
  OTLP's number, 0 unknown. `count` is 1, or how many records a row stands for that were too many to be stored.

A series or resource row must be in the store with or before the first row that points at it; sending it again is fine.
"""

from collections.abc import Sequence
from enum import IntEnum
from hashlib import blake2b
from typing import Any, Final

import pyarrow as pa


class Kind(IntEnum):
    """What a series measures."""

    GAUGE = 1
    SUM = 2
    HISTOGRAM = 3


DELTA: Final = 1
CUMULATIVE: Final = 2


def _schema(*fields: tuple[str, pa.DataType]) -> pa.Schema:
    return pa.schema(list(fields))


RESOURCES: Final = _schema(
    ("id", pa.uint64()),
    ("service", pa.string()),
    ("instance", pa.string()),
    ("version", pa.string()),
    ("attributes", pa.string()),
)

SERIES: Final = _schema(
    ("id", pa.uint64()),
    ("resource", pa.uint64()),
    ("metric", pa.string()),
    ("kind", pa.uint8()),
    ("unit", pa.string()),
    ("temporality", pa.uint8()),
    ("monotonic", pa.bool_()),
    ("bounds", pa.list_(pa.float64())),
    ("attributes", pa.string()),
    ("route", pa.string()),
    ("method", pa.string()),
    ("http_status", pa.uint16()),
    ("failed", pa.bool_()),
)

POINTS: Final = _schema(
    ("series", pa.uint64()),
    ("time_ns", pa.int64()),
    ("start_ns", pa.int64()),
    ("value", pa.float64()),
    ("count", pa.uint64()),
    ("sum", pa.float64()),
    ("buckets", pa.list_(pa.uint64())),
)

LINK: Final = pa.struct([("trace_hi", pa.uint64()), ("trace_lo", pa.uint64()), ("span_id", pa.uint64())])

SPANS: Final = _schema(
    ("trace_hi", pa.uint64()),
    ("trace_lo", pa.uint64()),
    ("span_id", pa.uint64()),
    ("parent_id", pa.uint64()),
    ("resource", pa.uint64()),
    ("name", pa.string()),
    ("kind", pa.uint8()),
    ("start_ns", pa.int64()),
    ("end_ns", pa.int64()),
    ("status", pa.uint8()),
    ("status_message", pa.string()),
    ("failed", pa.bool_()),
    ("route", pa.string()),
    ("method", pa.string()),
    ("http_status", pa.uint16()),
    ("error_type", pa.string()),
    ("peer", pa.string()),
    ("address", pa.string()),
    ("exception_type", pa.string()),
    ("exception_message", pa.string()),
    ("attributes", pa.string()),
    ("destination", pa.string()),
    ("links", pa.list_(LINK)),
    ("streams", pa.bool_()),
    ("events", pa.string()),
)

LOST_SCHEMA: Final = _schema(
    ("at_ns", pa.int64()),
    ("service", pa.string()),
    ("told", pa.uint8()),
    ("metric", pa.string()),
    ("route", pa.string()),
    ("method", pa.string()),
    ("whole", pa.bool_()),
    ("reason", pa.string()),
    ("count", pa.uint64()),
)

LOGS: Final = _schema(
    ("at_ns", pa.int64()),
    ("service", pa.string()),
    ("instance", pa.string()),
    ("version", pa.string()),
    ("severity", pa.uint8()),
    ("trace_hi", pa.uint64()),
    ("trace_lo", pa.uint64()),
    ("span_id", pa.uint64()),
    ("body", pa.string()),
    ("exception_type", pa.string()),
    ("exception_stack", pa.string()),
    ("attributes", pa.string()),
    ("count", pa.uint32()),
)

DATABASES: Final = _schema(("address", pa.string()))


def resource_id(attributes: str) -> int:
    """Hash the attributes of a resource (canonical JSON); stable across processes and releases."""
    return _hash64(attributes)


def series_id(resource: int, metric: str, attributes: str, shape: str = "") -> int:
    """Hash the identity of a series; `shape` is its kind, unit, temporality and bounds, so that a series whose meaning
    changes becomes another one."""
    return _hash64(f"{resource:x}\0{metric}\0{attributes}\0{shape}")


def arrow_table(schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> pa.Table | None:
    """Make a table of a schema from rows; None when there are none."""
    if not rows:
        return None
    columns = zip(*rows, strict=True)
    return pa.Table.from_arrays(
        [pa.array(column, type=kind) for column, kind in zip(columns, schema.types, strict=True)], schema=schema
    )


def _hash64(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
