"""Users of this engine in SQL; each change is one transaction with its entry in the audit."""

from dataclasses import asdict

from sqlalchemy import Engine, delete, insert, select, update

from aiops.model import AuditEntry, Role, User
from aiops.store import tables
from aiops.store.audit import record
from aiops.store.transaction import Transaction

_AT, _SESSION = tables.users.c, tables.sessions.c


class SqlUsers:
    """Users. Every method raises StoreError when the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def every(self) -> list[User]:
        """Return all users by their names."""
        with Transaction(self._engine) as connection:
            rows = connection.execute(select(tables.users).order_by(_AT.name)).all()
        return [User(**(dict(one._mapping) | {"role": Role(one.role)})) for one in rows]

    def get(self, name: str) -> User | None:
        """Return one user."""
        with Transaction(self._engine) as connection:
            one = connection.execute(select(tables.users).where(_AT.name == name)).first()
        return None if one is None else User(**(dict(one._mapping) | {"role": Role(one.role)}))

    def add(self, user: User, entry: AuditEntry) -> None:
        """Store a user."""
        with Transaction(self._engine) as connection:
            connection.execute(insert(tables.users).values(**(asdict(user) | {"role": str(user.role)})))
            record(connection, entry)

    def change(self, user: User, entry: AuditEntry) -> None:
        """Store another password or role of a user, and end their sessions."""
        changed = {"password": user.password, "role": str(user.role), "changed_at": user.changed_at}
        with Transaction(self._engine) as connection:
            connection.execute(update(tables.users).where(_AT.name == user.name).values(**changed))
            connection.execute(delete(tables.sessions).where(_SESSION.source == f"user:{user.name}"))
            record(connection, entry)

    def remove(self, name: str, entry: AuditEntry) -> None:
        """Delete a user, and end their sessions."""
        with Transaction(self._engine) as connection:
            connection.execute(delete(tables.users).where(_AT.name == name))
            connection.execute(delete(tables.sessions).where(_SESSION.source == f"user:{name}"))
            record(connection, entry)
