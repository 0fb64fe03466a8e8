"""Tokens and the audit, for admins."""

from typing import Any

from pydantic import Field

from aiops.presentation.documents.base import Document, Time


class Token(Document):
    """A token without its secret."""

    id: str
    name: str
    role: str
    state: str = Field(description="active, expired or revoked")
    start: str = Field(description="the first characters of the secret")
    created_at: Time
    created_by: str
    expires_at: Time | None
    revoked_at: Time | None
    revoked_by: str | None
    last_used_at: Time | None = Field(description="to five minutes")


class Tokens(Document):
    tokens: list[Token]


class NewToken(Token):
    """A token with its secret, which is told this once."""

    token: str


class UserRecord(Document):
    """Somebody with a name and a password."""

    name: str
    role: str
    created_at: Time
    created_by: str
    changed_at: Time = Field(description="its password")


class UserRecords(Document):
    users: list[UserRecord]


class AuditRecord(Document):
    """A change: who, how they signed in, from which address, what, to which thing, before and after."""

    number: int
    at: Time
    who: str
    how: str
    address: str
    what: str
    subject: str
    text: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    previous: str = Field(description="the hash of the row before")
    hash: str


class Audit(Document):
    """Rows of the audit, newest first."""

    rows: list[AuditRecord]
    next: int | None = Field(description="`before` of the next page")


class AuditCheck(Document):
    """Whether every row of the audit is as it was written."""

    intact: bool
    problems: list[str]
    rows: int = Field(description="that were written, by their count")
    head: str = Field(description="the hash of the last row: keep it elsewhere to see that none is missing at the end")
