"""Declarations that symptoms are normal, with the learned state before them, in the same database as incidents."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import TypeAdapter
from sqlalchemy import Engine, Insert, Update, insert, select, update

from aiops.model import Accepted, Relearned
from aiops.model.arrays import Array
from aiops.store import tables
from aiops.store.transaction import Transaction

_CHANGES = TypeAdapter(tuple[Relearned, ...])
_AT = tables.accepted.c


class SqlAccepted:
    """The store of declarations. Every method raises StoreError when the database does not answer. `added` and `undone`
    make statements that `SqlIncidents.act` runs in one transaction with the incident."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, incident: str) -> list[Accepted]:
        """Return the declarations about an incident, by its id; newest first."""
        columns = (_AT.incident, _AT.at, _AT.who, _AT.reason, _AT.document, _AT.undone_at, _AT.undone_by)
        query = select(*columns).where(_AT.incident == incident).order_by(_AT.at.desc())
        with Transaction(self._engine) as connection:
            rows = connection.execute(query).all()
        return [
            Accepted(
                incident=row[0],
                at=row[1],
                who=row[2],
                reason=row[3],
                changes=_CHANGES.validate_json(row[4]),
                undone_at=row[5],
                undone_by=row[6],
            )
            for row in rows
        ]

    def learned(self, one: Accepted) -> list[dict[str, Array]]:
        """Return the learned state of each of its series before the declaration. Raises ValueError where it cannot be
        read."""
        query = select(_AT.learned).where(_AT.incident == one.incident, _AT.at == one.at)
        with Transaction(self._engine) as connection:
            packed = connection.execute(query).scalar_one()
        found: list[dict[str, Array]] = [{} for _ in one.changes]
        with np.load(io.BytesIO(packed), allow_pickle=False) as file:
            for name in file.files:
                number, _, array = name.partition(" ")
                found[int(number)][array] = file[name]
        return found

    def purge(self, before: float) -> int:
        """Delete learned state that can no longer be restored; the declarations themselves stay. Returns how many."""
        old = update(tables.accepted).where(_AT.at < before, _AT.learned != b"").values(learned=b"")
        with Transaction(self._engine) as connection:
            return int(connection.execute(old).rowcount)

    @staticmethod
    def added(one: Accepted, learned: Sequence[Mapping[str, Array]]) -> Insert:
        """Return the statement that stores a declaration with the learned state of each of its series."""
        packed = io.BytesIO()
        arrays = {f"{number} {name}": array for number, of in enumerate(learned) for name, array in of.items()}
        np.savez_compressed(packed, allow_pickle=False, **arrays)
        return insert(tables.accepted).values(
            incident=one.incident,
            at=one.at,
            who=one.who,
            reason=one.reason,
            document=_CHANGES.dump_json(one.changes).decode(),
            learned=packed.getvalue(),
        )

    @staticmethod
    def undone(one: Accepted, at: float, who: str) -> Update:
        """Return the statement that marks a declaration as undone by a person at a time (Unix seconds)."""
        here = (_AT.incident == one.incident, _AT.at == one.at)
        return update(tables.accepted).where(*here).values(undone_at=at, undone_by=who)
