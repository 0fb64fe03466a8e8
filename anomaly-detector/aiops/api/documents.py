"""What the API answers, as OpenAPI describes it. Unknown numbers are null; latencies end in _ms, ratios are 0..1."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Status = Literal["healthy", "degraded", "unhealthy", "unknown"]
Time = str


class Document(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    parameter: str | None = Field(None, description="the query parameter, path part or body field at fault")


class Dimension(Document):
    attribute: str
    value: str
    share_of_bad: float
    share_of_good: float


class Cause(Document):
    service: str
    endpoint: str | None
    method: str | None
    kind: str
    caller: str | None


class Alternative(Cause):
    confidence: float


class RootCause(Cause):
    description: str
    confidence: float = Field(description="share of the bad traces that start there")
    interval: tuple[float, float] = Field(description="95 % Wilson interval of the confidence")
    dimensions: list[Dimension]
    change: str | None
    alternatives: list[Alternative]


class FirstFailingSpan(Document):
    trace_id: str
    span_id: str
    service: str
    name: str
    status: str
    exception: str | None
    share_of_traces: float


class TraceCorrelation(Document):
    trace_id: str | None
    trace_ids: list[str]
    traces_analyzed: int
    correlated_failures: list[str]


class SloImpact(Document):
    """An objective that burns while the incident lasts, as it was last."""

    slo: str
    group: dict[str, str]
    burn_rate: float | None
    budget_left: float | None
    exhausted_in: str | None


class Links(BaseModel):
    """More of them may come."""

    model_config = ConfigDict(extra="allow")

    self: str
    page: str
    trace: str | None
    dashboard: str | None = Field(description="of its service in Grafana, at its time; null without grafana_url")


class TimelineEntry(Document):
    at: Time
    what: str
    text: str


class Episode(Document):
    """One of the times that the trouble was there."""

    onset: Time
    detected: Time
    ended: Time | None
    told: bool = Field(description="false: it was not announced by itself, for people knew that it comes and goes")


class Incident(Document):
    """One incident: one cause, its symptoms, its evidence and its life."""

    id: str
    state: Literal["open", "acknowledged", "resolved"]
    severity: Literal["low", "medium", "high", "critical"]
    title: str
    root_cause: RootCause | None
    no_cause: str | None = Field(description="why there is no root cause")
    first_failing_span: FirstFailingSpan | None
    affected_endpoints: list[str]
    affected_services: list[str]
    fingerprint: str | None = Field(description="of its cause and kind; incidents that share it are alike")
    occurrences: int = Field(description="how often its trouble was there")
    recurrence: str | None = Field(description="that in words, like `5th time in 40 minutes`; null the first time")
    episodes: list[Episode] = Field(description="the last 50, the present one last")
    onset: Time = Field(description="of the present episode, or the last")
    first_detected: Time
    last_seen: Time
    resolved_at: Time | None
    resolution: str | None
    ending: Literal["calm", "no_data", "settled", "merged", "person", "accepted"] | None = Field(
        description="why it is over; null while it is not, and where an older engine resolved it"
    )
    acknowledged_by: str | None
    symptoms: list[dict[str, str]]
    trace_correlation: TraceCorrelation
    slo_impact: list[SloImpact]
    links: Links
    timeline: list[TimelineEntry]


class LinkedAlert(Document):
    """An alert of somebody else's rules."""

    name: str
    severity: str | None = Field(description="as its label says")
    state: Literal["firing", "resolved"]
    starts_at: Time
    ends_at: Time | None
    summary: str | None
    url: str | None = Field(description="the rule behind it")


class Expectation(Document):
    """Seconds of a request for latency, requests a second for traffic; null where nothing is known."""

    expected: float | None
    lower: float | None
    upper: float | None


class Relearned(Document):
    """A symptom that is learned anew."""

    labels: dict[str, str]
    family: Literal["latency", "traffic"]
    unit: Literal["seconds", "requests_per_second"]
    before: Expectation
    after: Expectation


class NewNormal(Document):
    """What would be learned if it were said that this is normal now."""

    incident: str
    changes: list[Relearned]


class Accepted(Document):
    """Somebody's word that this is normal now."""

    at: Time
    who: str
    reason: str
    changes: list[Relearned]
    undone_at: Time | None
    undone_by: str | None
    undo_until: Time | None = Field(description="until when it can be taken back; null where it cannot")


class Alike(Document):
    """Another incident with the same fingerprint."""

    id: str
    state: Literal["open", "acknowledged", "resolved"]
    severity: Literal["low", "medium", "high", "critical"]
    title: str
    onset: Time
    resolved_at: Time | None
    resolution: str | None
    occurrences: int
    page: str


class WholeIncident(Incident):
    """One incident with the alerts that tell of it, and those before and after it that are alike."""

    accepted: list[Accepted] = Field(description="what of it was taken for normal, newest first")
    alike: list[Alike] = Field(description="incidents with the same fingerprint, newest first; ten at most")

    alerts: list[LinkedAlert] = Field(
        description="that name a service it hits, and fired while it lasted; newest first"
    )


class Alert(LinkedAlert):
    fingerprint: str
    services: list[str] = Field(description="that its labels name")
    labels: dict[str, str]
    annotations: dict[str, str]
    incidents: list[str] = Field(description="that it tells of")


class Alerts(Document):
    alerts: list[Alert]


class MendedField(Document):
    """A field of a message that could not be taken as it was."""

    field: str
    what: str


class Received(Document):
    """What became of the alerts of one post."""

    received: int
    dropped: int = Field(description="that could not be told from others, and are left out")
    mended: list[MendedField] = Field(description="fields that were left out or made good, the first 20")
    mended_in_all: int
    firing: int = Field(description="that begin")
    resolved: int = Field(description="that end")
    known: int = Field(description="that say nothing new")
    refused: int = Field(description="that are the engine's own incidents")


class Incidents(Document):
    active_incidents: list[Incident] = Field(description="those that the filters keep, newest first")
    next: str | None = Field(description="the `cursor` of the next page")


class Transition(Document):
    transition: str
    incident: Incident


class Analysis(Document):
    """What one cycle did."""

    at: Time
    judged_until: Time | None
    findings: list["Finding"]
    events: list[Transition]
    gaps: list[str] = Field(description="sources that did not answer")


class Finding(Document):
    """A series in trouble; ratios for errors, seconds for latency."""

    labels: dict[str, str]
    family: str
    onset: Time
    at: Time
    score: float | None
    observed: float | None
    expected: float | None
    bad: float | None
    total: float | None
    confidence: float | None
    rising: bool


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
    connection: str = Field(description="empty, or `virtual` where the callee sends no telemetry")


class Topology(Document):
    services: list[str]
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


class JudgedSeries(Document):
    """Observed, expected, bounds and score of a route."""

    service: str
    route: str
    since: Time
    until: Time
    series: list[Judged]


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


class Change(Document):
    at: Time
    who: str
    kind: str
    service: str
    version: str | None
    text: str | None


class Changes(Document):
    changes: list[Change]


class Alive(Document):
    status: Literal["ok"]


class Ready(Document):
    ready: Literal[True]
    notes: list[str] = Field(description="what is less than whole, such as limits that were met, and why")
