"""What people said is not an incident: list, say and take back."""

from typing import Any

from flask import g
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field

from aiops.api.answer import Question, changing, number, responses
from aiops.api.body import must_be_empty
from aiops.api.incidents import TAG, OneIncident, whole_incident
from aiops.api.silences import NoQuestion
from aiops.api.workflow import ReasonText
from aiops.incidents.dismissing import bar, opens_again
from aiops.model import Dismissal as KeptDismissal
from aiops.model import iso
from aiops.presentation.documents.incident import WholeIncident
from aiops.presentation.documents.silence import Dismissal, Dismissals, Level
from aiops.service.dismissals import DAYS, MOST_DAYS
from aiops.service.use_cases import UseCases


class OneDismissal(Question):
    dismissal_id: str = Field(min_length=1, max_length=16, pattern=r"^[0-9a-z]+$", description="as the list gives it")


class NotAnIncident(Question):
    reason: ReasonText = Field(description="why; shown with it")
    days: float = Field(DAYS, gt=0, le=MOST_DAYS, description="after which it ends by itself")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes for what is not an incident."""
    api = APIBlueprint("dismissals", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.get("/dismissals", responses=responses(Dismissals))
    def listed(query: NoQuestion) -> Any:  # noqa: ARG001 (unknown parameters are an error)
        """List what people said is not an incident, with what it takes to open one again."""
        now = use_cases.now()
        return Dismissals(dismissals=[_document(one, now) for one in use_cases.dismissals.listed()]).model_dump()

    @api.post("/incidents/<incident_id>/dismiss", **changing(WholeIncident, 404, 409))
    def dismiss(path: OneIncident, body: NotAnIncident) -> Any:
        """Say that this is not an incident: it is resolved, and opens again only when it is much worse. Nothing is
        learned."""
        after = use_cases.dismissals.add(path.incident_id, body.reason, body.days, g.actor)
        return whole_incident(use_cases, after).model_dump()

    @api.post("/dismissals/<dismissal_id>/end", **changing(Dismissal, 404, 409))
    def end(path: OneDismissal) -> Any:
        """Take back that something is not an incident: if its trouble is there, it opens again soon."""
        must_be_empty()
        return _document(use_cases.dismissals.end(path.dismissal_id, g.actor), use_cases.now()).model_dump()

    return api


def _document(one: KeptDismissal, now: float) -> Dismissal:
    return Dismissal(
        id=one.id,
        state="active" if one.lasts(now) else "expired" if one.ended_at is None else "ended",
        incident=one.incident,
        title=one.title,
        fingerprint=one.fingerprint,
        levels=[
            Level(family=family, then=number(level) or 0.0, opens_at=number(bar(family, level)) or 0.0)
            for family, level in one.levels
        ],
        effect=opens_again(one.levels),
        reason=one.reason,
        at=iso(one.at),
        by=one.who,
        until=iso(one.until),
        ended_at=None if one.ended_at is None else iso(one.ended_at),
        ended_by=one.ended_by or None,
    )
