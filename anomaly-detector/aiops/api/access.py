"""For admins: tokens of programs and people, and the audit."""

from typing import Annotated, Any, Literal

from flask import g, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import Field, StringConstraints

from aiops.api.answer import Question, changing, responses
from aiops.api.body import must_be_empty, must_be_object
from aiops.model import Role
from aiops.presentation.access import audit_document, token_document, user_document
from aiops.presentation.documents.access import Audit, AuditCheck, NewToken, Token, Tokens, UserRecord, UserRecords
from aiops.service.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from aiops.service.use_cases import UseCases

TAG = Tag(name="access")
LONGEST_DAYS = 3660
DEFAULT_DAYS = 90.0
WITH_BODY = frozenset({"access.add", "access.add_user", "access.set_password"})


class TokenWanted(Question):
    """Whom a token is for, and what it may do."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    role: Role
    days: float | None = Field(DEFAULT_DAYS, gt=0, le=LONGEST_DAYS, description="until it expires; null: never")


Password = Annotated[str, StringConstraints(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]


class UserWanted(Question):
    """Somebody who signs in with a name and a password."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    role: Literal["viewer", "responder", "admin"]
    password: Password


class PasswordWanted(Question):
    """Another password."""

    password: Password


class OneUser(Question):
    name: str = Field(min_length=1, max_length=64, description="with which the user signs in")


class OneToken(Question):
    token_id: str = Field(pattern=r"^[0-9a-f]{8}$", description="like 3f0a91bc")


class AuditFilter(Question):
    subject: str | None = Field(None, min_length=1, max_length=128, description="an incident's id, a token's, a name")
    who: str | None = Field(None, min_length=1, max_length=128, description="name of the one who did it")
    before: int | None = Field(None, ge=1, le=2**63 - 1, description="`next` of the page before")
    limit: int = Field(50, ge=1, le=1000, description="most rows of one answer")


def blueprint(use_cases: UseCases) -> APIBlueprint:
    """Return the routes for tokens and the audit."""
    api = APIBlueprint("access", __name__, url_prefix="/aiops", abp_tags=[TAG])

    @api.before_request
    def json_only() -> None:
        if request.endpoint in WITH_BODY:
            must_be_object()

    @api.get("/tokens", responses=responses(Tokens))
    def tokens() -> Any:
        """List the tokens that admins made, oldest first, without their secrets."""
        now = use_cases.now()
        return Tokens(tokens=[token_document(one, now) for one in use_cases.access.tokens()]).model_dump()

    @api.post("/tokens", **changing(NewToken, 409, status=201))
    def add(body: TokenWanted) -> Any:
        """Make a token. Its secret is in this answer, and never told again."""
        lasts = None if body.days is None else body.days * 86_400
        one, secret = use_cases.access.add_token(body.name, body.role, lasts, g.actor)
        return NewToken(**dict(token_document(one, use_cases.now())), token=secret).model_dump(), 201

    @api.post("/tokens/<token_id>/revoke", **changing(Token, 404, 409))
    def revoke(path: OneToken) -> Any:
        """End a token at once, and the sessions that began with it."""
        must_be_empty()
        return token_document(use_cases.access.revoke_token(path.token_id, g.actor), use_cases.now()).model_dump()

    @api.get("/users", responses=responses(UserRecords))
    def users() -> Any:
        """List people with a password, by name."""
        return UserRecords(users=[user_document(one) for one in use_cases.users.every()]).model_dump()

    @api.post("/users", **changing(UserRecord, 409, status=201))
    def add_user(body: UserWanted) -> Any:
        """Add somebody with a name and a password."""
        return user_document(use_cases.users.add(body.name, Role(body.role), body.password, g.actor)).model_dump(), 201

    @api.post("/users/<name>/password", **changing(UserRecord, 404, 409))
    def set_password(path: OneUser, body: PasswordWanted) -> Any:
        """Set another password, and end the sessions of this user."""
        return user_document(use_cases.users.set_password(path.name, body.password, g.actor)).model_dump()

    @api.post("/users/<name>/remove", **changing(UserRecord, 404))
    def remove_user(path: OneUser) -> Any:
        """Remove somebody, and end their sessions."""
        must_be_empty()
        return user_document(use_cases.users.remove(path.name, g.actor)).model_dump()

    @api.get("/audit", responses=responses(Audit))
    def audit(query: AuditFilter) -> Any:
        """List changes, newest first."""
        rows, following = use_cases.audit.page(query.subject, query.who, query.before, query.limit)
        return Audit(rows=[audit_document(one) for one in rows], next=following).model_dump()

    @api.get("/audit/check", responses=responses(AuditCheck))
    def check() -> Any:
        """Read the whole audit, and say whether a row was changed, removed or moved."""
        found = use_cases.audit.check()
        intact, problems = not found.problems, list(found.problems)
        return AuditCheck(intact=intact, problems=problems, rows=found.rows, head=found.head).model_dump()

    return api
