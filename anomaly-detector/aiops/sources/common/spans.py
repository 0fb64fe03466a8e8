"""Spans of OTLP, read by the conventions: as a row, as a Span, and a trace as its summary."""

from collections.abc import Collection, Mapping
from typing import Any, Final

import orjson
from opentelemetry.proto.trace.v1 import trace_pb2 as pb

from aiops.model import FoundSpan, Span, SpanEvent, SpanKind, Status, Trace, TraceSummary, names
from aiops.sources.common import callees, conventions
from aiops.sources.common.attributes import MAX_NAME, MAX_TEXT, canonical, mapping, parse

NANO: Final = 1_000_000_000
UNKNOWN_SERVICE: Final = "unknown_service"
COLUMNS: Final = (
    "trace_hi",
    "trace_lo",
    "span_id",
    "parent_id",
    "resource",
    "name",
    "kind",
    "start_ns",
    "end_ns",
    "status",
    "status_message",
    "failed",
    "route",
    "method",
    "http_status",
    "error_type",
    "peer",
    "address",
    "exception_type",
    "exception_message",
    "attributes",
    "destination",
    "links",
    "streams",
    "events",
)
"""What `row` returns: ids as whole numbers, times in Unix nanoseconds, attributes and events as canonical JSON."""

MOST_EVENTS: Final = 16
"""The most events of a span that are kept, the last ones: an exception that ended the span is among them."""
MOST_LINKS: Final = 32
"""The most links of a span that are kept: a batch may be made of thousands of messages."""
CALLING: Final = (conventions.CLIENT, conventions.PRODUCER)
_SERVED: Final = (conventions.SERVER, conventions.CONSUMER)
_NO_ID = (b"", b"\0" * 8, b"\0" * 16)


def mend(span: pb.Span) -> tuple[str, ...]:
    """Remove invalid parts of a span that are not needed to count it; returns what they were, mostly nothing.

    A request that was left out because of such a part would be missing on one side of a ratio.
    """
    done: tuple[str, ...] = ()
    if len(span.parent_span_id) not in (0, 8):
        span.parent_span_id = b""
        done += ("a parent span id must be empty or 8 bytes",)
    if not 0 < span.start_time_unix_nano <= span.end_time_unix_nano:
        span.start_time_unix_nano = span.end_time_unix_nano
        done += ("a span has no start, or one after its end: it counts without a duration",)
    return done


def unfit(span: pb.Span, oldest: int, newest: int) -> str:
    """Return why a span cannot be stored; "" when it can. It must end in [oldest, newest], Unix nanoseconds."""
    trace_id, span_id = span.trace_id, span.span_id
    if len(trace_id) != 16 or trace_id in _NO_ID:
        return "a trace id must be 16 bytes, not all zero"
    if len(span_id) != 8 or span_id in _NO_ID:
        return "a span id must be 8 bytes, not all zero"
    if not oldest <= span.end_time_unix_nano <= newest:
        return "a span ended before the retention or more than an hour ahead of this machine's clock"
    return ""


def row(span: pb.Span, resource: int) -> tuple[object, ...]:
    """Read a span as a row of `COLUMNS`; `resource` is the id of its resource."""
    pairs = mapping(span.attributes)
    if span.trace_state and (threshold := sampling_threshold(span.trace_state)):
        pairs[names.SAMPLING_THRESHOLD] = threshold
    kind, status = span.kind, span.status.code
    request = conventions.request(pairs)
    exception = _exception(span) if span.events else {}
    number = int.from_bytes
    return (
        number(span.trace_id[:8], "big"),
        number(span.trace_id[8:], "big"),
        number(span.span_id, "big"),
        number(span.parent_span_id, "big"),
        resource,
        span.name[:MAX_TEXT],
        kind if 0 <= kind <= 5 else 0,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        status if 0 <= status <= 2 else 0,
        span.status.message[:MAX_TEXT],
        conventions.span_failed(request, kind, status, span.status.message),
        conventions.span_route(request, kind, span.name),
        request.method,
        request.http_status,
        request.error_type,
        conventions.first(pairs, names.PEER_SERVICE),
        "" if kind in _SERVED else callees.address(pairs),
        exception.get(names.EXCEPTION_TYPE, ""),
        exception.get(names.EXCEPTION_MESSAGE, ""),
        canonical(pairs),
        conventions.first(pairs, names.DESTINATION),
        _links(span) if span.links else [],
        request.streams or (bool(span.events) and _many_messages(span)),
        _events(span) if span.events else "",
    )


def sampling_threshold(trace_state: str) -> str:
    """Return the sampling threshold of a W3C trace state, `ot=th:c;rv:…`: hexadecimal digits, "" without one."""
    for member in trace_state.split(","):
        vendor, _, value = member.strip().partition("=")
        if vendor == "ot":
            found = (one.partition(":") for one in value.split(";"))
            return next((text for key, _, text in found if key == "th" and len(text) <= 14), "")
    return ""


def _links(span: pb.Span) -> list[dict[str, int]]:
    """Return the spans that this one continues, at most `MOST_LINKS`."""
    number = int.from_bytes
    return [
        {
            "trace_hi": number(one.trace_id[:8], "big"),
            "trace_lo": number(one.trace_id[8:], "big"),
            "span_id": number(one.span_id, "big"),
        }
        for one in span.links[:MOST_LINKS]
        if len(one.trace_id) == 16 and len(one.span_id) == 8
    ]


def _events(span: pb.Span) -> str:
    """Return the events of a span as JSON: name, time in Unix nanoseconds, attributes."""
    last = span.events[-MOST_EVENTS:]
    return orjson.dumps([[one.name[:MAX_NAME], one.time_unix_nano, mapping(one.attributes)] for one in last]).decode()


def _many_messages(span: pb.Span) -> bool:
    """Whether a call of a method had more than one message in either direction: a stream."""
    seen: set[str] = set()
    for event in span.events:
        if event.name in names.MESSAGE_EVENTS:
            pairs = mapping(event.attributes)
            way = conventions.first(pairs, names.MESSAGE_TYPE).upper()
            if way in seen or conventions.first(pairs, names.MESSAGE_ID) not in ("", "0", "1"):
                return True
            seen.add(way)
    return False


def _exception(span: pb.Span) -> Mapping[str, str]:
    """Return the last exception that the span recorded: the one that ended it."""
    for event in reversed(span.events):
        if event.name == names.EXCEPTION_EVENT:
            return mapping(event.attributes)
    return {}


def span(row: Mapping[str, Any], resource: dict[str, str], several: Collection[str] = ()) -> Span:
    """Make a Span from its columns and those of its resource: service, instance, version. `several` are the systems
    with more than one database."""
    return Span(
        trace_id=f"{row['trace_hi']:016x}{row['trace_lo']:016x}",
        span_id=f"{row['span_id']:016x}",
        parent_id=f"{row['parent_id']:016x}" if row["parent_id"] else "",
        service=row["service"],
        name=row["name"],
        kind=SpanKind(row["kind"]),
        start=row["start_ns"] / NANO,
        duration=(row["end_ns"] - row["start_ns"]) / NANO,
        status=Status(row["status"]),
        status_message=row["status_message"],
        failed=row["failed"],
        route=row["route"],
        method=row["method"],
        http_status=row["http_status"],
        error_type=row["error_type"],
        peer=row["peer"] or callees.shown(row["address"], several),
        version=row["version"],
        instance=row["instance"],
        exception_type=row["exception_type"],
        exception_message=row["exception_message"],
        attributes=parse(row["attributes"]),
        resource=resource,
        links=tuple(
            (f"{one['trace_hi']:016x}{one['trace_lo']:016x}", f"{one['span_id']:016x}") for one in row["links"] or ()
        ),
        streams=bool(row["streams"]),
        events=tuple(SpanEvent(name, at / NANO, told) for name, at, told in orjson.loads(row["events"] or "[]")),
    )


def trimmed(trace: Trace, most: int) -> Trace:
    """Keep so many spans: failed ones first, then the longest, because a parent takes longer than its children."""
    if len(trace.spans) <= most:
        return trace
    ranked = sorted(trace.spans, key=lambda one: (not one.failed, -one.duration, one.start, one.span_id))
    kept = {one.span_id for one in ranked[:most]}
    spans = tuple(one for one in trace.spans if one.span_id in kept)
    return Trace(trace.trace_id, spans, trace.left_out + len(trace.spans) - len(spans))


def unanswered(trace: Trace) -> list[Span]:
    """Return failed calls without a span of the other side that do not name their callee."""
    answered = {one.parent_id for one in trace.spans if one.kind in _SERVED}
    return [
        one
        for one in trace.spans
        if one.kind in CALLING
        and one.failed
        and one.span_id not in answered
        and not conventions.first(one.attributes, names.PEER_SERVICE)
    ]


def found_span(span: Span) -> FoundSpan:
    """Tell the span by which a search found a trace."""
    return FoundSpan(
        span_id=span.span_id,
        service=span.service,
        operation=span.operation,
        start=span.start,
        duration=span.duration,
        failed=span.failed,
        http_status=span.http_status,
    )


def summary(trace: Trace, found: Span) -> TraceSummary:
    """Summarise a trace, and the span in it that a search found."""
    root = next((one for one in trace.spans if not one.parent_id), trace.spans[0])
    start = min(one.start for one in trace.spans)
    return TraceSummary(
        trace_id=trace.trace_id,
        root_service=root.service,
        root_name=root.operation,
        start=start,
        duration=max(one.start - start + one.duration for one in trace.spans),
        spans=len(trace.spans) + trace.left_out,
        failed=any(one.failed for one in trace.spans),
        found=found_span(found),
    )
