"""Tokens and rows of the audit as documents."""

from aiops.model import ApiToken, AuditRow, User, iso
from aiops.presentation.documents.access import AuditRecord, Token, UserRecord


def token_document(one: ApiToken, now: float) -> Token:
    """Return the document of a token."""
    return Token(
        id=one.id,
        name=one.name,
        role=str(one.role),
        state=one.state(now),
        start=one.start,
        created_at=iso(one.created_at),
        created_by=one.created_by,
        expires_at=None if one.expires_at is None else iso(one.expires_at),
        revoked_at=None if one.revoked_at is None else iso(one.revoked_at),
        revoked_by=one.revoked_by or None,
        last_used_at=None if one.last_used_at is None else iso(one.last_used_at),
    )


def user_document(one: User) -> UserRecord:
    """Return the document of a user, without the password."""
    return UserRecord(
        name=one.name,
        role=str(one.role),
        created_at=iso(one.created_at),
        created_by=one.created_by,
        changed_at=iso(one.changed_at),
    )


def audit_document(row: AuditRow) -> AuditRecord:
    """Return the document of a row of the audit."""
    entry = row.entry
    return AuditRecord(
        number=row.number,
        at=iso(entry.at),
        who=entry.by.name,
        how=str(entry.by.how),
        address=entry.by.address,
        what=entry.what,
        subject=entry.subject,
        text=entry.text,
        before=None if entry.before is None else dict(entry.before),
        after=None if entry.after is None else dict(entry.after),
        previous=row.previous,
        hash=row.hash,
    )
