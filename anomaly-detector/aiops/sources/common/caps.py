"""How many names are told apart. Everything beyond a limit is still counted, under one name: `other`.

Senders of telemetry choose its names: an address as a route, an id as a service. Each name costs memory for as long as
it is remembered, so that their number is limited where they arrive, before anything is stored under them.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from aiops.model.names import OTHER

PER_METRIC: Final = 10
"""One metric of one process may have this part of all series."""
METHODS: Final = 16
"""The most methods of a service."""
LATELY: Final = 3600.0
"""Seconds for which it is reported that something was counted as `other`."""
SAID: Final = {
    "services": "more services send than are told apart (services_limit): the rest are counted as one, `other`",
    "routes": "a service has more routes than are told apart (routes_limit): the rest are counted as its route `other`",
    "callees": "a service calls more others than are told apart (callees_limit): the rest are counted as one, `other`",
    "processes": "more processes send than are told apart (processes_limit): metrics of the rest are refused",
    "series": "a process sends more series than are told apart (series_limit): counters of the rest are summed up",
}
"""The text about each limit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many names are told apart: services; for each service its routes (with methods) and its callees; processes
    that send; series of metrics."""

    services: int = 500
    routes: int = 200
    callees: int = 200
    processes: int = 10_000
    series: int = 100_000


class Room:
    """The keys of one kind. A key that was not seen for a whole period loses its place."""

    __slots__ = ("_before", "_now")

    def __init__(self) -> None:
        self._now: set[Hashable] = set()
        self._before: set[Hashable] = set()

    def __len__(self) -> int:
        return len(self._now) + len(self._before)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._now or key in self._before

    def admits(self, key: Hashable, most: int) -> bool:
        """Return whether a key has a place; a new key takes one while there are any."""
        if key in self._now:
            return True
        if key in self._before:
            self._before.discard(key)
        elif len(self) >= most:
            return False
        self._now.add(key)
        return True

    def turn(self) -> None:
        """Begin a new period."""
        self._before, self._now = self._now, set()


@dataclass(slots=True)
class Overflow:
    """What was counted as `other`: how much, by limit, and when last (Unix seconds)."""

    counts: dict[str, int] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)

    def add(self, limit: str, count: int, at: float) -> None:
        """Add a count at a time (Unix seconds)."""
        if count:
            self.counts[limit] = self.counts.get(limit, 0) + count
            self.last[limit] = at

    def lately(self, now: float) -> list[str]:
        """Return a sentence for each limit that was reached recently."""
        return [SAID[limit] for limit, at in sorted(self.last.items()) if now - at < LATELY]


class Roll:
    """The names that are told apart, first come, first served. Thread-safe.

    `period_seconds` is for how long a name keeps its place without being seen.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        period_seconds: float = 172_800.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.limits = limits or Limits()
        self._period, self._clock = period_seconds, now
        self._turns_at = now() + period_seconds
        self._services, self._processes = Room(), Room()
        self._routes: dict[str, Room] = {}
        self._methods: dict[str, Room] = {}
        self._callees: dict[str, Room] = {}
        self._series: dict[tuple[int, str], Room] = {}
        self._kept = 0
        self._closed: set[int] = set()
        self._folded: Counter[str] = Counter()
        self._lock = threading.Lock()

    def service(self, name: str) -> str:
        """Return the name under which a service is counted."""
        return name if self._has(self._services, name, self.limits.services) else self._other("services")

    def route(self, service: str, route: str, method: str) -> tuple[str, str]:
        """Return the route and method under which requests of a service (by its counted name) are counted."""
        if self._has(self._room(self._routes, service), (route, method), self.limits.routes):
            return route, method
        known = self._has(self._room(self._methods, service), method, METHODS)
        return self._other("routes"), method if known else OTHER

    def route_of_rejected(self, service: str, route: str, method: str) -> tuple[str, str]:
        """Return the same for requests that are not counted, without taking a place."""
        with self._lock:
            room = self._routes.get(service) or Room()
            if (route, method) in room or len(room) < self.limits.routes:
                return route, method
            return OTHER, method if method in self._methods.get(service, ()) else OTHER

    def callee(self, caller: str, name: str) -> str:
        """Return the name under which a callee of a service is counted."""
        if not name or self._has(self._room(self._callees, caller), name, self.limits.callees):
            return name
        return self._other("callees")

    def process(self, resource: int) -> bool:
        """Return whether a process is told apart from others of its service."""
        if self._has(self._processes, resource, self.limits.processes):
            return True
        self._other("processes")
        return False

    def series(self, resource: int, metric: str, series: int) -> bool:
        """Return whether a series is told apart.

        Once a series of a process was not, the process gets no new ones: a counter that leaves the sum of the others
        would look like a reset of the sum.
        """
        with self._lock:
            room = self._series.setdefault((resource, metric), Room())
            if series not in room:
                most = self.limits.series // PER_METRIC
                if resource in self._closed or self._kept >= self.limits.series or len(room) >= most:
                    self._closed.add(resource)
                    self._folded["series"] += 1
                    return False
                self._kept += 1
            room.admits(series, self.limits.series)
            return True

    def close(self, resources: Iterable[int]) -> None:
        """Give these processes no new series, because some of their series are summed already."""
        self._closed.update(resources)

    def folded(self) -> dict[str, int]:
        """Return what was counted as `other` since the last call, by limit."""
        with self._lock:
            out, self._folded = dict(self._folded), Counter()
            return out

    def turn(self) -> None:
        """Drop names, now and then, that were not seen for long."""
        if self._clock() < self._turns_at:
            return
        with self._lock:
            self._turns_at = self._clock() + self._period
            self._services.turn()
            self._processes.turn()
            for rooms in (self._routes, self._methods, self._callees):
                _turn(rooms)
            _turn(self._series)
            self._kept = sum(map(len, self._series.values()))
            self._closed &= {resource for resource, _ in self._series}

    def _room(self, rooms: dict[str, Room], of: str) -> Room:
        room = rooms.get(of)
        return rooms.setdefault(of, Room()) if room is None else room

    def _has(self, room: Room, key: Hashable, most: int) -> bool:
        with self._lock:
            return room.admits(key, most)

    def _other(self, limit: str) -> str:
        with self._lock:
            self._folded[limit] += 1
        return OTHER


def _turn(rooms: dict[Any, Room]) -> None:
    for key, room in list(rooms.items()):
        room.turn()
        if not len(room):
            del rooms[key]
