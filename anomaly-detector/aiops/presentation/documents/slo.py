"""What the API answers about objectives. A burn rate of 1 spends the budget exactly within its period."""

from typing import Any, Literal

from pydantic import Field

from aiops.presentation.documents.base import Document, Time
from aiops.presentation.documents.incident import FirstFailingSpan

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


class Slo(Document):
    slo: str
    display_name: str
    description: str
    service: str
    target: str
    period: str
    left_out: str | None = Field(description="why the engine does not count it")
    written: str = Field(description="file, line and column")
    groups: list[Standing]
    queries: list[Query] = Field(description="where each number is from")
    burns: list[Burn] = Field(description="newest first")


class Definitions(Document):
    """The objectives as they are promised."""

    documents: list[dict[str, Any]] = Field(description="OpenSLO documents, in one normal form")
