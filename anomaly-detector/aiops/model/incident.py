"""An incident: one cause, its symptoms, its evidence and its states."""

from dataclasses import dataclass, field
from enum import StrEnum

from aiops.model.anatomy import IncidentEvidence
from aiops.model.cause import Cause, CauseKind
from aiops.model.change import ConsideredChange
from aiops.model.finding import Finding
from aiops.model.impact import Impact
from aiops.model.override import SeverityOverride
from aiops.model.series import Labels
from aiops.model.severity import Severity
from aiops.model.silence import Mute, Snooze


class IncidentState(StrEnum):
    """The state of an incident. Open and acknowledged incidents are active."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Dimension:
    """An attribute value that is common among the bad requests and rare among the good ones."""

    attribute: str
    value: str
    share_of_bad: float
    share_of_good: float


@dataclass(frozen=True, slots=True)
class AttributeDifference:
    """A value of an attribute of a service that is more common in selected traces than in the rest."""

    service: str
    attribute: str
    value: str
    share_of_selection: float
    share_of_rest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceExcess:
    """What the metrics of a place show above the usual: of the requests to a service, or of the calls to it from
    `caller`. observed, expected: means of a request, in seconds for latency, ratios for errors. per_second: the excess
    of all requests in each second. share: of the excess of the place before it on the way to the cause, None for the
    first one. onset: Unix seconds."""

    service: str
    caller: str
    family: str
    observed: float
    expected: float
    per_second: float
    share: float | None
    onset: float


@dataclass(frozen=True, slots=True)
class CauseMeasure:
    """The number that shows a cause best, and its usual value: ratios for errors, seconds of a request or call for
    latency, requests a second for traffic. For a machine, how many times as long what runs there takes (latency)."""

    family: str
    observed: float
    expected: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RootCause:
    """A cause with its confidence. `confidence` is the share of bad traces that start there, `interval` its 95 %
    Wilson interval. `alternatives` are the causes whose intervals overlap with it, best first, each with its own
    confidence. `change` is the change that it came with, None where none is known to; `changes_considered` are all that
    were looked at. `from_metrics`, where no trace was read, are the places on the way from the first symptom to the
    cause; the confidence is then how often such evidence was right where the truth was known. `measured` is None where
    no symptom shows the cause itself, and in incidents of earlier releases."""

    cause: Cause
    description: str
    confidence: float
    interval: tuple[float, float]
    dimensions: tuple[Dimension, ...] = ()
    alternatives: tuple[tuple[Cause, float], ...] = ()
    change: str | None = None
    changes_considered: tuple[ConsideredChange, ...] = ()
    from_metrics: tuple[PlaceExcess, ...] = ()
    measured: CauseMeasure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFailingSpan:
    """The span in which the failure starts. `share_of_traces` is the share of the bad traces that start failing at such
    a span."""

    trace_id: str
    span_id: str
    service: str
    name: str
    status: str
    exception: str
    share_of_traces: float


@dataclass(frozen=True, slots=True)
class TraceCorrelation:
    """The traces that the cause was derived from; `trace_id` is the one to look at first."""

    trace_id: str = ""
    trace_ids: tuple[str, ...] = ()
    traces_analyzed: int = 0
    correlated_failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The findings of one cause, earliest first, with one sentence for each. `root_cause` is None where the evidence
    supports none; `no_cause` then says why. `pace`: median seconds of a request at the cause in bad and in good traces,
    None where there are none. `evidence` is None until it is taken."""

    title: str
    findings: tuple[Finding, ...]
    texts: tuple[str, ...]
    root_cause: RootCause | None
    no_cause: str
    first_failing_span: FirstFailingSpan | None
    correlation: TraceCorrelation
    affected_services: tuple[str, ...]
    affected_endpoints: tuple[str, ...]
    pace: tuple[float, float] | None = None
    evidence: IncidentEvidence | None = None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One entry of a timeline. `what` is a fixed word for programs: onset, anomaly, cause, acknowledged, recovering,
    resolved, …"""

    at: float
    what: str
    text: str


class Ending(StrEnum):
    """Why an incident ended."""

    CALM = "calm"
    """its symptoms were judged and are normal again"""
    NO_DATA = "no_data"
    """no more data arrive by which its symptoms could be judged"""
    SETTLED = "settled"
    """the trouble has lasted for so long that it counts as normal"""
    MERGED = "merged"
    """its symptoms continue in another incident"""
    PERSON = "person"
    """a person resolved it"""
    ACCEPTED = "accepted"
    """a person declared its symptoms to be normal from now on"""
    DISMISSED = "dismissed"
    """a person said that it is not an incident"""


@dataclass(frozen=True, slots=True)
class Episode:
    """One period in which the trouble of an incident was present. told: whether people were notified of this episode by
    itself."""

    onset: float
    detected: float
    ended: float | None = None
    told: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedIncident:
    """An incident that a person merged into another one, with its symptoms, and what the other one did not have."""

    id: str
    fingerprint: str
    symptoms: tuple[tuple[Labels, str], ...]
    new_symptoms: tuple[tuple[Labels, str], ...]
    new_services: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """The last notification that an incident is active: when it was sent, how many there were, and the severity they
    gave."""

    at: float
    times: int
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One incident. `key` is fixed when it opens (docs/methods.md, Incidents); `id` is the name that people use.

    Trouble that comes back within hours belongs to the same incident: `occurrences` counts its episodes, and the newest
    of them are kept. `first_detected` belongs to the first episode, `onset` to the present one, or to the last one.
    `fingerprint` is made of the cause and its symptoms: incidents with the same fingerprint are alike. `persists`
    counts the steps in which symptoms continued after a person resolved the incident. `milder` is the lower severity
    that the incident would have now, and since when. `evidence_at` is when the evidence of its cause was taken, which
    is stored beside it; 0 without. `assignee`: who works on it, "" for nobody. `mute`: why it
    is not announced now; it stays on an incident that resolved while it was muted. `override`:
    the severity that a person gave it, which `severity` is then; `own_severity` is the engine's. `held_by`: who opened
    it again by hand: it then stays open until somebody resolves it. `worst`: how bad each family
    of its symptoms was at its worst, as `incidents.dismissing` measures it. `merged`: the
    incidents that people merged into this one; `merged_into`: the id of the one that this was merged into.
    `split_from`: that of the one off which a person split it. `helped`:
    what ended it, as somebody said.
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
    assignee: str = ""
    snooze: Snooze | None = None
    mute: Mute | None = None
    override: SeverityOverride | None = None
    held_by: str = ""
    worst: tuple[tuple[str, float], ...] = ()
    merged: tuple[MergedIncident, ...] = ()
    merged_into: str = ""
    split_from: str = ""
    helped: str = ""
    timeline: tuple[TimelineEntry, ...] = ()
    fingerprint: str = ""
    ending: Ending | None = None
    occurrences: int = 1
    episodes: tuple[Episode, ...] = ()
    notice: Notice | None = None
    persists: int = 0
    milder: tuple[Severity, float] | None = None
    evidence_at: float = 0.0

    @property
    def own_severity(self) -> Severity:
        """The severity by the engine, whatever a person says."""
        return self.severity if self.override is None else self.override.own

    @property
    def episode(self) -> Episode:
        """The present episode, or the last one."""
        return self.episodes[-1] if self.episodes else Episode(self.onset, self.first_detected, self.resolved_at)

    @property
    def quiet(self) -> bool:
        """Whether people are not notified of the present episode by itself, because they already know that the trouble
        comes and goes."""
        return not self.episode.told

    @property
    def service(self) -> str:
        """The service to look at first: the cause, or the first affected service; "" where none is known."""
        cause = self.root_cause.cause if self.root_cause is not None else None
        if cause is not None and cause.kind != CauseKind.MACHINE:
            return cause.service
        return next(iter(self.affected_services), "")


class Transition(StrEnum):
    """What happened to an incident. People are notified of each transition once, except of UPDATED (no news).

    CHANGED: its severity rose, or another cause was found. REOPENED: its trouble came back, or continued after a person
    had resolved it. REMINDED: it was muted, is so no longer, and is still open.
    """

    OPENED = "opened"
    UPDATED = "updated"
    CHANGED = "changed"
    REOPENED = "reopened"
    REMINDED = "reminded"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """A transition of an incident, and the incident after it; with the evidence of its cause where that is new."""

    transition: Transition
    incident: Incident
    evidence: IncidentEvidence | None = None

    @property
    def told(self) -> bool:
        """Whether people are notified of the event."""
        mute = self.incident.mute
        heard = mute is None or (self.transition == Transition.RESOLVED and mute.told)
        return self.transition != Transition.UPDATED and not self.incident.quiet and heard
