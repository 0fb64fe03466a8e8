"""Rows of the outbox and of its deliveries, as several parts of the store write them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, update

from aiops.store import tables

_OUT, _DEL = tables.outbox.c, tables.deliveries.c


def number_of(connection: Connection, row: dict[str, Any], document: str) -> int:
    """Return the number of an announcement in the outbox, which is inserted if it is not there."""
    identity = {name: row[name] for name in ("incident", "transition", "at")}
    number = connection.execute(select(_OUT.number).filter_by(**identity)).scalar()
    if number is None:
        made = connection.execute(insert(tables.outbox).values(**row, document=document))
        number = made.inserted_primary_key[0] if made.inserted_primary_key else None
    assert number is not None
    return int(number)


def deliver_to(
    connection: Connection, number: int, subject: str, channels: Mapping[str, float | None], now: float
) -> None:
    """Insert a delivery to each channel that has none yet; the value of a channel is until when it is held back."""
    known = set(connection.execute(select(_DEL.channel).where(_DEL.message == number)).scalars())
    rows = [
        {"message": number, "channel": channel, "subject": subject, "due": now, "held": held, "attempts": 0}
        for channel, held in channels.items()
        if channel not in known
    ]
    if rows:
        connection.execute(insert(tables.deliveries), rows)


def end_deliveries(connection: Connection, where: tuple[ColumnElement[bool], ...], at: float, outcome: str) -> None:
    """Mark deliveries as done at a time (Unix seconds): sent, refused, summed or superseded."""
    connection.execute(update(tables.deliveries).where(*where).values(done_at=at, outcome=outcome))
