"""The audit in SQL: rows are appended in the transaction of the change that they record, and never changed."""

import json
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Engine, insert, select, update

from aiops.access import BEGINNING, breaks, sealed
from aiops.model import Actor, AuditEntry, AuditRow, SignIn
from aiops.store import tables
from aiops.store.transaction import Transaction

_AT: Final = tables.audit.c
LENGTH: Final = "audit"
"""The row of `progress` that counts the rows of the audit."""
AT_ONCE: Final = 1000


def record(connection: Connection, entry: AuditEntry) -> None:
    """Append an entry, in the transaction of the change."""
    # First what locks, so that nobody else appends between the two statements after it.
    counted = tables.progress.c
    more = update(tables.progress).where(counted.name == LENGTH).values(value=counted.value + 1)
    if connection.execute(more).rowcount == 0:
        connection.execute(insert(tables.progress).values(name=LENGTH, value=1.0))
    last = connection.execute(select(_AT.number, _AT.hash).order_by(_AT.number.desc()).limit(1)).first()
    row = sealed(1, entry, BEGINNING) if last is None else sealed(last.number + 1, entry, last.hash)
    connection.execute(insert(tables.audit).values(**_values(row)))


class SqlAudit:
    """Reads the audit. Every method raises StoreError when the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, subject: str | None, who: str | None, before: int | None, limit: int) -> list[AuditRow]:
        """Return rows, newest first, of a subject and by somebody if these are given."""
        wanted = [
            *([] if subject is None else [_AT.subject == subject]),
            *([] if who is None else [_AT.who == who]),
            *([] if before is None else [_AT.number < before]),
        ]
        with Transaction(self._engine) as connection:
            query = select(tables.audit).where(*wanted).order_by(_AT.number.desc()).limit(limit)
            return [_row(one) for one in connection.execute(query)]

    def note(self, entry: AuditEntry) -> None:
        """Append an entry about something that changes no row of its own."""
        with Transaction(self._engine) as connection:
            record(connection, entry)

    def every(self) -> Iterator[AuditRow]:
        """Yield all rows, oldest first."""
        after = 0
        while True:
            with Transaction(self._engine) as connection:
                query = select(tables.audit).where(_AT.number > after).order_by(_AT.number).limit(AT_ONCE)
                rows = [_row(one) for one in connection.execute(query)]
            yield from rows
            if len(rows) < AT_ONCE:
                return
            after = rows[-1].number

    def head(self) -> tuple[int, str]:
        """Return how many rows there are by their count, and the hash of the last one."""
        with Transaction(self._engine) as connection:
            count = select(tables.progress.c.value).where(tables.progress.c.name == LENGTH)
            last = select(_AT.hash).order_by(_AT.number.desc()).limit(1)
            counted, found = connection.execute(count).scalar(), connection.execute(last).scalar()
        return int(counted or 0), str(found or BEGINNING)

    def problems(self) -> list[str]:
        """Return what is wrong with the whole chain, one sentence for each break."""
        counted, seen = self.head()[0], 0

        def all_rows() -> Iterator[AuditRow]:
            nonlocal seen
            for row in self.every():
                seen += 1
                yield row

        found = list(breaks(all_rows()))
        if seen < counted:  # more may have come meanwhile
            found.append(f"{counted} rows were written and {seen} are there: {counted - seen} are gone, maybe the last")
        return found


def _values(row: AuditRow) -> dict[str, Any]:
    entry = row.entry
    return {
        "number": row.number,
        "at": entry.at,
        "who": entry.by.name,
        "how": str(entry.by.how),
        "address": entry.by.address,
        "what": entry.what,
        "subject": entry.subject,
        "text": entry.text,
        "before": None if entry.before is None else json.dumps(entry.before),
        "after": None if entry.after is None else json.dumps(entry.after),
        "previous": row.previous,
        "hash": row.hash,
    }


def _row(found: Any) -> AuditRow:
    entry = AuditEntry(
        at=found.at,
        by=Actor(found.who, SignIn(found.how), found.address),
        what=found.what,
        subject=found.subject,
        text=found.text,
        before=None if found.before is None else json.loads(found.before),
        after=None if found.after is None else json.loads(found.after),
    )
    return AuditRow(number=found.number, entry=entry, previous=found.previous, hash=found.hash)
