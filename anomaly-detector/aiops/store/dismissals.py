"""What people said is not an incident, in the same database as incidents."""

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Engine, Insert, Update, insert, select, update

from aiops.model import Dismissal
from aiops.store import tables
from aiops.store.transaction import Transaction

_AT = tables.dismissals.c
_LEVELS = TypeAdapter(tuple[tuple[str, float], ...])


class SqlDismissals:
    """The store of dismissals. Every method raises StoreError when the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listed(self, since: float) -> list[Dismissal]:
        """Return the dismissals that are in force or ended at a time (Unix seconds) or later, newest first."""
        with Transaction(self._engine) as connection:
            found = _read(connection, (_AT.until >= since) & (_AT.ended_at.is_(None) | (_AT.ended_at >= since)))
        return sorted(found, key=lambda one: (one.at, one.id), reverse=True)

    def get(self, id_: str) -> Dismissal | None:
        """Return a dismissal by its id; None where there is none."""
        with Transaction(self._engine) as connection:
            return next(iter(_read(connection, _AT.id == id_)), None)

    @staticmethod
    def added(one: Dismissal) -> Insert:
        """Return the statement that adds a dismissal, for the transaction of its incident."""
        names = ("id", "fingerprint", "incident", "title", "at", "who", "reason", "until")
        given = {name: getattr(one, name) for name in names}
        return insert(tables.dismissals).values(**given, levels=_LEVELS.dump_json(one.levels).decode())

    @staticmethod
    def ended(one: Dismissal) -> Update:
        """Return the statement that ends a dismissal, at its `ended_at`."""
        return update(tables.dismissals).where(_AT.id == one.id).values(ended_at=one.ended_at, ended_by=one.ended_by)


def dismissals_in_force(connection: Connection, now: float) -> list[Dismissal]:
    """Return the dismissals that are in force at a time (Unix seconds)."""
    return _read(connection, _AT.ended_at.is_(None) & (_AT.until > now))


def _read(connection: Connection, wanted: ColumnElement[bool]) -> list[Dismissal]:
    rows = connection.execute(select(tables.dismissals).where(wanted)).all()
    return [Dismissal(**{**row._mapping, "levels": _LEVELS.validate_json(row.levels)}) for row in rows]
