"""Deployments, changes of flags and of configuration, as CI reports them."""

from typing import Annotated, Any, Literal

from flask import g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field, StringConstraints

from aiops.api.answer import Question, changing, responses
from aiops.api.body import must_be_object
from aiops.api.moment import Moment, window
from aiops.model import Change as Recorded
from aiops.model import iso
from aiops.presentation.canary_text import canary_sentence
from aiops.presentation.documents.telemetry import Change, Changes, VersionComparison
from aiops.service.use_cases import UseCases

TAG = Tag(name="changes", description="deployments and other changes, told by pipelines")
DEFAULT_SECONDS = 86400.0

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256, pattern=r"^[^\x00-\x1f]+$")
]


class NewChange(Question):
    """What was changed."""

    kind: Literal["deployment", "flag", "config"]
    service: Name
    version: Name | None = None
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00]*$")] | None = None
    at: Moment | None = Field(None, description="RFC 3339 with its zone, or Unix seconds; default now")


class When(Question):
    since: Moment | None = Field(None, description="RFC 3339 with its zone, or Unix seconds; default a day ago")
    until: Moment | None = Field(None, description="default now")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes for changes."""
    api = APIBlueprint("changes", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.before_request
    def json_only() -> None:
        if request.method == "POST":
            must_be_object()

    @api.get("/changes", responses=responses(Changes))
    def listed(query: When) -> Any:
        """List changes, oldest first."""
        over = window(query.since, query.until, use_cases.now(), DEFAULT_SECONDS)
        found = use_cases.incidents.changes(over)
        compared = use_cases.versions.of(found)
        shown = [change_document(one, compared.get((one.service, one.version, one.at))) for one in found]
        return Changes(changes=shown).model_dump()

    @api.post("/changes", **changing(Change, status=201))
    def record(body: NewChange) -> Any:
        """Record a change, so that incidents after it can name it."""
        at = use_cases.now() if body.at is None else body.at
        change = Recorded(
            at=at,
            who=g.principal.name,
            kind=body.kind,
            service=body.service,
            version=body.version or "",
            text=body.text or "",
            source="api",
        )
        use_cases.incidents.record_change(change, g.actor)
        return change_document(change).model_dump(), 201

    return api


def change_document(one: Recorded, compared: VersionComparison | None = None) -> Change:
    """Return the document of a change."""
    return Change(
        at=iso(one.at),
        who=one.who,
        kind=one.kind,
        service=one.service,
        version=one.version or None,
        text=one.text or None,
        source=one.source or None,
        comparison=compared,
        verdict=None if compared is None else canary_sentence(compared),
    )
