"""The callees of client spans, by the same rules as in the embedded store, from whole traces."""

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from aiops.model import Span, SpanKind, Trace, Window, names
from aiops.sources.common import callees, conventions, spans

CLIENT_KINDS: Final = (SpanKind.CLIENT, SpanKind.PRODUCER)
SERVED: Final = (SpanKind.SERVER, SpanKind.CONSUMER)
REMEMBER_SECONDS: Final = 600.0
FORGET_SECONDS: Final = 86_400.0
MOST_ADDRESSES: Final = 50
_MOST: Final = 10_000


class KnownCallees:
    """Remembers which services answered each caller at an address and for a message, and which databases exist, so that
    a service that died keeps its name. Thread-safe."""

    def __init__(self) -> None:
        self._answered: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
        self._reached: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
        self._consuming: dict[str, dict[str, float]] = defaultdict(dict)
        self._linked: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
        self._databases = callees.Databases()
        self._lock = threading.Lock()

    def learn(self, traces: Iterable[Trace]) -> None:
        """Learn which services answered where."""
        with self._lock:
            for memory in (self._answered, self._reached, self._consuming, self._linked):
                if len(memory) > _MOST:
                    memory.clear()
            for trace in traces:
                answered = _answered(trace)
                for span in trace.spans:
                    if span.kind in SERVED:
                        for link in span.links:
                            _seen(self._linked[link], span.service, span.end)
                        if span.kind == SpanKind.CONSUMER and (destination := _destination(span)):
                            _seen(self._consuming[destination], span.service, span.end)
                    elif span.kind in CLIENT_KINDS:
                        self._learn(span, answered.get(span.span_id, ""))

    def _learn(self, span: Span, service: str) -> None:
        address = callees.address(span.attributes)
        self._databases.learn([address])
        if service:
            _seen(self._answered[span.service, address, _destination(span)], service, span.end)
        reached = conventions.first(span.attributes, names.PEER_SERVICE) or service or address
        if reached and span.kind == SpanKind.CLIENT and not span.failed and span.name != span.method:
            _seen(self._reached[span.service, span.name], reached, span.end)

    def calls(self, trace: Trace) -> list[tuple[Span, str]]:
        """Return the client and producer spans of a trace with the callee of each: the name that the caller gave, else
        the service of the span on the other side: a child, a span that links to it, or each consumer of the destination
        of its message. Otherwise the service that last answered at that address, or that the same calls reached before,
        if the span has no address or failed; else the address; "" when nothing is known."""
        answered = _answered(trace)
        calling = [span for span in trace.spans if span.kind in CLIENT_KINDS]
        return [(span, callee) for span in calling for callee in self._callees(span, answered)]

    def named(self, trace: Trace) -> Trace:
        """Return the same trace; databases of a system with several are named by their addresses, and failed calls that
        nobody answered get the name of the service that such calls reached before."""
        several = self._databases.several
        peers = {one.span_id: _shown(one, several) for one in trace.spans if one.peer in several}
        answered = _answered(trace)
        for one in spans.unanswered(trace):
            if len(found := self._callees(one, answered)) == 1 and found[0]:
                peers[one.span_id] = found[0]
        if not peers:
            return trace
        return replace(trace, spans=tuple(replace(one, peer=peers.get(one.span_id, one.peer)) for one in trace.spans))

    def addresses(self, caller: str, callee: str, window: Window) -> list[str]:
        """Return where a service answered a caller within ten minutes around the window, at most `MOST_ADDRESSES`."""
        since, until = window.start - REMEMBER_SECONDS, window.end + REMEMBER_SECONDS
        with self._lock:
            seen = [
                (services[callee], address)
                for (by, address, _), services in self._answered.items()
                if by == caller and address and since <= services.get(callee, 0.0) <= until
            ]
        return sorted({address for _, address in sorted(seen)[-MOST_ADDRESSES:]})

    def _callees(self, span: Span, answered: dict[str, str]) -> list[str]:
        given = conventions.first(span.attributes, names.PEER_SERVICE) or answered.get(span.span_id, "")
        if given:
            return [given]
        address, destination = callees.address(span.attributes), _destination(span)
        with self._lock:
            if linked := self._linked.get((span.trace_id, span.span_id)):
                return sorted(linked)
            if destination and span.kind == SpanKind.PRODUCER:
                consuming = _lately(self._consuming.get(destination, {}), span.end)
                if consuming:
                    return sorted(consuming)
            here = _lately(self._answered.get((span.service, address, destination), {}), span.end) if address else []
            if len(here) == 1:
                return here
            if not address or span.failed:
                same = _lately(self._reached.get((span.service, span.name), {}), span.end)
                if len(same) == 1:
                    address = same[0]
        return [callees.shown(address, self._databases.several)]


def _seen(services: dict[str, float], service: str, at: float) -> None:
    services[service] = max(services.get(service, 0.0), at)


def _lately(services: dict[str, float], at: float) -> list[str]:
    """Return the services that answered within ten minutes; else the one that answered last, within a day before."""
    lately = [service for service, last in services.items() if abs(last - at) <= REMEMBER_SECONDS]
    before = {last: service for service, last in services.items() if 0 <= at - last <= FORGET_SECONDS}
    return lately or [before[one] for one in sorted(before)[-1:]]


def _destination(span: Span) -> str:
    return conventions.first(span.attributes, names.DESTINATION)


def _shown(span: Span, several: Collection[str]) -> str:
    given = conventions.first(span.attributes, names.PEER_SERVICE)
    return given or callees.shown(callees.address(span.attributes), several)


def _answered(trace: Trace) -> dict[str, str]:
    """Return by client span the service of the span on the other side."""
    out: dict[str, str] = {}
    for span in trace.spans:
        if span.kind in SERVED and span.parent_id:
            out[span.parent_id] = min(out.get(span.parent_id, span.service), span.service)
    return out
