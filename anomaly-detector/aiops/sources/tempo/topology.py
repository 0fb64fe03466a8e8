"""The calls between services, from a sample of traces in Tempo: the TopologySource where no store has counted the
calls."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from aiops.model import VIRTUAL, Edge, Span, Trace, Window
from aiops.model.errors import SourceError
from aiops.sources.common import links
from aiops.sources.tempo import traceql
from aiops.sources.tempo.calls import CLIENT_KINDS, KnownCallees
from aiops.sources.tempo.client import SERVICE_TAG
from aiops.sources.tempo.reader import TraceReader, pieces

SLICES: Final = 12
EACH: Final = 10
"""The number of traces read from each slice."""
RARE: Final = 3
"""Traces of each service that the sample does not contain."""
LINKED: Final = 20
"""The most traces that others link to."""
STEPS: Final = 60
"""Steps in which calls are counted: Tempo widens the window to whole steps."""
HEARD_BEFORE_SECONDS: Final = 3600.0
HEARD_AFTER_SECONDS: Final = 300.0


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    failed: int = 0
    timed: int = 0
    seconds: float = 0.0

    def add(self, span: Span) -> None:
        self.calls += 1
        self.failed += span.failed
        if not span.streams:
            self.timed += 1
            self.seconds += span.duration


class TempoTopology:
    """Edges from client spans, and from spans whose parent belongs to another service without a client span between
    them.

    At most 120 traces are read, evenly over the window, and a few more of services that these do not contain. If there
    are more, the rates of the sample are scaled to the counts of TraceQL. A callee that has sent no span since an hour
    before the window is virtual.
    """

    def __init__(self, reader: TraceReader, callees: KnownCallees) -> None:
        self._reader = reader
        self._callees = callees

    def edges(self, window: Window) -> list[Edge]:
        """Return the edges with calls that ended in the window, by caller and callee. Raises SourceError."""
        senders = set(self._reader.api.values(SERVICE_TAG, _heard(window)))
        traces, whole = self._sample(window, senders)
        traces += self._before(traces)
        self._callees.learn(traces)
        sums: dict[tuple[str, str], _Sum] = defaultdict(_Sum)
        for trace in traces:
            for span, caller, callee in self._calls(trace):
                if callee and round(window.start, 6) < round(span.end, 6) <= round(window.end, 6):
                    sums[caller, callee].add(span)
        scale = {} if whole else self._scale(window, sums)
        return [
            Edge(
                caller=caller,
                callee=callee,
                rate=scale.get(caller, 1.0) * one.calls / window.seconds if window.seconds else 0.0,
                error_ratio=one.failed / one.calls,
                latency=one.seconds / one.timed if one.timed else 0.0,
                connection="" if callee in senders else VIRTUAL,
            )
            for (caller, callee), one in sorted(sums.items())
        ]

    def _before(self, traces: list[Trace]) -> list[Trace]:
        """Return some of the traces that these continue by a link."""
        missing = set(links.sources_of(traces)) - {one.trace_id for one in traces}
        return list(self._reader.traces(sorted(missing)[:LINKED]).values())

    def _calls(self, trace: Trace) -> list[tuple[Span, str, str]]:
        """Return every call in a trace: the span that reports it, caller and callee."""
        by_id = {span.span_id: span for span in trace.spans}
        out = [(span, span.service, callee) for span, callee in self._callees.calls(trace)]
        for span in trace.spans:
            parent = by_id.get(span.parent_id)
            if parent is not None and parent.kind not in CLIENT_KINDS and parent.service != span.service:
                out.append((span, parent.service, span.service))
        return out

    def _sample(self, window: Window, senders: set[str]) -> tuple[list[Trace], bool]:
        """Return traces of the window, and whether they are all of them."""
        width = window.seconds / SLICES
        parts = [Window(window.start + width * at, window.start + width * (at + 1)) for at in range(SLICES)]
        asked = [("{}", piece, EACH) for part in parts for piece in pieces(part)]
        found = self._reader.searches(asked)
        traces = self._reader.traces(match.trace_id for matches in found for match in matches)
        met = {span.service for trace in traces.values() for span in trace.spans}
        rare = [
            (traceql.spanset(traceql.service(name)), piece, RARE)
            for name in sorted(senders - met)
            for piece in pieces(window)[:1]
        ]
        more = {match.trace_id for matches in self._reader.searches(rare) for match in matches} - traces.keys()
        whole = all(len(matches) < EACH for matches in found)
        return [*traces.values(), *self._reader.traces(sorted(more)).values()], whole

    def _scale(self, window: Window, sums: dict[tuple[str, str], _Sum]) -> dict[str, float]:
        """Return by caller how many calls there were for each one that was read; nothing where Tempo cannot count
        them."""
        query = f"{traceql.spanset(traceql.CALL_FILTER)} | count_over_time() by ({SERVICE_TAG})"
        try:
            counted = self._reader.api.measure(query, window, max(window.seconds / STEPS, 1.0))
        except SourceError:
            return {}
        read: dict[str, int] = defaultdict(int)
        for (caller, _), one in sums.items():
            read[caller] += one.calls
        counts = {dict(one.labels).get(SERVICE_TAG, ""): sum(one.values) for one in counted}
        return {caller: max(1.0, counts.get(caller, 0.0) / calls) for caller, calls in read.items()}


def _heard(window: Window) -> Window:
    return Window(window.start - HEARD_BEFORE_SECONDS, window.end + HEARD_AFTER_SECONDS)
