"""Incidents: list, look, acknowledge, resolve, and look for new ones now."""

from typing import Annotated, Any, Literal

from flask import g
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, Field

from aiops.api.alerts import linked
from aiops.api.answer import Question, changing, number, responses
from aiops.api.body import must_be_empty
from aiops.api.documents import Alike, Analysis, Finding, Incident, Incidents, Transition, WholeIncident
from aiops.api.moment import Moment, in_order
from aiops.desk import Desk
from aiops.engine import Cycle
from aiops.model import Finding as Found
from aiops.model import Incident as Kept
from aiops.model import document, iso

TAG = Tag(name="incidents")


def _cursor(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError("must be the `next` of an earlier answer")
    return text


class Filter(Question):
    state: Literal["open", "acknowledged", "resolved", "active", "all"] = Field(
        "active", description="active: open or acknowledged"
    )
    severity: Literal["low", "medium", "high", "critical"] | None = None
    service: str | None = Field(None, min_length=1, max_length=256, description="one that it affects")
    since: Moment | None = Field(None, description="detected then or later; RFC 3339 with its zone, or Unix seconds")
    until: Moment | None = Field(None, description="detected then or earlier")
    limit: int = Field(50, ge=1, le=200)
    cursor: Annotated[str, AfterValidator(_cursor)] | None = Field(None, description="`next` of the page before")


class OneIncident(Question):
    incident_id: str = Field(min_length=1, max_length=64, pattern=r"^[\w.:-]+$", description="like INC-1795253415-1")


def blueprint(desk: Desk) -> APIBlueprint:
    api = APIBlueprint("incidents", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.get("/incidents", responses=responses(Incidents))
    def listed(query: Filter) -> Any:
        """List incidents, newest first."""
        in_order(query.since, query.until)
        state = None if query.state == "all" else query.state
        before = int(query.cursor) if query.cursor is not None else None
        found, following = desk.incidents(
            state, query.severity, query.service, query.since, query.until, before, query.limit
        )
        cursor = None if following is None else str(following)
        return Incidents(
            active_incidents=[Incident(**document(one, grafana_url=desk.grafana_url)) for one in found], next=cursor
        ).model_dump()

    @api.get("/incidents/<incident_id>", responses=responses(WholeIncident, 404))
    def one(path: OneIncident) -> Any:
        """Answer everything about one incident."""
        return _whole(desk, desk.incident(path.incident_id)).model_dump()

    @api.post("/incidents/<incident_id>/acknowledge", **changing(WholeIncident, 404, 409))
    def acknowledge(path: OneIncident) -> Any:
        """Take an incident; again by the same holder changes nothing."""
        must_be_empty()
        return _whole(desk, desk.acknowledge(path.incident_id, g.who)).model_dump()

    @api.post("/incidents/<incident_id>/resolve", **changing(WholeIncident, 404))
    def resolve(path: OneIncident) -> Any:
        """Say that an incident is over. Nothing is learned: it is open again if its symptoms go on."""
        must_be_empty()
        return _whole(desk, desk.resolve(path.incident_id, g.who)).model_dump()

    @api.post("/analyze", **changing(Analysis))
    def analyze() -> Any:
        """Run one cycle now; again before new data is complete finds nothing new."""
        must_be_empty()
        return _analysis(desk.analyze(), desk.grafana_url).model_dump()

    return api


def _whole(desk: Desk, one: Kept) -> WholeIncident:
    return WholeIncident(
        **document(one, grafana_url=desk.grafana_url),
        alerts=[linked(alert) for alert in desk.alerts.of(one)],
        alike=[_alike(other) for other in desk.alike(one)],
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
                transition=str(one.transition), incident=Incident(**document(one.incident, grafana_url=grafana_url))
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
