"""A span of OTLP/JSON built directly: `json_format` reads any message, but takes ten times as long.

Only what SDKs and the Collector write is built here. Everything else, such as a field under its other name or a number
as text that is none, is None, and read by `json_format`, which knows all of JSON's forms.
"""

from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

Document = Mapping[str, Any]

_IGNORED: Final = frozenset(("flags", "droppedAttributesCount", "droppedEventsCount", "droppedLinksCount"))
_WRONG: Final = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
OTHER: Final = "it may be right, but it is not written as usual"
_LEAST: Final = -(2**63)
_MOST: Final = 2**63 - 1


def built(document: Document) -> Span | None:
    """Build a span from its document, ids still hexadecimal; None where `json_format` has to read it."""
    try:
        return _span(document)
    except _WRONG:
        return None


def _span(document: Document) -> Span:
    span = Span()
    for key, value in document.items():
        match key:
            case "attributes":
                span.attributes.extend(_pairs(value))
            case "name":
                span.name = value
            case "traceState":
                span.trace_state = value
            case "traceId":
                span.trace_id = _hexadecimal(value)
            case "spanId":
                span.span_id = _hexadecimal(value)
            case "parentSpanId":
                span.parent_span_id = _hexadecimal(value)
            case "startTimeUnixNano":
                span.start_time_unix_nano = _whole(value)
            case "endTimeUnixNano":
                span.end_time_unix_nano = _whole(value)
            case "kind":
                span.kind = _number(value)  # type: ignore[assignment]
            case "status":
                span.status.CopyFrom(_status(value))
            case "events":
                span.events.extend(map(_event, _list(value)))
            case "links":
                span.links.extend(map(_link, _list(value)))
            case _ if key not in _IGNORED:
                raise ValueError(OTHER)
    return span


def _status(document: Document) -> Status:
    if not document.keys() <= {"code", "message"}:
        raise ValueError(OTHER)
    return Status(code=_number(document.get("code", 0)), message=document.get("message", ""))  # type: ignore[arg-type]


def _event(document: Document) -> Span.Event:
    if not document.keys() <= {"timeUnixNano", "name", "attributes", "droppedAttributesCount"}:
        raise ValueError(OTHER)
    return Span.Event(
        time_unix_nano=_whole(document.get("timeUnixNano", 0)),
        name=document.get("name", ""),
        attributes=_pairs(document.get("attributes", [])),
    )


def _link(document: Document) -> Span.Link:
    if not document.keys() <= {"traceId", "spanId", "attributes", "traceState", *_IGNORED}:
        raise ValueError(OTHER)
    return Span.Link(
        trace_id=_hexadecimal(document.get("traceId", "")),
        span_id=_hexadecimal(document.get("spanId", "")),
        attributes=_pairs(document.get("attributes", [])),
    )


def _pairs(documents: object) -> list[KeyValue]:
    found = []
    for one in _list(documents):
        if one.keys() != {"key", "value"}:
            raise ValueError(OTHER)
        found.append(KeyValue(key=one["key"], value=_value(one["value"])))
    return found


def _value(document: Document) -> AnyValue:
    if len(document) != 1:
        raise ValueError(OTHER)
    [(kind, value)] = document.items()
    match kind:
        case "stringValue" if type(value) is str:
            return AnyValue(string_value=value)
        case "intValue":
            return AnyValue(int_value=_whole(value, _LEAST))
        case "boolValue" if type(value) is bool:
            return AnyValue(bool_value=value)
        case "doubleValue" if type(value) in (int, float):
            return AnyValue(double_value=value)
    raise ValueError(OTHER)


def _hexadecimal(text: str) -> bytes:
    if len(text) % 2 or not text.isalnum():
        raise ValueError(OTHER)
    return bytes.fromhex(text)


def _whole(value: object, least: int = 0) -> int:
    """Read a whole number of 64 bits, which JSON writes as text."""
    if type(value) is str and value.isascii() and value.removeprefix("-").isdigit():
        number = int(value) if len(value) <= 20 else _MOST + 1
    elif type(value) is int:
        number = value
    else:
        raise ValueError(OTHER)
    if not least <= number <= _MOST:
        raise ValueError(OTHER)
    return number


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value <= 5:
        raise ValueError(OTHER)
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(OTHER)
    return value
