"""What the API answers about objectives. A burn rate of 1 spends the budget exactly within its period."""

from typing import Any, Literal

from pydantic import Field

from aiops.presentation.documents.base import Document, Time
from aiops.presentation.documents.incident import FirstFailingSpan
from aiops.presentation.documents.traces import ValueDifference

Rates = dict[str, float | None]


class Standing(Document):
    """How one group of an objective stands."""

    slo: str
    display_name: str
    service: str
    group: dict[str, str] = Field(description="attributes that the objective is split by; empty where it is not")
    target: str = Field(description="share of good events promised, as written")
    period: str
    period_start: Time
    period_end: Time
    method: Literal["occurrences", "timeslices"]
    state: Literal["no_data", "burns_fast", "exhausted", "burns_slowly", "ok"]
    events: float = Field(description="counted in the period: requests, or slices of time")
    bad_events: float
    good_ratio: float | None
    budget_left: float | None = Field(description="share of the error budget; negative once it is broken")
    budget_events_left: float | None = Field(description="events of the period that may still be bad")
    budget_minutes_left: float | None = Field(description="the same as time, where slices of time are counted")
    coverage: float = Field(description="share of the period in which data were there")
    data_since: Time | None = Field(description="when data began in the period; budgets are of all of it")
    burn_rates: Rates = Field(description="by window; null where nothing happened in it")
    burn_rates_from: Literal["counts", "rules"] = Field(
        description="counts: exact, by the engine; rules: what Prometheus recorded, as its alerts see it"
    )
    lookback: str = Field(description="window of the burn rate that exhausted_in goes by")
    exhausted_in: str | None = Field(description="ISO 8601 duration; null: it is not running out")
    projected_left: float | None = Field(description="at the end of a calendar period, by last week's traffic")
    excluded: str | None = Field(description="why the present does not count")


class Part(Document):
    slo: str
    weight: float


class Bucket(Document):
    """A stretch of the period with data; where there are none, there is no bucket."""

    start: Time
    end: Time
    events: float
    bad_events: float
    good_ratio: float | None
    budget_left: float = Field(description="at its end, as a share of the budget as it is known now")


class Projected(Document):
    at: Time
    budget_left: float


class History(Document):
    """How a budget was spent over its period."""

    bucket_seconds: float = Field(description="length of a bucket; they end at multiples of it, in UTC")
    buckets: list[Bucket] = Field(description="oldest first, at most 182")
    projection: list[Projected] = Field(
        description="a line from now on, by exhausted_in and projected_left; empty where neither is known"
    )


class GroupStanding(Standing):
    history: History | None = Field(
        description="of the three worst groups; null for others: name one by the parameter `group` to have it"
    )


class JourneyStanding(Document):
    """A user journey: weighted means of its objectives."""

    journey: str
    display_name: str
    service: str
    parts: list[Part]
    burn_rates: Rates
    budget_left: float | None


class LeftOut(Document):
    slo: str
    why: str


class Slos(Document):
    as_of: Time
    slos: list[Standing] = Field(description="the worst first")
    journeys: list[JourneyStanding]
    left_out: list[LeftOut] = Field(description="objectives that the engine cannot count, as Prometheus may")
    problems: list[str] = Field(description="what is wrong in the files, with line and column")


class Query(Document):
    """Where a number is from."""

    number: str
    exact: bool = Field(description="counted by the engine; else recorded by Prometheus' rules, or an estimate")
    query: str
    promql: str | None = Field(description="the same a second over five minutes, where PromQL can say it")


class BurnLinks(Document):
    page: str
    trace: str | None


class Burn(Document):
    """A burn of the budget, from the first moment an urgency had it until none has."""

    slo: str
    display_name: str
    service: str
    group: dict[str, str]
    urgency: Literal["page", "ticket"]
    summary: str
    since: Time
    last_seen: Time
    until: Time | None
    burn_rate: float = Field(description="the highest")
    budget_left: float
    exhausted_in: str | None
    incident: str | None = Field(description="that tells of it")
    first_failing_span: FirstFailingSpan | None
    trace_ids: list[str]
    links: BurnLinks


class HitBy(Document):
    """An incident that lists the objective."""

    incident: str
    title: str
    state: str
    onset: Time
    resolved_at: Time | None


class Slo(Document):
    slo: str
    display_name: str
    description: str
    service: str
    target: str
    period: str
    left_out: str | None = Field(description="why the engine does not count it")
    written: str = Field(description="file, line and column")
    groups: list[GroupStanding] = Field(description="the worst first; with `group` that one alone")
    queries: list[Query] = Field(description="where each number is from")
    burns: list[Burn] = Field(description="newest first, at most 50")
    incidents: list[HitBy] = Field(description="incidents of the period that list the objective, newest first")


class BadRequests(Document):
    """Bad requests of the last hour, or of the last burn, beside good ones of the same time."""

    slo: str
    group: dict[str, str]
    since: Time
    until: Time
    store: str = Field(description="where the traces are from")
    bad_read: int = Field(description="traces of bad requests that were read, some of every part of the time")
    good_read: int
    differences: list[ValueDifference] = Field(
        description="attribute values that are more common among bad requests (the selection) than among good ones"
    )
    why: str | None = Field(description="why nothing was compared")


class Definitions(Document):
    """The objectives as they are promised."""

    documents: list[dict[str, Any]] = Field(description="OpenSLO documents, in one normal form")
