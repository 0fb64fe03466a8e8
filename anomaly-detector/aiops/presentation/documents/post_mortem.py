"""A post-mortem of an incident: what is known of it for those who write down what was learned."""

from typing import Final, Literal

from pydantic import Field

from aiops.presentation.documents.base import Document, Time

PAGE_EXTENSION: Final = "aiops.post_mortem_page"
"""The extension of the application that draws a post-mortem as HTML: the pages add it, the API uses it."""


class PostMortemSummary(Document):
    what: str
    since: Time
    until: Time | None = Field(description="null while it lasts")
    lasted_seconds: float
    detected_after_seconds: float
    acknowledged_after_seconds: float | None
    users: str = Field(description="who was hit, in one sentence")
    owner: str | None = Field(description="of the service to look at first, by the catalogue")
    services: list[str]
    endpoints: list[str]
    resolution: str | None


class PostMortemEvent(Document):
    """What happened at one time; `more` are symptoms that began at the same time."""

    at: Time
    what: str
    text: str
    more: list[str]


class PostMortemCause(Document):
    place: str
    text: str
    confidence: float
    interval: tuple[float, float]
    sentences: list[str] = Field(description="where it starts, what goes wrong there, and what looks the same")
    ruled_out: list[str]
    alternatives: list[str]
    evidence: list[str] = Field(description="the most telling first")
    change: str | None
    traces: list[str] = Field(description="ids of bad traces, the first to look at first")


class PostMortemEndpoint(Document):
    service: str
    method: str
    route: str
    requests: float
    failed: float
    mean_ms: float | None


class PostMortemBudget(Document):
    """What was spent of the budget of an objective; a minute is one in which everything failed."""

    slo: str
    group: dict[str, str]
    minutes: float | None = Field(description="lost, estimated from the burn rate; null: the objective is gone")
    of_minutes: float | None = Field(description="of the whole period")
    burn_rate: float
    budget_left: float


class PostMortemImpact(Document):
    failed: float | None = Field(description="failed requests of users; null where no entrance of users is known")
    requests: float | None = Field(description="of users, to the endpoints that were hit")
    every: float | None = Field(description="all requests of users")
    since: Time | None = Field(description="since when they were counted")
    endpoints: list[PostMortemEndpoint]
    budgets: list[PostMortemBudget]
    watched: list[str] = Field(description="objectives of the services that were not hit")


class PostMortemAlert(Document):
    name: str
    state: str
    severity: str
    since: Time
    until: Time | None
    summary: str


class PostMortemChange(Document):
    at: Time
    kind: str
    service: str
    version: str | None
    who: str | None
    text: str | None
    source: str | None
    verdict: str | None = Field(description="null: it was not considered as the origin")
    why: str | None


class PostMortemAction(Document):
    at: Time
    who: str
    what: str
    text: str


class PostMortemPast(Document):
    id: str
    headline: str
    since: Time
    lasted_seconds: float
    resolution: str | None
    page: str


class SeriesOverTime(Document):
    """One chart: values by time, null where unknown; `unit` is ratio, seconds or requests_per_second."""

    title: str
    family: str
    unit: Literal["ratio", "seconds", "requests_per_second"]
    step_seconds: float
    times: list[float] = Field(description="ends of steps, Unix seconds")
    observed: list[float | None]
    expected: list[float | None]
    lower: list[float | None]
    upper: list[float | None] = Field(description="null where the band has no end")


class MarkedMoment(Document):
    at: Time
    kind: Literal["onset", "detected", "change", "action", "over"]
    text: str


class PostMortemQuestions(Document):
    """A part that people write."""

    section: str
    questions: list[str]


class PostMortem(Document):
    incident: str
    headline: str
    severity: str
    state: Literal["open", "acknowledged", "resolved"]
    over: bool = Field(description="false: it lasts, and the numbers will change")
    as_of: Time
    page: str
    summary: PostMortemSummary
    timeline: list[PostMortemEvent] = Field(description="oldest first")
    cause: PostMortemCause | None
    no_cause: str | None
    impact: PostMortemImpact
    alerts: list[PostMortemAlert]
    changes: list[PostMortemChange]
    actions: list[PostMortemAction] = Field(description="what people did, oldest first")
    past: list[PostMortemPast] = Field(description="incidents that are alike, newest first")
    series: list[SeriesOverTime]
    moments: list[MarkedMoment]
    gaps: list[str] = Field(description="what could not be read")
    for_people: list[PostMortemQuestions]
