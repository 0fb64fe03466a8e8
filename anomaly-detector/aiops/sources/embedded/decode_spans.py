"""OTLP spans into rows."""

from collections.abc import Mapping

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from aiops import names
from aiops.sources.common import conventions
from aiops.sources.common.attributes import MAX_TEXT, canonical, mapping
from aiops.sources.embedded.decode import Decoding

_NO_ID = (b"", b"\0" * 8, b"\0" * 16)


def decode_spans(export: ExportTraceServiceRequest, into: Decoding) -> None:
    """Add the rows of an export; spans that cannot be stored are counted with the reason."""
    oldest, newest = into.oldest_ns(), into.newest_ns()
    for group in export.resource_spans:
        resource = into.resource(group.resource)
        for scope in group.scope_spans:
            for span in scope.spans:
                reason = _unfit(span, oldest, newest)
                if reason:
                    into.rejected.add(reason)
                else:
                    into.spans.append(_row(span, resource))


def _unfit(span: Span, oldest: int, newest: int) -> str:
    trace_id, span_id = span.trace_id, span.span_id
    if len(trace_id) != 16 or trace_id in _NO_ID:
        return "a trace id must be 16 bytes, not all zero"
    if len(span_id) != 8 or span_id in _NO_ID:
        return "a span id must be 8 bytes, not all zero"
    if len(span.parent_span_id) not in (0, 8):
        return "a parent span id must be empty or 8 bytes"
    if span.end_time_unix_nano < span.start_time_unix_nano:
        return "a span ends before it starts"
    if not oldest <= span.end_time_unix_nano <= newest:
        return "a span ended before the retention or more than an hour ahead of this machine's clock"
    if not span.start_time_unix_nano:
        return "a span has no start time"
    return ""


def _row(span: Span, resource: int) -> tuple[object, ...]:
    pairs = mapping(span.attributes)
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
        conventions.span_failed(request, kind, status),
        conventions.span_route(request, kind, span.name),
        request.method,
        request.http_status,
        request.error_type,
        conventions.first(pairs, names.PEER_SERVICE),
        conventions.address(pairs),
        exception.get(names.EXCEPTION_TYPE, ""),
        exception.get(names.EXCEPTION_MESSAGE, ""),
        canonical(pairs),
    )


def _exception(span: Span) -> Mapping[str, str]:
    """The last exception that the span recorded: the one that left it."""
    for event in reversed(span.events):
        if event.name == names.EXCEPTION_EVENT:
            return mapping(event.attributes)
    return {}
