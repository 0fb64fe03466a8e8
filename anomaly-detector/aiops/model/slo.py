"""Objectives: what is promised, how events are counted as good or bad, and over which period."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from aiops.model.series import Labels


class Protocol(StrEnum):
    """What a server speaks: the semantic conventions its requests are counted by."""

    HTTP = "otel.http.server"
    RPC = "otel.rpc.server"


class Missing(StrEnum):
    """What absent data mean: nothing, a broken promise, or that the budget stands still."""

    IGNORE = "ignore"
    BAD = "bad"
    FREEZE = "freeze"


class Urgency(StrEnum):
    """How soon somebody must look when a budget burns."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Rolling:
    """The last `seconds`; `text` is what the user wrote (30d)."""

    seconds: int
    text: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """Periods of whole months or days, the first of them beginning at `start` (local time in the IANA `zone`)."""

    months: int
    days: int
    start: datetime
    zone: str
    text: str


Period = Rolling | Calendar


@dataclass(frozen=True, slots=True)
class Term:
    """A part of PromQL that somebody wrote: series to be summed, each so many times as `factor` says. `counted`: events
    in a window instead of a second. Of a level, whether it is no more than a `selector`."""

    text: str
    factor: Decimal = Decimal(1)
    counted: bool = False
    selector: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Where a number is read: PromQL (with `{{.window}}` where a counter is rated), or an OpenTelemetry metric, its
    unit and the attributes its series must have. Exactly one of `promql` and `metric` is set. `terms` are what PromQL
    was found to be the sum of."""

    promql: str = ""
    metric: str = ""
    unit: str = ""
    where: Labels = ()
    terms: tuple[Term, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Server:
    """Requests that a service answered, from its duration histogram or its spans. An empty route or method matches
    every one. With a `threshold` (seconds) slow ones are bad, else those that failed by the server's own doing."""

    protocol: Protocol
    service: str
    route: str = ""
    method: str = ""
    threshold: Decimal | None = None
    native: bool = False


@dataclass(frozen=True, slots=True)
class Ratio:
    """Events counted by counters: all of them, and either the bad or the good ones."""

    total: Query
    bad: Query | None = None
    good: Query | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """A gauge that is good while `value op bound` holds; op is one of lt, lte, gt, gte."""

    query: Query
    op: str
    bound: Decimal


@dataclass(frozen=True, slots=True)
class Probe:
    """A gauge that is 1 where a probe succeeded and 0 where it failed; each sample is an event."""

    query: Query


Indicator = Server | Ratio | Threshold | Probe


@dataclass(frozen=True, slots=True)
class Slices:
    """Time slices instead of events: one of `seconds` is good when at least `target` of its events are."""

    seconds: int
    target: Decimal


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something was written; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Slo:
    """One objective. `target` is the share of good events promised, as the user wrote it; `group_by` are attributes
    whose every value has a budget of its own; a burn counts from `min_bad_events` bad events on. `alerts` are the
    urgencies with which people are told of it."""

    name: str
    service: str
    indicator: Indicator
    target: Decimal
    period: Period
    place: Place
    slices: Slices | None = None
    group_by: tuple[str, ...] = ()
    min_bad_events: int = 0
    missing: Missing = Missing.IGNORE
    display_name: str = ""
    description: str = ""
    labels: Labels = ()
    annotations: Labels = ()
    runbook: str = ""
    alerts: tuple[Urgency, ...] = tuple(Urgency)

    @property
    def allowed(self) -> Decimal:
        """The share of events that may be bad."""
        return 1 - self.target


@dataclass(frozen=True, slots=True)
class CompositeSlo:
    """A composite: objectives of one user journey, each with a weight. Its burn rate, and the share of its budget that
    is spent, are the weighted means of theirs."""

    name: str
    service: str
    parts: tuple[tuple[str, Decimal], ...]
    place: Place
    display_name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Time that does not count for some objectives, with the reason. `rrule` (RFC 5545) repeats it; `start` is local
    time in the IANA `zone`, `seconds` its length. An empty `slos` means every objective of the service."""

    name: str
    reason: str
    service: str
    slos: tuple[str, ...]
    start: datetime
    zone: str
    seconds: int
    place: Place
    rrule: str = ""
