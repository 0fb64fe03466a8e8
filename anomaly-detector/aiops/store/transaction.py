"""A transaction on the incident store, and the rows that several parts of it write."""

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, insert, update
from sqlalchemy.exc import SQLAlchemyError

from aiops.model import Incident
from aiops.model.errors import StoreError
from aiops.store import tables
from aiops.store.listing import searched_words

INCIDENT = TypeAdapter(Incident)


class Transaction:
    """A transaction whose errors are raised as StoreError."""

    def __init__(self, engine: Engine) -> None:
        self._context = engine.begin()

    def __enter__(self) -> Connection:
        try:
            return self._context.__enter__()
        except SQLAlchemyError as error:
            raise StoreError(f"the incident store cannot be opened: {_reason(error)}") from error

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            self._context.__exit__(kind, error, trace)
        except SQLAlchemyError as failed:
            raise StoreError(f"the incident store did not commit: {_reason(failed)}") from failed
        if isinstance(error, SQLAlchemyError):
            raise StoreError(f"the incident store does not answer: {_reason(error)}") from error


def _reason(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def keep_incident(connection: Connection, incident: Incident) -> None:
    """Insert or update an incident by its key."""
    document = INCIDENT.dump_json(incident).decode()
    values = {
        "id": incident.id,
        "number": int(incident.id.rsplit("-", 1)[1]),
        "state": str(incident.state),
        "severity": str(incident.severity),
        "first_detected": incident.first_detected,
        "resolved_at": incident.resolved_at,
        "services": f"|{'|'.join(incident.affected_services)}|",
        "document": document,
        "fingerprint": incident.fingerprint or None,
        "kind": None if incident.root_cause is None else str(incident.root_cause.cause.kind),
        "words": searched_words(incident),
    }
    upsert(connection, tables.incidents, {"key": incident.key}, values)


def upsert(connection: Connection, table: Any, identity: dict[str, Any], values: dict[str, Any]) -> None:
    """Update the row, or insert it. This works on every database, because only one engine writes at a time."""
    changed = connection.execute(update(table).filter_by(**identity).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(table).values(**identity, **values))
