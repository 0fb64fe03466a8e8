"""What people and programs may ask of a running engine and do to its incidents: the use cases of API and pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from aiops import detect, incidents, names
from aiops.alerts import AlertBook
from aiops.engine import Cycle, Engine
from aiops.model import (
    Edge,
    Family,
    Incident,
    IncidentEvent,
    Labels,
    Life,
    Selector,
    SeriesBlock,
    Tier,
    Trace,
    Transition,
    Verdict,
    Window,
    labels,
    value_of,
)
from aiops.ports import NotFound, SourceError, StoreError
from aiops.slo_book import SloBook
from aiops.store import Change, SqlAlerts, SqlIncidents, SqlObjectives

RECENT = 300.0
EXPOSED = 3600.0
"""Seconds that an incident which is over, and a change, stay among the metrics: longer than Prometheus is away."""
ALIKE = 10
"""Incidents that are listed beside one that is like them."""
ROUTE = (names.SERVICE, names.ROUTE, names.METHOD)


@dataclass(frozen=True, slots=True)
class RouteHealth:
    """One route over the last five minutes. Latencies in seconds, None where nothing is known; score 0..100."""

    service: str
    route: str
    method: str
    requests: float
    error_ratio: float
    latency: float | None
    latency_p95: float | None
    expected: float | None
    expected_range: tuple[float, float] | None
    statuses: dict[str, int]
    status: str
    score: int


@dataclass(frozen=True, slots=True)
class ServiceHealth:
    """A service is as healthy as its worst route, or silent."""

    service: str
    status: str
    score: int
    requests_per_second: float
    error_ratio: float
    routes: tuple[RouteHealth, ...]
    incidents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Readiness:
    ready: bool
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Desk:
    """Every method may raise SourceError or StoreError; those with an id raise NotFound."""

    engine: Engine
    store: SqlIncidents
    started: float = field(default=0.0)
    grafana_url: str = ""
    alerts: AlertBook = field(init=False)
    slos: SloBook = field(init=False)

    def __post_init__(self) -> None:
        engine = self.engine
        self.alerts = AlertBook(
            SqlAlerts(self.store.database), self.store, engine.clock, engine.lock, engine.telemetry.alerts
        )
        self.slos = SloBook(engine.budgets, SqlObjectives(self.store.database), engine.clock, engine.lock)

    # incidents

    def incidents(
        self,
        state: str | None = "active",
        severity: str | None = None,
        service: str | None = None,
        since: float | None = None,
        until: float | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> tuple[list[Incident], int | None]:
        """Newest first, and the cursor for the next page."""
        return self.store.page(state, severity, service, since, until, before, limit)

    def incident(self, name: str) -> Incident:
        found = self.store.get(name)
        if found is None:
            raise NotFound(f"there is no incident {name}")
        return found

    def alike(self, incident: Incident) -> list[Incident]:
        """Others with the same fingerprint, newest first."""
        return self.store.alike(incident, ALIKE)

    def acknowledge(self, name: str, who: str) -> Incident:
        """Raises NotPossible when it is resolved."""
        with self.engine.lock:
            before, now = self.incident(name), self.engine.clock.now()
            after = incidents.acknowledge(before, now, who)
            return self._acted(before, after, Transition.ACKNOWLEDGED, who, "acknowledge")

    def resolve(self, name: str, who: str) -> Incident:
        """A person's word that this is over. Nothing is learned: while its symptoms go on, it is open again soon."""
        with self.engine.lock:
            before, now = self.incident(name), self.engine.clock.now()
            after = incidents.resolve(before, now, f"resolved by {who}")
            return self._acted(before, after, Transition.RESOLVED, who, "resolve")

    def _acted(self, before: Incident, after: Incident, transition: Transition, who: str, what: str) -> Incident:
        if after != before:
            text = after.timeline[-1].text
            self.store.act(IncidentEvent(transition, after), self.engine.clock.now(), who, what, text)
        return after

    # telemetry

    def analyze(self) -> Cycle:
        """Run one cycle now."""
        cycle = self.engine.cycle()
        self.alerts.join()
        self.publish()
        return cycle

    def routes(self) -> list[RouteHealth]:
        """Every route seen in the last five minutes, worst first."""
        until = self.engine.metrics.complete_until()
        if until is None:
            return []
        selectors = [Selector(one, ROUTE) for one in (names.REQUESTS, names.ERRORS, names.DURATION, names.BUCKET)]
        selectors.append(Selector(names.REQUESTS, (*ROUTE, names.STATUS_CODE)))
        block = self.engine.metrics.window(selectors, Window(until - RECENT, until), RECENT)
        found = [self._route(scope, block) for scope in _scopes(block)]
        return sorted(found, key=lambda one: (one.score, one.service, one.route, one.method))

    def services(self) -> list[ServiceHealth]:
        """Every service, worst first; one that was heard of before and is not now is there too."""
        routes = self.routes()
        active, _ = self.incidents(limit=200)
        with self.engine.lock:
            silence = self.engine.state.silence
            lives = {value_of(series, names.SERVICE): silence.life[row] for series, row in silence.index.items()}
        silent = {name for name, life in lives.items() if life >= Life.INCIDENT}
        known = set(lives)
        out = [
            _service(name, [one for one in routes if one.service == name], name in silent, active)
            for name in sorted(known | {one.service for one in routes})
        ]
        return sorted(out, key=lambda one: (one.score, one.service))

    def topology(self) -> list[Edge]:
        until = self.engine.metrics.complete_until()
        return [] if until is None else self.engine.topology.edges(Window(until - RECENT, until))

    def series(self, service: str, route: str, window: Window) -> list[Verdict]:
        """Observed, expected, bounds and score of a route over time; raises NotFound for one never judged."""
        found = self.engine.verdicts.history(service, route, window)
        if not found:
            raise NotFound(f"nothing was judged for service {service!r}, route {route!r} in that time")
        return found

    def metric(self, name: str, by: Sequence[str], where: Labels, window: Window, step: float) -> SeriesBlock:
        """Any OpenTelemetry metric that was sent, on a grid."""
        return self.engine.metrics.window([Selector(name, tuple(by), where)], window, step)

    def trace(self, trace_id: str) -> Trace:
        found = self.engine.traces.traces([trace_id])
        if not found:
            raise NotFound(f"there is no trace {trace_id}, or not any more")
        return found[0]

    # changes

    def record_change(self, change: Change) -> None:
        self.store.record_change(change)

    def changes(self, window: Window) -> list[Change]:
        return self.store.changes(window.start, window.end)

    # the engine itself

    def publish(self) -> None:
        """Put incidents and changes of late among the engine's own metrics. For after each cycle."""
        since = self.engine.clock.now() - EXPOSED
        lately = [*self.store.active(), *self.store.resolved_since(since)]
        changes = [
            ((one.kind, one.service, one.version), one.at) for one in self.store.changes(since, self.engine.clock.now())
        ]
        self.engine.telemetry.incidents.show(lately, self.alerts.counts(lately), changes)

    def now(self) -> float:
        return self.engine.clock.now()

    def newest(self) -> float | None:
        """When telemetry last arrived, by its own time; None before the first."""
        return self.engine.metrics.newest()

    def readiness(self) -> Readiness:
        """Ready: the stores answer and cycles are fresh. Before the first telemetry it is ready, and waits."""
        reasons: list[str] = []
        last, pace, now = self.engine.last, self.engine.pace.step, self.engine.clock.now()
        idle = now - (last.at if last else self.started)
        if idle > max(3 * pace, 30.0):
            reasons.append(f"the last cycle ended {idle:.0f} s ago")
        reasons.extend(last.gaps if last else ())
        for ask in (self.store.watermark, self.engine.metrics.newest):
            try:
                ask()
            except (SourceError, StoreError) as error:
                reasons.append(str(error))
        return Readiness(not reasons, tuple(reasons))

    def exposition(self) -> bytes:
        return self.engine.telemetry.exposition()

    def _route(self, scope: Labels, block: SeriesBlock) -> RouteHealth:
        def total(name: str) -> float:
            return float(sum(np.nansum(values) for series, values in _rows(block, scope) if _is(series, name)))

        requests, errors, seconds = total(names.REQUESTS), total(names.ERRORS), total(names.DURATION)
        statuses = {
            value_of(series, names.STATUS_CODE): int(np.nansum(values))
            for series, values in _rows(block, scope)
            if value_of(series, names.STATUS_CODE) and np.nansum(values) > 0
        }
        with self.engine.lock:
            latest = detect.look(self.engine.state, scope, self.engine.tuning)
        status, score = _health(latest)
        expected = latest.get(Family.LATENCY)
        known = expected is not None and expected.expected == expected.expected
        return RouteHealth(
            service=value_of(scope, names.SERVICE),
            route=value_of(scope, names.ROUTE),
            method=value_of(scope, names.METHOD),
            requests=requests,
            error_ratio=errors / requests if requests else 0.0,
            latency=seconds / requests if requests else None,
            latency_p95=_quantile(0.95, scope, block),
            expected=expected.expected if expected and known else None,
            expected_range=(expected.lower, expected.upper) if expected and known else None,
            statuses=statuses,
            status=status,
            score=score,
        )


def _scopes(block: SeriesBlock) -> list[Labels]:
    found = {
        labels(
            service=value_of(one, names.SERVICE), route=value_of(one, names.ROUTE), method=value_of(one, names.METHOD)
        )
        for one in block.labels
        if value_of(one, names.NAME) == names.REQUESTS
    }
    return sorted(found)


def _rows(block: SeriesBlock, scope: Labels) -> list[tuple[Labels, detect.Floats]]:
    wanted = set(scope)
    return [
        (series, values) for series, values in zip(block.labels, block.values, strict=True) if wanted <= set(series)
    ]


def _is(series: Labels, name: str) -> bool:
    return value_of(series, names.NAME) == name and not value_of(series, names.STATUS_CODE)


def _health(latest: dict[Family, Verdict]) -> tuple[str, int]:
    """100 while nothing stands out, half the score in suspicion, under 50 in trouble; unknown before anything could
    be judged."""
    judged = [one for one in latest.values() if one.tier != Tier.WARMUP]
    if not judged:
        return "unknown", 100
    worst = max(one.score if one.score == one.score else 0.0 for one in judged)
    if any(one.life == Life.INCIDENT for one in judged):
        return "unhealthy", max(0, round(50 - 10 * min(worst, 5.0)))
    if any(one.life != Life.NORMAL for one in judged):
        return "degraded", 70
    return "healthy", 100 - round(20 * min(max(worst, 0.0), 1.0))


def _service(name: str, routes: Sequence[RouteHealth], silent: bool, active: Sequence[Incident]) -> ServiceHealth:
    requests = sum(one.requests for one in routes)
    errors = sum(one.requests * one.error_ratio for one in routes)
    worst = min(routes, key=lambda one: one.score, default=None)
    status, score = (worst.status, worst.score) if worst else ("unknown", 100)
    if silent:
        status, score = "unhealthy", 0
    return ServiceHealth(
        name,
        status,
        score,
        requests / RECENT,
        errors / requests if requests else 0.0,
        tuple(routes),
        tuple(one.id for one in active if name in one.affected_services),
    )


def _quantile(share: float, scope: Labels, block: SeriesBlock) -> float | None:
    """A quantile from cumulative buckets, linear inside a bucket; the last finite bound when it lies beyond."""
    pairs = sorted(
        (float(value_of(series, names.LE)), float(np.nansum(values)))
        for series, values in _rows(block, scope)
        if _is(series, names.BUCKET)
    )
    total = float(sum(np.nansum(values) for series, values in _rows(block, scope) if _is(series, names.REQUESTS)))
    if not pairs or total <= 0:
        return None
    below_bound, below = 0.0, 0.0
    for bound, count in pairs:
        if count >= share * total and bound != float("inf"):
            inside = (share * total - below) / max(count - below, 1e-9)
            return below_bound + inside * (bound - below_bound)
        if bound != float("inf"):
            below_bound, below = bound, count
    return below_bound
