"""Changes as other programs tell of them: GitHub, Argo CD, and services of feature flags."""

from typing import Annotated, Any

from flask import g, request
from flask_openapi3.blueprint import APIBlueprint
from pydantic import Field, StringConstraints

from aiops.api.answer import Question, changing
from aiops.api.body import must_be_object
from aiops.api.changes import TAG, Name, change_document
from aiops.api.hook_messages import ArgoSync, FlagChange, GitHubDeployment
from aiops.presentation.documents.telemetry import TakenChange
from aiops.service.told_changes import ToldChange, Untold, of_argo, of_flag, of_github
from aiops.service.use_cases import UseCases

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=256)]


class OfWhat(Question):
    service: Name | None = Field(None, description="the service that changed; default: what the message names")
    environment: Text | None = Field(None, description="store changes of this environment only; default: of all")


class OfSync(Question):
    service: Name | None = Field(None, description="the service that changed; default: what the message names")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes of webhooks."""
    api = APIBlueprint("change_hooks", __name__, url_prefix="/aiops/changes", abp_tags=[TAG])

    @api.before_request
    def json_only() -> None:
        must_be_object()

    @api.post("/github", **changing(TakenChange))
    def github(query: OfWhat, body: GitHubDeployment) -> Any:
        """Take GitHub's events deployment and deployment_status: a deployment is stored once, when it begins or ends.
        Signed in X-Hub-Signature-256, or with a token."""
        event = request.headers.get("X-GitHub-Event", "")
        return _taken(use_cases, of_github(event, body.model_dump(), query.service, query.environment))

    @api.post("/argocd", **changing(TakenChange))
    def argocd(query: OfSync, body: ArgoSync) -> Any:
        """Take a sync of an Argo CD application, as the template in docs/changes.md sends it."""
        return _taken(use_cases, of_argo(body.model_dump(), query.service, use_cases.now()))

    @api.post("/flags", **changing(TakenChange))
    def flags(query: OfWhat, body: FlagChange) -> Any:
        """Take a change of a feature flag, in the form of LaunchDarkly's webhooks. Signed in X-LD-Signature, or with a
        token."""
        return _taken(use_cases, of_flag(body.model_dump(by_alias=True), query.service, query.environment))

    return api


def _taken(use_cases: UseCases, told: ToldChange | Untold) -> Any:
    if isinstance(told, Untold):
        return TakenChange(stored=False, why=told.why, change=None).model_dump()
    new = use_cases.incidents.record_change(told.change, g.actor, told.fact)
    why = "" if new else "it is known already"
    return TakenChange(stored=new, why=why, change=change_document(told.change)).model_dump()
