"""The local time of each service, its holidays, and events that were known before."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

import numpy as np

from aiops.detect.rows import Bools, Floats

DAY = 86_400.0
SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service's users live: their time zone, and the days on which they do not work."""

    zone: tzinfo = UTC
    holidays: Container[date] = frozenset()

    def local(self, at: float) -> float:
        """Seconds since Monday 00:00 by the clocks there; a holiday is a Sunday."""
        then = datetime.fromtimestamp(at, tz=self.zone)
        midnight = then.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        weekday = SUNDAY if then.date() in self.holidays else then.weekday()
        return weekday * DAY + (then.replace(tzinfo=None) - midnight) / timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Event:
    """A time, Unix seconds, in which latency and traffic are known to be unusual; `services` empty: of all."""

    name: str
    start: float
    end: float
    services: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Calendar:
    """`places` of the services that do not live where the rest does."""

    place: Place = field(default_factory=Place)
    places: Mapping[str, Place] = field(default_factory=dict)
    events: tuple[Event, ...] = ()

    @property
    def zones(self) -> tuple[tuple[str, str], ...]:
        """The time zones of services, "" for all others: what is learned by the hour fits only these."""
        usual = str(self.place.zone)
        others = sorted((name, str(one.zone)) for name, one in self.places.items())
        return (("", usual), *((name, zone) for name, zone in others if zone != usual))

    def local(self, services: Sequence[str], at: float) -> Floats:
        """Seconds since Monday 00:00 where each lives, `(services,)`."""
        usual = self.place.local(at)
        if not self.places:
            return np.full(len(services), usual)
        special = {service: place.local(at) for service, place in self.places.items()}
        return np.array([special.get(service, usual) for service in services])

    def unusual(self, services: Sequence[str], at: float) -> Bools:
        """Of which an event is on, `(services,)`."""
        on = [event for event in self.events if event.start < at <= event.end]
        if not on:
            return np.zeros(len(services), dtype=np.bool_)
        return np.array([any(not event.services or service in event.services for event in on) for service in services])
