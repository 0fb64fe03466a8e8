"""OTLP spans as rows."""

from collections.abc import Iterable
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from aiops.sources.common import conventions
from aiops.sources.common.attributes import MAX_TEXT, mapping
from aiops.sources.common.spans import COLUMNS, mend, row, unfit
from aiops.sources.duckdb.lost import Loss, Told
from aiops.sources.receiver.decode import Decoding

_KIND, _ROUTE, _METHOD, _PEER, _ADDRESS = map(COLUMNS.index, ("kind", "route", "method", "peer", "address"))
_SERVED: Final = (conventions.SERVER, conventions.CONSUMER)
_CALLS: Final = (conventions.CLIENT, conventions.PRODUCER)


def decode_spans(export: ExportTraceServiceRequest, into: Decoding) -> None:
    """Add the rows of an export; spans that cannot be stored are counted by reason."""
    for group in export.resource_spans:
        take_spans(group.resource, (span for scope in group.scope_spans for span in scope.spans), into)


def take_spans(sender: Resource, spans: Iterable[Span], into: Decoding) -> None:
    """Add the rows of the spans of one resource; an invalid part of a span is left out."""
    known = into.resource(sender)
    oldest, newest = into.oldest_ns(), into.newest_ns()
    for span in spans:
        for reason in mend(span):
            into.repaired.add(reason)
        reason = unfit(span, oldest, newest)
        if reason:
            into.rejected.add(reason)
            _lose(span, known.service, reason, into)
        else:
            into.trims(span.attributes)
            into.spans.append(_counted(row(span, known.id), known.service, into))


def _lose(span: Span, service: str, reason: str, into: Decoding) -> None:
    """Record whose request a rejected span reported."""
    if span.kind in _SERVED:
        request = conventions.request(mapping(span.attributes))
        route = conventions.span_route(request, span.kind, span.name[:MAX_TEXT])
        route, method = into.roll.route_of_rejected(service, route, request.method)
        into.lost.add(Loss(service, Told.SERVED, "", route, method, False, reason))
    elif span.kind in _CALLS:
        into.lost.add(Loss(service, Told.CALLED, "", "", "", True, reason))


def _counted(one: tuple[object, ...], service: str, into: Decoding) -> tuple[object, ...]:
    """Return the row under names that are told apart."""
    if one[_KIND] in _SERVED:
        places = (_ROUTE, _METHOD)
    elif one[_KIND] in _CALLS:
        places = (_PEER, _ADDRESS)
    else:
        return one
    first, second = asked = str(one[places[0]]), str(one[places[1]])
    if places[0] == _ROUTE:
        found = into.roll.route(service, first, second)
    else:
        found = into.roll.callee(service, first), into.roll.callee(service, second)
    if found == asked:
        return one
    changed = list(one)
    for place, name in zip(places, found, strict=True):
        changed[place] = name
    return tuple(changed)
