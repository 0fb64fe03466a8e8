"""Stored data of objectives, in the same database as incidents: a cycle saves both in one transaction."""

from collections.abc import Iterable
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, and_, bindparam, delete, insert, select, update

from aiops.model import Burn, Labels, Ledger, LedgerHour, LedgerKey
from aiops.store import tables
from aiops.store.transaction import Transaction, upsert

BURN_ADAPTER = TypeAdapter(Burn)
COUNTED = "ledger"
SUMS = ("events", "bad", "watched", "covered")
_HOUR, _BURN = tables.ledger.c, tables.burns.c


class SqlObjectives:
    """The ledger and the burn records. Every method raises StoreError when the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def ledger(self) -> tuple[list[LedgerHour], float]:
        """Return all hours, and the end of the last step that they include (0: none)."""
        query = select(_HOUR.slo, _HOUR.sli, _HOUR.slo_group, _HOUR.hour, *(_HOUR[name] for name in SUMS))
        with Transaction(self._engine) as connection:
            rows = connection.execute(query).all()
            at = _counted(connection)
        keys = {of: LedgerKey(of[0], of[1], _group(of[2])) for of in {(row[0], row[1], row[2]) for row in rows}}
        return [_hour(keys[row[0], row[1], row[2]], *row[3:]) for row in rows], at

    def hours(self, key: LedgerKey, after: int) -> list[LedgerHour]:
        """Return the hours of one budget after an hour (by its number), in their order."""
        query = select(_HOUR.hour, *(_HOUR[name] for name in SUMS)).order_by(_HOUR.hour)
        mine = (_HOUR.slo == key.slo, _HOUR.sli == key.sli, _HOUR.slo_group == _text(key.group), _HOUR.hour > after)
        with Transaction(self._engine) as connection:
            return [_hour(key, *row) for row in connection.execute(query.where(*mine)).all()]

    def counted(self) -> float:
        """Return the end of the last step that the ledger includes (0: none)."""
        with Transaction(self._engine) as connection:
            return _counted(connection)

    def burning(self) -> list[Burn]:
        """Return the burn records that have no end yet."""
        return self._burns(_BURN.until.is_(None))

    def burns(self, slo: str, limit: int) -> list[Burn]:
        """Return the burn records of an objective, newest first."""
        return self._burns(_BURN.slo == slo, limit)

    def purge(self, hour: int, ended: float) -> None:
        """Delete hours before one (by its number), and records that ended before a time."""
        with Transaction(self._engine) as connection:
            connection.execute(delete(tables.ledger).where(_HOUR.hour < hour))
            connection.execute(delete(tables.burns).where(_BURN.until < ended))

    def _burns(self, wanted: Any, limit: int | None = None) -> list[Burn]:
        query = select(_BURN.document).where(wanted).order_by(_BURN.since.desc(), _BURN.key).limit(limit)
        with Transaction(self._engine) as connection:
            return [BURN_ADAPTER.validate_json(text) for text in connection.execute(query).scalars()]


def keep_ledger(connection: Connection, ledger: Ledger) -> None:
    """Add the counts to their hours, once, and store the present records."""
    counted = _counted(connection)
    if ledger.at > (counted if ledger.back_to is None else min(counted, ledger.back_to)):
        _add(connection, ledger.hours)
        upsert(connection, tables.progress, {"name": COUNTED}, {"value": ledger.at})
    for one in ledger.burns:
        document = BURN_ADAPTER.dump_json(one).decode()
        values = {"slo": one.slo, "since": one.since, "until": one.until, "document": document}
        upsert(connection, tables.burns, {"key": one.key}, values)


def _counted(connection: Connection) -> float:
    at = connection.execute(select(tables.progress.c.value).where(tables.progress.c.name == COUNTED)).scalar()
    return float(at or 0.0)


def _add(connection: Connection, hours: Iterable[LedgerHour]) -> None:
    """Insert the hours that are new, and add to the others: two statements, however many there are."""
    rows: dict[tuple[LedgerKey, int], LedgerHour] = {}
    for one in hours:
        other = rows.get((one.key, one.hour))
        rows[one.key, one.hour] = one if other is None else _sum(one, other)
    if not rows:
        return
    wanted = sorted({one.hour for one in rows.values()})
    found = connection.execute(
        select(_HOUR.slo, _HOUR.sli, _HOUR.slo_group, _HOUR.hour).where(_HOUR.hour.in_(wanted))
    ).all()
    known = {(LedgerKey(slo, sli, _group(group)), hour) for slo, sli, group, hour in found}
    changed = [_row(one) for place, one in rows.items() if place in known]
    if changed:
        same = and_(*(_HOUR[name] == bindparam(f"of_{name}") for name in ("slo", "sli", "slo_group", "hour")))
        sums = {name: _HOUR[name] + bindparam(f"more_{name}") for name in SUMS}
        given = [
            {
                **{f"of_{name}": row[name] for name in ("slo", "sli", "slo_group", "hour")},
                **{f"more_{name}": row[name] for name in SUMS},
            }
            for row in changed
        ]
        connection.execute(update(tables.ledger).where(same).values(**sums), given)
    fresh = [_row(one) for place, one in rows.items() if place not in known]
    if fresh:
        connection.execute(insert(tables.ledger), fresh)


def _sum(one: LedgerHour, other: LedgerHour) -> LedgerHour:
    return _hour(one.key, one.hour, *(getattr(one, name) + getattr(other, name) for name in SUMS))


def _hour(key: LedgerKey, hour: int, *sums: float) -> LedgerHour:
    return LedgerHour(key=key, hour=hour, **dict(zip(SUMS, sums, strict=True)))


def _row(one: LedgerHour) -> dict[str, Any]:
    return {
        "slo": one.key.slo,
        "sli": one.key.sli,
        "slo_group": _text(one.key.group),
        "hour": one.hour,
        **{name: getattr(one, name) for name in SUMS},
    }


def _text(group: Labels) -> str:
    return orjson.dumps(group).decode()


def _group(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((key, value) for key, value in orjson.loads(text))
