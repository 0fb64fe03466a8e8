"""Silences: list, add and end them."""

from typing import Any, Literal

from flask import g
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field

from aiops.api.answer import Question, changing, responses
from aiops.api.body import must_be_empty
from aiops.api.incidents import IncidentKind
from aiops.api.workflow import ReasonText, Until
from aiops.model import SilenceMatcher, Window, iso
from aiops.presentation.documents.silence import MaintenancePlan, MaintenanceWindow, Silence, Silences
from aiops.presentation.silences import silence_document
from aiops.service.use_cases import UseCases

TAG = Tag(name="silences", description="what keeps incidents from being announced for a time")


class NoQuestion(Question):
    """No parameter."""


class OneSilence(Question):
    silence_id: str = Field(min_length=1, max_length=16, pattern=r"^[0-9a-z]+$", description="as the list gives it")


class NewSilence(Until):
    """Incidents that have all that is given are silenced."""

    reason: ReasonText = Field(description="why; kept in the audit")
    incident: str = Field("", max_length=64, description="its id")
    service: str = Field("", max_length=256, description="one that the incident affects, or its cause")
    kind: IncidentKind | Literal[""] = Field("", description="of its cause; unknown: it has none")
    severity: Literal["", "low", "medium", "high", "critical"] = Field("", description="this severity only")
    family: str = Field("", max_length=64, description="of one of its symptoms, such as latency")
    everything: bool = Field(False, description="true, and nothing else given: every incident is silenced")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes for silences."""
    api = APIBlueprint("silences", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.get("/silences", responses=responses(Silences))
    def listed(query: NoQuestion) -> Any:  # noqa: ARG001 (unknown parameters are an error)
        """List the silences that are in force or ended lately."""
        now = use_cases.now()
        return Silences(
            silences=[silence_document(one, now) for one in use_cases.silences.listed()],
            maintenance=[
                MaintenancePlan(
                    name=one.plan.name,
                    reason=one.plan.reason,
                    services=sorted(one.plan.services),
                    current=_window(one.current),
                    following=_window(one.following),
                )
                for one in use_cases.silences.maintenance()
            ],
        ).model_dump()

    @api.post("/silences", **changing(Silence))
    def add(body: NewSilence) -> Any:
        """Silence incidents until a time: they open and are shown, and are not announced before it ends."""
        matcher = SilenceMatcher(
            incident=body.incident, service=body.service, kind=body.kind, severity=body.severity, family=body.family
        )
        until = body.end(use_cases.now())
        made = use_cases.silences.add(matcher, until, body.reason, body.everything, g.actor)
        return silence_document(made, use_cases.now()).model_dump()

    @api.post("/silences/<silence_id>/end", **changing(Silence, 404, 409))
    def end(path: OneSilence) -> Any:
        """End a silence now: what is still open is announced."""
        must_be_empty()
        return silence_document(use_cases.silences.end(path.silence_id, g.actor), use_cases.now()).model_dump()

    return api


def _window(one: Window | None) -> MaintenanceWindow | None:
    return None if one is None else MaintenanceWindow(start=iso(one.start), end=iso(one.end))
