"""Alerts of other systems in SQL, in the same database as incidents: a change of both is one transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, Table, and_, bindparam, delete, exists, insert, or_, select

from aiops.model import Alert, AlertLink, AlertState, AuditEntry, Incident
from aiops.store import tables
from aiops.store.audit import record
from aiops.store.transaction import Transaction, keep_incident

_ALERT = TypeAdapter(Alert)
_AT, _LINK = tables.alerts.c, tables.alert_links.c
AT_ONCE = 500
"""The number of values in one IN: databases limit it."""


class SqlAlerts:
    """Episodes of alerts and their links to incidents. Every method raises StoreError when the database does not
    answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def episodes(self, fingerprints: Sequence[str], since: float) -> list[Alert]:
        """Return the episodes of these fingerprints that are firing, or that start at `since` or later."""
        wanted = or_(_AT.state == AlertState.FIRING, _AT.starts_at >= since)
        with Transaction(self._engine) as connection:
            return [
                _ALERT.validate_json(text)
                for some in _chunks(fingerprints)
                for text in connection.execute(select(_AT.document).where(_AT.fingerprint.in_(some), wanted)).scalars()
            ]

    def lasting(self, since: float) -> list[Alert]:
        """Return the episodes that name a service and are firing, or ended at `since` or later."""
        wanted = (or_(_AT.state == AlertState.FIRING, _AT.ends_at >= since), _AT.services != "||")
        with Transaction(self._engine) as connection:
            texts = connection.execute(select(_AT.document).where(*wanted)).scalars()
            return [_ALERT.validate_json(text) for text in texts]

    def page(self, state: str | None, service: str | None, limit: int) -> list[Alert]:
        """Return episodes, newest first."""
        wanted = [_AT.state == state] if state else []
        if service:
            wanted.append(_AT.services.contains(f"|{service}|", autoescape=True))
        query = select(_AT.document).where(*wanted).order_by(_AT.starts_at.desc(), _AT.fingerprint).limit(limit)
        with Transaction(self._engine) as connection:
            return [_ALERT.validate_json(text) for text in connection.execute(query).scalars()]

    def of(self, incident: str, limit: int) -> list[Alert]:
        """Return the episodes linked to an incident, by its key; newest first."""
        query = select(_AT.document).join(tables.alert_links, _SAME).where(_LINK.incident == incident)
        with Transaction(self._engine) as connection:
            texts = connection.execute(query.order_by(_AT.starts_at.desc(), _AT.fingerprint).limit(limit)).scalars()
            return [_ALERT.validate_json(text) for text in texts]

    def links(self, fingerprints: Sequence[str] = (), incidents: Sequence[str] = ()) -> list[AlertLink]:
        """Return the links of any of these fingerprints, or of any of these incidents' keys."""
        wanted = [_LINK.fingerprint.in_(some) for some in _chunks(fingerprints)]
        wanted += [_LINK.incident.in_(some) for some in _chunks(incidents)]
        query = select(_LINK.incident, _LINK.fingerprint, _LINK.starts_at, _LINK.told)
        with Transaction(self._engine) as connection:
            rows = [row for one in wanted for row in connection.execute(query.where(one))]
        return [AlertLink(row[0], row[1], row[2], AlertState(row[3])) for row in rows]

    def names(self, alerts: Sequence[Alert]) -> dict[tuple[str, float], list[str]]:
        """Return the ids of the incidents that each episode is linked to."""
        query = select(_LINK.fingerprint, _LINK.starts_at, tables.incidents.c.id)
        query = query.join(tables.incidents, tables.incidents.c.key == _LINK.incident)
        found: dict[tuple[str, float], list[str]] = {one.identity: [] for one in alerts}
        with Transaction(self._engine) as connection:
            for some in _chunks([one.fingerprint for one in alerts]):
                rows = connection.execute(query.where(_LINK.fingerprint.in_(some)).order_by(tables.incidents.c.number))
                for fingerprint, starts_at, name in rows:
                    if (fingerprint, starts_at) in found:
                        found[fingerprint, starts_at].append(name)
        return found

    def keep(
        self,
        alerts: Sequence[Alert],
        links: Sequence[AlertLink],
        incidents: Sequence[Incident],
        entry: AuditEntry | None = None,
    ) -> None:
        """Store alerts, links and incidents in one transaction, with an entry in the audit if there is one."""
        with Transaction(self._engine) as connection:
            if entry is not None:
                record(connection, entry)
            _replace(connection, tables.alerts, [_row(one) for one in alerts])
            _replace(connection, tables.alert_links, [{**asdict(one), "told": str(one.told)} for one in links])
            for incident in incidents:
                keep_incident(connection, incident)

    def purge(self, before: float) -> int:
        """Delete episodes that ended before a time, or that were not reported as firing since; returns how many."""
        old = or_(
            and_(_AT.state == AlertState.RESOLVED, _AT.ends_at < before),
            and_(_AT.state == AlertState.FIRING, _AT.heard_at < before),
        )
        with Transaction(self._engine) as connection:
            gone = connection.execute(delete(tables.alerts).where(old)).rowcount
            if gone:
                connection.execute(delete(tables.alert_links).where(~exists().where(_SAME)))
            return gone


_SAME = and_(_LINK.fingerprint == _AT.fingerprint, _LINK.starts_at == _AT.starts_at)


def _row(alert: Alert) -> dict[str, Any]:
    return {
        "fingerprint": alert.fingerprint,
        "starts_at": alert.starts_at,
        "state": str(alert.state),
        "ends_at": alert.ends_at,
        "heard_at": alert.heard_at,
        "services": f"|{'|'.join(alert.services)}|",
        "document": _ALERT.dump_json(alert).decode(),
    }


def _replace(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Replace the rows with the same keys, in two statements however many there are."""
    if rows:
        keys = [column.name for column in table.primary_key]
        same = delete(table).where(*(table.c[key] == bindparam(f"old_{key}") for key in keys))
        connection.execute(same, [{f"old_{key}": row[key] for key in keys} for row in rows])
        connection.execute(insert(table), rows)


def _chunks(values: Sequence[str]) -> Iterator[Any]:
    unique = list(dict.fromkeys(values))
    return (unique[start : start + AT_ONCE] for start in range(0, len(unique), AT_ONCE))
