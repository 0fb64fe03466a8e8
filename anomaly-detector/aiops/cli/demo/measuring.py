"""How long the live shop takes on this machine, so that generated history has the pace of what comes after it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from aiops.model import Span, SpanKind, names

ENOUGH = 20
"""Requests of each route that tell how long it takes."""

Durations = dict[str, dict[str, list[tuple[float, float]]]]
"""`work` by operation, `ways` by operation, `dependencies` by name: Unix seconds, and how many seconds it took."""


def durations(spans: Sequence[Span]) -> Durations:
    """Return the durations of all requests that went well: of each operation without its calls, of the way to it and
    back, and of the answers of what sends no telemetry."""
    failed = {one.trace_id for one in spans if one.failed}
    good = [one for one in spans if one.trace_id not in failed]
    calls: dict[str, list[Span]] = defaultdict(list)
    served: dict[str, Span] = {}
    for one in good:
        if one.kind == SpanKind.CLIENT:
            calls[one.parent_id].append(one)
        elif one.kind == SpanKind.SERVER and one.parent_id:
            served[one.parent_id] = one
    found: Durations = {"work": defaultdict(list), "ways": defaultdict(list), "dependencies": defaultdict(list)}
    for one in good:
        if one.kind == SpanKind.SERVER:
            own = one.duration - sum(call.duration for call in calls[one.span_id])
            found["work"][_operation(one)].append((one.start, own))
        elif one.kind == SpanKind.CLIENT and one.span_id in served:
            to = served[one.span_id]
            found["ways"][_operation(to)].append((one.start, one.duration - to.duration))
        elif one.kind == SpanKind.CLIENT:
            found["dependencies"][_dependency(one)].append((one.start, one.duration))
    return found


def measured_requests(found: Durations, routes: int) -> int:
    """Return how many requests of the rarest route there are, of so many routes; at most ENOUGH."""
    counts = sorted(map(len, found["work"].values()))
    return min(counts[0], ENOUGH) if len(counts) >= routes else 0


def _operation(span: Span) -> str:
    return f"{span.service} {span.route}"


def _dependency(call: Span) -> str:
    """The system of a database, else the name that the caller gives it."""
    return _first(call.attributes.get(key, "") for key in names.DB_SYSTEM) or call.peer


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")
