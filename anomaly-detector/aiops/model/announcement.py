"""Entries of the outbox: what people are told, to which channels, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiops.model.burn import BURNS_NO_MORE, Burn
from aiops.model.incident import Incident, Transition
from aiops.model.severity import Severity
from aiops.model.slo import Urgency

ESCALATED: Final = "escalated"
"""Nobody acknowledged an incident for so long that further channels are told."""
DIGEST: Final = "digest"
"""What began and ended while a channel was quiet."""
TEST: Final = "test"
"""A message that a person asked for, to see whether it arrives."""
ENDINGS: Final = (str(Transition.RESOLVED), BURNS_NO_MORE)
"""Transitions after which nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What began and ended while a channel was quiet, between two times in Unix seconds. ended: the name and the
    headline of each incident or objective."""

    since: float
    until: float
    ended: tuple[tuple[str, str], ...]


Subject = Incident | Burn | Digest
"""What a message is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """A transition in the outbox; `number` is its place there, `at` its time in Unix seconds."""

    number: int
    transition: str
    subject: Subject
    at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Announcement):
    """An announcement for one channel: how many attempts have failed, since when (Unix seconds), and what the channel
    calls the message that it made of this subject before, "" without one."""

    attempts: int = 0
    failing_since: float | None = None
    reference: str = ""


@dataclass(frozen=True, slots=True)
class HeldDelivery:
    """An announcement that a quiet channel was spared; `known`: the channel was told before that its subject began, and
    not that it ended."""

    told: Announcement
    known: bool


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """A step of a route's escalation: its place there from 0, and when it is due, Unix seconds."""

    route: str
    place: int
    due: float


@dataclass(frozen=True, slots=True)
class DueEscalation:
    """A step that is due, started by a message of the outbox. incident: as it is now."""

    step: EscalationStep
    started_by: int
    incident: Incident


@dataclass(frozen=True, slots=True)
class DeliveryPlan:
    """Where an announcement goes. channels: each with the time until which it is held back, None: at once. steps: of
    escalations that begin with it."""

    channels: Mapping[str, float | None] = field(default_factory=dict)
    steps: tuple[EscalationStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelBacklog:
    """What the store knows of a channel: messages that wait, those of them held back, the time of the oldest one, and
    when one was sent last (Unix seconds)."""

    waiting: int = 0
    held: int = 0
    oldest: float | None = None
    last_sent: float | None = None


def subject_key(subject: Subject) -> str:
    """Return the key by which messages about the same thing belong together."""
    return DIGEST if isinstance(subject, Digest) else subject.key


def subject_name(subject: Subject) -> str:
    """Return the name that people use for a subject."""
    return subject.id if isinstance(subject, Incident) else subject.slo if isinstance(subject, Burn) else DIGEST


def subject_severity(subject: Subject) -> Severity:
    """Return how severe a subject is. A burn that pages is critical, one for a ticket is medium."""
    match subject:
        case Incident():
            return subject.severity
        case Burn():
            return Severity.CRITICAL if subject.urgency == Urgency.PAGE else Severity.MEDIUM
        case Digest():
            return Severity.LOW


def subject_services(subject: Subject) -> tuple[str, ...]:
    """Return the services that a subject is about."""
    match subject:
        case Incident():
            return tuple(dict.fromkeys(filter(None, (subject.service, *subject.affected_services))))
        case Burn():
            return (subject.service,) if subject.service else ()
        case Digest():
            return ()
