"""Incidents: list, show, acknowledge, resolve, and run a cycle now."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from flask import g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from aiops.api.alerts import linked
from aiops.api.answer import Question, changing, number, responses
from aiops.api.body import must_be_empty, must_be_object
from aiops.api.moment import Moment, in_order
from aiops.engine import Cycle
from aiops.model import Accepted as KeptWord
from aiops.model import Family, IncidentFilter, iso, names
from aiops.model import Finding as Found
from aiops.model import Incident as Kept
from aiops.model import Relearned as KeptChange
from aiops.presentation.documents.incident import (
    Accepted,
    Alike,
    Analysis,
    Comment,
    Finding,
    Incidents,
    NewNormal,
    Relearned,
    Transition,
    WholeIncident,
)
from aiops.presentation.evidence import evidence_document
from aiops.presentation.incident import incident_document
from aiops.service.acceptance import UNDO_SECONDS
from aiops.service.incidents import LONGEST_HELP
from aiops.service.use_cases import UseCases

TAG = Tag(name="incidents", description="what is or was wrong, and what people say about it")


def _cursor(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError("must be the `next` of an earlier answer")
    return text


IncidentKind = Literal["errors", "latency", "timeout", "down", "network", "dependency", "traffic", "machine", "unknown"]


class Filter(Question):
    state: Literal["open", "acknowledged", "resolved", "active", "all"] = Field(
        "active", description="active: open or acknowledged"
    )
    severity: Literal["low", "medium", "high", "critical"] | None = Field(None, description="this severity only")
    service: str | None = Field(None, min_length=1, max_length=256, description="one that it affects")
    kind: IncidentKind | None = Field(None, description="of its cause; unknown: it has none")
    search: str | None = Field(
        None,
        min_length=1,
        max_length=256,
        description="words of its id, title, cause, services or endpoints",
    )
    fingerprint: str | None = Field(None, pattern=r"^[0-9a-f]{16}$", description="those that are alike share it")
    since: Moment | None = Field(None, description="detected then or later; RFC 3339 with its zone, or Unix seconds")
    until: Moment | None = Field(None, description="detected then or earlier")
    limit: int = Field(50, ge=1, le=200, description="most incidents of one answer")
    cursor: Annotated[str, AfterValidator(_cursor)] | None = Field(
        None, description="`next` of the page before", json_schema_extra={"pattern": "^[0-9]{1,18}$"}
    )


class Reason(Question):
    """Why this is normal now."""

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000, pattern=r"^[^\x00-\x1f]+$")
    ] = Field(description="kept in the audit, with who said it and when")


class Resolving(Question):
    """What is known of the end, if anything."""

    helped: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=LONGEST_HELP, pattern=r"^[^\x00-\x1f\x7f]*$")
    ] = Field("", description="what ended it; shown with later incidents of the same cause")

    @model_validator(mode="before")
    @classmethod
    def _nothing(cls, given: Any) -> Any:
        return {} if given is None else given


class OneIncident(Question):
    incident_id: str = Field(min_length=1, max_length=64, pattern=r"^[\w.:-]+$", description="like INC-1795253415-1")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes for incidents."""
    api = APIBlueprint("incidents", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.get("/incidents", responses=responses(Incidents))
    def listed(query: Filter) -> Any:
        """List incidents, newest first."""
        in_order(query.since, query.until)
        before = int(query.cursor) if query.cursor is not None else None
        wanted = IncidentFilter(
            state=None if query.state == "all" else query.state,
            severity=query.severity,
            service=query.service,
            kind=query.kind,
            search=query.search or "",
            fingerprint=query.fingerprint,
            since=query.since,
            until=query.until,
        )
        found, following = use_cases.incidents.page(wanted, before, query.limit)
        cursor = None if following is None else str(following)
        return Incidents(
            active_incidents=[incident_document(one, grafana_url=use_cases.grafana_url) for one in found],
            next=cursor,
        ).model_dump()

    @api.get("/incidents/<incident_id>", responses=responses(WholeIncident, 404))
    def one(path: OneIncident) -> Any:
        """Answer everything about one incident."""
        return whole_incident(use_cases, use_cases.incidents.get(path.incident_id)).model_dump()

    @api.post("/incidents/<incident_id>/acknowledge", **changing(WholeIncident, 404, 409))
    def acknowledge(path: OneIncident) -> Any:
        """Take an incident; again by the same holder changes nothing."""
        must_be_empty()
        return whole_incident(use_cases, use_cases.incidents.acknowledge(path.incident_id, g.actor)).model_dump()

    @api.post("/incidents/<incident_id>/resolve", **changing(WholeIncident, 404))
    def resolve(path: OneIncident, body: Resolving) -> Any:
        """Say that an incident is over, and what helped. Nothing is learned: it is open again if its symptoms go on.
        A body is not needed."""
        if request.get_data().strip():
            must_be_object()
        after = use_cases.incidents.resolve(path.incident_id, g.actor, body.helped)
        return whole_incident(use_cases, after).model_dump()

    @api.get("/incidents/<incident_id>/normal", responses=responses(NewNormal, 404, 409))
    def proposed(path: OneIncident) -> Any:
        """Answer what would be learned if what the symptoms do now were normal: latency and traffic only."""
        incident = use_cases.incidents.get(path.incident_id)
        changes = [_relearned(one) for one in use_cases.acceptance.proposal(incident)]
        return NewNormal(incident=incident.id, changes=changes).model_dump()

    @api.post("/incidents/<incident_id>/normal", **changing(WholeIncident, 404, 409))
    def normal(path: OneIncident, body: Reason) -> Any:
        """Say that what the symptoms do now is normal: it is learned, and the incident resolved. For an hour it can be
        taken back."""
        return whole_incident(
            use_cases, use_cases.acceptance.accept(path.incident_id, g.actor, body.reason)
        ).model_dump()

    @api.post("/incidents/<incident_id>/normal/undo", **changing(WholeIncident, 404, 409))
    def undo(path: OneIncident) -> Any:
        """Take back that it is normal: what was learned before is back, and the incident open again."""
        must_be_empty()
        return whole_incident(use_cases, use_cases.acceptance.undo(path.incident_id, g.actor)).model_dump()

    @api.post("/analyze", **changing(Analysis))
    def analyze() -> Any:
        """Run one cycle now; again before new data is complete finds nothing new."""
        must_be_empty()
        use_cases.audit.note(g.actor, "run cycle", "engine", "a cycle on demand")
        return _analysis(use_cases.operation.analyze(), use_cases.grafana_url).model_dump()

    return api


def whole_incident(use_cases: UseCases, one: Kept) -> WholeIncident:
    """Return the document of an incident with everything that belongs to it."""
    evidence = use_cases.incidents.evidence(one)
    return WholeIncident(
        **dict(
            incident_document(
                one, grafana_url=use_cases.grafana_url, responsible=use_cases.responsible.of_incident(one)
            )
        ),
        evidence=None if evidence is None else evidence_document(evidence),
        alerts=[linked(alert) for alert in use_cases.alerts.of(one)],
        accepted=[_accepted(use_cases, each) for each in use_cases.acceptance.of(one)],
        alike=[_alike(other) for other in use_cases.incidents.alike(one)],
        comments=[Comment(at=iso(each.at), who=each.who, text=each.text) for each in use_cases.workflow.comments(one)],
    )


def _accepted(use_cases: UseCases, one: KeptWord) -> Accepted:
    until = one.at + UNDO_SECONDS
    return Accepted(
        at=iso(one.at),
        who=one.who,
        reason=one.reason,
        changes=[_relearned(each) for each in one.changes],
        undone_at=None if one.undone_at is None else iso(one.undone_at),
        undone_by=one.undone_by,
        undo_until=iso(until) if one.undone_at is None and use_cases.now() <= until else None,
    )


def _relearned(one: KeptChange) -> Relearned:
    return Relearned.model_validate(
        {
            "labels": {key: value for key, value in one.series if key != names.NAME},
            "family": one.family,
            "unit": "seconds" if one.family == Family.LATENCY else "requests_per_second",
            "before": {key: number(value) for key, value in asdict(one.before).items()},
            "after": {key: number(value) for key, value in asdict(one.after).items()},
        }
    )


def _alike(one: Kept) -> Alike:
    return Alike(
        id=one.id,
        state=one.state.value,
        severity=one.severity.value,
        title=one.title,
        onset=iso(one.onset),
        resolved_at=None if one.resolved_at is None else iso(one.resolved_at),
        resolution=one.resolution or None,
        helped=one.helped or None,
        occurrences=one.occurrences,
        page=f"/incidents/{one.id}",
    )


def _analysis(cycle: Cycle, grafana_url: str) -> Analysis:
    return Analysis(
        at=iso(cycle.at),
        judged_until=None if cycle.watermark is None else iso(cycle.watermark),
        findings=[_finding(one) for one in cycle.findings],
        events=[
            Transition(
                transition=str(one.transition),
                incident=incident_document(one.incident, grafana_url=grafana_url),
            )
            for one in cycle.events
        ],
        gaps=list(cycle.gaps),
    )


def _finding(found: Found) -> Finding:
    return Finding(
        labels=dict(found.series),
        family=str(found.family),
        onset=iso(found.onset),
        at=iso(found.at),
        score=number(found.score),
        observed=number(found.observed),
        expected=number(found.expected),
        bad=number(found.bad),
        total=number(found.total),
        confidence=number(found.confidence),
        rising=found.rising,
    )
