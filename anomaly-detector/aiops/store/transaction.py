"""A transaction on the incident store, and the rows that more than one part of it writes."""

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, insert, update
from sqlalchemy.exc import SQLAlchemyError

from aiops.model import Incident
from aiops.ports import StoreError
from aiops.store import tables

INCIDENT = TypeAdapter(Incident)


class Transaction:
    """A transaction whose failures are StoreErrors."""

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
    }
    upsert(connection, tables.incidents, {"key": incident.key}, values)


def upsert(connection: Connection, table: Any, identity: dict[str, Any], values: dict[str, Any]) -> None:
    """Update the row, or insert it: every database speaks this, and one engine writes at a time."""
    changed = connection.execute(update(table).filter_by(**identity).values(**values))
    if changed.rowcount == 0:
        connection.execute(insert(table).values(**identity, **values))
