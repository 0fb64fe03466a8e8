"""Actions of remediation: list, show, propose, approve, refuse, cancel."""

from typing import Annotated, Any, Literal

from flask import g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, Field, StringConstraints

from aiops.api.answer import Question, changing, responses
from aiops.api.body import must_be_object
from aiops.presentation.actions import action_document
from aiops.presentation.documents.actions import Action, Actions
from aiops.service.use_cases import UseCases

TAG = Tag(name="actions", description="remediation: what is proposed, what the gate says, and what was done")
StateName = Literal[
    "active",
    "all",
    "refused",
    "proposed",
    "approved",
    "executing",
    "verifying",
    "rolling_back",
    "succeeded",
    "ineffective",
    "rolled_back",
    "failed",
    "unknown",
    "dry_run",
    "rejected",
    "cancelled",
    "expired",
]


def _cursor(text: str) -> str:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise ValueError("must be the `next` of an earlier answer")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000, pattern=r"^[^\x00-\x1f]*$")]


class ActionFilter(Question):
    state: StateName = Field("all", description="active: something is still to come")
    incident: str | None = Field(None, min_length=1, max_length=64, description="about this incident only")
    limit: int = Field(50, ge=1, le=200, description="most actions of one answer")
    cursor: Annotated[str, AfterValidator(_cursor)] | None = Field(
        None, description="`next` of the page before", json_schema_extra={"pattern": "^[0-9]{1,18}$"}
    )


class OneAction(Question):
    action_id: str = Field(min_length=1, max_length=64, pattern=r"^[\w.:-]+$", description="like ACT-1795253415-1")


class ActionWanted(Question):
    """Which entry of the policy to propose for which incident. Another person must approve it."""

    incident: str = Field(min_length=1, max_length=64, description="its id")
    policy: str = Field(min_length=1, max_length=64, description="name of an entry of the policy")


class ActionSeen(Question):
    """What was seen, and is approved."""

    digest: str = Field(pattern=r"^[0-9a-f]{64}$", description="`digest` of the action as it was read")


class ActionReason(Question):
    """Why not."""

    reason: Line = Field("", description="kept in the audit and on the action")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes for actions."""
    api = APIBlueprint("actions", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.before_request
    def json_only() -> None:
        if request.method == "POST":
            must_be_object()

    @api.get("/actions", responses=responses(Actions))
    def listed(query: ActionFilter) -> Any:
        """List actions, newest first."""
        state = None if query.state == "all" else query.state
        before = int(query.cursor) if query.cursor is not None else None
        found, following = use_cases.actions.page(state, query.incident, before, query.limit)
        policy = use_cases.actions.policy
        return Actions(
            enabled=policy is not None,
            dry_run=None if policy is None else policy.dry_run,
            actions=[action_document(one) for one in found],
            next=None if following is None else str(following),
        ).model_dump()

    @api.get("/actions/<action_id>", responses=responses(Action, 404))
    def one(path: OneAction) -> Any:
        """Answer everything about one action, with each decision of the gate."""
        return action_document(use_cases.actions.get(path.action_id)).model_dump()

    @api.post("/actions", **changing(Action, 404, 409))
    def propose(body: ActionWanted) -> Any:
        """Propose an entry of the policy for an incident; a proposal that the gate refuses says why."""
        return action_document(use_cases.actions.propose(body.incident, body.policy, g.actor)).model_dump()

    @api.post("/actions/<action_id>/approve", **changing(Action, 404, 409))
    def approve(path: OneAction, body: ActionSeen) -> Any:
        """Approve exactly what was seen. Not by who proposed it; once; for as long as the policy says."""
        return action_document(use_cases.actions.approve(path.action_id, body.digest, g.actor)).model_dump()

    @api.post("/actions/<action_id>/refuse", **changing(Action, 404, 409))
    def refuse(path: OneAction, body: ActionReason) -> Any:
        """Refuse a proposal, or an approval that was not used: it is never executed."""
        return action_document(use_cases.actions.refuse(path.action_id, g.actor, body.reason)).model_dump()

    @api.post("/actions/<action_id>/cancel", **changing(Action, 404, 409))
    def cancel(path: OneAction, body: ActionReason) -> Any:
        """Take a proposal or an approval back."""
        return action_document(use_cases.actions.cancel(path.action_id, g.actor, body.reason)).model_dump()

    return api
