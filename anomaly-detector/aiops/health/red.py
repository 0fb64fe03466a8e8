"""Present health of routes and services: sums of their recent requests, and what the detector expects."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from aiops.model import (
    Family,
    Incident,
    Labels,
    Oddity,
    Selector,
    SeriesBlock,
    SeriesState,
    Tier,
    Verdict,
    labels,
    names,
    value_of,
)

RECENT = 300.0
"""Seconds that are summed up."""
CAUSE, HIT = 50, 70
"""The best score of a service that is the cause of an open incident, and of one that it affects."""
ROUTE = (names.SERVICE, names.ROUTE, names.METHOD)
SELECTORS = (
    *(Selector(one, ROUTE) for one in (names.REQUESTS, names.ERRORS, names.DURATION, names.BUCKET)),
    Selector(names.REQUESTS, (*ROUTE, names.STATUS_CODE)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteHealth:
    """One route over the last five minutes. Latencies are in seconds, None where nothing is known; the score is
    0..100."""

    service: str
    route: str
    method: str
    requests: float
    error_ratio: float
    latency: float | None
    latency_p95: float | None
    expected: float | None
    expected_range: tuple[float, float] | None
    statuses: dict[str, int]
    status: str
    score: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHealth:
    """The health of a service: that of its worst route, or silent. It is never healthy while an incident is open that
    it causes, or that affects it. `oddities` are peculiarities of its telemetry."""

    service: str
    status: str
    score: int
    requests_per_second: float
    error_ratio: float
    routes: tuple[RouteHealth, ...]
    incidents: tuple[str, ...]
    oddities: tuple[str, ...] = ()

    @property
    def latency(self) -> float | None:
        """The mean of all its requests in seconds, None where nothing is known."""
        timed = [(one.requests, one.latency) for one in self.routes if one.latency is not None]
        requests = sum(count for count, _ in timed)
        return sum(count * seconds for count, seconds in timed) / requests if requests else None

    @property
    def slowest(self) -> RouteHealth | None:
        """The route with the highest mean; None where no latency is known."""
        timed = [one for one in self.routes if one.latency]
        return max(timed, key=lambda one: one.latency or 0.0, default=None)


@dataclass(slots=True)
class RouteCounts:
    """The sums over the requests of a route: by signal, cumulative counts by bound in seconds, and by HTTP status."""

    sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    buckets: list[tuple[float, float]] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)


def count_routes(block: SeriesBlock) -> dict[Labels, RouteCounts]:
    """Sum up a block of SELECTORS by route, in label order; each row is read once."""
    out: dict[Labels, RouteCounts] = {}
    for series, total in zip(block.labels, np.nansum(block.values, axis=1).tolist(), strict=True):
        scope, name, status, bound = _read(series)
        one = out.get(scope)
        if one is None:
            one = out[scope] = RouteCounts()
        if status:
            if total > 0:
                one.statuses[status] = int(total)
        elif name == names.BUCKET:
            one.buckets.append((float(bound), total))
        else:
            one.sums[name] += total
    return {scope: out[scope] for scope in sorted(out) if names.REQUESTS in out[scope].sums}


def _read(series: Labels) -> tuple[Labels, str, str, str]:
    """Return the route of a row, its name, and its HTTP status and upper bound where it has any. One pass over the
    labels: there are twenty rows of a route."""
    scope: list[tuple[str, str]] = []
    name = status = bound = ""
    for pair in series:
        key, value = pair
        if key == names.NAME:
            name = value
        elif key == names.LE:
            bound = value
        elif key == names.STATUS_CODE:
            status = value
        elif key in ROUTE:
            scope.append(pair)
    if len(scope) < len(ROUTE):
        of = dict(scope)
        return labels(**{key: of.get(key, "") for key in ROUTE}), name, status, bound
    return tuple(scope), name, status, bound


def routes(found: Mapping[Labels, RouteCounts], judged: Mapping[Labels, Mapping[Family, Verdict]]) -> list[RouteHealth]:
    """Return the health of every route, worst first; `judged` are the verdicts on each."""
    out = [_route(scope, one, judged.get(scope, {})) for scope, one in found.items()]
    return sorted(out, key=lambda one: (one.score, one.service, one.route, one.method))


def services(
    found: Sequence[RouteHealth],
    known: Iterable[str],
    silent: Collection[str],
    active: Sequence[Incident],
    oddities: Sequence[Oddity] = (),
) -> list[ServiceHealth]:
    """Return the health of every service that has routes, is `known` or has oddities, worst first."""
    mine: dict[str, list[RouteHealth]] = {name: [] for name in known}
    for one in found:
        mine.setdefault(one.service, []).append(one)
    odd: dict[str, list[str]] = defaultdict(list)
    for oddity in oddities:
        mine.setdefault(oddity.service, [])
        odd[oddity.service].append(oddity.text)
    hit: dict[str, list[Incident]] = defaultdict(list)
    for incident in active:
        for name in incident.affected_services:
            hit[name].append(incident)
    out = [_service(name, of, name in silent, hit.get(name, ()), odd.get(name, ())) for name, of in mine.items()]
    return sorted(out, key=lambda one: (one.score, one.service))


def _route(scope: Labels, found: RouteCounts, latest: Mapping[Family, Verdict]) -> RouteHealth:
    requests, errors, seconds = (found.sums[name] for name in (names.REQUESTS, names.ERRORS, names.DURATION))
    status, score = _health(latest)
    expected = latest.get(Family.LATENCY)
    known = expected is not None and expected.expected == expected.expected
    return RouteHealth(
        service=value_of(scope, names.SERVICE),
        route=value_of(scope, names.ROUTE),
        method=value_of(scope, names.METHOD),
        requests=requests,
        error_ratio=errors / requests if requests else 0.0,
        latency=seconds / requests if requests else None,
        latency_p95=_quantile(0.95, sorted(found.buckets), requests),
        expected=expected.expected if expected and known else None,
        expected_range=(expected.lower, expected.upper) if expected and known else None,
        statuses=found.statuses,
        status=status,
        score=score,
    )


def _health(latest: Mapping[Family, Verdict]) -> tuple[str, int]:
    """Return status and score: 100 while nothing stands out, half the score in suspicion, under 50 in trouble; unknown
    before anything could be judged."""
    judged = [one for one in latest.values() if one.tier != Tier.WARMUP]
    if not judged:
        return "unknown", 100
    worst = max(one.score if one.score == one.score else 0.0 for one in judged)
    if any(one.state == SeriesState.INCIDENT for one in judged):
        return "unhealthy", max(0, round(50 - 10 * min(worst, 5.0)))
    if any(one.state != SeriesState.NORMAL for one in judged):
        return "degraded", HIT
    return "healthy", 100 - round(20 * min(max(worst, 0.0), 1.0))


def _service(
    name: str, routes: Sequence[RouteHealth], silent: bool, hurt: Sequence[Incident], oddities: Sequence[str]
) -> ServiceHealth:
    requests = sum(one.requests for one in routes)
    errors = sum(one.requests * one.error_ratio for one in routes)
    worst = min(routes, key=lambda one: one.score, default=None)
    status, score = (worst.status, worst.score) if worst else ("unknown", 100)
    if any(one.root_cause is not None and one.root_cause.cause.service == name for one in hurt):
        status, score = "unhealthy", min(score, CAUSE)
    elif hurt and score > HIT:
        status, score = "degraded", HIT
    if silent:
        status, score = "unhealthy", 0
    return ServiceHealth(
        service=name,
        status=status,
        score=score,
        requests_per_second=requests / RECENT,
        error_ratio=errors / requests if requests else 0.0,
        routes=tuple(routes),
        incidents=tuple(one.id for one in hurt),
        oddities=tuple(oddities),
    )


def _quantile(share: float, buckets: Sequence[tuple[float, float]], total: float) -> float | None:
    """Return a quantile from cumulative buckets, linear inside a bucket; the last finite bound when it lies beyond."""
    if not buckets or total <= 0:
        return None
    below_bound, below = 0.0, 0.0
    for bound, count in buckets:
        if count >= share * total and bound != float("inf"):
            inside = (share * total - below) / max(count - below, 1e-9)
            return below_bound + inside * (bound - below_bound)
        if bound != float("inf"):
            below_bound, below = bound, count
    return below_bound
