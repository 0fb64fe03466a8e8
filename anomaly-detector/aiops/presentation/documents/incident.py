"""Incidents, as the API, notifications and the command line give them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aiops.presentation.documents.base import Cause, Document, Time
from aiops.presentation.documents.evidence import Evidence
from aiops.presentation.documents.silence import Muted


class Dimension(Document):
    attribute: str
    value: str
    share_of_bad: float
    share_of_good: float


class Alternative(Cause):
    confidence: float


class VersionRequests(Document):
    """Requests that were read of one time."""

    bad: int
    good: int


class ConsideredChange(Document):
    """A change that was considered as the origin of the cause."""

    at: Time
    who: str | None = Field(description="null: nobody reported it, the engine saw a new version in spans")
    kind: Literal["deployment", "flag", "config", "oom_kill", "warning"]
    service: str
    version: str | None
    text: str | None
    source: str | None = Field(None, description="where it is known from; null: from spans, or an earlier release")
    verdict: Literal["accepted", "possible", "rejected"]
    why: str
    new: VersionRequests | None = Field(description="of the new version; null where nothing was compared")
    old: VersionRequests | None = Field(description="of all other versions at the same time")
    chance: float | None = Field(description="of so many bad requests of the new version if both were alike")
    instead: str | None = Field(description="the version that most other requests are of")


class PlaceExcess(Document):
    """What the metrics of a place show above the usual: seconds for latency, failures for errors."""

    service: str
    caller: str | None = Field(description="of the calls to the service; null for all requests that it serves")
    family: str
    observed: float = Field(description="mean of a request")
    expected: float
    per_second: float = Field(description="above the usual, of all requests in each second")
    share: float | None = Field(description="of the place before it, of the same family")
    onset: Time


class CauseMeasure(Document):
    """The number that shows a cause best: ratios for errors, seconds for latency, requests a second for traffic."""

    family: str
    observed: float
    expected: float = Field(description="as usual")


class RootCause(Cause):
    description: str
    confidence: float = Field(
        description="share of the bad traces that start there; from metrics alone, how often such evidence was right"
    )
    interval: tuple[float, float] = Field(description="95 % Wilson interval of the confidence")
    dimensions: list[Dimension]
    change: str | None = Field(description="that it came with: a new version is worse than the old one beside it")
    changes_considered: list[ConsideredChange] = Field(description="accepted ones first; ten at most")
    alternatives: list[Alternative]
    measured: CauseMeasure | None = Field(description="the number that shows the cause best; null where none does")
    from_metrics: list[PlaceExcess] = Field(
        description="where no trace was read: the places on the way from a symptom to the cause"
    )


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


class SeveritySet(Document):
    """The severity by a person's word."""

    own: Literal["low", "medium", "high", "critical"] = Field(description="what the engine says meanwhile")
    by: str
    reason: str
    at: Time


class NamedLink(Document):
    title: str
    url: str


class OnCall(Document):
    """Who is on call now."""

    names: list[str] = Field(description="of all shifts that overlap; empty: nobody, or unknown if there is a problem")
    until: Time | None = Field(description="when the first of the shifts ends")
    as_of: Time | None = Field(description="when the calendar was read last")
    problem: str | None = Field(description="why it was not read again")


class Responsible(Document):
    """Who looks after the service to look at first, by the catalogue."""

    service: str
    owner: str | None
    runbooks: list[NamedLink]
    links: list[NamedLink]
    slack: str | None
    contact: str | None
    on_call: OnCall | None = Field(description="null where no calendar is written down")


class Incident(Document):
    """One incident: one cause, its symptoms, its evidence and its life."""

    id: str
    state: Literal["open", "acknowledged", "resolved"]
    severity: Literal["low", "medium", "high", "critical"]
    title: str
    headline: str = Field(description="what is wrong in one line, with its number and what it is limited to")
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
    helped: str | None = Field(description="what ended it, as somebody said")
    ending: Literal["calm", "no_data", "settled", "merged", "person", "accepted", "dismissed"] | None = Field(
        description="why it is over; null while it is not, and where an older engine resolved it"
    )
    acknowledged_by: str | None
    assignee: str | None = Field(description="who works on it; null: nobody")
    severity_set: SeveritySet | None = Field(description="where a person gave the severity; null: the engine did")
    held_by: str | None = Field(description="who opened it again by hand: it stays open until somebody resolves it")
    merged: list[str] = Field(description="the ids of incidents that people merged into this one")
    merged_into: str | None = Field(description="the id of the incident that a person merged this one into")
    split_from: str | None = Field(description="the id of the incident off which a person split this one")
    muted: Muted | None = Field(description="why it is not announced now; null: it is")
    symptoms: list[dict[str, str]]
    trace_correlation: TraceCorrelation
    slo_impact: list[SloImpact]
    responsible: Responsible | None = Field(None, description="null where no catalogue has the service")
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
    helped: str | None = Field(description="what ended it, as somebody said")
    occurrences: int
    page: str


class Comment(Document):
    """What somebody wrote about an incident; it stays as it was written."""

    at: Time
    who: str
    text: str = Field(description="Markdown, of which the pages show no HTML and no images")


class WholeIncident(Incident):
    """One incident with its evidence, the alerts that tell of it, and those before and after it that are alike."""

    evidence: Evidence | None = Field(
        description="null where an older engine found the cause, or nothing of it was read yet"
    )
    accepted: list[Accepted] = Field(description="what of it was taken for normal, newest first")
    alike: list[Alike] = Field(description="incidents with the same fingerprint, newest first; ten at most")
    comments: list[Comment] = Field(description="oldest first")

    alerts: list[LinkedAlert] = Field(
        description="that name a service it hits, and fired while it lasted; newest first"
    )


class Incidents(Document):
    active_incidents: list[Incident] = Field(description="those that the filters keep, newest first")
    next: str | None = Field(description="the `cursor` of the next page")


class Transition(Document):
    transition: str
    incident: Incident


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


class Analysis(Document):
    """What one cycle did."""

    at: Time
    judged_until: Time | None
    findings: list["Finding"]
    events: list[Transition]
    gaps: list[str] = Field(description="sources that did not answer")
