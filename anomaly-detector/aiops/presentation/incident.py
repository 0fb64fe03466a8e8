"""An incident as the document that API, notifications and pages share."""

from typing import Any

from aiops.model import names
from aiops.model.impact import Impact
from aiops.model.incident import Cause, FirstFailingSpan, Incident
from aiops.model.window import iso, iso_duration
from aiops.presentation import grafana
from aiops.presentation.words import again

Document = dict[str, Any]


def document(incident: Incident, base_url: str = "", grafana_url: str = "") -> Document:
    """Everything about one incident, ready for JSON. Links are relative unless `base_url` is given, and none leads to
    Grafana unless `grafana_url` is."""
    return {
        "id": incident.id,
        "state": str(incident.state),
        "severity": str(incident.severity),
        "title": incident.title,
        "root_cause": _root_cause(incident),
        "no_cause": incident.no_cause or None,
        "first_failing_span": span_document(incident.first_failing_span),
        "affected_endpoints": list(incident.affected_endpoints),
        "affected_services": list(incident.affected_services),
        "fingerprint": incident.fingerprint or None,
        "occurrences": incident.occurrences,
        "recurrence": again(incident) or None,
        "episodes": [
            {
                "onset": iso(one.onset),
                "detected": iso(one.detected),
                "ended": None if one.ended is None else iso(one.ended),
                "told": one.told,
            }
            for one in incident.episodes or (incident.episode,)
        ],
        "onset": iso(incident.onset),
        "first_detected": iso(incident.first_detected),
        "last_seen": iso(incident.last_seen),
        "resolved_at": iso(incident.resolved_at) if incident.resolved_at is not None else None,
        "resolution": incident.resolution or None,
        "ending": None if incident.ending is None else str(incident.ending),
        "acknowledged_by": incident.acknowledged_by or None,
        "symptoms": [
            {"family": family, **{key: value for key, value in series if key != names.NAME}}
            for series, family in incident.symptoms
        ],
        "trace_correlation": {
            "trace_id": incident.trace_correlation.trace_id or None,
            "trace_ids": list(incident.trace_correlation.trace_ids),
            "traces_analyzed": incident.trace_correlation.traces_analyzed,
            "correlated_failures": list(incident.trace_correlation.correlated_failures),
        },
        "slo_impact": [_impact(one) for one in incident.slo_impact],
        "links": _links(incident, base_url, grafana_url),
        "timeline": [{"at": iso(one.at), "what": one.what, "text": one.text} for one in incident.timeline],
    }


def cause_document(cause: Cause) -> Document:
    """Where trouble starts, as JSON; `caller` only for trouble on an edge."""
    out = {"service": cause.service, "endpoint": cause.endpoint or None, "method": cause.method or None}
    return {**out, "kind": str(cause.kind), "caller": cause.caller or None}


def _root_cause(incident: Incident) -> Document | None:
    root = incident.root_cause
    if root is None:
        return None
    return {
        **cause_document(root.cause),
        "description": root.description,
        "confidence": root.confidence,
        "interval": list(root.interval),
        "dimensions": [
            {
                "attribute": one.attribute,
                "value": one.value,
                "share_of_bad": one.share_of_bad,
                "share_of_good": one.share_of_good,
            }
            for one in root.dimensions
        ],
        "change": root.change,
        "alternatives": [{**cause_document(cause), "confidence": sure} for cause, sure in root.alternatives],
    }


def _impact(one: Impact) -> Document:
    return {
        "slo": one.slo,
        "group": dict(one.group),
        "burn_rate": one.burn_rate,
        "budget_left": one.budget_left,
        "exhausted_in": None if one.exhausted_in is None else iso_duration(one.exhausted_in),
    }


def span_document(span: FirstFailingSpan | None) -> Document | None:
    """Where trouble starts in a trace, as JSON."""
    if span is None:
        return None
    return {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "service": span.service,
        "name": span.name,
        "status": span.status,
        "exception": span.exception or None,
        "share_of_traces": span.share_of_traces,
    }


def _links(incident: Incident, base_url: str, grafana_url: str) -> Document:
    trace, shown = incident.trace_correlation.trace_id, grafana.of_incident(incident, grafana_url)
    return {
        "self": f"{base_url}/aiops/incidents/{incident.id}",
        "page": f"{base_url}/incidents/{incident.id}",
        "trace": f"{base_url}/traces/{trace}" if trace else None,
        "dashboard": shown[0][1] if shown else None,
    }
