"""Traces of a small shop, written as who called whom."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from aiops.model import Family, Finding, Population, PopulationKind, Span, SpanKind, Status, Trace, Window, labels

_NUMBERS = count(1)


@dataclass
class Call:
    """One request served: its own seconds, whether it failed, and what it called. `gap` is lost on the way to it; a
    call without `served` leaves only the caller's span, of `waits` seconds."""

    service: str
    route: str
    own: float = 0.01
    failed: bool = False
    calls: Sequence["Call"] = field(default_factory=tuple)
    gap: float = 0.0
    served: bool = True
    waits: float = 0.0
    error: str = ""
    message: str = ""
    version: str = "1.0"


def trace(root: Call) -> Trace:
    """The spans of one request: a server span each, a client span for each call."""
    trace_id = f"{next(_NUMBERS):032x}"
    spans: list[Span] = []
    _serve(root, trace_id, "", 100.0, spans)
    return Trace(trace_id, tuple(sorted(spans, key=lambda one: one.start)))


def _serve(call: Call, trace_id: str, parent: str, start: float, spans: list[Span]) -> float:
    span_id = f"{next(_NUMBERS):016x}"
    at = start + call.own
    for each in call.calls:
        client_id = f"{next(_NUMBERS):016x}"
        if each.served:
            inner = _serve(each, trace_id, client_id, at + each.gap / 2, spans) + each.gap
        else:
            inner = each.waits
        spans.append(
            Span(
                trace_id=trace_id,
                span_id=client_id,
                parent_id=span_id,
                service=call.service,
                name="POST",
                kind=SpanKind.CLIENT,
                start=at,
                duration=inner,
                status=Status.ERROR if each.failed else Status.UNSET,
                failed=each.failed,
                method="POST",
                error_type=each.error if each.failed else "",
                peer=each.service,
                attributes={"url.full": f"http://127.0.0.1:3012{each.route}"},
            )
        )
        at += inner
    spans.append(
        Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_id=parent,
            service=call.service,
            name=f"POST {call.route}",
            kind=SpanKind.SERVER,
            start=start,
            duration=at - start,
            status=Status.ERROR if call.failed else Status.UNSET,
            status_message=call.message,
            failed=call.failed,
            route=call.route,
            method="POST",
            http_status=503 if call.failed else 200,
            version=call.version,
        )
    )
    return at - start


def finding(service: str, route: str, family: Family, observed: float = 0.8, expected: float = 0.01) -> Finding:
    """A route in trouble since step 90, looked at ten seconds later."""
    series = labels(service=service, route=route, method="POST")
    return Finding(
        series=series,
        family=family,
        onset=90.0,
        at=100.0,
        score=3.0,
        observed=observed,
        expected=expected,
        bad=12,
        total=15,
        confidence=0.5,
    )


def population(service: str, route: str) -> Population:
    return Population(
        service=service, window=Window(87.0, 200.0), kind=PopulationKind.FAILED, route=route, method="POST"
    )
