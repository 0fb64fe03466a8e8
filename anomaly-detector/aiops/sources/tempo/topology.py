"""Who calls whom, from a sample of Tempo's traces: the TopologySource where no store has counted the calls."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from aiops.model import VIRTUAL, Edge, Span, Trace, Window
from aiops.ports import SourceError
from aiops.sources.common import links
from aiops.sources.tempo import traceql
from aiops.sources.tempo.api import SERVICE_TAG
from aiops.sources.tempo.calls import CALLING, Callees
from aiops.sources.tempo.reader import Reader, pieces

SLICES: Final = 12
EACH: Final = 10
"""Traces of a slice."""
RARE: Final = 3
"""Traces of a service that none of those has."""
LINKED: Final = 20
"""Traces that others link to."""
STEPS: Final = 60
"""Steps to count calls in: Tempo widens the window to whole ones."""
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
    """Edges from client spans, and from spans whose parent is another service's without a client span between.

    At most 120 traces are read, evenly over the window, and a few more of services that those leave out. If there are
    more, rates are of the sample, scaled to what TraceQL counts. A callee that has sent no span since an hour before
    the window is virtual.
    """

    def __init__(self, reader: Reader, callees: Callees) -> None:
        self._reader = reader
        self._callees = callees

    def edges(self, window: Window) -> list[Edge]:
        """List edges with calls that ended in the window, by caller and callee. Raises SourceError."""
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
        """A few of the traces that those go on from by a link."""
        missing = set(links.sources_of(traces)) - {one.trace_id for one in traces}
        return list(self._reader.traces(sorted(missing)[:LINKED]).values())

    def _calls(self, trace: Trace) -> list[tuple[Span, str, str]]:
        """Every call in a trace: the span that tells of it, caller and callee."""
        by_id = {span.span_id: span for span in trace.spans}
        out = [(span, span.service, callee) for span, callee in self._callees.calls(trace)]
        for span in trace.spans:
            parent = by_id.get(span.parent_id)
            if parent is not None and parent.kind not in CALLING and parent.service != span.service:
                out.append((span, parent.service, span.service))
        return out

    def _sample(self, window: Window, senders: set[str]) -> tuple[list[Trace], bool]:
        """Traces of the window, and whether they are all there are."""
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
        """By caller: how many calls there were for each that was read. Nothing, where Tempo cannot count them."""
        query = f"{traceql.spanset(traceql.CALLING)} | count_over_time() by ({SERVICE_TAG})"
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
