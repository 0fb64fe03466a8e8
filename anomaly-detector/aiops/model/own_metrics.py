"""The engine's own metrics, each defined once: name, kind, labels and help text. `docs/metrics.md` is generated from
this."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiops.model import names


class InstrumentKind(StrEnum):
    """The type of a metric, as Prometheus knows it."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Exposed(StrEnum):
    """Where a metric can be read."""

    SCRAPED = "scraped from /metrics"
    SENT = "sent to Prometheus as OTLP, with the time of the step that it is about"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMetric:
    """One metric; `buckets` are the upper bounds of a histogram, in its unit."""

    name: str
    kind: InstrumentKind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    exposed: Exposed = Exposed.SCRAPED


def _gauge(name: str, about: str, *labels: str, exposed: Exposed = Exposed.SCRAPED) -> OwnMetric:
    return OwnMetric(name=name, kind=InstrumentKind.GAUGE, help=about, labels=labels, exposed=exposed)


def _counter(name: str, about: str, *labels: str) -> OwnMetric:
    return OwnMetric(name=name, kind=InstrumentKind.COUNTER, help=about, labels=labels)


CYCLE_DURATION: Final = OwnMetric(
    name="aiops_cycle_duration_seconds",
    kind=InstrumentKind.HISTOGRAM,
    help="Time one cycle takes",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
CYCLE_FAILURES: Final = _counter(names.CYCLE_FAILURES, "Cycles that raised an error")
SOURCE_FAILURES: Final = _counter("aiops_source_failures_total", "Cycles without an answer of a source", "source")
SOURCE_UP: Final = _gauge("aiops_source_up", "Whether a source answered the last cycle that asked", "source")
SERIES_DROPPED: Final = _counter(
    "aiops_series_dropped_total",
    "Series left out, and what was counted as `other`, because there were too many",
    "reason",
)
SLO_BUDGET_LEFT: Final = _gauge(
    names.SLO_BUDGET_LEFT, "Share of the error budget that is left; negative once it is broken", *names.SLO_LABELS
)
SLO_EXHAUSTED_IN: Final = _gauge(
    names.SLO_EXHAUSTED_IN,
    "Time until the budget is gone if it burns as in the last hour; absent while it does not run out",
    *names.SLO_LABELS,
)
SLO_PROJECTED_LEFT: Final = _gauge(
    names.SLO_PROJECTED_LEFT,
    "Share of the budget left at the end of a calendar period, by the traffic of last week",
    *names.SLO_LABELS,
)
SLO_COVERAGE: Final = _gauge(names.SLO_COVERAGE, "Share of the period in which data were there", *names.SLO_LABELS)
SLO_EVENTS: Final = _gauge(names.SLO_EVENTS, "Events of the period: requests, or slices of time", *names.SLO_LABELS)
SLO_BAD_EVENTS: Final = _gauge(names.SLO_BAD_EVENTS, "Bad ones of them", *names.SLO_LABELS)
SLO_BURN_RATE: Final = _gauge(
    names.SLO_BURN_RATE, "How many times as fast as allowed the budget burns", *names.SLO_LABELS, "window"
)
INCIDENT_INFO: Final = _gauge(
    names.INCIDENT_INFO,
    "Incidents that are open, or were in the last hour",
    *("incident", "state", "severity", "service", "endpoint", "kind", "title", "trace_id", "page"),
)
INCIDENT_TIME: Final = _gauge(
    names.INCIDENT_TIME, "When an incident began, was detected, taken and over", "incident", "moment"
)
INCIDENT_ALERTS: Final = _gauge(names.INCIDENT_ALERTS, "Alerts of other rules that tell of an incident", "incident")
CHANGE_TIME: Final = _gauge(names.CHANGE_TIME, "When a change was told of, last hour's", "kind", "service", "version")
DRILL_RUNS: Final = _counter("aiops_drill_runs_total", "Drills by their result", "drill", "result")
DRILL_LAST_RUN: Final = _gauge("aiops_drill_last_run_timestamp_seconds", "When a drill was tried last", "drill")
DRILL_LAST_FOUND: Final = _gauge(
    "aiops_drill_last_found_timestamp_seconds", "When the last drill began that was found in time", "drill"
)
DRILL_DETECTION: Final = _gauge(
    "aiops_drill_detection_seconds", "How long the last drill took to be found; absent if it was not", "drill"
)
ENGINE: Final = OwnMetric(
    name=names.ENGINE_INFO,
    kind=InstrumentKind.INFO,
    help="Which release this is, and where its pages are",
    labels=("url", "version"),
)
CYCLE_INTERVAL: Final = _gauge(names.CYCLE_INTERVAL, "Time from one cycle to the next")
CYCLE_TIME: Final = _gauge(names.CYCLE_TIME, "When the last cycle ended")
WATERMARK: Final = _gauge(names.WATERMARK_TIME, "End of the last step judged")
FINDINGS: Final = _gauge("aiops_findings", "Series in trouble now", "family")
INCIDENT_EVENTS: Final = _counter("aiops_incident_events_total", "Transitions", "transition")
SPANS_ACCEPTED: Final = _gauge("aiops_spans_accepted", "Spans accepted since the start")
POINTS_ACCEPTED: Final = _gauge("aiops_points_accepted", "Metric points accepted since the start")
RECEIVED_FAULTS: Final = _gauge(
    "aiops_received_faults",
    "What was rejected, repaired or left out of what clients sent since the start, and connections given up",
    "reason",
)
LATE_ITEMS: Final = _gauge("aiops_late_items", "Spans and points that came behind the watermark")
SENDER_ODDITY: Final = _gauge("aiops_sender_oddity", "What is odd about how a service sends", "service", "kind")
ALERTS_RECEIVED: Final = _counter("aiops_alerts_received_total", "Alerts that Alertmanager told of", "outcome")
REQUESTS_LIMITED: Final = _counter(
    "aiops_requests_limited_total", "Requests to pages and API beyond what one may ask in a minute"
)
AUDIT_ROWS: Final = _gauge("aiops_audit_rows", "Rows of the audit")
AUDIT_HEAD: Final = _gauge(
    "aiops_audit_head", "The first 13 hexadecimal digits of the hash of the last row of the audit, as a number"
)
TLS_RELOADS: Final = _counter("aiops_tls_reloads_total", "Changed certificates that were read", "outcome")
ACTIONS: Final = _counter("aiops_actions_total", "Changes of actions of remediation, by the state after them", "state")
ALERTMANAGER_POSTS: Final = _counter("aiops_alertmanager_posts_total", "Posts to an Alertmanager", "to", "outcome")
NOTIFICATIONS: Final = _counter(
    "aiops_notifications_total", "Attempts to send a notification: sent, failed or refused", "channel", "result"
)
NOTIFICATIONS_WAITING: Final = _gauge(
    "aiops_notifications_waiting",
    "Notifications that a channel has not taken yet, without those in quiet hours",
    "channel",
)
NOTIFICATIONS_FAILING: Final = _gauge(
    "aiops_notifications_failing_seconds", "For how long a channel has taken nothing that was sent to it", "channel"
)

_JUDGED: Final = ("service", "route", "method", "caller", "callee", "family")
VERDICT: Final = {
    number: _gauge(f"aiops_verdict_{number}", about, *_JUDGED, exposed=Exposed.SENT)
    for number, about in {
        "observed": "What was observed of a series: the share of failed requests, or the mean seconds of a request",
        "expected": "What was expected of it",
        "lower": "The lower bound of what is normal",
        "upper": "The upper bound of what is normal",
        "score": "How far it is from normal; 1 is the boundary",
        "confidence": "How far the model is trusted, by how much history it has: 0 to 0.8",
        "tier": "Which model judged: 0 none, 1 fixed rules, 2 the level, 3 by the time of the day, 4 by the week",
        "life": "The state of the series: 0 normal, 1 suspect, 2 incident, 3 recovering",
    }.items()
}
"""By the number of a verdict."""
_CALL: Final = (names.CALLER, names.CALLEE, names.CONNECTION)
EDGE: Final = {
    "rate": _gauge("aiops_edge_requests_per_second", "Calls from one service to another", *_CALL, exposed=Exposed.SENT),
    "error_ratio": _gauge("aiops_edge_error_ratio", "The share of them that failed", *_CALL, exposed=Exposed.SENT),
    "latency": _gauge("aiops_edge_latency_seconds", "Their mean duration", *_CALL, exposed=Exposed.SENT),
}
"""By the field of an edge."""

OWN_METRICS: Final = (
    *(CYCLE_DURATION, CYCLE_FAILURES, CYCLE_INTERVAL, CYCLE_TIME, WATERMARK, ENGINE),
    *(SOURCE_UP, SOURCE_FAILURES, SERIES_DROPPED),
    *(SPANS_ACCEPTED, POINTS_ACCEPTED, LATE_ITEMS, RECEIVED_FAULTS, SENDER_ODDITY),
    *(FINDINGS, INCIDENT_EVENTS, INCIDENT_INFO, INCIDENT_TIME, INCIDENT_ALERTS, CHANGE_TIME),
    *(DRILL_RUNS, DRILL_LAST_RUN, DRILL_LAST_FOUND, DRILL_DETECTION),
    *(ALERTS_RECEIVED, ALERTMANAGER_POSTS, REQUESTS_LIMITED, AUDIT_ROWS, AUDIT_HEAD, TLS_RELOADS, ACTIONS),
    *(NOTIFICATIONS, NOTIFICATIONS_WAITING, NOTIFICATIONS_FAILING),
    *(SLO_BUDGET_LEFT, SLO_EXHAUSTED_IN, SLO_PROJECTED_LEFT, SLO_COVERAGE, SLO_EVENTS, SLO_BAD_EVENTS, SLO_BURN_RATE),
    *VERDICT.values(),
    *EDGE.values(),
)
"""All of them, as documents list them."""
