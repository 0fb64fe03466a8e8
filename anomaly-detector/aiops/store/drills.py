"""Drills in SQL, beside the incidents: each change of a person is one transaction with its entry in the audit."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Engine, func, insert, select, update

from aiops.model import AuditEntry, Drill, DrillResult, Incident
from aiops.store import tables
from aiops.store.audit import record
from aiops.store.transaction import Transaction, keep_incident

_DRILL = tables.drills.c


class SqlDrills:
    """Drills. Every method raises StoreError when the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, drill: Drill, entry: AuditEntry) -> None:
        """Store a drill."""
        with Transaction(self._engine) as connection:
            connection.execute(insert(tables.drills).values(**_row(drill)))
            record(connection, entry)

    def change(self, drill: Drill, entry: AuditEntry | None = None, incident: Incident | None = None) -> None:
        """Store a drill as it is now, and the incident that it was waiting for."""
        with Transaction(self._engine) as connection:
            connection.execute(update(tables.drills).where(_DRILL.id == drill.id).values(**_row(drill)))
            if incident is not None:
                keep_incident(connection, incident)
            if entry is not None:
                record(connection, entry)

    def get(self, id_: str) -> Drill | None:
        """Return one drill; None where there is none."""
        with Transaction(self._engine) as connection:
            found = connection.execute(select(tables.drills).where(_DRILL.id == id_)).first()
        return None if found is None else _drill(found._mapping)

    def running(self) -> list[Drill]:
        """Return drills without a result, oldest first."""
        return self._read(_DRILL.result == str(DrillResult.RUNNING))

    def open(self) -> list[Drill]:
        """Return drills whose end was not reported, oldest first."""
        return self._read(_DRILL.ended.is_(None))

    def newest(self, limit: int) -> list[Drill]:
        """Return drills, newest first."""
        query = select(tables.drills).order_by(_DRILL.started.desc(), _DRILL.id).limit(limit)
        with Transaction(self._engine) as connection:
            return [_drill(one._mapping) for one in connection.execute(query)]

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many there were by name and result."""
        query = select(_DRILL.name, _DRILL.result, func.count()).group_by(_DRILL.name, _DRILL.result)
        with Transaction(self._engine) as connection:
            return {(name, result): count for name, result, count in connection.execute(query)}

    def _read(self, condition: Any) -> list[Drill]:
        query = select(tables.drills).where(condition).order_by(_DRILL.started, _DRILL.id)
        with Transaction(self._engine) as connection:
            return [_drill(one._mapping) for one in connection.execute(query)]


def _row(drill: Drill) -> dict[str, Any]:
    return asdict(drill) | {"result": str(drill.result)}


def _drill(row: Any) -> Drill:
    return Drill(**{**row, "result": DrillResult(row["result"])})
