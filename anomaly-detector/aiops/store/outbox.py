"""The outbox in SQL: announcements, and a delivery of each to each of its channels with its own attempts."""

from collections.abc import Collection
from hashlib import sha256
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import Engine, delete, exists, func, or_, select, update

from aiops.model import (
    BURN_TRANSITIONS,
    DIGEST,
    ENDINGS,
    Announcement,
    ChannelBacklog,
    Delivery,
    DeliveryPlan,
    Digest,
    HeldDelivery,
    Subject,
    Transition,
    subject_key,
)
from aiops.ports import LONGEST_WAIT
from aiops.store import tables
from aiops.store.deliveries import deliver_to, end_deliveries, number_of
from aiops.store.escalations import start_steps, stop_steps
from aiops.store.objectives import BURN_ADAPTER
from aiops.store.transaction import INCIDENT, Transaction, upsert

_DIGEST: Final = TypeAdapter(Digest)
_STOPPING: Final = (str(Transition.ACKNOWLEDGED), str(Transition.RESOLVED))
KEPT: Final = 90 * 86_400.0
"""Seconds for which it is known what was told: longer than an incident lasts that is not over."""
_OUT, _DEL, _REF = tables.outbox.c, tables.deliveries.c, tables.channel_references.c


class SqlOutbox:
    """The Outbox on SQLite or PostgreSQL. Every method raises StoreError when the database does not answer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def unplanned(self, limit: int = 50) -> list[Announcement]:
        """Return the oldest announcements whose channels are not chosen yet."""
        query = select(_OUT.number, _OUT.transition, _OUT.document, _OUT.at).where(_OUT.planned_at.is_(None))
        with Transaction(self._engine) as connection:
            rows = connection.execute(query.order_by(_OUT.number).limit(limit)).all()
        return [_announcement(*row) for row in rows]

    def told(self, subject: str) -> set[str]:
        """Return the channels that were told of a subject by its key, or will be."""
        query = select(_DEL.channel).where(_DEL.subject == subject).distinct()
        with Transaction(self._engine) as connection:
            return set(connection.execute(query).scalars())

    def plan(self, one: Announcement, plan: DeliveryPlan, now: float) -> None:
        """Store where an announcement goes, in one transaction with the escalations that it begins or stops. What is
        told at once replaces what the channel was spared of the same subject."""
        subject = subject_key(one.subject)
        with Transaction(self._engine) as connection:
            for channel, held in plan.channels.items():
                if held is None:
                    spared = (_DEL.subject == subject, _DEL.channel == channel, _DEL.done_at.is_(None))
                    end_deliveries(connection, (*spared, _DEL.held.is_not(None)), now, "superseded")
            deliver_to(connection, one.number, subject, plan.channels, now)
            if one.transition in _STOPPING:
                stop_steps(connection, subject, now)
            start_steps(connection, one, plan.steps)
            connection.execute(update(tables.outbox).where(_OUT.number == one.number).values(planned_at=now))

    def due(self, channel: str, now: float, limit: int = 20) -> list[Delivery]:
        """Return the oldest waiting delivery of each subject to a channel, if its next attempt is due: later ones wait
        for it."""
        first = select(func.min(_DEL.message)).where(_DEL.channel == channel, _DEL.done_at.is_(None))
        first = first.where(_DEL.held.is_(None)).group_by(_DEL.subject)
        # An attempt due later than any wait was scheduled by a clock that was ahead.
        due = or_(_DEL.due <= now, _DEL.due > now + LONGEST_WAIT)
        told = (_REF.channel == _DEL.channel) & (_REF.subject == _DEL.subject)
        query = (
            select(_OUT.number, _OUT.transition, _OUT.document, _OUT.at)
            .add_columns(_DEL.attempts, _DEL.failing_since, _REF.reference)
            .join(tables.deliveries, _DEL.message == _OUT.number)
            .join(tables.channel_references, told, isouter=True)
            .where(_DEL.channel == channel, _DEL.message.in_(first), due)
        )
        with Transaction(self._engine) as connection:
            rows = connection.execute(query.order_by(_OUT.number).limit(limit)).all()
        return [
            Delivery(
                number=row.number,
                transition=row.transition,
                subject=_subject(row.transition, row.document),
                at=row.at,
                attempts=row.attempts,
                failing_since=row.failing_since,
                reference=row.reference or "",
            )
            for row in rows
        ]

    def done(self, one: Delivery, channel: str, at: float, outcome: str, reference: str | None = None) -> None:
        """Mark a delivery as `sent` or `refused` at a time (Unix seconds), with what the channel calls the message."""
        with Transaction(self._engine) as connection:
            end_deliveries(connection, (_DEL.message == one.number, _DEL.channel == channel), at, outcome)
            if reference is not None:
                identity = {"channel": channel, "subject": subject_key(one.subject)}
                upsert(connection, tables.channel_references, identity, {"reference": reference})

    def failed(self, one: Delivery, channel: str, at: float, wait: float) -> None:
        """Store that an attempt failed at a time (Unix seconds), and after how many seconds the next one is due."""
        since = one.failing_since if one.failing_since is not None else at
        values = {"attempts": one.attempts + 1, "due": at + wait, "failing_since": since}
        here = (_DEL.message == one.number, _DEL.channel == channel)
        with Transaction(self._engine) as connection:
            connection.execute(update(tables.deliveries).where(*here).values(**values))

    def held(self, channel: str, now: float) -> list[HeldDelivery]:
        """Return what a channel was spared in quiet hours that are over, oldest first."""
        before = select(_DEL.message).where(_DEL.channel == channel, _DEL.outcome == "sent")
        query = (
            select(_OUT.number, _OUT.transition, _OUT.document, _OUT.at)
            .join(tables.deliveries, _DEL.message == _OUT.number)
            .where(_DEL.channel == channel, _DEL.done_at.is_(None), _DEL.held <= now)
        )
        with Transaction(self._engine) as connection:
            found = [_announcement(*row) for row in connection.execute(query.order_by(_OUT.number))]
            known: dict[str, bool] = {}
            for subject in {subject_key(one.subject) for one in found}:
                last = select(_OUT.transition).where(_OUT.number.in_(before), _OUT.incident == subject)
                told = connection.execute(last.order_by(_OUT.number.desc()).limit(1)).scalar()
                known[subject] = told is not None and told not in ENDINGS
        return [HeldDelivery(one, known[subject_key(one.subject)]) for one in found]

    def release(
        self, channel: str, sent: Collection[int], dropped: Collection[int], digest: Digest | None, now: float
    ) -> None:
        """End quiet hours of a channel: send these messages now, never send those, and send a digest, in one
        transaction."""
        here = _DEL.channel == channel
        with Transaction(self._engine) as connection:
            end_deliveries(connection, (here, _DEL.message.in_(dropped)), now, "summed")
            freed = update(tables.deliveries).where(here, _DEL.message.in_(sent)).values(held=None, due=now)
            connection.execute(freed)
            if digest is not None:
                name = f"d-{sha256(channel.encode()).hexdigest()[:14]}"  # several channels may end at the same time
                row = {"incident": name, "transition": DIGEST, "at": now, "queued_at": now, "planned_at": now}
                number = number_of(connection, row, _DIGEST.dump_json(digest).decode())
                deliver_to(connection, number, DIGEST, {channel: None}, now)

    def adopt(self, channels: Collection[str]) -> int:
        """Plan anew what waits for channels that are no longer configured; returns how many deliveries these are."""
        orphans = (_DEL.done_at.is_(None), _DEL.channel.not_in(channels))
        with Transaction(self._engine) as connection:
            numbers = list(connection.execute(select(_DEL.message).where(*orphans)).scalars())
            connection.execute(delete(tables.deliveries).where(*orphans))
            homeless = ~exists().where(_DEL.message == _OUT.number)
            again = update(tables.outbox).where(_OUT.number.in_(numbers), homeless, _OUT.transition != DIGEST)
            connection.execute(again.values(planned_at=None))
        return len(numbers)

    def purge(self, now: float) -> None:
        """Delete what was planned more than KEPT seconds ago and waits for no channel any more."""
        waits = exists().where(_DEL.message == _OUT.number, _DEL.done_at.is_(None))
        old = select(_OUT.number).where(_OUT.planned_at < now - KEPT, ~waits)
        with Transaction(self._engine) as connection:
            numbers = list(connection.execute(old).scalars())
            for first in range(0, len(numbers), 500):
                some = numbers[first : first + 500]
                connection.execute(delete(tables.deliveries).where(_DEL.message.in_(some)))
                connection.execute(delete(tables.outbox).where(_OUT.number.in_(some)))

    def backlog(self, channel: str) -> ChannelBacklog:
        """Return what waits for a channel."""
        waiting = (_DEL.channel == channel, _DEL.done_at.is_(None))
        query = select(func.count(), func.count(_DEL.held), func.min(_OUT.queued_at))
        query = query.join(tables.outbox, _OUT.number == _DEL.message).where(*waiting)
        last = select(func.max(_DEL.done_at)).where(_DEL.channel == channel, _DEL.outcome == "sent")
        with Transaction(self._engine) as connection:
            count, held, oldest = connection.execute(query.select_from(tables.deliveries)).one()
            sent = connection.execute(last).scalar()
        return ChannelBacklog(waiting=count, held=held, oldest=oldest, last_sent=sent)


def _announcement(number: int, transition: str, document: str, at: float) -> Announcement:
    return Announcement(number=number, transition=transition, subject=_subject(transition, document), at=at)


def _subject(transition: str, document: str) -> Subject:
    if transition == DIGEST:
        return _DIGEST.validate_json(document)
    return BURN_ADAPTER.validate_json(document) if transition in BURN_TRANSITIONS else INCIDENT.validate_json(document)
