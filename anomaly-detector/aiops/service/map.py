"""The map of services, now and at earlier times."""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Final

from aiops import detect, health
from aiops.engine import Engine
from aiops.health import RouteHealth, ServiceHealth, ServiceMap
from aiops.model import Edge, Family, Incident, Labels, SeriesState, Verdict, Window, names, value_of
from aiops.model.errors import NotFound
from aiops.service.after_cycle import AfterCycle
from aiops.service.health import HealthService
from aiops.store import SqlIncidents

Judged = Mapping[Labels, Mapping[Family, Verdict]]

REMEMBERED: Final = 16
"""Earlier times whose telemetry is kept in memory."""
STEPS: Final = 4
"""Steps before a time in which the last verdict on a series counts as its state then."""
VERDICTS: Final = 100_000
LATER: Final = 3600.0
"""Seconds after its onset in which an incident was detected at the latest."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the sources say now: the calls, and the health of services with the incidents joined with it."""

    until: float | None
    edges: Sequence[Edge] = ()
    services: Sequence[ServiceHealth] = ()
    active: Sequence[Incident] = ()


@dataclass(frozen=True, slots=True)
class _Past:
    """What is stored of a time: the calls, the routes and the verdicts then."""

    edges: Sequence[Edge]
    routes: Sequence[RouteHealth]
    judged: Judged


@dataclass(slots=True)
class MapService:
    """Services, the calls between them, and how both are. Thread-safe. Its methods may raise SourceError or
    StoreError."""

    engine: Engine
    store: SqlIncidents
    health: HealthService
    _now: AfterCycle[_Seen, ServiceMap] = field(init=False)
    _past: "OrderedDict[int, _Past]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._now = AfterCycle(self.engine, self._seen, self._joined)
        self.health.joined.append(self._now)

    def now(self) -> ServiceMap:
        """Return the map after the last cycle."""
        return self._now.answer()

    def at(self, at: float) -> ServiceMap:
        """Return the map as it was at a time (Unix seconds). Incidents are those whose trouble was there then, with
        what is known of them now; a service is affected once one of its series is in trouble. Raises NotFound where
        nothing is stored of that time."""
        found, active = self._stored(at), self._active(at)
        every = [one for of in found.judged.values() for one in of.values()]
        suffering = health.suffering(every)
        silence = {value_of(one.series, names.SERVICE): one.state for one in every if one.family == Family.SILENCE}
        silent = frozenset(name for name, state in silence.items() if state >= SeriesState.INCIDENT)
        then = [_as_of(one, suffering | silent) for one in active]
        services = health.services(found.routes, silence, silent, then)
        return health.service_map(at, found.edges, services, found.judged, then)

    def _seen(self) -> _Seen:
        until, now = self.engine.metrics.complete_until(), self.health.now()
        edges = () if until is None else self.engine.topology.edges(Window(until - health.RECENT, until))
        return _Seen(until, edges, now.services, now.active)

    def _joined(self, seen: _Seen) -> ServiceMap:
        calls = [health.call_series(edge) for edge in seen.edges]
        judged = detect.last_verdicts(self.engine.state, calls, self.engine.detector.tuning)
        return health.service_map(seen.until, seen.edges, seen.services, judged, seen.active)

    def _stored(self, at: float) -> _Past:
        key = round(1000 * at)
        with self._lock:
            if key in self._past:
                self._past.move_to_end(key)
                return self._past[key]
        found = self._read(at)
        with self._lock:
            self._past[key] = found
            while len(self._past) > REMEMBERED:
                self._past.popitem(last=False)
        return found

    def _read(self, at: float) -> _Past:
        engine = self.engine
        judged: dict[Labels, dict[Family, Verdict]] = defaultdict(dict)
        for one in engine.verdicts.latest(Window(at - STEPS * engine.pace.step, at), VERDICTS):
            judged[one.series][one.family] = one
        counts = self.health.counted(at)
        edges = engine.topology.edges(Window(at - health.RECENT, at))
        if not (judged or counts or edges):
            raise NotFound("no telemetry is stored of that time")
        return _Past(edges, health.routes(counts, judged), dict(judged))

    def _active(self, at: float) -> list[Incident]:
        """Return the incidents whose trouble was there at a time."""
        return [one for one in self.store.between(at, at + LATER) if _there(one, at)]


def _there(one: Incident, at: float) -> bool:
    episodes = one.episodes or (one.episode,)
    ends = one.resolved_at if one.resolved_at is not None else float("inf")
    return any(each.onset <= at < min(each.ended if each.ended is not None else ends, ends) for each in episodes)


def _as_of(one: Incident, suffering: frozenset[str]) -> Incident:
    """Return an incident that affects only its cause, and those that suffer."""
    cause = one.root_cause.cause.service if one.root_cause is not None else ""
    return replace(
        one, affected_services=tuple(name for name in one.affected_services if name in suffering or name == cause)
    )
