"""Requests counted by metrics, for services whose traces are a sample: without them a replay would count too few."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from math import inf, isfinite
from typing import Any, Final

from aiops.cli.remote import Remote
from aiops.model import Window, names
from aiops.presentation.documents.base import Json

COVERED: Final = 0.9
"""The share of a service's requests in its spans from which on the spans suffice."""
STEP: Final = 15.0
AT_ONCE: Final = 600.0
METRIC: Final = "http.server.request.duration"
_DELTA: Final = 1
_NANO: Final = 1_000_000_000
_BY: Final = (names.SERVICE, names.ROUTE, names.METHOD, names.STATUS_CODE)
Key = tuple[str, ...]
Rows = dict[Key, list[float]]


def request_metrics(engine: Remote, window: Window, spans: Mapping[str, int]) -> Iterator[Json]:
    """Yield exports with the requests of services that served more than `spans` tell, by service. Failures are known by
    their HTTP status; a service with others has none here, because its spans tell of them. Raises NotAnswered."""
    counts: dict[str, float] = defaultdict(float)
    for part in _parts(window):
        for key, values in _asked(engine, names.REQUESTS, _BY, part)[1].items():
            counts[key[0]] += sum(values)
    wanted = {service for service, count in counts.items() if spans.get(service, 0) < COVERED * count}
    for part in _parts(window) if wanted else ():
        for key, values in _asked(engine, names.ERRORS, _BY, part)[1].items():
            if not key[3] and any(values):
                wanted.discard(key[0])
    for part in _parts(window) if wanted else ():
        if export := _export(engine, part, wanted):
            yield export


def _export(engine: Remote, part: Window, wanted: set[str]) -> Json | None:
    ends, requests = _asked(engine, names.REQUESTS, _BY, part)
    _, buckets = _asked(engine, names.BUCKET, (*_BY, names.LE), part)
    _, seconds = _asked(engine, names.DURATION, _BY, part)
    below: dict[Key, dict[float, list[float]]] = defaultdict(dict)
    for (*of, bound), values in buckets.items():
        below[tuple(of)][float(bound)] = values
    groups: dict[str, list[Json]] = defaultdict(list)
    for key, counts in requests.items():
        if key[0] in wanted:
            groups[key[0]] += _points(key, ends, counts, below.get(key, {}), seconds.get(key, []))
    found = [_group(service, points) for service, points in groups.items() if points]
    return {"resourceMetrics": found} if found else None


def _points(
    key: Key, ends: list[float], counts: list[float], below: Mapping[float, list[float]], seconds: list[float]
) -> Iterator[Json]:
    bounds = sorted(bound for bound in below if bound != inf)
    pairs = zip((names.HTTP_ROUTE, names.HTTP_METHOD[0], names.HTTP_STATUS[0]), key[1:], strict=True)
    attributes = [{"key": name, "value": {"stringValue": value}} for name, value in pairs if value]
    for at, (end, count) in enumerate(zip(ends, counts, strict=True)):
        total, cumulative = round(count), [round(below[bound][at]) for bound in bounds]
        slots, before = [], 0
        for one in cumulative:
            slots.append(str(max(min(one, total) - before, 0)))
            before = max(before, min(one, total))
        yield {
            "startTimeUnixNano": str(round((end - STEP) * _NANO)),
            "timeUnixNano": str(round(end * _NANO)),
            "count": str(total),
            "sum": seconds[at] if seconds else 0.0,
            "bucketCounts": [*slots, str(total - before)],
            "explicitBounds": bounds,
            "attributes": attributes,
        }


def _group(service: str, points: list[Json]) -> Json:
    histogram = {"aggregationTemporality": _DELTA, "dataPoints": points}
    metric = {"name": METRIC, "unit": "s", "histogram": histogram}
    resource = {"attributes": [{"key": names.SERVICE_NAME, "value": {"stringValue": service}}]}
    return {"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}


def _asked(engine: Remote, metric: str, by: tuple[str, ...], part: Window) -> tuple[list[float], Rows]:
    """Return the ends of steps, and rows by their labels; what is not known counts as nothing."""
    found: Any = engine.series(metric, by, part, STEP)
    rows = {
        tuple(one["labels"].get(name, "") for name in by): [
            value if value is not None and isfinite(value) else 0.0 for value in one["values"]
        ]
        for one in found["series"]
    }
    return [datetime.fromisoformat(one).timestamp() for one in found["ends"]], rows


def _parts(window: Window) -> Iterator[Window]:
    start = window.start // STEP * STEP
    while start < window.end:
        yield Window(start, start + AT_ONCE)
        start += AT_ONCE
