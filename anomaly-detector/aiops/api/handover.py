"""The hand-over of a shift."""

from typing import Any

from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field

from aiops.api.answer import Question, number, responses
from aiops.api.incidents import TAG
from aiops.model import Comment as Said
from aiops.model import Incident, iso, iso_duration
from aiops.presentation.documents.handover import Handover, HandoverIncident, HandoverObjective
from aiops.presentation.documents.incident import Comment
from aiops.presentation.headline import headline
from aiops.presentation.silences import mute_document, silence_document
from aiops.service.use_cases import UseCases
from aiops.slo.live.status import SloStatus


class ShiftLength(Question):
    hours: float = Field(8.0, gt=0, le=168, description="length of the shift that ends now")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the route for hand-overs."""
    api = APIBlueprint("handover", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.get("/handover", responses=responses(Handover))
    def handover(query: ShiftLength) -> Any:
        """Answer what happened in a shift, what is still open, and what needs attention soon."""
        found = use_cases.handover.of(query.hours * 3600)
        return Handover(
            since=iso(found.shift.start),
            until=iso(found.shift.end),
            open=[_incident(one, found.comments.get(one.key)) for one in found.open],
            opened=[_incident(one, found.comments.get(one.key)) for one in found.opened],
            resolved=[_incident(one, found.comments.get(one.key)) for one in found.resolved],
            silences=[silence_document(one, found.shift.end) for one in found.silences],
            objectives=[_objective(one) for one in found.objectives],
        ).model_dump()

    return api


def _incident(one: Incident, said: Said | None) -> HandoverIncident:
    return HandoverIncident(
        id=one.id,
        state=one.state.value,
        severity=one.severity.value,
        headline=headline(one),
        onset=iso(one.onset),
        resolved_at=None if one.resolved_at is None else iso(one.resolved_at),
        resolution=one.resolution or None,
        helped=one.helped or None,
        assignee=one.assignee or None,
        muted=mute_document(one.mute),
        last_comment=None if said is None else Comment(at=iso(said.at), who=said.who, text=said.text),
        page=f"/incidents/{one.id}",
    )


def _objective(one: SloStatus) -> HandoverObjective:
    return HandoverObjective(
        slo=one.slo.name,
        group=dict(one.group),
        state=one.state.value,
        budget_left=number(one.budget.left),
        exhausted_in=None if one.exhausted_in is None else iso_duration(one.exhausted_in),
        page=f"/slos/{one.slo.name}",
    )
