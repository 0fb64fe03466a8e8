"""Traces that continue another one: a consumer that links to its message in place of being its child."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from aiops.model import Span, SpanKind, Trace

SERVED: Final = (SpanKind.SERVER, SpanKind.CONSUMER)
MOST: Final = 8
"""The most traces that one trace continues: a batch links to every message, and a few show where they come from."""


def link_sources(trace: Trace) -> list[str]:
    """Return the ids of the traces that a trace continues."""
    found = {link: None for span in trace.spans if span.kind in SERVED for link, _ in span.links}
    return [one for one in found if one != trace.trace_id][:MOST]


def sources_of(traces: Iterable[Trace]) -> list[str]:
    """Return the ids of the traces that several traces continue, each once."""
    return list(dict.fromkeys(one for trace in traces for one in link_sources(trace)))


def continued(trace: Trace, known: Mapping[str, Trace]) -> Trace:
    """Return the trace with the spans of the traces that it continues, as far as they are known. A span that links to
    one of their spans becomes its child, unless another service called it."""
    before = [known[one] for one in link_sources(trace) if one in known]
    if not before:
        return trace
    there = {(span.trace_id, span.span_id) for one in before for span in one.spans}
    own = {span.span_id: span for span in trace.spans}
    spans = [*(span for one in before for span in one.spans), *(_moved(span, own, there) for span in trace.spans)]
    return replace(trace, spans=tuple(sorted(spans, key=lambda one: (one.start, one.span_id))))


def _moved(span: Span, own: Mapping[str, Span], there: set[tuple[str, str]]) -> Span:
    link = next((one for one in span.links if one in there), None)
    if span.kind not in SERVED or link is None or _called(span, own):
        return span
    return replace(span, parent_id=link[1])


def _called(span: Span, own: Mapping[str, Span]) -> bool:
    """Whether a span of another service is above this one in its own trace."""
    seen = set[str]()
    above = own.get(span.parent_id)
    while above is not None and above.span_id not in seen:
        if above.service != span.service:
            return True
        seen.add(above.span_id)
        above = own.get(above.parent_id)
    return False
