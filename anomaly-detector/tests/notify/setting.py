"""A store with two channels that fail as they are told, and a clock in the hands of the test."""

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from made_up.notifying import Heard
from made_up.samples import simple

from aiops.incidents import resolve
from aiops.model import Delivery, Digest, Incident, IncidentEvent, Severity, Transition
from aiops.notify import Channel, Deliveries, Routing
from aiops.notify.hours import Hours
from aiops.notify.routing import Quiet
from aiops.store import SqlEscalations, SqlIncidents, SqlOutbox, open_store

T0 = 1_796_040_000.0  # 2026-11-30 12:00 UTC
HOUR = 3600.0
NIGHT = Quiet(Hours(frozenset(range(7)), 22 * 60, 7 * 60, ZoneInfo("UTC")), Severity.CRITICAL)
NINE_PM, ELEVEN_PM, SEVEN_AM = T0 + 9 * HOUR, T0 + 11 * HOUR, T0 + 19 * HOUR


class Moody(Heard):
    """Fails as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None
        self.texts: list[str] = []
        self.references: list[str] = []

    def send(self, one: Delivery) -> str | None:  # type: ignore[override]
        if self.error is not None:
            raise self.error
        super().send(one)
        self.references.append(one.reference)
        if isinstance(one.subject, Digest):
            self.texts += [name for name, _ in one.subject.ended]
        return f"message of {one.subject.id}" if isinstance(one.subject, Incident) else None


class Setting:
    """A store, two channels `a` and `b`, and routes."""

    def __init__(self, path: Path) -> None:
        self.store = SqlIncidents(open_store(f"sqlite:///{path / 'incidents.sqlite'}"))
        self.a, self.b = Moody(), Moody()
        self.counts: list[tuple[str, str]] = []
        self.use(Routing(default=("a", "b")))

    def use(self, routing: Routing, **channels: Moody) -> None:
        """Start anew with these routes, as after a restart."""
        made = [Channel(name, "made up", one, ("s3cret",)) for name, one in (channels or self.both).items()]
        outbox, escalations = SqlOutbox(self.store.database), SqlEscalations(self.store.database)
        self.outbox = outbox
        self.out = Deliveries(outbox, escalations, routing, made, lambda *what: self.counts.append(what))
        self.out.adopt()

    @property
    def both(self) -> dict[str, Moody]:
        return {"a": self.a, "b": self.b}

    def save(self, transition: Transition, one: Incident, at: float) -> Incident:
        self.store.save_cycle(at, at, (), [IncidentEvent(transition, one)])
        return one

    def opened(self, number: int = 1, at: float = T0, severity: Severity = Severity.HIGH) -> Incident:
        one = simple(number, severity=severity, first_detected=at, onset=at)
        return self.save(Transition.OPENED, replace(one, timeline=(replace(one.timeline[0], at=at),)), at)

    def resolved(self, one: Incident, at: float) -> Incident:
        return self.save(Transition.RESOLVED, resolve(one, at, "calm"), at)


def transitions(heard: Heard) -> list[str]:
    return [transition for _, transition in heard.all]
