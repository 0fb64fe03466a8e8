"""Whole traces that were read recently, so that each is read once, whoever asks for it."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from aiops.model import Trace

MOST_SPANS: Final = 10_000
"""The most spans of all kept traces: about 20 MB."""
SETTLED_SECONDS: Final = 30.0
"""Seconds after the end of its last span for which a trace may still grow."""
FRESH_SECONDS: Final = 15.0
"""Seconds for which a trace that may have grown is used without reading it again: several findings draw it one after
another."""


@dataclass(frozen=True, slots=True)
class _Kept:
    trace: Trace
    read_at: float


class Kept:
    """The most recently requested traces, by id. Times are those of telemetry, in Unix seconds. Thread-safe."""

    def __init__(self, most_spans: int = MOST_SPANS) -> None:
        self._most = most_spans
        self._spans = 0
        self._traces: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, trace_id: str, at: float) -> Trace | None:
        """Return a trace that is as good as one read at a time; None where there is none, or where it may have grown
        much."""
        with self._lock:
            kept = self._traces.get(trace_id)
            if kept is None:
                return None
            if at - kept.read_at > FRESH_SECONDS and _end(kept.trace) > kept.read_at - SETTLED_SECONDS:
                return None
            self._traces.move_to_end(trace_id)
            return kept.trace

    def keep(self, trace: Trace, at: float) -> None:
        """Keep a trace that was read at a time; the least recently requested traces are dropped."""
        with self._lock:
            before = self._traces.pop(trace.trace_id, None)
            self._spans += len(trace.spans) - (len(before.trace.spans) if before else 0)
            self._traces[trace.trace_id] = _Kept(trace, at)
            while self._spans > self._most:
                _, gone = self._traces.popitem(last=False)
                self._spans -= len(gone.trace.spans)


def _end(trace: Trace) -> float:
    return max(span.end for span in trace.spans)
