"""OTLP in JSON: the JSON of protobuf, except ids, which are hexadecimal text.

Each span, point and resource is read separately, so that a value of the wrong type affects only itself.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any, Final, TypeVar, cast

import orjson
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from aiops.sources.receiver import wire
from aiops.sources.receiver.decode import UNREADABLE, Decoding
from aiops.sources.receiver.decode_metrics import POINTS, AnyPoint, Sent
from aiops.sources.receiver.json_spans import built

M = TypeVar("M", bound=Message)
Document = dict[str, Any]

# Every value follows one of these characters; each value costs some hundred bytes of memory.
_MARKS: Final = (b"{", b"[", b",")
MAX_MARKS: Final = 500_000
_WRONG: Final = (
    json_format.ParseError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    SystemError,
)


def spans(body: bytes, into: Decoding) -> Iterator[tuple[Resource, Iterator[Span]]]:
    """Read an export of spans; what cannot be read is reported to `into`. Raises ValueError with what is wrong, or
    wire.TooMany, before anything is read. Unknown fields are skipped."""
    return spans_of(_bounded(body, into), into)


def spans_of(document: Any, into: Decoding) -> Iterator[tuple[Resource, Iterator[Span]]]:
    """Read a document of any size in the same way."""
    for group in _groups(document, "resourceSpans", into):
        found = (one for scope in _each(group, "scopeSpans", into) for one in _each(scope, "spans", into))
        yield _resource(group, into), (_span(one, into) for one in found)


def metrics(body: bytes, into: Decoding) -> Iterator[tuple[Resource, Iterator[Sent]]]:
    """Read an export of metrics in the same way."""
    return metrics_of(_bounded(body, into), into)


def metrics_of(document: Any, into: Decoding) -> Iterator[tuple[Resource, Iterator[Sent]]]:
    """Read a document of any size in the same way."""
    for group in _groups(document, "resourceMetrics", into):
        found = (one for scope in _each(group, "scopeMetrics", into) for one in _each(scope, "metrics", into))
        yield _resource(group, into), _sent(found, into)


def logs(body: bytes, into: Decoding) -> Iterator[tuple[Resource, Iterator[LogRecord]]]:
    """Read an export of logs in the same way."""
    for group in _groups(_bounded(body, into), "resourceLogs", into):
        found = (one for scope in _each(group, "scopeLogs", into) for one in _each(scope, "logRecords", into))
        yield _resource(group, into), (_record(one, into) for one in found)


def _groups(document: Any, name: str, into: Decoding) -> list[Document]:
    if not isinstance(document, dict):
        raise ValueError("the body is not a JSON object")
    value = document.get(name, document.get(_snake(name), []))
    if not isinstance(value, list):
        raise ValueError(f"{name} is not a list")
    return list(_each(document, name, into))


def _bounded(body: bytes, into: Decoding) -> Any:
    if sum(map(body.count, _MARKS)) > MAX_MARKS:
        raise wire.TooMany
    return loaded_json(body, into)


def loaded_json(body: bytes, into: Decoding) -> Any:
    """Read the text of a document. Raises ValueError."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        # Texts that are not UTF-8, bare NaN and endless numbers are read as far as possible.
        try:
            document = json.loads(body.decode("utf-8", "replace"), strict=False, parse_int=_whole, parse_constant=str)
        except (ValueError, RecursionError):
            raise ValueError(str(problem)) from problem
        into.repaired.add(UNREADABLE)
        return document


def _whole(text: str) -> int | float:
    return int(text) if len(text) < 40 else float(text)


def _each(node: Document, name: str, into: Decoding) -> Iterator[Document]:
    """Yield the objects of a list by its name; other values are left out."""
    value = node.get(name, node.get(_snake(name)))
    for one in value if isinstance(value, list) else [] if value is None else [value]:
        if isinstance(one, dict):
            yield one
        else:
            into.repaired.add(UNREADABLE)


def _resource(group: Document, into: Decoding) -> Resource:
    given = group.get("resource")
    if given is not None and not isinstance(given, dict):
        into.repaired.add(UNREADABLE)
        given = None
    return _read(Resource, given or {}, into)


def _span(document: Document, into: Decoding) -> Span:
    if (span := built(document)) is not None:
        return span
    _with_ids(document)
    for link in _each(document, "links", into):
        _with_ids(link)
    return _read(Span, document, into)


def _record(document: Document, into: Decoding) -> LogRecord:
    _with_ids(document)
    return _read(LogRecord, document, into)


def _sent(found: Iterator[Document], into: Decoding) -> Iterator[Sent]:
    for document in found:
        points: dict[str, list[Document]] = {}
        for form in POINTS:
            body = document.get(_camel(form), document.get(form))
            if isinstance(body, dict):
                points[form] = list(_each(body, "dataPoints", into))
                body.pop("dataPoints", body.pop("data_points", None))
        metric = _read(Metric, document, into)
        chosen = metric.WhichOneof("data")
        if chosen is not None:
            yield Sent.of(metric, chosen, _points(chosen, points.get(chosen, []), into))


def _points(form: str, found: list[Document], into: Decoding) -> Iterator[AnyPoint]:
    for document in found:
        document.pop("exemplars", None)  # they have ids of their own, and are not stored
        yield _read(POINTS[form], document, into)


def _with_ids(document: Document) -> None:
    for name in ("traceId", "spanId", "parentSpanId"):
        for key in (name, _snake(name)):
            if key in document:
                document[key] = _base64(document[key])


def _base64(text: object) -> str:
    """Convert hexadecimal to base64; other text becomes an id of one byte, which no span can have."""
    try:
        return base64.b64encode(bytes.fromhex(str(text))).decode()
    except ValueError:
        return "AA=="


def _read(of: type[M], document: Document, into: Decoding) -> M:
    try:
        return json_format.ParseDict(document, of(), ignore_unknown_fields=True)
    except _WRONG:
        whole, count = _repaired(cast(Descriptor, of.DESCRIPTOR), document)
        into.repaired.add(UNREADABLE, count)
        return json_format.ParseDict(whole, of(), ignore_unknown_fields=True)


def _repaired(of: Descriptor, document: Document) -> tuple[Document, int]:
    """Remove the values that cannot be read, alone or in combination with earlier ones, and count them. A field may
    occur under two names, or together with another that excludes it."""
    kept: Document = {}
    count = 0
    for key, value in document.items():
        if _reads(of, {**kept, key: value}):
            kept[key] = value
            continue
        field = of.fields_by_camelcase_name.get(key) or of.fields_by_name.get(key)
        mended, lost = _mended(field, value) if field is not None else (None, 1)
        count += lost
        if mended is not None and _reads(of, {**kept, key: mended}):
            kept[key] = mended
    return kept, count


def _mended(field: FieldDescriptor, value: Any) -> tuple[Any, int]:
    """Return the readable part of a value of a field (None for nothing), and how much of it was lost."""
    if field.message_type is not None:
        if field.is_repeated and isinstance(value, list):
            parts = [_repaired(field.message_type, one) if isinstance(one, dict) else (None, 1) for one in value]
            return [part for part, _ in parts if part is not None], sum(lost for _, lost in parts)
        return _repaired(field.message_type, value) if isinstance(value, dict) else (None, 1)
    if field.type == FieldDescriptor.TYPE_STRING and isinstance(value, str | int | float):
        return str(value).encode("utf-8", "replace").decode(), 1
    return None, 1


def _reads(of: Descriptor, document: Document) -> bool:
    try:
        json_format.ParseDict(document, GetMessageClass(of)(), ignore_unknown_fields=True)
    except _WRONG:
        return False
    return True


def _snake(name: str) -> str:
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in name)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(one.capitalize() for one in rest)
