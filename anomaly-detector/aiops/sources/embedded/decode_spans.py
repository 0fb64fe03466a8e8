"""OTLP spans into rows."""

from collections.abc import Iterable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from aiops.sources.common.spans import mend, row, unfit
from aiops.sources.embedded.decode import Decoding


def decode_spans(export: ExportTraceServiceRequest, into: Decoding) -> None:
    """Add the rows of an export; spans that cannot be stored are counted with the reason."""
    for group in export.resource_spans:
        take_spans(group.resource, (span for scope in group.scope_spans for span in scope.spans), into)


def take_spans(sender: Resource, spans: Iterable[Span], into: Decoding) -> None:
    """Add the rows of the spans of one resource; of a span with a part that is wrong, that part is left out."""
    resource = into.resource(sender)
    oldest, newest = into.oldest_ns(), into.newest_ns()
    for span in spans:
        for reason in mend(span):
            into.repaired.add(reason)
        reason = unfit(span, oldest, newest)
        if reason:
            into.rejected.add(reason)
        else:
            into.spans.append(row(span, resource))
