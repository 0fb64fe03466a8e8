"""Silences, in the same database as incidents."""

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Engine, Insert, Update, insert, select, update

from aiops.model import IncidentSilence, SilenceMatcher
from aiops.store import tables
from aiops.store.transaction import Transaction

_AT = tables.silences.c
_MATCHER = TypeAdapter(SilenceMatcher)


class SqlSilences:
    """The store of silences. Every method raises StoreError when the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listed(self, since: float) -> list[IncidentSilence]:
        """Return the silences that are in force or ended at a time (Unix seconds) or later, what ends last first."""
        with Transaction(self._engine) as connection:
            found = _read(connection, (_AT.until >= since) & (_AT.ended_at.is_(None) | (_AT.ended_at >= since)))
        return sorted(found, key=lambda one: (one.until, one.id), reverse=True)

    def get(self, id_: str) -> IncidentSilence | None:
        """Return a silence by its id; None where there is none."""
        with Transaction(self._engine) as connection:
            return next(iter(_read(connection, _AT.id == id_)), None)

    @staticmethod
    def added(one: IncidentSilence) -> Insert:
        """Return the statement that adds a silence."""
        return insert(tables.silences).values(
            id=one.id,
            created_at=one.created_at,
            created_by=one.created_by,
            until=one.until,
            reason=one.reason,
            matcher=_MATCHER.dump_json(one.matcher).decode(),
        )

    @staticmethod
    def ended(one: IncidentSilence) -> Update:
        """Return the statement that ends a silence, at its `ended_at`."""
        return update(tables.silences).where(_AT.id == one.id).values(ended_at=one.ended_at, ended_by=one.ended_by)


def in_force(connection: Connection, now: float) -> list[IncidentSilence]:
    """Return the silences that are in force at a time (Unix seconds)."""
    return _read(connection, _AT.ended_at.is_(None) & (_AT.until > now))


def _read(connection: Connection, wanted: ColumnElement[bool]) -> list[IncidentSilence]:
    rows = connection.execute(select(tables.silences).where(wanted)).all()
    return [IncidentSilence(**{**row._mapping, "matcher": _MATCHER.validate_json(row.matcher)}) for row in rows]
