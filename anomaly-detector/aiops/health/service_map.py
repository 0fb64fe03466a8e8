"""Who calls whom, and how both are: the calls between services with what is expected of them, and their health."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiops.health.red import ServiceHealth
from aiops.model import VIRTUAL, CauseKind, Edge, Family, Incident, Labels, SeriesState, Verdict, labels, names

USERS = ""
"""The name of the node for everybody who sends no telemetry, such as users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapNode:
    """A service, or something that services call. Rate in requests per second, latency: mean seconds, None where
    nothing is known. `calls_failed`: the share of calls to it that failed, as its callers saw them. `virtual`: it
    sends no telemetry, so its numbers are those of its callers. `causes` and `hit_by` are the ids of the incidents
    that it causes, and that affect it."""

    name: str
    virtual: bool
    status: str
    score: int
    rate: float
    error_ratio: float
    latency: float | None
    calls_failed: float = 0.0
    causes: tuple[str, ...] = ()
    hit_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MapCall:
    """The calls from one node to another. Latencies are means in seconds as the caller saw them, None where unknown.

    `slow`: they take longer than the expected range. `failing`: more of them fail than expected. `causes` are the ids
    of the incidents whose trouble is between the two.
    """

    caller: str
    callee: str
    virtual: bool
    rate: float
    error_ratio: float
    latency: float | None
    expected: float | None = None
    expected_range: tuple[float, float] | None = None
    slow: bool = False
    failing: bool = False
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceMap:
    """All nodes by name, and all calls by caller and callee, over the five minutes before `at` (Unix seconds; None
    where there is no telemetry)."""

    at: float | None
    nodes: Mapping[str, MapNode]
    calls: Sequence[MapCall]


def call_series(edge: Edge) -> Labels:
    """Return the series by which the calls of an edge are judged."""
    return labels(caller=edge.caller, callee=edge.callee)


def service_map(
    at: float | None,
    edges: Sequence[Edge],
    found: Sequence[ServiceHealth],
    judged: Mapping[Labels, Mapping[Family, Verdict]],
    active: Sequence[Incident],
) -> ServiceMap:
    """Join the calls between services with their health, the verdicts on calls, and the active incidents."""
    causes, hit, between = _by_place(active)
    services = {one.service: one for one in found}
    calls = [_call(edge, judged.get(call_series(edge), {}), between) for edge in edges]
    into: dict[str, list[MapCall]] = defaultdict(list)
    for call in calls:
        into[call.callee].append(call)
    nodes = {
        name: _node(name, services.get(name), into.get(name, ()), causes.get(name, ()), hit.get(name, ()))
        for name in sorted({*services, *(end for call in calls for end in (call.caller, call.callee))})
    }
    called = {callee for callee, them in into.items() if any(one.caller != callee for one in them)}
    entries = [node for name, node in nodes.items() if node.rate and name not in called]
    users = [_from_users(node) for node in entries]
    if users:
        nodes = {USERS: _node(USERS, None, (), (), ()), **nodes}
    return ServiceMap(at, nodes, [*users, *calls])


def suffering(judged: Iterable[Verdict]) -> frozenset[str]:
    """Return the services with a series in trouble: of requests that they serve, or of calls that they make."""
    return frozenset(
        name
        for one in judged
        if one.state >= SeriesState.INCIDENT
        for key, name in one.series
        if key in (names.SERVICE, names.CALLER)
    )


def _by_place(
    active: Sequence[Incident],
) -> tuple[dict[str, list[str]], dict[str, list[str]], dict[tuple[str, str], list[str]]]:
    """Return the ids of incidents by the service that causes them, by those affected, and by the edge at fault."""
    causes, hit, between = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list), defaultdict(list)
    for one in active:
        cause = one.root_cause.cause if one.root_cause is not None else None
        if cause is not None and cause.kind != CauseKind.MACHINE:
            causes[cause.service].append(one.id)
            if cause.caller:
                between[cause.caller, cause.service].append(one.id)
        for name in one.affected_services:
            if cause is None or name != cause.service:
                hit[name].append(one.id)
    return causes, hit, between


def _call(edge: Edge, latest: Mapping[Family, Verdict], between: Mapping[tuple[str, str], Sequence[str]]) -> MapCall:
    latency = edge.latency if edge.latency == edge.latency and edge.latency > 0 else None
    time, errors = latest.get(Family.LATENCY), latest.get(Family.ERRORS)
    known = time is not None and time.expected == time.expected
    above = known and time is not None and latency is not None and latency > time.upper
    return MapCall(
        caller=edge.caller,
        callee=edge.callee,
        virtual=edge.connection == VIRTUAL,
        rate=edge.rate,
        error_ratio=edge.error_ratio,
        latency=latency,
        expected=time.expected if known and time is not None else None,
        expected_range=(time.lower, time.upper) if known and time is not None else None,
        slow=above or (time is not None and time.state == SeriesState.INCIDENT),
        failing=errors is not None and errors.state == SeriesState.INCIDENT,
        causes=tuple(between.get((edge.caller, edge.callee), ())),
    )


def _node(
    name: str, known: ServiceHealth | None, into: Sequence[MapCall], causes: Sequence[str], hit: Sequence[str]
) -> MapNode:
    """Return a node with the numbers of the requests that it serves, else with those of the calls to it."""
    called = sum(one.rate for one in into)
    calls_failed = sum(one.rate * one.error_ratio for one in into) / called if called else 0.0
    if known is not None and known.routes:
        rate, failed, latency = known.requests_per_second, known.error_ratio, known.latency
    else:
        timed = [one for one in into if one.latency is not None]
        rate, failed, over = called, calls_failed, sum(one.rate for one in timed)
        latency = sum(one.rate * (one.latency or 0.0) for one in timed) / over if over else None
    return MapNode(
        name=name,
        virtual=known is None,
        status=known.status if known else "unknown",
        score=known.score if known else 100,
        rate=rate,
        error_ratio=failed,
        latency=latency,
        calls_failed=calls_failed,
        causes=tuple(causes),
        hit_by=tuple(hit),
    )


def _from_users(node: MapNode) -> MapCall:
    return MapCall(
        caller=USERS,
        callee=node.name,
        virtual=False,
        rate=node.rate,
        error_ratio=node.error_ratio,
        latency=node.latency,
    )
