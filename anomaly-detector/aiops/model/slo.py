"""Objectives: what is promised, how events are counted as good or bad, and over which period."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from aiops.model.series import Labels


class Protocol(StrEnum):
    """The protocol of a server: it selects the semantic conventions by which requests are counted."""

    HTTP = "otel.http.server"
    RPC = "otel.rpc.server"


class Missing(StrEnum):
    """How missing data count: not at all (IGNORE), as bad (BAD), or they stop the budget (FREEZE)."""

    IGNORE = "ignore"
    BAD = "bad"
    FREEZE = "freeze"


class Urgency(StrEnum):
    """How soon a person must look when a budget burns."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Rolling:
    """A rolling period: the last `seconds`; `text` is what the user wrote (30d)."""

    seconds: int
    text: str


@dataclass(frozen=True, slots=True)
class CalendarPeriods:
    """Periods of whole months or days. The first one begins at `start`, local time in the IANA `zone`."""

    months: int
    days: int
    start: datetime
    zone: str
    text: str


Period = Rolling | CalendarPeriods


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a user's PromQL expression: series to be summed, multiplied by `factor`. `counted`: it gives events per
    window instead of per second. `selector`: a level (gauge) that is a bare selector."""

    text: str
    factor: Decimal = Decimal(1)
    counted: bool = False
    selector: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Where a number is read: PromQL (with `{{.window}}` where a counter is rated), or an OpenTelemetry metric with its
    unit and the attributes that its series must have. Exactly one of `promql` and `metric` is set. `terms` are the
    terms that the PromQL expression is a sum of."""

    promql: str = ""
    metric: str = ""
    unit: str = ""
    where: Labels = ()
    terms: tuple[Term, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Requests that a service answered, from its duration histogram or its spans. An empty route or method matches all.
    With a `threshold` (seconds) slow requests are bad; without it, requests that failed through the server's fault."""

    protocol: Protocol
    service: str
    route: str = ""
    method: str = ""
    threshold: Decimal | None = None
    native: bool = False


@dataclass(frozen=True, slots=True)
class Ratio:
    """Events from counters: all of them, and either the bad or the good ones."""

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
    """Time slices instead of events: a slice of `seconds` is good when at least the share `target` of its events is
    good."""

    seconds: int
    target: Decimal


@dataclass(frozen=True, slots=True, order=True)
class SourceLocation:
    """A place in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """One objective (SLO). `target` is the promised share of good events, as the user wrote it. `group_by` are
    attributes; each combination of their values has its own budget. A burn counts only from `min_bad_events` bad events
    on. `alerts` are the urgencies with which people are notified."""

    name: str
    service: str
    indicator: Indicator
    target: Decimal
    period: Period
    place: SourceLocation
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
        """The share of events that may be bad: 1 - target."""
        return 1 - self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeSlo:
    """A composite objective: several objectives, such as those of one user journey, each with a weight. Its burn rate
    and the spent share of its budget are the weighted means of its parts."""

    name: str
    service: str
    parts: tuple[tuple[str, Decimal], ...]
    place: SourceLocation
    display_name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A stretch of time that does not count for some objectives, with the reason. `start` is local time in the IANA
    `zone`, `seconds` the length; `rrule` (RFC 5545) repeats it. An empty `slos` means every objective of the
    service."""

    name: str
    reason: str
    service: str
    slos: tuple[str, ...]
    start: datetime
    zone: str
    seconds: int
    place: SourceLocation
    rrule: str = ""
