"""How many names are told apart. What lies beyond is counted all the same, under one name: `other`.

Whoever sends telemetry chooses the names in it: an address as a route, an id as a service. Each costs memory for as
long as it is remembered, so that their number is bounded where they come in, before anything is kept by them.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from aiops.model.names import OTHER

PER_METRIC: Final = 10
"""One metric of one process has this part of all series at most."""
METHODS: Final = 16
"""Methods of a service."""
LATELY: Final = 3600.0
"""Seconds for which it is said that something was counted as `other`."""
SAID: Final = {
    "services": "more services send than are told apart (services_limit): the rest are counted as one, `other`",
    "routes": "a service has more routes than are told apart (routes_limit): the rest are counted as its route `other`",
    "callees": "a service calls more others than are told apart (callees_limit): the rest are counted as one, `other`",
    "processes": "more processes send than are told apart (processes_limit): metrics of the rest are refused",
    "series": "a process sends more series than are told apart (series_limit): counters of the rest are summed up",
}
"""What is said of each limit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many are told apart: services; of each its routes (with their methods) and those that it calls; processes
    that send; series of metrics."""

    services: int = 500
    routes: int = 200
    callees: int = 200
    processes: int = 10_000
    series: int = 100_000


class Room:
    """Keys of one kind. One that was not met for a whole period leaves its place."""

    __slots__ = ("_before", "_now")

    def __init__(self) -> None:
        self._now: set[Hashable] = set()
        self._before: set[Hashable] = set()

    def __len__(self) -> int:
        return len(self._now) + len(self._before)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._now or key in self._before

    def admits(self, key: Hashable, most: int) -> bool:
        """Say whether a key has a place; a new one takes one while there are any."""
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
    """What was counted under `other`: how much, by the limit that it was beyond, and when last (Unix seconds)."""

    counts: dict[str, int] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)

    def add(self, limit: str, count: int, at: float) -> None:
        if count:
            self.counts[limit] = self.counts.get(limit, 0) + count
            self.last[limit] = at

    def lately(self, now: float) -> list[str]:
        """A sentence for each limit that was met of late."""
        return [SAID[limit] for limit, at in sorted(self.last.items()) if now - at < LATELY]


class Roll:
    """The names that are told apart, first come, first served. Thread-safe.

    A period, in seconds, is how long a name keeps its place that is not met.
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
        """The name that a service goes by."""
        return name if self._has(self._services, name, self.limits.services) else self._other("services")

    def route(self, service: str, route: str, method: str) -> tuple[str, str]:
        """The route and method that requests of a service, by the name that it goes by, are counted under."""
        if self._has(self._room(self._routes, service), (route, method), self.limits.routes):
            return route, method
        known = self._has(self._room(self._methods, service), method, METHODS)
        return self._other("routes"), method if known else OTHER

    def route_of_rejected(self, service: str, route: str, method: str) -> tuple[str, str]:
        """The same of requests that are not counted, which take no place."""
        with self._lock:
            room = self._routes.get(service) or Room()
            if (route, method) in room or len(room) < self.limits.routes:
                return route, method
            return OTHER, method if method in self._methods.get(service, ()) else OTHER

    def callee(self, caller: str, name: str) -> str:
        """The name that whom a service calls goes by."""
        if not name or self._has(self._room(self._callees, caller), name, self.limits.callees):
            return name
        return self._other("callees")

    def process(self, resource: int) -> bool:
        """Say whether a process is told apart from others of its service."""
        if self._has(self._processes, resource, self.limits.processes):
            return True
        self._other("processes")
        return False

    def series(self, resource: int, metric: str, series: int) -> bool:
        """Say whether a series is told apart.

        A process of which one was not gets no new ones: a counter that leaves the sum of others would look as if that
        had been reset.
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
        """Give these processes no new series: some of theirs are counted together already."""
        self._closed.update(resources)

    def folded(self) -> dict[str, int]:
        """What was asked and went under `other` since this was asked last, by the limit that it was beyond."""
        with self._lock:
            out, self._folded = dict(self._folded), Counter()
            return out

    def turn(self) -> None:
        """Let go, now and then, of what was not met for long."""
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
