"""Local time and holidays of each service, and known events."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

import numpy as np

from aiops.model import Maintenance
from aiops.model.arrays import Bools, Floats

DAY = 86_400.0
QUARTER = 900.0
SUNDAY = 6


@dataclass(frozen=True, slots=True)
class LocalCalendar:
    """The time zone and the holidays of a service's users."""

    zone: tzinfo = UTC
    holidays: Container[date] = frozenset()

    def local(self, at: float) -> float:
        """Return local time as seconds since Monday 00:00; a holiday counts as a Sunday."""
        then = datetime.fromtimestamp(at, tz=self.zone)
        midnight = then.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        weekday = SUNDAY if then.date() in self.holidays else then.weekday()
        return weekday * DAY + (then.replace(tzinfo=None) - midnight) / timedelta(seconds=1)

    def locals(self, times: Floats) -> Floats:
        """Return the local times of many times at once, `(times,)`. Clocks and days change at whole quarters of an hour
        only."""
        quarters, which = np.unique(np.floor(times / QUARTER), return_inverse=True)
        begins = np.array([self.local(float(one) * QUARTER) for one in quarters])
        return np.asarray((begins[which] + times % QUARTER) % (7 * DAY))


@dataclass(frozen=True, slots=True)
class Event:
    """A stretch of time, Unix seconds, in which latency and traffic are known to be unusual. Empty `services` means all
    services."""

    name: str
    start: float
    end: float
    services: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Calendar:
    """The calendar of all services: `place` applies to every service that is not in `places`. Maintenance changes
    nothing of what is judged, only what is announced."""

    place: LocalCalendar = field(default_factory=LocalCalendar)
    places: Mapping[str, LocalCalendar] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    maintenance: tuple[Maintenance, ...] = ()

    @property
    def zones(self) -> tuple[tuple[str, str], ...]:
        """The time zone of each service, "" for all others. A seasonality that was learned by the hour is valid only
        for these."""
        usual = str(self.place.zone)
        others = sorted((name, str(one.zone)) for name, one in self.places.items())
        return (("", usual), *((name, zone) for name, zone in others if zone != usual))

    def local(self, services: Sequence[str], at: float) -> Floats:
        """Return the local time of each service as seconds since Monday 00:00, `(services,)`."""
        usual = self.place.local(at)
        if not self.places:
            return np.full(len(services), usual)
        special = {service: place.local(at) for service, place in self.places.items()}
        return np.array([special.get(service, usual) for service in services])

    def unusual(self, services: Sequence[str], at: float) -> Bools:
        """Return for which services an event is in progress, `(services,)`."""
        on = [event for event in self.events if event.start < at <= event.end]
        if not on:
            return np.zeros(len(services), dtype=np.bool_)
        return np.array([any(not event.services or service in event.services for event in on) for service in services])
