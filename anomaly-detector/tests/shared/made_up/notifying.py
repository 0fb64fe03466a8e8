"""Deliveries to one channel, as tests need them."""

from aiops.model import Delivery, subject_name
from aiops.notify import Channel, Deliveries, Routing
from aiops.ports import Notifier
from aiops.store import SqlEscalations, SqlIncidents, SqlOutbox


def to_all(store: SqlIncidents, *notifiers: Notifier) -> Deliveries:
    """Deliveries of every message to each of these, as the channels `0`, `1`, …"""
    channels = [Channel(str(place), "made up", one) for place, one in enumerate(notifiers)]
    routing = Routing(always=tuple(one.name for one in channels))
    return Deliveries(SqlOutbox(store.database), SqlEscalations(store.database), routing, channels)


class Heard(Notifier):
    """Writes down what it is told, as pairs of name and transition."""

    def __init__(self) -> None:
        self.all: list[tuple[str, str]] = []

    def send(self, one: Delivery) -> None:
        self.all.append((subject_name(one.subject), one.transition))
