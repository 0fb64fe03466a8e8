"""Whom client spans called: as the embedded store tells it, from whole traces."""

import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from aiops import names
from aiops.model import Span, SpanKind, Trace, Window
from aiops.sources.common import conventions

CALLING: Final = (SpanKind.CLIENT, SpanKind.PRODUCER)
SERVED: Final = (SpanKind.SERVER, SpanKind.CONSUMER)
REMEMBER_SECONDS: Final = 600.0
MOST_ADDRESSES: Final = 50
_MOST: Final = 10_000


class Callees:
    """Remembers who answered each caller at an address, so that a service that died keeps its name. Thread-safe."""

    def __init__(self) -> None:
        self._answered: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
        self._lock = threading.Lock()

    def learn(self, traces: Iterable[Trace]) -> None:
        """Take in who answered where."""
        with self._lock:
            if len(self._answered) > _MOST:
                self._answered.clear()
            for trace in traces:
                answered = _answered(trace)
                for span in trace.spans:
                    if span.kind in CALLING and span.span_id in answered:
                        address = conventions.address(span.attributes)
                        seen = self._answered[span.service, address]
                        service = answered[span.span_id]
                        seen[service] = max(seen.get(service, 0.0), span.end)

    def calls(self, trace: Trace) -> list[tuple[Span, str]]:
        """The client and producer spans of a trace with the callee of each: the name that the caller gave, else the
        service of the span on the other side, else the one that answered at that address within ten minutes before,
        else the address; "" when nothing is known."""
        answered = _answered(trace)
        return [(span, self._callee(span, answered)) for span in trace.spans if span.kind in CALLING]

    def addresses(self, caller: str, callee: str, window: Window) -> list[str]:
        """Where a service answered a caller within ten minutes around the window, `MOST_ADDRESSES` at most."""
        since, until = window.start - REMEMBER_SECONDS, window.end + REMEMBER_SECONDS
        with self._lock:
            seen = [
                (services[callee], address)
                for (by, address), services in self._answered.items()
                if by == caller and address and since <= services.get(callee, 0.0) <= until
            ]
        return sorted(address for _, address in sorted(seen)[-MOST_ADDRESSES:])

    def _callee(self, span: Span, answered: dict[str, str]) -> str:
        if name := conventions.first(span.attributes, names.PEER_SERVICE) or answered.get(span.span_id, ""):
            return name
        address = conventions.address(span.attributes)
        with self._lock:
            seen = self._answered.get((span.service, address), {}) if address else {}
            lately = [service for service, at in seen.items() if abs(at - span.end) <= REMEMBER_SECONDS]
        return lately[0] if len(lately) == 1 else address


def _answered(trace: Trace) -> dict[str, str]:
    """By client span: the service of the span on the other side."""
    out: dict[str, str] = {}
    for span in trace.spans:
        if span.kind in SERVED and span.parent_id:
            out[span.parent_id] = min(out.get(span.parent_id, span.service), span.service)
    return out
