"""Drills: their beginning and end as `aiops drill` reports them, and their results."""

from typing import Annotated, Any, Literal

from flask import g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field, StringConstraints

from aiops.api.answer import Question, changing, responses
from aiops.api.body import must_be_object
from aiops.model import DrillWanted
from aiops.presentation.documents.drills import Drill, Drills, drill_document
from aiops.service.use_cases import UseCases

TAG = Tag(name="drills", description="faults caused on purpose, and whether they were found")
KINDS = Literal["errors", "latency", "timeout", "down", "network", "dependency", "traffic", "machine", "silence"]
DAY = 86_400.0

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$")]
Service = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256, pattern=r"^[^\x00-\x1f]+$")
]
Why = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")]


class NewDrill(Question):
    """A fault that is caused now, and the incident that it must lead to."""

    name: Name
    service: Service = Field(description="the service that the incident must blame")
    kind: KINDS | None = Field(None, description="the kind of cause that it must have; null: any")
    within_seconds: float = Field(gt=0, le=DAY, description="until the incident must be detected")
    lasts_seconds: float = Field(gt=0, le=DAY, description="until the fault is taken back")
    skipped: Why | None = Field(None, description="why it is not tried")


class DrillEnd(Question):
    """The fault is taken back."""

    failed: Why | None = Field(None, description="why it could not be caused or taken back")


class OneDrill(Question):
    drill_id: str = Field(pattern=r"^drill-[0-9a-f]{8}$", description="like drill-3f0a91bc")


class HowMany(Question):
    limit: int = Field(50, ge=1, le=1000, description="most drills of one answer")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes for drills."""
    api = APIBlueprint("drills", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.before_request
    def json_only() -> None:
        if request.method == "POST":
            must_be_object()

    @api.get("/drills", responses=responses(Drills))
    def listed(query: HowMany) -> Any:
        """List drills, newest first."""
        return Drills(drills=[drill_document(one) for one in use_cases.drills.page(query.limit)]).model_dump()

    @api.post("/drills", **changing(Drill, 409, status=201))
    def begin(body: NewDrill) -> Any:
        """Say that a fault is caused now."""
        wanted = DrillWanted(
            name=body.name,
            service=body.service,
            kind=body.kind or "",
            within=body.within_seconds,
            lasts=body.lasts_seconds,
            skipped=body.skipped or "",
        )
        return drill_document(use_cases.drills.begin(wanted, g.actor)).model_dump(), 201

    @api.get("/drills/<drill_id>", responses=responses(Drill, 404))
    def one(path: OneDrill) -> Any:
        """Return one drill."""
        return drill_document(use_cases.drills.get(path.drill_id)).model_dump()

    @api.post("/drills/<drill_id>/end", **changing(Drill, 404, 409))
    def end(path: OneDrill, body: DrillEnd) -> Any:
        """Say that the fault is taken back, or why it could not be caused."""
        return drill_document(use_cases.drills.end(path.drill_id, body.failed or "", g.actor)).model_dump()

    return api
