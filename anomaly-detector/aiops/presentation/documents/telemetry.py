"""Services, routes, calls, series and changes."""

from typing import Any, Literal

from pydantic import Field

from aiops.presentation.documents.base import Document, Time

Status = Literal["healthy", "degraded", "unhealthy", "unknown"]


class Health(Document):
    status: Status
    health_score: int = Field(ge=0, le=100)


class RouteMetrics(Document):
    """One route over the last five minutes."""

    service: str
    route: str
    method: str
    avg_latency_ms: float | None
    baseline_latency_ms: float | None
    expected_range_ms: tuple[float, float] | None
    p95_latency_ms: float | None
    error_rate: float | None
    request_count: int
    status_distribution: dict[str, int]
    health: Health


class Metrics(Document):
    metrics: dict[str, RouteMetrics] = Field(
        description="by `service route`, or `service METHOD route` where methods share a route"
    )


class Service(Document):
    """As healthy as its worst route."""

    service: str
    health: Health
    requests_per_second: float | None
    error_rate: float | None
    incidents: list[str]
    oddities: list[str] = Field(description="what is odd about the way in which it sends its telemetry")
    routes: list[RouteMetrics]


class Services(Document):
    services: list[Service]


class Edge(Document):
    """One service calling another, as the caller saw it."""

    caller: str
    callee: str
    requests_per_second: float | None
    error_rate: float | None
    avg_latency_ms: float | None
    expected_latency_ms: float | None
    expected_range_ms: tuple[float, float] | None
    slow: bool = Field(description="the calls take longer than the expected range")
    failing: bool = Field(description="more of the calls fail than expected")
    connection: str = Field(description="empty, or `virtual` where the callee sends no telemetry")


class Node(Document):
    """A service, or something that services call: then its numbers are those of its callers."""

    service: str
    virtual: bool = Field(description="it sends no telemetry")
    health: Health
    requests_per_second: float | None
    error_rate: float | None
    avg_latency_ms: float | None
    causes: list[str] = Field(description="the incidents that it causes")
    affected_by: list[str] = Field(description="the incidents that affect it")


class Topology(Document):
    """Who calls whom, over the five minutes before `at`."""

    at: Time | None
    services: list[str]
    nodes: list[Node]
    edges: list[Edge]


class Point(Document):
    at: Time
    observed: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    score: float | None = Field(description="1 is the boundary")
    confidence: float | None
    tier: str
    life: str


class Judged(Document):
    labels: dict[str, str]
    family: str
    unit: Literal["ratio", "seconds", "signals"]
    points: list[Point]


class WhyAlerted(Document):
    """Why a series alerts or not, in one sentence each."""

    labels: dict[str, str]
    family: str
    state: str = Field(description="now: normal, suspect, incident or recovering")
    tier: str = Field(description="which model judges it now")
    now: str = Field(description="after the last step")
    then: str | None = Field(description="in the time asked for; null where verdicts of the family are not stored")


class JudgedSeries(Document):
    """Observed, expected, bounds and score of a route, and why it alerts or not."""

    service: str
    route: str
    since: Time
    until: Time
    series: list[Judged]
    reasons: list[WhyAlerted] = Field(description="of every family, also of those whose verdicts are not stored")


class Values(Document):
    labels: dict[str, str]
    values: list[float | None]


class MetricSeries(Document):
    """An OpenTelemetry metric on a grid; counters and histograms give increments a step, gauges the last value."""

    metric: str
    by: list[str]
    since: Time
    until: Time
    step_seconds: float
    ends: list[Time]
    series: list[Values]


class RawSpans(Document):
    """Spans as OTLP/JSON: an ExportTraceServiceRequest, and whether these are all of that time."""

    resourceSpans: list[dict[str, Any]]
    complete: bool = Field(description="false: a store that cannot list spans gave those of some traces")


class VersionComparison(Document):
    """A new version beside the old one: requests of both, of one time."""

    version: str
    beside: str
    since: Time
    requests: int
    requests_beside: int
    errors: float
    errors_beside: float
    p95_ms: float | None = Field(description="of requests that did not fail")
    p95_ms_beside: float | None
    outcome: Literal["worse", "no_worse", "undecided", "too_few"]
    reasons: list[Literal["errors", "latency"]]


class Change(Document):
    at: Time
    who: str
    kind: str
    service: str
    version: str | None
    text: str | None
    comparison: VersionComparison | None = Field(None, description="null: no other version served at that time")
    verdict: str | None = Field(None, description="the comparison in one sentence")
    source: str | None = Field(description="api, github, argocd, flags or kubernetes; null: an earlier release had it")


class TakenChange(Document):
    """What became of a message about a change."""

    stored: bool
    why: str = Field(description="why it was not stored: it says no change, or is known already; empty where it was")
    change: Change | None


class Changes(Document):
    changes: list[Change]


class Alive(Document):
    status: Literal["ok"]


class Ready(Document):
    ready: Literal[True]
    notes: list[str] = Field(description="what is less than whole, such as limits that were met, and why")
