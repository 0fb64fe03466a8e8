"""OTLP's JSON: protobuf's JSON, but for ids, which are hexadecimal text."""

import base64
from collections.abc import Iterator
from typing import Any, TypeVar

import orjson
from google.protobuf import json_format
from google.protobuf.message import Message

M = TypeVar("M", bound=Message)

_IDS = ("traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id")


def parse(body: bytes, into: M) -> M:
    """Read an export; raises ValueError that says what is wrong. Fields unknown to this release are skipped."""
    document = orjson.loads(body)
    if not isinstance(document, dict):
        raise ValueError("the body is not a JSON object")
    for item in _with_ids(document):
        for name in _IDS:
            if isinstance(text := item.get(name), str):
                item[name] = _base64(text)
    try:
        return json_format.ParseDict(document, into, ignore_unknown_fields=True)
    except (json_format.ParseError, RecursionError, TypeError, AttributeError) as problem:
        raise ValueError(str(problem)) from problem


def _base64(text: str) -> str:
    """Hexadecimal to base64; what is not hexadecimal becomes an id of one byte, which is rejected span by span."""
    try:
        return base64.b64encode(bytes.fromhex(text)).decode()
    except ValueError:
        return "AA=="


def _with_ids(node: Any) -> Iterator[dict[str, Any]]:
    """Every object that may hold ids: spans, links and exemplars, but nothing inside attribute values."""
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack.extend(one)
        elif isinstance(one, dict):
            yield one
            stack.extend(
                value
                for key, value in one.items()
                if key not in ("attributes", "value", "body", "resource", "scope") and isinstance(value, list | dict)
            )
