"""Actions in SQL: each change in one transaction with its entry of the audit and the incident's timeline.

A change is written only over the version that it was made from. So of two writers one wins, and the other learns it.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, func, insert, or_, select, update

from aiops.model import ACTIVE_STATES, Action, AuditEntry, Incident
from aiops.model.errors import NotPossible
from aiops.store import tables
from aiops.store.audit import record
from aiops.store.transaction import Transaction, keep_incident

ACTION: Final = TypeAdapter(Action)
_AT: Final = tables.actions.c


class SqlActions:
    """The store of actions. Every method raises StoreError when the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def count(self) -> int:
        """Return the highest number that an action was ever given."""
        with Transaction(self._engine) as connection:
            return int(connection.execute(select(func.coalesce(func.max(_AT.number), 0))).scalar_one())

    def add(self, action: Action, entry: AuditEntry, incident: Incident | None = None) -> None:
        """Store a new action."""
        number = int(action.id.rsplit("-", 1)[1])
        with Transaction(self._engine) as connection:
            connection.execute(insert(tables.actions).values(number=number, **_values(action)))
            _beside(connection, entry, incident)

    def change(self, after: Action, entry: AuditEntry | None, incident: Incident | None = None) -> None:
        """Store a change of the version before. Raises NotPossible if somebody else changed it meanwhile; then nothing
        was written."""
        with Transaction(self._engine) as connection:
            same = (_AT.id == after.id, _AT.version == after.version - 1)
            if connection.execute(update(tables.actions).where(*same).values(**_values(after))).rowcount == 0:
                raise NotPossible(f"{after.id} was changed meanwhile: look at it again")
            _beside(connection, entry, incident)

    def tell(self, incident: Incident, entry: AuditEntry) -> None:
        """Store an incident whose timeline tells of an action."""
        with Transaction(self._engine) as connection:
            _beside(connection, entry, incident)

    def get(self, name: str) -> Action | None:
        """Return an action by its id."""
        found = self._read(_AT.id == name)
        return found[0] if found else None

    def by_key(self, key: str) -> Action | None:
        """Return the newest action with this key."""
        found = self._read(_AT.key == key)
        return found[-1] if found else None

    def active(self) -> list[Action]:
        """Return the actions of which something is still to come, oldest first."""
        return self.in_states(ACTIVE_STATES)

    def in_states(self, states: Collection[str]) -> list[Action]:
        """Return the actions in these states, oldest first."""
        return self._read(_AT.state.in_([str(one) for one in states]))

    def earlier(self, since: float, subject: str) -> list[Action]:
        """Return the actions that were proposed since a time (Unix seconds), that are active, or that are about a
        subject; oldest first."""
        states = [str(one) for one in ACTIVE_STATES]
        return self._read(or_(_AT.proposed_at >= since, _AT.subject == subject, _AT.state.in_(states)))

    def page(
        self, states: Collection[str], subject: str | None, before: int | None, limit: int
    ) -> tuple[list[Action], int | None]:
        """Return actions, newest first, and the cursor of the next page (None at the end)."""
        wanted = [
            *([_AT.state.in_([str(one) for one in states])] if states else []),
            *([] if subject is None else [_AT.subject == subject]),
            *([] if before is None else [_AT.number < before]),
        ]
        query = select(_AT.number, _AT.document).where(*wanted).order_by(_AT.number.desc()).limit(limit + 1)
        with Transaction(self._engine) as connection:
            rows = connection.execute(query).all()
        following = int(rows[limit - 1].number) if len(rows) > limit else None
        return [ACTION.validate_json(row.document) for row in rows[:limit]], following

    def counts(self) -> dict[str, int]:
        """Return how many actions there are in each state."""
        with Transaction(self._engine) as connection:
            rows: Sequence[Any] = connection.execute(select(_AT.state, func.count()).group_by(_AT.state)).all()
        return {str(state): int(number) for state, number in rows}

    def _read(self, wanted: Any) -> list[Action]:
        query = select(_AT.document).where(wanted).order_by(_AT.number)
        with Transaction(self._engine) as connection:
            return [ACTION.validate_json(text) for text in connection.execute(query).scalars()]


def _beside(connection: Connection, entry: AuditEntry | None, incident: Incident | None) -> None:
    if incident is not None:
        keep_incident(connection, incident)
    if entry is not None:
        record(connection, entry)


def _values(action: Action) -> dict[str, Any]:
    return {
        "id": action.id,
        "key": action.key,
        "state": str(action.state),
        "subject": action.evidence.subject,
        "target": action.target,
        "proposed_at": action.proposed_at,
        "version": action.version,
        "document": ACTION.dump_json(action).decode(),
    }
