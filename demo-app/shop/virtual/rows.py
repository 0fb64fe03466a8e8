"""Spans as rows of the engine's documented Arrow streams, and the resources that send them."""

import json
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from typing import Any

import pyarrow as pa


def schema(*fields: tuple[str, pa.DataType]) -> pa.Schema:
    """Make a schema of names and types."""
    return pa.schema(list(fields))


RESOURCES = schema(
    ("id", pa.uint64()),
    ("service", pa.string()),
    ("instance", pa.string()),
    ("version", pa.string()),
    ("attributes", pa.string()),
)
LINK = pa.struct([("trace_hi", pa.uint64()), ("trace_lo", pa.uint64()), ("span_id", pa.uint64())])
SPANS = schema(
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
SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
ERROR = 2
Row = tuple[Any, ...]

# Places in a row that are read again.
TRACE_HI, SPAN_ID, RESOURCE, KIND, START, END, FAILED, ROUTE, METHOD, STATUS = 0, 2, 4, 6, 7, 8, 11, 12, 13, 14


def table(of: pa.Schema, rows: Sequence[Row]) -> pa.Table:
    """Turn rows into a table of a schema."""
    if not rows:
        return of.empty_table()
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, type=kind) for column, kind in zip(columns, of.types, strict=True)]
    return pa.Table.from_arrays(arrays, schema=of)


@cache
def attributes(*pairs: tuple[str, str]) -> str:
    """Write attributes as JSON with sorted keys; the same few sets come again and again."""
    return json.dumps(dict(pairs), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def thrown(exception: str, message: str, at_ns: int) -> str:
    """Write the event of an exception, as the documented streams have it."""
    told = {"exception.type": exception, "exception.message": message}
    return json.dumps([["exception", at_ns, told]], separators=(",", ":"), ensure_ascii=False)


@cache
def resource(service: str, version: str, instance: str) -> Row:
    """The row of one process, marked as generated; its id is a hash of its attributes."""
    text = attributes(
        ("deployment.environment.name", "demo"),
        ("service.instance.id", instance),
        ("service.name", service),
        ("service.namespace", "shop"),
        ("service.version", version),
        ("telemetry.generated", "true"),
    )
    return (hash64(text), service, instance, version, text)


def hash64(text: str) -> int:
    """Hash a text to 64 bits, as the documented streams do."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")
