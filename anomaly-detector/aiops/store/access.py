"""Tokens, users and sessions in SQL, beside the incidents. A change of a token or a user is one transaction with its
entry in the audit."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine, delete, insert, or_, select, update

from aiops.model import ApiToken, AuditEntry, Role, Session, SignIn
from aiops.store import tables
from aiops.store.audit import record
from aiops.store.transaction import Transaction

_TOKEN, _SESSION = tables.api_tokens.c, tables.sessions.c


class SqlAccess:
    """Who may sign in. Every method raises StoreError when the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def tokens(self) -> dict[str, ApiToken]:
        """Return all tokens by the hash of their secret, oldest first."""
        with Transaction(self._engine) as connection:
            rows = connection.execute(select(tables.api_tokens).order_by(_TOKEN.created_at, _TOKEN.id)).all()
        return {one.hash: _token(one._mapping) for one in rows}

    def add_token(self, token: ApiToken, hash_: str, entry: AuditEntry) -> None:
        """Store a token."""
        with Transaction(self._engine) as connection:
            connection.execute(
                insert(tables.api_tokens).values(hash=hash_, **(asdict(token) | {"role": str(token.role)}))
            )
            record(connection, entry)

    def revoke_token(self, id_: str, at: float, entry: AuditEntry) -> None:
        """Mark a token as revoked, and end the sessions that began with it."""
        with Transaction(self._engine) as connection:
            revoked = {"revoked_at": at, "revoked_by": entry.by.name}
            connection.execute(update(tables.api_tokens).where(_TOKEN.id == id_).values(**revoked))
            connection.execute(delete(tables.sessions).where(_SESSION.source == f"api:{id_}"))
            record(connection, entry)

    def token_used(self, id_: str, at: float) -> None:
        """Store when a token was used last."""
        with Transaction(self._engine) as connection:
            connection.execute(update(tables.api_tokens).where(_TOKEN.id == id_).values(last_used_at=at))

    def session(self, hash_: str) -> Session | None:
        """Return a session by the hash of the secret in its cookie."""
        query = select(tables.sessions).where(_SESSION.hash == hash_)
        with Transaction(self._engine) as connection:
            found = connection.execute(query).first()
        return None if found is None else _session(found._mapping)

    def begin_session(self, session: Session, hash_: str, entry: AuditEntry) -> None:
        """Store a session."""
        values = asdict(session) | {"role": str(session.role), "how": str(session.how)}
        with Transaction(self._engine) as connection:
            connection.execute(insert(tables.sessions).values(hash=hash_, **values))
            record(connection, entry)

    def session_seen(self, hash_: str, at: float) -> None:
        """Store when a session was used last."""
        with Transaction(self._engine) as connection:
            connection.execute(update(tables.sessions).where(_SESSION.hash == hash_).values(seen_at=at))

    def end_session(self, hash_: str, entry: AuditEntry) -> None:
        """Delete one session."""
        with Transaction(self._engine) as connection:
            connection.execute(delete(tables.sessions).where(_SESSION.hash == hash_))
            record(connection, entry)

    def end_sessions(self, source: str, entry: AuditEntry) -> None:
        """Delete all sessions that began with the same token, or as the same user."""
        with Transaction(self._engine) as connection:
            connection.execute(delete(tables.sessions).where(_SESSION.source == source))
            record(connection, entry)

    def purge_sessions(self, began_before: float, seen_before: float) -> int:
        """Delete sessions that are over, by either time (Unix seconds). Returns how many."""
        over = or_(_SESSION.created_at <= began_before, _SESSION.seen_at <= seen_before)
        with Transaction(self._engine) as connection:
            return int(connection.execute(delete(tables.sessions).where(over)).rowcount)


def _token(row: Any) -> ApiToken:
    return ApiToken(**{key: value for key, value in row.items() if key not in ("hash", "role")}, role=Role(row["role"]))


def _session(row: Any) -> Session:
    kept = {key: value for key, value in row.items() if key not in ("hash", "role", "how")}
    return Session(**kept, role=Role(row["role"]), how=SignIn(row["how"]))
