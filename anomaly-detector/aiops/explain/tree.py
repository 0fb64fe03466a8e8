"""A trace as a tree: who waited for whom (METHODS 3.1). Durations are compared across hosts, clocks never."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiops.model import Span, SpanKind, Trace


@dataclass(frozen=True, slots=True)
class Tree:
    """Children by parent span id, in start order. Cycles and repeated ids cannot hang a walk: `below` visits once."""

    spans: tuple[Span, ...]
    by_id: dict[str, Span] = field(default_factory=dict)
    children: dict[str, list[Span]] = field(default_factory=dict)

    @classmethod
    def of(cls, trace: Trace) -> "Tree":
        by_id = {span.span_id: span for span in trace.spans}
        children: dict[str, list[Span]] = defaultdict(list)
        for span in sorted(by_id.values(), key=lambda one: (one.start, one.span_id)):
            if span.parent_id in by_id and span.parent_id != span.span_id:
                children[span.parent_id].append(span)
        return cls(trace.spans, by_id, dict(children))

    def awaited(self, span: Span) -> list[Span]:
        """Children that the span waited for: a consumer works on its own time."""
        return [child for child in self.children.get(span.span_id, []) if child.kind != SpanKind.CONSUMER]

    def server_of(self, client: Span) -> Span | None:
        """The span that answered a client span, in another service."""
        return next((one for one in self.awaited(client) if one.kind == SpanKind.SERVER), None)

    def ancestors(self, span: Span) -> Iterator[Span]:
        seen = {span.span_id}
        current = self.by_id.get(span.parent_id)
        while current is not None and current.span_id not in seen:
            seen.add(current.span_id)
            yield current
            current = self.by_id.get(current.parent_id)

    def serving(self, span: Span) -> Span:
        """The server or consumer span of the same service in whose name this span works; itself if there is none."""
        if span.kind in (SpanKind.SERVER, SpanKind.CONSUMER):
            return span
        for above in self.ancestors(span):
            if above.service != span.service:
                break
            if above.kind in (SpanKind.SERVER, SpanKind.CONSUMER):
                return above
        return span

    def below(self, span: Span) -> Iterator[Span]:
        """The span and everything it waited for, each once."""
        stack, seen = [span], {span.span_id}
        while stack:
            current = stack.pop()
            yield current
            for child in self.awaited(current):
                if child.span_id not in seen:
                    seen.add(child.span_id)
                    stack.append(child)

    def self_time(self, span: Span) -> float:
        """Seconds in which the span waited for no child.

        Children of the same host are clipped to their parent's interval; a child on another host, whose clock may
        differ, is moved into it when it does not overlap.
        """
        intervals: list[tuple[float, float]] = []
        for child in self.awaited(span):
            length = min(child.duration, span.duration)
            start = min(max(child.start - span.start, 0.0), span.duration - length)
            intervals.append((start, start + length))
        busy, reached = 0.0, 0.0
        for start, end in sorted(intervals):
            busy += max(0.0, end - max(start, reached))
            reached = max(reached, end)
        return max(0.0, span.duration - busy)
