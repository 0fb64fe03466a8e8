"""Metrics from Prometheus: the MetricSource."""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import numpy as np

from aiops.model import Labels, Oddity, Selector, SeriesBlock, Window, names, value_of
from aiops.model.errors import SourceError
from aiops.ports import Clock
from aiops.sources.common.caps import Roll
from aiops.sources.common.grid import NANO, Grid
from aiops.sources.common.work import Work, covering
from aiops.sources.prometheus import any_metric, meaning
from aiops.sources.prometheus.arrivals import arrivals
from aiops.sources.prometheus.client import PrometheusClient
from aiops.sources.prometheus.counters import Counters, Increments
from aiops.sources.prometheus.folding import told_apart
from aiops.sources.prometheus.meaning import Meaning
from aiops.sources.prometheus.newest import Newest
from aiops.sources.prometheus.senders import PrometheusSenders
from aiops.sources.prometheus.sums import Rows, Summing, together

_REQUESTS: Final = (names.REQUESTS, names.ERRORS, names.DURATION, names.BUCKET)
_ANSWERED: Final = (names.SERVICE, names.ROUTE, names.METHOD, names.STATUS_CODE)
_CALLED: Final = (names.CALLER, names.CALLEE)
BESIDE: Final = (Work.HTTP, Work.RPC, Work.CONSUMER)
"""Kinds of operation that spans report where the metrics of a service count another kind."""
QUESTIONS: Final = 8
"""The number of different sets of selectors whose counters are remembered."""
RENEWED: Final = 3600.0
"""Seconds after which a question that had no room for some series is started again: many of the remembered series have
ended by then."""


class Room:
    """Requests of one kind: the counters that count them, and how they add up to answers."""

    def __init__(self, counters: Counters, scope: Sequence[str]) -> None:
        self.counters, self.scope = counters, scope
        self._summings: dict[tuple[tuple[str, ...], Labels], Summing] = {}

    def answer(self, increments: Increments, grid: Grid, selectors: Sequence[Selector]) -> list[Rows]:
        """Return the rows for these selectors from increments."""
        wanted: dict[tuple[tuple[str, ...], Labels], set[str]] = {}
        for one in selectors:
            wanted.setdefault((one.by, one.where), set()).add(one.name)
        out: list[Rows] = []
        for (by, where), signals in wanted.items():
            summing = self._summings.get((by, where))
            if summing is None:
                summing = self._summings[by, where] = Summing(self.counters.catalogue, self.scope, by, where)
            out += summing.add_up(increments, grid, signals)
        return out


class QuerySession:
    """Selectors that are asked for together, one window after the other. It has its own counters, so that the windows
    of others do not displace them. `lock` is held during an answer, because pages ask from other threads."""

    def __init__(self, api: PrometheusClient, roll: Roll, born: float) -> None:
        def counters(of: Callable[[Mapping[str, str]], Meaning | None]) -> Counters:
            return Counters(api, told_apart(of, roll), roll.limits.series)

        self.lock = threading.Lock()
        self.born = born
        self.served = Room(counters(meaning.served), _ANSWERED)
        self.spans = Room(counters(meaning.spans), _ANSWERED)
        self.beside = {work: Room(counters(partial(meaning.spans, only=(work,))), _ANSWERED) for work in BESIDE}
        self.calls = Room(counters(meaning.calls), _CALLED)

    @property
    def left_out(self) -> frozenset[str]:
        """Services that are not counted, because there are too many series."""
        rooms = (self.served, self.spans, *self.beside.values(), self.calls)
        return frozenset().union(*(one.counters.catalogue.left_out for one in rooms))


class PrometheusMetrics:
    """Exact counts on a grid, from raw samples. Operations for which a service sends no server durations are counted by
    the metrics that Tempo's generator made of its spans; calls are those of its service graph."""

    def __init__(self, api: PrometheusClient, clock: Clock, lateness_seconds: float, roll: Roll | None = None) -> None:
        """Read metrics through a PrometheusClient; `roll` has the names that are told apart."""
        self._api = api
        self._roll = roll or Roll(now=clock.now)
        self._lateness = lateness_seconds
        self._clock = clock
        self._newest = Newest(api, clock)
        self._senders = PrometheusSenders(api, clock)
        self._questions: dict[tuple[Selector, ...], QuerySession] = {}
        self._lock = threading.Lock()

    def window(self, selectors: Sequence[Selector], window: Window, step: float) -> SeriesBlock:
        """Answer all selectors on the grid window.start + k * step; a remainder shorter than a step is left out.

        Every row has all labels of `by`, "" where a request or series has none. Raises SourceError.
        """
        self._roll.turn()
        grid = Grid.over(window, step)
        served = [one for one in selectors if one.name in _REQUESTS and _scope(one) is _ANSWERED]
        called = [one for one in selectors if one.name in _REQUESTS and _scope(one) is _CALLED]
        parts: list[Rows] = []
        if grid.steps:
            only = _one_service(selectors)
            question = self._alone() if only else self._question(tuple(selectors))
            with question.lock:
                if served:
                    parts += self._served(question, grid, served, only)
                if called:
                    increments = question.calls.counters.read(meaning.calls_selector(), grid)
                    parts += question.calls.answer(increments, grid, called)
            for one in selectors:
                if one.name == names.TELEMETRY:
                    parts.append(arrivals(self._api, one, grid, self._roll))
                elif one.name not in (*_REQUESTS, names.LOST):  # Prometheus does not know what was never received
                    parts.append(any_metric.values(self._api, one, grid))
        return _block(parts, grid, step)

    def complete_until(self) -> float | None:
        """Return the time up to which data may be judged: newest point minus allowed lateness; None before the
        first."""
        newest = self.newest()
        return None if newest is None else newest - self._lateness

    def newest(self) -> float | None:
        """Return the time of the newest point of any service; None before the first. Raises SourceError."""
        return self._newest.ask()

    def oddities(self) -> Sequence[Oddity]:
        """Return what is peculiar about the telemetry of services, by service. Raises SourceError."""
        with self._lock:
            questions = list(self._questions.values())
        shared = frozenset().union(*(one.served.counters.shared for one in questions))
        left_out = frozenset().union(*(one.left_out for one in questions))
        return self._senders.oddities(shared, left_out)

    def _alone(self) -> QuerySession:
        """Return a session for one service: it reads little, and is asked for windows that do not follow each other, so
        it is not worth to be remembered."""
        return QuerySession(self._api, self._roll, self._clock.now())

    def _question(self, selectors: tuple[Selector, ...]) -> QuerySession:
        with self._lock:
            now = self._clock.now()
            question = self._questions.pop(selectors, None)
            if question is None or (question.left_out and not 0 <= now - question.born < RENEWED):
                question = QuerySession(self._api, self._roll, now)
            while len(self._questions) >= QUESTIONS:
                self._questions.pop(next(iter(self._questions)))
            self._questions[selectors] = question  # the most recently used one comes last
            return question

    def _served(self, question: QuerySession, grid: Grid, selectors: list[Selector], only: str) -> list[Rows]:
        buckets = any(one.name == names.BUCKET for one in selectors)
        which = [self._condition(only, grid)] if only else []
        increments = question.served.counters.read(meaning.served_selector(buckets, *which), grid)
        out = question.served.answer(increments, grid, selectors)
        covered = question.served.counters.catalogue.covered()
        increments = question.spans.counters.read(meaning.spans_selector(buckets, sorted(covered), only), grid)
        parts = [out, question.spans.answer(increments, grid, selectors)]
        for work, room in question.beside.items():
            services = sorted(service for service, of in covered.items() if not of & covering(work))
            if services:
                increments = room.counters.read(meaning.beside_selector(buckets, work, services), grid)
                parts.append(room.answer(increments, grid, selectors))
        return together(parts, grid)

    def _condition(self, service: str, grid: Grid) -> str:
        """Return the condition that finds the series of a service."""
        own, job = meaning.of_service(service)
        over = f"[{-(-(grid.end_ns - grid.start_ns) // NANO)}s]"
        asked = f"count(last_over_time({meaning.served_selector(False, own)}{over}))"
        return own if self._api.instant(asked, grid.end_ns / NANO) else job


def _one_service(selectors: Sequence[Selector]) -> str:
    """Return the service that all selectors are about; "" where they are about several, or about all that is counted
    under the name for the rest."""
    [first, *others] = {value_of(one.where, names.SERVICE) for one in selectors} or {""}
    return "" if others or first == names.OTHER else first


def _scope(selector: Selector) -> tuple[str, ...]:
    """Return the labels by which requests are counted before they are summed. Raises SourceError."""
    wanted = {*selector.by, *(name for name, _ in selector.where)}
    for scope in (_ANSWERED, _CALLED):
        if selector.by and wanted <= set(scope):
            return scope
    raise SourceError(
        f"requests are counted by {', '.join(_ANSWERED)} or by {', '.join(_CALLED)}, not by {', '.join(sorted(wanted))}"
    )


def _block(parts: Sequence[Rows], grid: Grid, step: float) -> SeriesBlock:
    """Join rows into a block, in label order."""
    labels = [one for part, _ in parts for one in part]
    values = np.concatenate([np.zeros((0, grid.steps)), *(part for _, part in parts)])
    order = sorted(range(len(labels)), key=labels.__getitem__)
    return SeriesBlock(tuple(labels[at] for at in order), grid.ends(), step, values[order])
