"""Spans as OTLP/JSON: what `sources.common.spans` reads, written again."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiops.model import Span, SpanEvent, names
from aiops.sources.common.attributes import canonical

NANO = 1_000_000_000


def otlp_export(spans: Iterable[Span]) -> dict[str, Any]:
    """Return an export request with these spans, by resource; all values are texts. Where the events of a span are not
    known, the last exception is written, and two messages of a stream."""
    groups: dict[str, tuple[Mapping[str, str], list[dict[str, Any]]]] = {}
    for one in spans:
        resource = one.resource or {names.SERVICE_NAME: one.service}
        groups.setdefault(canonical(dict(resource)), (resource, []))[1].append(_span(one))
    return {
        "resourceSpans": [
            {"resource": {"attributes": _pairs(resource)}, "scopeSpans": [{"spans": found}]}
            for resource, found in groups.values()
        ]
    }


def _span(of: Span) -> dict[str, Any]:
    start = round(of.start * NANO)
    end = str(start + round(of.duration * NANO))
    events = [_event(one) for one in of.events]
    if not events and (of.exception_type or of.exception_message):
        events = [_exception(of, end)]
    if not of.events and of.streams:
        events += [{"timeUnixNano": end, "name": "message", "attributes": _pairs({"message.type": "SENT"})}] * 2
    found: dict[str, Any] = {
        "traceId": of.trace_id,
        "spanId": of.span_id,
        "parentSpanId": of.parent_id,
        "name": of.name,
        "kind": int(of.kind),
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": end,
        "attributes": _pairs(of.attributes),
    }
    if of.status or of.status_message:
        found["status"] = {"code": int(of.status), "message": of.status_message}
    if events:
        found["events"] = events
    if of.links:
        found["links"] = [{"traceId": trace, "spanId": span} for trace, span in of.links]
    return found


def _event(of: SpanEvent) -> dict[str, Any]:
    return {"timeUnixNano": str(round(of.at * NANO)), "name": of.name, "attributes": _pairs(of.attributes)}


def _exception(of: Span, at: str) -> dict[str, Any]:
    pairs = {names.EXCEPTION_TYPE: of.exception_type, names.EXCEPTION_MESSAGE: of.exception_message}
    return {"timeUnixNano": at, "name": names.EXCEPTION_EVENT, "attributes": _pairs(pairs)}


def _pairs(of: Mapping[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in of.items()]
