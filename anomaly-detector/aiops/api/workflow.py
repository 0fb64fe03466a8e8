"""The work of people on incidents: assign them and write about them."""

from typing import Annotated, Any, Literal

from flask import g
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, StringConstraints

from aiops.api.answer import Question, changing
from aiops.api.body import must_be_empty
from aiops.api.incidents import TAG, OneIncident, whole_incident
from aiops.api.moment import Moment
from aiops.api.problem import ApiProblem
from aiops.model import Severity
from aiops.presentation.documents.incident import WholeIncident
from aiops.service.use_cases import UseCases
from aiops.service.workflow import LONGEST_COMMENT, LONGEST_NAME

PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_NAME, pattern=PRINTABLE)
]


ReasonText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000, pattern=PRINTABLE)]


class Until(Question):
    """A time in the next 30 days: `until` or `seconds` is given."""

    until: Moment | None = Field(None, description="its end")
    seconds: float | None = Field(None, gt=0, description="its length from now, instead of `until`")

    def end(self, now: float) -> float:
        """Return the end, Unix seconds. Raises ApiProblem."""
        if (self.until is None) == (self.seconds is None):
            raise ApiProblem(400, "give either `until` or `seconds`", "until")
        return self.until if self.until is not None else now + (self.seconds or 0.0)


class Assignment(Question):
    assignee: Name = Field(description="the name of whoever works on it from now on")


class Snoozing(Until):
    reason: ReasonText | None = Field(None, description="why")


class Merging(Question):
    into: str = Field(min_length=1, max_length=64, pattern=r"^[\w.:-]+$", description="the id of an open incident")


class Splitting(Question):
    services: list[Annotated[str, StringConstraints(min_length=1, max_length=256)]] = Field(
        min_length=1, max_length=50, description="whose symptoms are an incident of their own from now on"
    )


class NewSeverity(Question):
    severity: Literal["low", "medium", "high", "critical"] = Field(description="from now on")
    reason: ReasonText = Field(description="why; shown beside it")


class NewComment(Question):
    text: str = Field(min_length=1, max_length=LONGEST_COMMENT, description="Markdown")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes for the work on incidents."""
    api = APIBlueprint("workflow", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.post("/incidents/<incident_id>/assign", **changing(WholeIncident, 404, 409))
    def assign(path: OneIncident, body: Assignment) -> Any:
        """Assign an incident to somebody; whoever acknowledges one that nobody has is assigned too."""
        return whole_incident(
            use_cases, use_cases.workflow.assign(path.incident_id, body.assignee, g.actor)
        ).model_dump()

    @api.post("/incidents/<incident_id>/unassign", **changing(WholeIncident, 404, 409))
    def unassign(path: OneIncident) -> Any:
        """Take an incident from whoever it is assigned to."""
        must_be_empty()
        return whole_incident(use_cases, use_cases.workflow.assign(path.incident_id, "", g.actor)).model_dump()

    @api.post("/incidents/<incident_id>/snooze", **changing(WholeIncident, 404, 409))
    def snooze(path: OneIncident, body: Snoozing) -> Any:
        """Announce nothing about an incident until a time; if it is still open then, people are reminded of it."""
        until = body.end(use_cases.now())
        after = use_cases.workflow.snooze(path.incident_id, until, body.reason or "", g.actor)
        return whole_incident(use_cases, after).model_dump()

    @api.post("/incidents/<incident_id>/wake", **changing(WholeIncident, 404, 409))
    def wake(path: OneIncident) -> Any:
        """End the snooze of an incident now, and remind people of it."""
        must_be_empty()
        return whole_incident(use_cases, use_cases.workflow.wake(path.incident_id, g.actor)).model_dump()

    @api.post("/incidents/<incident_id>/reopen", **changing(WholeIncident, 404, 409))
    def reopen(path: OneIncident) -> Any:
        """Open an incident again that ended within a day; it stays open until somebody resolves it."""
        must_be_empty()
        return whole_incident(use_cases, use_cases.workflow.reopen(path.incident_id, g.actor)).model_dump()

    @api.post("/incidents/<incident_id>/merge", **changing(WholeIncident, 404, 409))
    def merge(path: OneIncident, body: Merging) -> Any:
        """Merge an incident into another one, which is the answer: its later symptoms belong to that while it is
        open."""
        return whole_incident(use_cases, use_cases.workflow.merge(path.incident_id, body.into, g.actor)).model_dump()

    @api.post("/incidents/<incident_id>/unmerge", **changing(WholeIncident, 404, 409))
    def unmerge(path: OneIncident) -> Any:
        """Take an incident out of the one that it was merged into: both are open afterwards."""
        must_be_empty()
        return whole_incident(use_cases, use_cases.workflow.unmerge(path.incident_id, g.actor)).model_dump()

    @api.post("/incidents/<incident_id>/split", **changing(WholeIncident, 404, 409))
    def split(path: OneIncident, body: Splitting) -> Any:
        """Take services out of an incident: they are an incident of their own, which is the answer, also later."""
        new = use_cases.workflow.split(path.incident_id, body.services, g.actor)
        return whole_incident(use_cases, new).model_dump()

    @api.post("/incidents/<incident_id>/severity", **changing(WholeIncident, 404, 409))
    def set_severity(path: OneIncident, body: NewSeverity) -> Any:
        """Raise or lower the severity of an incident; the engine's own is kept beside it."""
        severity = Severity(body.severity)
        after = use_cases.workflow.set_severity(path.incident_id, severity, body.reason, g.actor)
        return whole_incident(use_cases, after).model_dump()

    @api.post("/incidents/<incident_id>/severity/clear", **changing(WholeIncident, 404, 409))
    def clear_severity(path: OneIncident) -> Any:
        """Leave the severity of an incident to the engine again."""
        must_be_empty()
        return whole_incident(use_cases, use_cases.workflow.clear_severity(path.incident_id, g.actor)).model_dump()

    @api.post("/incidents/<incident_id>/comments", **changing(WholeIncident, 404))
    def comment(path: OneIncident, body: NewComment) -> Any:
        """Write about an incident, which may be over; a comment is never changed."""
        return whole_incident(use_cases, use_cases.workflow.comment(path.incident_id, body.text, g.actor)).model_dump()

    return api
