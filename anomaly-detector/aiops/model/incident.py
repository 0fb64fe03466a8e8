"""An incident: one cause, its symptoms, its evidence and its life."""

from dataclasses import dataclass, field
from enum import StrEnum

from aiops.model.finding import Finding
from aiops.model.impact import Impact
from aiops.model.series import Labels


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class IncidentState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class CauseKind(StrEnum):
    ERRORS = "errors"
    LATENCY = "latency"
    TIMEOUT = "timeout"
    DOWN = "down"
    NETWORK = "network"
    DEPENDENCY = "dependency"
    TRAFFIC = "traffic"


@dataclass(frozen=True, slots=True)
class Cause:
    """Where the trouble starts: a service and its endpoint, or the edge from `caller` to the service.

    `endpoint` is a route ("/payment") where the service has them, else the operation's name; "" means all of it.
    """

    service: str
    kind: CauseKind
    endpoint: str = ""
    method: str = ""
    caller: str = ""


@dataclass(frozen=True, slots=True)
class Dimension:
    """An attribute value that the bad requests share and the good ones do not."""

    attribute: str
    value: str
    share_of_bad: float
    share_of_good: float


@dataclass(frozen=True, slots=True)
class RootCause:
    """A cause with how sure we are: `confidence` is the share of bad traces that start there, `interval` its 95 %
    Wilson interval; `alternatives` are causes whose interval overlaps, best first, with their own confidence."""

    cause: Cause
    description: str
    confidence: float
    interval: tuple[float, float]
    dimensions: tuple[Dimension, ...] = ()
    alternatives: tuple[tuple[Cause, float], ...] = ()
    change: str | None = None


@dataclass(frozen=True, slots=True)
class FirstFailingSpan:
    trace_id: str
    span_id: str
    service: str
    name: str
    status: str
    exception: str
    share_of_traces: float


@dataclass(frozen=True, slots=True)
class TraceCorrelation:
    """The traces that the cause was read from; `trace_id` is the one to look at first."""

    trace_id: str = ""
    trace_ids: tuple[str, ...] = ()
    traces_analyzed: int = 0
    correlated_failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """The findings of one cause, earliest first, with one sentence for each; `root_cause` is None where the evidence
    carries none, and `no_cause` says why."""

    title: str
    findings: tuple[Finding, ...]
    texts: tuple[str, ...]
    root_cause: RootCause | None
    no_cause: str
    first_failing_span: FirstFailingSpan | None
    correlation: TraceCorrelation
    affected_services: tuple[str, ...]
    affected_endpoints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """`what` is a word a program can switch on: onset, anomaly, cause, acknowledged, recovering, resolved, …"""

    at: float
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident. `key` is fixed when it opens (ARCHITECTURE 5); `id` is what people say."""

    id: str
    key: str
    state: IncidentState
    severity: Severity
    title: str
    first_detected: float
    onset: float
    last_seen: float
    symptoms: tuple[tuple[Labels, str], ...]
    root_cause: RootCause | None = None
    no_cause: str = ""
    first_failing_span: FirstFailingSpan | None = None
    affected_services: tuple[str, ...] = ()
    affected_endpoints: tuple[str, ...] = ()
    trace_correlation: TraceCorrelation = field(default_factory=TraceCorrelation)
    slo_impact: tuple[Impact, ...] = ()
    resolved_at: float | None = None
    resolution: str = ""
    acknowledged_by: str = ""
    timeline: tuple[TimelineEntry, ...] = ()


class Transition(StrEnum):
    """What happened to an incident; people are told of each once, but not of UPDATED: more of the same.

    CHANGED: its severity rose, or its cause is another.
    """

    OPENED = "opened"
    UPDATED = "updated"
    CHANGED = "changed"
    REOPENED = "reopened"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    transition: Transition
    incident: Incident
