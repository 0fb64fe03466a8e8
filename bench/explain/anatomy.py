"""What every competitor reads of a trace: visits with their own time, calls with their gap, failures, depth."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiops.model import Span, SpanKind, Trace

CALLING = (SpanKind.CLIENT, SpanKind.PRODUCER)


@dataclass(frozen=True, slots=True)
class Visit:
    """One span: the place it stands for (of a call that nobody answered: the callee by its name, where it has one), its
    operation, own seconds (duration without the union of its children), failed, depth below the root, start."""

    place: str
    operation: str
    own: float
    failed: bool
    depth: int
    start: float


@dataclass(frozen=True, slots=True)
class Gap:
    """One answered call: seconds of the client's span without the server's."""

    caller: str
    callee: str
    seconds: float
    took: float
    failed: bool


@dataclass(frozen=True, slots=True)
class Anatomy:
    """One trace."""

    trace_id: str
    root: Visit
    duration: float
    visits: tuple[Visit, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a competitor gets: the traces of the findings' populations, and samples of all traces of the same entries
    before the onset and since; the times of new versions, by service; a seed."""

    bad: tuple[Anatomy, ...]
    good: tuple[Anatomy, ...]
    since: tuple[Anatomy, ...]
    before: tuple[Anatomy, ...]
    deployed: dict[str, float]
    seed: int


def anatomy(trace: Trace) -> Anatomy | None:
    """Take a trace apart; None for one without spans. Children of messages are not waited for."""
    if not trace.spans:
        return None
    by_id = {span.span_id: span for span in trace.spans}
    children: dict[str, list[Span]] = defaultdict(list)
    roots = []
    for span in trace.spans:
        if span.parent_id in by_id:
            children[span.parent_id].append(span)
        else:
            roots.append(span)
    if not roots:
        return None
    visits: list[Visit] = []
    gaps: list[Gap] = []
    stack = [(span, 0) for span in reversed(roots)]
    while stack:
        span, depth = stack.pop()
        mine = [one for one in children[span.span_id] if one.kind != SpanKind.CONSUMER]
        server = next((one for one in mine if one.service != span.service), None)
        if span.kind in CALLING and server is not None:
            seconds = max(0.0, span.duration - server.duration)
            gaps.append(Gap(span.service, server.service, seconds, span.duration, span.failed))
            own, place = 0.0, span.service
        else:
            own, place = _own(span, mine), span.service
            if span.kind == SpanKind.CLIENT and not mine and span.peer:
                place = span.peer
        visits.append(Visit(place, f"{place} {span.operation}", own, span.failed, depth, span.start))
        stack += [(one, depth + 1) for one in reversed(children[span.span_id])]
    return Anatomy(trace.trace_id, visits[0], roots[0].duration, tuple(visits), tuple(gaps))


def anatomies(traces: Iterable[Trace], most: int = 0) -> tuple[Anatomy, ...]:
    """Those of traces; of too many, those with the lowest ids."""
    chosen: Sequence[Trace] = list(traces)
    if most and len(chosen) > most:
        chosen = sorted(chosen, key=lambda one: one.trace_id)[:most]
    return tuple(found for one in chosen if (found := anatomy(one)) is not None)


def _own(span: Span, children: Sequence[Span]) -> float:
    busy, reached = 0.0, span.start
    for start, end in sorted((max(one.start, span.start), min(one.end, span.end)) for one in children):
        busy += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return max(0.0, span.duration - busy)
