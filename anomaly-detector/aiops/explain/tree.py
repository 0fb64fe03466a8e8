"""A trace as a tree: who waited for whom. Durations are compared across hosts, clocks never.

See docs/methods.md, Traces as trees.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from aiops.model import Span, SpanKind, Trace

SERVING = (SpanKind.SERVER, SpanKind.CONSUMER)
CALLING = (SpanKind.CLIENT, SpanKind.PRODUCER)


@dataclass(frozen=True, slots=True)
class Tree:
    """Children by parent span id, in start order. Cycles and repeated ids cannot hang a walk: `below` visits once."""

    spans: tuple[Span, ...]
    by_id: dict[str, Span] = field(default_factory=dict)
    children: dict[str, list[Span]] = field(default_factory=dict)

    @classmethod
    def of(cls, trace: Trace) -> "Tree":
        """Build the tree of a trace."""
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
        """Yield the parent of a span, its parent, and so on; cycles end the walk."""
        seen = {span.span_id}
        current = self.by_id.get(span.parent_id)
        while current is not None and current.span_id not in seen:
            seen.add(current.span_id)
            yield current
            current = self.by_id.get(current.parent_id)

    def serving(self, span: Span) -> Span:
        """The server or consumer span of the same service in whose name this span works; itself if there is none."""
        if span.kind in SERVING:
            return span
        for above in self.ancestors(span):
            if above.service != span.service:
                break
            if above.kind in SERVING:
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

    def reached(self, span: Span) -> list[Span]:
        """What the span's work waited for, in start order, looking through INTERNAL spans of its service that did not
        fail: frameworks put them around, beside and before what a handler does, and leave errors to others."""
        return self._through(span, lambda child: not child.failed)

    def calls(self, span: Span) -> list[Span]:
        """What the span's work waited for outside itself, in start order: INTERNAL spans of its service are its own."""
        return self._through(span, lambda _: True)

    def self_time(self, span: Span) -> float:
        """Seconds in which the span's work waited for no call.

        INTERNAL spans of its service add nothing, wherever they lie: a handler's own span may run beside the call that
        it waits for, or end before it.
        """
        intervals = sorted(self.waited(span, call) for call in self.calls(span))
        busy, reached = 0.0, 0.0
        for start, end in intervals:
            busy += max(0.0, end - max(start, reached))
            reached = max(reached, end)
        return max(0.0, span.duration - busy)

    @staticmethod
    def waited(span: Span, call: Span) -> tuple[float, float]:
        """When the span waited for a call: seconds after its start.

        A call made by the same service has the same clock: what lies outside the span was not waited for. What another
        host served is moved into the span when it does not lie there, for its clock may differ.
        """
        if call.service == span.service and call.kind not in SERVING:
            start = min(max(call.start - span.start, 0.0), span.duration)
            return start, min(max(call.end - span.start, start), span.duration)
        length = min(call.duration, span.duration)
        start = min(max(call.start - span.start, 0.0), span.duration - length)
        return start, start + length

    def _through(self, span: Span, passes: Callable[[Span], bool]) -> list[Span]:
        """Children that the span waited for; in place of INTERNAL ones of its service that pass, theirs."""
        found: list[Span] = []
        stack, seen = [span], {span.span_id}
        while stack:
            for child in self.awaited(stack.pop()):
                if child.span_id in seen:
                    continue
                seen.add(child.span_id)
                if is_inner(child) and child.service == span.service and passes(child):
                    stack.append(child)
                else:
                    found.append(child)
        return sorted(found, key=lambda one: (one.start, one.span_id))


def is_inner(span: Span) -> bool:
    """Whether a span is work within a service, neither a request nor a call."""
    return span.kind in (SpanKind.INTERNAL, SpanKind.UNSPECIFIED)
