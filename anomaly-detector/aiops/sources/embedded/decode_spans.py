"""OTLP spans into rows."""

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.sources.common.spans import row, unfit
from aiops.sources.embedded.decode import Decoding


def decode_spans(export: ExportTraceServiceRequest, into: Decoding) -> None:
    """Add the rows of an export; spans that cannot be stored are counted with the reason."""
    oldest, newest = into.oldest_ns(), into.newest_ns()
    for group in export.resource_spans:
        resource = into.resource(group.resource)
        for scope in group.scope_spans:
            for span in scope.spans:
                reason = unfit(span, oldest, newest)
                if reason:
                    into.rejected.add(reason)
                else:
                    into.spans.append(row(span, resource))
