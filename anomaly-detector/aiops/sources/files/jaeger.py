"""Traces as Jaeger's API and pages write them: `{"data": [{"traceID", "spans", "processes"}]}`."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2 as pb

from aiops.model import Span, names
from aiops.sources.common import spans

MICRO: Final = 1000
_KINDS: Final = {"server": 2, "client": 3, "producer": 4, "consumer": 5, "internal": 1}
_CHILD: Final = ("CHILD_OF", "FOLLOWS_FROM")
_STATUS: Final = {"OK": 1, "ERROR": 2}
Document = Mapping[str, Any]


def is_jaeger(document: Document) -> bool:
    """Whether a JSON object is traces of Jaeger."""
    data = document.get("data")
    return isinstance(data, list) and all(isinstance(one, dict) and "spans" in one for one in data)


def jaeger_spans(document: Document, problems: list[str]) -> Iterator[Span]:
    """Yield the spans of a document; what cannot be read is told in `problems`."""
    for trace in document["data"]:
        processes = trace.get("processes")
        for one in trace["spans"] if isinstance(trace["spans"], list) else []:
            try:
                yield _span(one, processes if isinstance(processes, dict) else {})
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
                problems.append(
                    f"a span of trace {trace.get('traceID')!r} is left out: {type(error).__name__}: {error}"
                )


def _span(of: Document, processes: Document) -> Span:
    process = of.get("process") or processes.get(str(of.get("processID")), {})
    tags = {key: _text(value) for key, value in _tags(of.get("tags"))}
    kind = _KINDS.get(tags.pop("span.kind", "").lower(), 0)
    start, duration = int(of["startTime"]) * MICRO, int(of["duration"]) * MICRO
    message = pb.Span(
        trace_id=_id(of["traceID"], 16),
        span_id=_id(of["spanID"], 8),
        parent_span_id=_parent(of),
        name=str(of.get("operationName", "")),
        kind=kind,  # type: ignore[arg-type]
        start_time_unix_nano=start,
        end_time_unix_nano=start + max(duration, 0),
        attributes=_pairs(tags),
        events=[_event(one) for one in of.get("logs") or ()],
    )
    failed = tags.get("error", "").lower() == "true"
    message.status.code = _STATUS.get(tags.get("otel.status_code", "").upper(), 2 if failed else 0)  # type: ignore[assignment]
    message.status.message = tags.get("otel.status_description", "")
    resource = {key: _text(value) for key, value in _tags(process.get("tags"))}
    service = str(process.get("serviceName") or resource.get(names.SERVICE_NAME) or spans.UNKNOWN_SERVICE)
    row = dict(zip(spans.COLUMNS, spans.row(message, 0), strict=True))
    row |= {
        "service": service,
        "instance": resource.get(names.SERVICE_INSTANCE, ""),
        "version": resource.get(names.SERVICE_VERSION, ""),
    }
    return spans.span(row, {**resource, names.SERVICE_NAME: service})


def _parent(of: Document) -> bytes:
    for wanted in _CHILD:
        for one in of.get("references") or ():
            if one.get("refType") == wanted and one.get("traceID", of["traceID"]) == of["traceID"]:
                return _id(one["spanID"], 8)
    return _id(of["parentSpanID"], 8) if of.get("parentSpanID") else b""


def _id(text: str, size: int) -> bytes:
    """Read an id, which Jaeger may write without leading zeros."""
    return int(text, 16).to_bytes(size, "big")


def _tags(of: Any) -> Iterator[tuple[str, Any]]:
    for one in of or ():
        yield str(one["key"]), one.get("value")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _pairs(of: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in of.items()]


def _event(of: Document) -> pb.Span.Event:
    fields = {key: _text(value) for key, value in _tags(of.get("fields"))}
    return pb.Span.Event(name=fields.get("event", fields.get("message", "")), attributes=_pairs(fields))
