"""An incident as the document that API, notifications and command line share."""

from aiops.model import names
from aiops.model.catalog import Responsible
from aiops.model.change import ConsideredChange
from aiops.model.impact import Impact
from aiops.model.incident import FirstFailingSpan, Incident, PlaceExcess, RootCause
from aiops.model.window import iso, iso_duration
from aiops.presentation import grafana
from aiops.presentation.documents import incident as documents
from aiops.presentation.evidence import cause_fields
from aiops.presentation.headline import headline
from aiops.presentation.responsible import responsible_document
from aiops.presentation.silences import mute_document
from aiops.presentation.words import again


def incident_document(
    incident: Incident, base_url: str = "", grafana_url: str = "", responsible: Responsible | None = None
) -> documents.Incident:
    """Return the document of an incident. Links are relative unless `base_url` is given; links to Grafana need
    `grafana_url`."""
    correlation = incident.trace_correlation
    return documents.Incident(
        id=incident.id,
        state=incident.state.value,
        severity=incident.severity.value,
        title=incident.title,
        headline=headline(incident),
        root_cause=None if incident.root_cause is None else _root_cause(incident.root_cause),
        no_cause=incident.no_cause or None,
        first_failing_span=span_document(incident.first_failing_span),
        affected_endpoints=list(incident.affected_endpoints),
        affected_services=list(incident.affected_services),
        fingerprint=incident.fingerprint or None,
        occurrences=incident.occurrences,
        recurrence=again(incident) or None,
        episodes=[
            documents.Episode(
                onset=iso(one.onset),
                detected=iso(one.detected),
                ended=None if one.ended is None else iso(one.ended),
                told=one.told,
            )
            for one in incident.episodes or (incident.episode,)
        ],
        onset=iso(incident.onset),
        first_detected=iso(incident.first_detected),
        last_seen=iso(incident.last_seen),
        resolved_at=None if incident.resolved_at is None else iso(incident.resolved_at),
        resolution=incident.resolution or None,
        helped=incident.helped or None,
        ending=None if incident.ending is None else incident.ending.value,
        acknowledged_by=incident.acknowledged_by or None,
        assignee=incident.assignee or None,
        severity_set=None
        if incident.override is None
        else documents.SeveritySet(
            own=incident.override.own.value,
            by=incident.override.who,
            reason=incident.override.reason,
            at=iso(incident.override.at),
        ),
        held_by=incident.held_by or None,
        merged=[one.id for one in incident.merged],
        merged_into=incident.merged_into or None,
        split_from=incident.split_from or None,
        muted=mute_document(incident.mute),
        symptoms=[
            {"family": family, **{key: value for key, value in series if key != names.NAME}}
            for series, family in incident.symptoms
        ],
        trace_correlation=documents.TraceCorrelation(
            trace_id=correlation.trace_id or None,
            trace_ids=list(correlation.trace_ids),
            traces_analyzed=correlation.traces_analyzed,
            correlated_failures=list(correlation.correlated_failures),
        ),
        slo_impact=[_impact(one) for one in incident.slo_impact],
        responsible=responsible_document(responsible),
        links=_links(incident, base_url, grafana_url),
        timeline=[documents.TimelineEntry(at=iso(one.at), what=one.what, text=one.text) for one in incident.timeline],
    )


def span_document(span: FirstFailingSpan | None) -> documents.FirstFailingSpan | None:
    """Return the document of the first failing span."""
    if span is None:
        return None
    return documents.FirstFailingSpan(
        trace_id=span.trace_id,
        span_id=span.span_id,
        service=span.service,
        name=span.name,
        status=span.status,
        exception=span.exception or None,
        share_of_traces=span.share_of_traces,
    )


def _root_cause(root: RootCause) -> documents.RootCause:
    return documents.RootCause(
        **cause_fields(root.cause),
        description=root.description,
        confidence=root.confidence,
        interval=root.interval,
        dimensions=[
            documents.Dimension(
                attribute=one.attribute,
                value=one.value,
                share_of_bad=one.share_of_bad,
                share_of_good=one.share_of_good,
            )
            for one in root.dimensions
        ],
        change=root.change,
        changes_considered=[_considered(one) for one in root.changes_considered],
        alternatives=[
            documents.Alternative(**cause_fields(cause), confidence=sure) for cause, sure in root.alternatives
        ],
        measured=None
        if root.measured is None
        else documents.CauseMeasure(
            family=root.measured.family, observed=root.measured.observed, expected=root.measured.expected
        ),
        from_metrics=[_excess(one) for one in root.from_metrics],
    )


def _considered(one: ConsideredChange) -> documents.ConsideredChange:
    change = one.change
    return documents.ConsideredChange(
        at=iso(change.at),
        who=change.who or None,
        kind=change.kind,
        service=change.service,
        version=change.version or None,
        text=change.text or None,
        source=change.source or None,
        verdict=one.verdict.value,
        why=one.why,
        new=None if one.new is None else documents.VersionRequests(bad=one.new[0], good=one.new[1]),
        old=None if one.old is None else documents.VersionRequests(bad=one.old[0], good=one.old[1]),
        chance=one.chance,
        instead=one.instead or None,
    )


def _excess(one: PlaceExcess) -> documents.PlaceExcess:
    return documents.PlaceExcess(
        service=one.service,
        caller=one.caller or None,
        family=one.family,
        observed=one.observed,
        expected=one.expected,
        per_second=one.per_second,
        share=one.share,
        onset=iso(one.onset),
    )


def _impact(one: Impact) -> documents.SloImpact:
    return documents.SloImpact(
        slo=one.slo,
        group=dict(one.group),
        burn_rate=one.burn_rate,
        budget_left=one.budget_left,
        exhausted_in=None if one.exhausted_in is None else iso_duration(one.exhausted_in),
    )


def _links(incident: Incident, base_url: str, grafana_url: str) -> documents.Links:
    trace, shown = incident.trace_correlation.trace_id, grafana.of_incident(incident, grafana_url)
    return documents.Links(
        self=f"{base_url}/aiops/incidents/{incident.id}",
        page=f"{base_url}/incidents/{incident.id}",
        trace=f"{base_url}/traces/{trace}" if trace else None,
        dashboard=shown[0][1] if shown else None,
    )
