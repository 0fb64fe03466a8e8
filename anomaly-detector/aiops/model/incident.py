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
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Cause:
    """Where the trouble starts: a service and its endpoint, or the edge from `caller` to the service.

    `endpoint` is a route ("/payment") where the service has them, else the operation's name; "" means all of it. Of
    what sends no telemetry, such as a database, `caller` is who asked it. A MACHINE is named in place of a service.
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


class Ending(StrEnum):
    """Why an incident is over."""

    CALM = "calm"
    """its symptoms were judged, and are normal again"""
    NO_DATA = "no_data"
    """nothing comes any more by which they could be judged"""
    SETTLED = "settled"
    """it has lasted for so long that it is normal"""
    MERGED = "merged"
    """another incident goes on with them"""
    PERSON = "person"
    """somebody said so"""
    ACCEPTED = "accepted"
    """somebody said that this is normal from now on"""


@dataclass(frozen=True, slots=True)
class Episode:
    """One of the times that an incident's trouble was there. told: whether people were told of this one by itself."""

    onset: float
    detected: float
    ended: float | None = None
    told: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    """What people were told that an incident is there: when last, how often, and how bad they know it to be."""

    at: float
    times: int
    severity: Severity


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident. `key` is fixed when it opens (docs/methods.md, Incidents); `id` is what people say.

    Trouble that comes again within hours is the same incident: `occurrences` counts its episodes, of which the newest
    are kept. `first_detected` is of the first episode; `onset` of the present one, or the last. `fingerprint` is of the
    cause and how it shows: incidents that share it are alike. `persists` counts steps in which symptoms went on after a
    person said that it is over; `milder` is what its severity would be, and since when.
    """

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
    fingerprint: str = ""
    ending: Ending | None = None
    occurrences: int = 1
    episodes: tuple[Episode, ...] = ()
    notice: Notice | None = None
    persists: int = 0
    milder: tuple[Severity, float] | None = None

    @property
    def episode(self) -> Episode:
        """The present episode, or the last."""
        return self.episodes[-1] if self.episodes else Episode(self.onset, self.first_detected, self.resolved_at)

    @property
    def quiet(self) -> bool:
        """Whether people are not told of the present episode by itself: the trouble comes and goes, as they know."""
        return not self.episode.told

    @property
    def service(self) -> str:
        """The service to look at first: its cause, or the first that is hit; "" where none is known."""
        cause = self.root_cause.cause if self.root_cause is not None else None
        if cause is not None and cause.kind != CauseKind.MACHINE:
            return cause.service
        return next(iter(self.affected_services), "")


class Transition(StrEnum):
    """What happened to an incident; people are told of each once, but not of UPDATED: more of the same.

    CHANGED: its severity rose, or its cause is another. REOPENED: its trouble came again, or went on after somebody
    said that it was over.
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

    @property
    def told(self) -> bool:
        """Whether people are told of it."""
        return self.transition != Transition.UPDATED and not self.incident.quiet
