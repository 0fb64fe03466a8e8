"""Incidents in SQL: one transaction per cycle, and one per action of a person."""

from collections.abc import Sequence
from typing import Any

import orjson
from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, Executable, Select, func, insert, select, update

from aiops.model import (
    AuditEntry,
    Change,
    Dismissal,
    Ending,
    Finding,
    Incident,
    IncidentEvent,
    IncidentEvidence,
    IncidentFilter,
    IncidentSilence,
    IncidentState,
    Ledger,
)
from aiops.process.faultpoints import FaultPoint, reach
from aiops.store import tables
from aiops.store.audit import record
from aiops.store.dismissals import dismissals_in_force
from aiops.store.listing import alike_query, is_active, page_query
from aiops.store.objectives import BURN_ADAPTER, keep_ledger
from aiops.store.silences import in_force
from aiops.store.transaction import INCIDENT, Transaction, keep_incident, upsert

EVIDENCE = TypeAdapter(IncidentEvidence)
EVERY = IncidentFilter()
NEWEST = 20
"""The number of incidents with a fingerprint that are searched for the last one that was not merged."""


class SqlIncidents:
    """The IncidentStore on SQLite or PostgreSQL. Every method raises StoreError when the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def database(self) -> Engine:
        """The database, for other data that must be saved with incidents."""
        return self._engine

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def active(self) -> list[Incident]:
        """Return open and acknowledged incidents, oldest first."""
        return self._read(is_active(tables.incidents.c))

    def latest(self, fingerprint: str) -> Incident | None:
        """Return the incident with this fingerprint that was resolved last; merged incidents are left out."""
        at = tables.incidents.c
        alike = (at.fingerprint == fingerprint, at.state == IncidentState.RESOLVED)
        query = select(at.document).where(*alike).order_by(at.resolved_at.desc()).limit(NEWEST)
        with self._begin() as connection:
            found = (INCIDENT.validate_json(text) for text in connection.execute(query).scalars())
            return next((one for one in found if one.ending != Ending.MERGED), None)

    def alike(self, incident: Incident, limit: int) -> list[Incident]:
        """Return other incidents with the same fingerprint, newest first."""
        at = tables.incidents.c
        if not incident.fingerprint:
            return []
        others = (at.fingerprint == incident.fingerprint, at.key != incident.key)
        query = select(at.document).where(*others).order_by(at.number.desc()).limit(limit)
        with self._begin() as connection:
            return [INCIDENT.validate_json(text) for text in connection.execute(query).scalars()]

    def resolved_since(self, at: float) -> list[Incident]:
        """Return the incidents that were resolved at a time (Unix seconds) or later."""
        return self._read(tables.incidents.c.resolved_at >= at)

    def between(self, since: float, until: float) -> list[Incident]:
        """Return the incidents that were detected before `until` and not resolved before `since`, Unix seconds."""
        at = tables.incidents.c
        return self._read((at.first_detected <= until) & (at.resolved_at.is_(None) | (at.resolved_at >= since)))

    def get(self, name: str) -> Incident | None:
        """Return an incident by its id or key; None where there is none."""
        found = self._read((tables.incidents.c.id == name) | (tables.incidents.c.key == name))
        return found[0] if found else None

    def evidence(self, incident: Incident) -> IncidentEvidence | None:
        """Return the evidence of an incident's cause; None where there is none."""
        query = select(tables.evidence.c.document).where(tables.evidence.c.incident == incident.key)
        with self._begin() as connection:
            text = connection.execute(query).scalar()
        return None if text is None else EVIDENCE.validate_json(text)

    def page(
        self, wanted: IncidentFilter = EVERY, before: int | None = None, limit: int = 50
    ) -> tuple[list[Incident], int | None]:
        """Return incidents, newest first, and the cursor of the next page, None at the end."""
        with self._begin() as connection:
            rows = connection.execute(page_query(wanted, before, limit + 1)).all()
        following = int(rows[limit - 1].number) if len(rows) > limit else None
        return [INCIDENT.validate_json(row.document) for row in rows[:limit]], following

    def alike_counts(self, fingerprints: Sequence[str], since: float) -> dict[str, int]:
        """Return how many incidents with each of these fingerprints were detected since a time (Unix seconds)."""
        if not fingerprints:
            return {}
        with self._begin() as connection:
            return {str(one): int(count) for one, count in connection.execute(alike_query(fingerprints, since)).all()}

    def active_count(self) -> int:
        """Return how many incidents are not resolved."""
        at = tables.incidents.c
        query = select(func.count()).where(is_active(at))
        with self._begin() as connection:
            return int(connection.execute(query).scalar_one())

    def count(self) -> int:
        """Return the highest number that an incident was ever given."""
        with self._begin() as connection:
            return int(connection.execute(select(func.coalesce(func.max(tables.incidents.c.number), 0))).scalar_one())

    def watermark(self) -> float | None:
        """Return the end of the last step whose findings are saved."""
        query = select(tables.progress.c.value).where(tables.progress.c.name == "watermark")
        with self._begin() as connection:
            value = connection.execute(query).scalar()
        return None if value is None else float(value)

    def save_cycle(
        self,
        watermark: float,
        now: float,
        findings: Sequence[Finding],
        events: Sequence[IncidentEvent],
        ledger: Ledger | None = None,
    ) -> None:
        """Write findings, incidents, outbox, watermark and the counts of objectives in one transaction; saving the same
        again changes nothing."""
        with self._begin() as connection:
            for finding in findings:
                _keep_finding(connection, finding)
            for event in events:
                keep_incident(connection, event.incident)
                if event.evidence is not None:
                    document = EVIDENCE.dump_json(event.evidence).decode()
                    upsert(connection, tables.evidence, {"incident": event.incident.key}, {"document": document})
                if event.told:
                    _announce(connection, event, now)
            if ledger is not None:
                keep_ledger(connection, ledger)
                for told in ledger.events:
                    _queue(connection, told.burn.key, told.transition, told.at, now, BURN_ADAPTER.dump_json(told.burn))
            upsert(connection, tables.progress, {"name": "watermark"}, {"value": watermark})
            reach(FaultPoint.SAVE_WRITTEN)

    def act(self, event: IncidentEvent, entry: AuditEntry, beside: Executable | None = None) -> None:
        """Store one person's action: the incident, its announcement, the audit entry and the statement `beside`, in one
        transaction."""
        self.act_on([event], entry, beside)

    def act_on(self, events: Sequence[IncidentEvent], entry: AuditEntry, beside: Executable | None = None) -> None:
        """Store one person's action on several incidents, or on none, in one transaction."""
        with self._begin() as connection:
            for event in events:
                keep_incident(connection, event.incident)
                if event.told:
                    _announce(connection, event, entry.at)
            if beside is not None:
                connection.execute(beside)
            record(connection, entry)
            reach(FaultPoint.SAVE_WRITTEN)

    def record_change(self, change: Change, entry: AuditEntry | None = None, fact: str | None = None) -> bool:
        """Store a change, and the entry of the audit if somebody reported it. fact: what it is known by, so that it is
        stored once. Returns whether it is new."""
        values = {name: getattr(change, name) for name in Change.__slots__}
        with self._begin() as connection:
            if fact is not None and connection.execute(_known_fact(fact)).first() is not None:
                return False
            connection.execute(insert(tables.changes).values(**values, fact=fact))
            if entry is not None:
                record(connection, entry)
        return True

    def changes(self, since: float, until: float) -> list[Change]:
        """Return the changes between two times (Unix seconds), oldest first."""
        at = tables.changes.c
        query = select(at.at, at.who, at.kind, at.service, at.version, at.text, at.source)
        with self._begin() as connection:
            rows = connection.execute(query.where(at.at >= since, at.at <= until).order_by(at.at)).all()
        return [Change(**row._mapping) for row in rows]

    def dismissals(self, now: float) -> list[Dismissal]:
        """Return the dismissals that are in force at a time (Unix seconds)."""
        with self._begin() as connection:
            return dismissals_in_force(connection, now)

    def keep_comparison(self, change: Change, document: str) -> None:
        """Keep how the version of a change does beside the old one, as JSON."""
        at = tables.changes.c
        mine = (at.at == change.at, at.service == change.service, at.version == change.version)
        with self._begin() as connection:
            connection.execute(update(tables.changes).where(*mine).values(comparison=document))

    def comparisons(self, since: float, until: float) -> dict[tuple[str, str, float], str]:
        """Return these documents of the changes between two times, by service, version and time."""
        at = tables.changes.c
        query = select(at.service, at.version, at.at, at.comparison)
        query = query.where(at.at >= since, at.at <= until, at.comparison.is_not(None))
        with self._begin() as connection:
            return {(row[0], row[1], row[2]): row[3] for row in connection.execute(query)}

    def silences(self, now: float) -> list[IncidentSilence]:
        """Return the silences that are in force at a time (Unix seconds)."""
        with self._begin() as connection:
            return in_force(connection, now)

    def _read(self, wanted: Any) -> list[Incident]:
        query = select(tables.incidents.c.document).where(wanted).order_by(tables.incidents.c.number)
        with self._begin() as connection:
            return [INCIDENT.validate_json(text) for text in connection.execute(query).scalars()]

    def _begin(self) -> Transaction:
        return Transaction(self._engine)


def _keep_finding(connection: Connection, finding: Finding) -> None:
    identity = {
        "series": orjson.dumps(finding.series).decode(),
        "family": str(finding.family),
        "onset": finding.onset,
    }
    score = finding.score if finding.score == finding.score else 0.0  # NaN: not judged in the last step
    upsert(connection, tables.findings, identity, {"last": finding.at, "score": score})


def _announce(connection: Connection, event: IncidentEvent, now: float) -> None:
    one = event.incident
    _queue(connection, one.key, str(event.transition), one.timeline[-1].at, now, INCIDENT.dump_json(one))


def _queue(connection: Connection, key: str, transition: str, at: float, now: float, document: bytes) -> None:
    identity = {"incident": key, "transition": transition, "at": at}
    known = select(tables.outbox.c.number).filter_by(**identity)
    if connection.execute(known).first() is None:
        connection.execute(insert(tables.outbox).values(**identity, queued_at=now, document=document.decode()))


def _known_fact(fact: str) -> Select[tuple[int]]:
    return select(tables.changes.c.number).where(tables.changes.c.fact == fact)
