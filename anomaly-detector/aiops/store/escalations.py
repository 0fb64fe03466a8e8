"""Escalations in SQL: the due time of each step, so that a restart neither forgets nor repeats one."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, insert, select, update

from aiops.model import (
    ESCALATED,
    Announcement,
    DueEscalation,
    EscalationStep,
    IncidentState,
    Transition,
    subject_key,
)
from aiops.store import tables
from aiops.store.deliveries import deliver_to, number_of
from aiops.store.transaction import INCIDENT, Transaction

_AT = tables.escalations.c
_BEGINS = (str(Transition.OPENED), str(Transition.REOPENED))


class SqlEscalations:
    """The Escalations on SQLite or PostgreSQL. Every method raises StoreError when the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def due(self, now: float) -> list[DueEscalation]:
        """Return the steps that are due. Those of incidents that are no longer open are stopped."""
        query = select(_AT.route, _AT.place, _AT.due, _AT.message, tables.incidents.c.document)
        query = query.join(tables.incidents, tables.incidents.c.key == _AT.incident)
        query = query.where(_AT.done_at.is_(None), _AT.due <= now).order_by(_AT.due, _AT.place)
        found = []
        with Transaction(self._engine) as connection:
            for route, place, due, message, document in connection.execute(query).all():
                incident = INCIDENT.validate_json(document)
                if incident.state == IncidentState.OPEN:
                    found.append(DueEscalation(EscalationStep(route, place, due), message, incident))
                else:
                    stop_steps(connection, incident.key, now)
        return found

    def escalate(self, one: DueEscalation, channels: Sequence[str], now: float) -> None:
        """Announce a step to its channels and mark it as done, in one transaction."""
        step, incident = one.step, one.incident
        row = {"incident": incident.key, "transition": ESCALATED, "at": step.due, "queued_at": now, "planned_at": now}
        with Transaction(self._engine) as connection:
            if channels:
                number = number_of(connection, row, INCIDENT.dump_json(incident).decode())
                deliver_to(connection, number, incident.key, dict.fromkeys(channels), now)
            this = {"incident": incident.key, "route": step.route, "place": step.place, "message": one.started_by}
            done = update(tables.escalations).filter_by(**this)
            connection.execute(done.values(done_at=now, outcome="told" if channels else "stopped"))


def start_steps(connection: Connection, one: Announcement, steps: Sequence[EscalationStep]) -> None:
    """Insert the steps of each route that has none waiting for the incident. A change begins none where the route has
    had some."""
    incident = subject_key(one.subject)
    for route in {step.route for step in steps}:
        there = select(_AT.place).where(_AT.incident == incident, _AT.route == route)
        if one.transition in _BEGINS:
            there = there.where(_AT.done_at.is_(None))
        if connection.execute(there).first() is None:
            rows = [
                {"incident": incident, "route": route, "place": step.place, "message": one.number, "due": step.due}
                for step in steps
                if step.route == route
            ]
            connection.execute(insert(tables.escalations), rows)


def stop_steps(connection: Connection, incident: str, now: float) -> None:
    """End the steps that wait for an incident, by its key."""
    waiting = update(tables.escalations).where(_AT.incident == incident, _AT.done_at.is_(None))
    connection.execute(waiting.values(done_at=now, outcome="stopped"))
