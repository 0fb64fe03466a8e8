"""One service in detail: its requests over time, its calls, what runs it, and why its series alert or do not."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from typing import Final

from aiops import detect, health
from aiops.engine import Engine
from aiops.health import ServiceHealth, ServiceHistory
from aiops.model import (
    Change,
    ConfirmationRule,
    Family,
    Incident,
    Labels,
    Population,
    PopulationKind,
    Selector,
    SeriesBlock,
    Span,
    Standing,
    Unread,
    Verdict,
    Window,
    labels,
    names,
    value_of,
)
from aiops.model.errors import NotFound, TooMuch
from aiops.service.health import HealthService
from aiops.service.telemetry import MOST_VERDICTS
from aiops.store import SqlIncidents

STEPS: Final = 240
"""The most steps of a history."""
GRID: Final = (5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 21_600.0, 86_400.0)
"""The steps of a history, where they are longer than those of the engine."""
QUANTILES: Final = 6.5 * 3600.0
"""The longest time, in seconds, for which histograms are read: they are most of the data."""
SAMPLE: Final = 20
"""Requests that are read to see what a service runs on."""
SHOWN: Final = 20
LONGEST_WAIT: Final = 2.0
"""Seconds to wait for a cycle before the state is read while it changes."""
SERIES_FAMILIES: Final = (Family.ERRORS, Family.LATENCY, Family.TRAFFIC, Family.SILENCE)
NUMBERED: Final = (Family.ERRORS, Family.LATENCY)
"""Families whose verdicts are stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderKinds:
    """What of a service was heard in `requests` that were read: by attribute its values with their number of spans,
    the most frequent first."""

    requests: int
    values: Mapping[str, Sequence[tuple[str, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedHistory:
    """A series of one family in a time. `verdicts` are thinned where there are too many; `whole` says whether none is
    missing. `standing` is None for a series that is not known any more."""

    series: Labels
    family: Family
    window: Window
    verdicts: Sequence[Verdict]
    whole: bool
    rule: ConfirmationRule
    standing: Standing | None


@dataclass(slots=True)
class ServiceDetails:
    """What is known of one service. Every method may raise SourceError or StoreError, and NotFound where nothing of
    that name was ever heard."""

    engine: Engine
    store: SqlIncidents
    health: HealthService

    def present(self, name: str) -> ServiceHealth:
        """Return the present health of a service."""
        found = next((one for one in self.health.services() if one.service == name), None)
        if found is None:
            raise NotFound(f"no service {name!r} was heard; the service's name in its telemetry is what counts")
        return found

    def history(self, name: str, window: Window) -> ServiceHistory:
        """Return the requests of a service over time: two questions to the sources, whatever the number of routes."""
        step = history_step(window, self.engine.pace.step)
        grid = self._grid(window, step)
        asked = health.service_selectors(name, window.seconds <= QUANTILES)
        block = self.engine.metrics.window(asked, grid, step)
        verdicts, _ = self._verdicts(name, "", grid, step if step > self.engine.pace.step else 0.0)
        return health.service_history(window, block, verdicts)

    def signals(self, name: str, window: Window) -> SeriesBlock:
        """Return how many spans and points arrived from a service over time."""
        step = history_step(window, self.engine.pace.step)
        asked = Selector(names.TELEMETRY, (names.SERVICE,), labels(service=name))
        return self.engine.metrics.window([asked], self._grid(window, step), step)

    def incidents(self, name: str, window: Window) -> tuple[list[Incident], list[Incident]]:
        """Return the newest incidents that affect a service, and those of them whose trouble lay in a time."""
        found, _ = self.store.page(service=name, limit=SHOWN)
        end = window.end
        return found, [one for one in found if one.onset < end and (one.resolved_at or end) > window.start]

    def changes(self, name: str, window: Window) -> list[Change]:
        """Return the changes of a service in a time, newest first."""
        return [one for one in reversed(self.store.changes(window.start, window.end)) if one.service == name]

    def senders(self, name: str) -> SenderKinds:
        """Return what the service ran on lately: versions, instances and hosts, from the spans of a few requests."""
        until = self.engine.metrics.complete_until()
        if until is None:
            return SenderKinds(requests=0, values={})
        asked = Population(
            service=name, window=Window(until - health.RECENT, until), kind=PopulationKind.ANY, limit=SAMPLE
        )
        [drawn] = self.engine.traces.populations([asked])
        traces = [] if isinstance(drawn, Unread) else drawn
        found: dict[str, Counter[str]] = {}
        for span in (span for trace in traces for span in trace.spans if span.service == name):
            for attribute, value in _runs_on(span):
                found.setdefault(attribute, Counter())[value] += 1
        order = (names.SERVICE_VERSION, names.SERVICE_INSTANCE, *names.LOCATIONS)
        values = {attribute: found[attribute].most_common() for attribute in order if attribute in found}
        return SenderKinds(requests=len(traces), values=values)

    def series(self, name: str) -> list[Labels]:
        """Return the routes of a service that were ever judged, and the service itself, in the order of labels."""
        with self._state() as state:
            return sorted({series for series, _ in detect.known_series(state, name)})

    def judged(self, series: Labels, family: Family, window: Window) -> JudgedHistory:
        """Return the judgements on one series."""
        name, route = value_of(series, names.SERVICE), value_of(series, names.ROUTE)
        found, whole = [], True
        if family in NUMBERED:
            verdicts, whole = self._verdicts(name, route, window, 0.0)
            found = [one for one in verdicts if one.series == series and one.family == family]
        tuning = self.engine.detector.tuning
        return JudgedHistory(
            series=series,
            family=family,
            window=window,
            verdicts=found,
            whole=whole,
            rule=detect.confirmation(family, tuning),
            standing=self.standings([(series, family)])[series, family],
        )

    def standings(self, wanted: Sequence[tuple[Labels, Family]]) -> dict[tuple[Labels, Family], Standing | None]:
        """Return where series stand after the last cycle."""
        with self._state() as state:
            return {
                (series, family): detect.standing(state, series, family, self.engine.detector.tuning)
                for series, family in wanted
            }

    def _grid(self, window: Window, step: float) -> Window:
        """Return the whole steps of a window of which all data is there."""
        until = self.engine.metrics.complete_until()
        end = window.end if until is None else min(window.end, until)
        first = step * ceil(window.start / step - 1e-9)
        return Window(first, max(step * (end // step), first))

    def _verdicts(self, name: str, route: str, window: Window, every: float) -> tuple[list[Verdict], bool]:
        """Return the verdicts in a time, and whether these are all: the last in each slice of `every` seconds (0: all)
        or of longer ones, where there are too many."""
        for each in (every, history_step(window, self.engine.pace.step)):
            try:
                return self.engine.verdicts.history(name, route, window, MOST_VERDICTS, each), not each
            except TooMuch:
                continue
        return [], False

    @contextmanager
    def _state(self) -> Iterator[detect.State]:
        """Give the learned state between two cycles; a long one is not waited for."""
        held = self.engine.lock.acquire(timeout=LONGEST_WAIT)
        try:
            yield self.engine.state
        finally:
            if held:
                self.engine.lock.release()


def history_step(window: Window, least: float) -> float:
    """Return the step of a history, in seconds: at least that of the engine, and STEPS of them at most."""
    wanted = max(least, window.seconds / STEPS)
    if wanted == least:
        return least
    return next((one for one in GRID if one >= wanted), least * ceil(wanted / least))


def _runs_on(span: Span) -> Iterator[tuple[str, str]]:
    if span.version:
        yield names.SERVICE_VERSION, span.version
    if span.instance:
        yield names.SERVICE_INSTANCE, span.instance
    for attribute in names.LOCATIONS:
        if attribute in span.resource:
            yield attribute, span.resource[attribute]
