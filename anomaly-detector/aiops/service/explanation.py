"""Requests of a time, or of given traces, compared with those of before, from where the engine's traces are kept."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from aiops import explain
from aiops.engine import Engine
from aiops.explain import AskedRequests
from aiops.explain.tree import Tree
from aiops.model import Population, PopulationKind, Span, Trace, TraceQuestion, Unread, Window, iso
from aiops.model.errors import NotFound, NotPossible, SourceError
from aiops.presentation.documents.explanation import Explanation
from aiops.presentation.evidence import asked
from aiops.service.health import HealthService

SECONDS: Final = 20.0
"""Time after which no further traces are asked for."""
BEFORE_SECONDS: Final = 3600.0
"""The time before given traces from which good requests are drawn."""
OPERATIONS: Final = 5
"""The most different requests with which given traces may begin."""
NAMED: Final = 3
"""Traces and services that are named in a sentence."""

Entries = list[tuple[Tree, Span]]


@dataclass(slots=True)
class ExplanationService:
    """Compares requests, one comparison at a time: others are refused meanwhile. Every method may raise SourceError,
    NotFound where there is nothing to compare, or NotPossible."""

    engine: Engine
    health: HealthService
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def of_window(self, service: str, route: str, window: Window, limit: int | None = None) -> Explanation:
        """Compare any requests of a window with any of the time before, which is as long. route: a route, or a method
        and a route; "" for all. limit: most traces of each side, the engine's own number by default."""
        method, route = _split(route)
        bad = Population(
            service=service,
            route=route,
            method=method,
            window=window,
            kind=PopulationKind.ANY,
            limit=limit or self.engine.sample,
        )
        good = explain.earlier(bad, window.seconds, self.engine.pace.step)
        with self._reading() as reading:
            sides: list[Entries] = []
            for one, what in ((bad, ""), (good, " to compare with")):
                sides.append(reading.entries(one))
                if not sides[-1]:
                    raise NotFound(self._none(one, what))
            which = [f"drawn from {asked(one)}" for one in reading.asked]
            return _compared((sides[1], which[1]), (sides[0], which[0]), reading)

    def of_traces(self, ids: Sequence[str], since: float | None = None, limit: int | None = None) -> Explanation:
        """Compare the requests with which given traces begin with such requests that did not fail, of the hour before:
        before `since` (Unix seconds), by default before the first of the traces."""
        wanted = list(dict.fromkeys(f"{int(one, 16):032x}" for one in ids))
        with self._reading() as reading:
            found = {one.trace_id: one for one in self.engine.traces.traces(wanted)}
            reading.notes += [
                f"there is no trace {one} in {reading.store}, or not any more" for one in wanted if one not in found
            ]
            if not found:
                raise NotFound("; ".join(reading.notes[:NAMED]))
            bad = _begun(list(found.values()), reading)
            at = min(first.start for _, first in bad) if since is None else since
            drawn: Entries = []
            alike = _like(bad)
            for each in alike:
                like = replace(each, window=Window(at, at), limit=limit or self.engine.sample)
                good = explain.earlier(like, BEFORE_SECONDS, self.engine.pace.step, PopulationKind.GOOD)
                usual = [pair for pair in reading.entries(good) if pair[1].trace_id not in found]
                if not usual:
                    reading.notes.append(self._none(good, " to compare with"))
                drawn += usual
            if not drawn:
                raise NotFound("; ".join(reading.notes[-len(alike) :]))
            which = f"drawn from {'; '.join(map(asked, reading.asked))}"
            return _compared((drawn, which), (bad, _named([first.trace_id for _, first in bad])), reading)

    @contextmanager
    def _reading(self) -> Iterator["Asking"]:
        if not self._alone.acquire(blocking=False):
            raise NotPossible("another comparison of requests is being made; ask again in a moment")
        try:
            yield Asking(self.engine)
        finally:
            self._alone.release()

    def _none(self, wanted: Population, what: str) -> str:
        known = sorted(one.service for one in self.health.services())
        if known and wanted.service not in known:
            more = f" and {len(known) - 30} more" if len(known) > 30 else ""
            return f"there is no service {wanted.service!r}; there are: {', '.join(known[:30])}{more}"
        who = " ".join(filter(None, (wanted.service, wanted.method, wanted.route)))
        return (
            f"there are no requests to {who} from {iso(wanted.window.start)} to {iso(wanted.window.end)} in "
            f"{self.engine.traces.store}{what}; take another `since`{', or leave `route` out' if wanted.route else ''}"
        )


@dataclass(slots=True)
class Asking:
    """What one comparison asks of a store of traces, and what could not be read."""

    engine: Engine
    asked: list[TraceQuestion] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @property
    def store(self) -> str:
        """The name of the store."""
        return self.engine.traces.store

    def entries(self, wanted: Population) -> Entries:
        """Read a population: its traces, and the request in each by which it was drawn. Raises SourceError."""
        if time.monotonic() - self.began > SECONDS:
            raise SourceError(
                f"{self.store} needs more than {SECONDS:g} s for these requests; take a smaller `limit`, or less time"
            )
        source = self.engine.traces
        # One question a call: the first population of a call is always drawn.
        [found] = source.populations([wanted])
        if isinstance(found, Unread):
            raise SourceError(found.why or f"{self.store} has no time for this question now; ask again in a moment")
        self.asked.append(
            TraceQuestion(
                service=wanted.service,
                route=wanted.route,
                method=wanted.method,
                callee=wanted.callee,
                kind=wanted.kind,
                threshold=wanted.threshold,
                window=wanted.window,
                limit=wanted.limit,
                traces=len(found),
                query=source.described(wanted),
            )
        )
        return [pair for pair in explain.entries_of(wanted, found) if _is_of(wanted, pair[1])]


def _is_of(wanted: Population, one: Span) -> bool:
    """Whether a request is one of a population: a trace may have other ones of the same service and route."""
    inside = wanted.window.start < one.end <= wanted.window.end
    return inside and not (wanted.kind == PopulationKind.GOOD and one.failed)


def _begun(traces: Sequence[Trace], reading: Asking) -> Entries:
    """Return the requests with which traces begin. Raises NotFound where there is none."""
    found: Entries = []
    for one in traces:
        first = explain.begins(one)
        if first is None:
            reading.notes.append(f"in trace {one.trace_id} no service serves a request")
        else:
            found.append((Tree.of(one), first))
    if not found:
        raise NotFound("; ".join(reading.notes[:NAMED]))
    return found


def _compared(good: tuple[Entries, str], bad: tuple[Entries, str], reading: Asking) -> Explanation:
    """Compare requests; each side comes with what it is, in words."""
    ids = {first.trace_id for _, first in bad[0]}
    usual = [one for one in good[0] if one[1].trace_id not in ids]
    if not usual:
        raise NotFound("all traces of before go on in the bad time, so there is nothing to compare; take more time")
    table, entries, is_bad = explain.side_by_side(usual, bad[0])
    told = AskedRequests(good=good[1], bad=bad[1], store=reading.store, questions=reading.asked, notes=reading.notes)
    return explain.explanation(table, entries, is_bad, told)


def _split(route: str) -> tuple[str, str]:
    """Return the method and the route of `POST /payment`, or of a route alone."""
    method, _, rest = route.partition(" ")
    return (method, rest) if method.isupper() and rest.startswith("/") else ("", route)


def _like(bad: Entries) -> list[Population]:
    """Return populations of requests like these, the most common first. Raises NotPossible for too many."""
    found: dict[tuple[str, str, str], int] = {}
    for _, one in bad:
        key = one.service, one.route or one.name, one.method
        found[key] = found.get(key, 0) + 1
    if len(found) > OPERATIONS:
        named = ", ".join(" ".join(filter(None, (service, method, route))) for service, route, method in sorted(found))
        raise NotPossible(f"these traces begin with {len(found)} different requests, at most {OPERATIONS}: {named}")
    ordered = sorted(found, key=lambda key: (-found[key], key))
    return [
        Population(service=service, route=route, method=method, window=Window(0.0, 0.0), kind=PopulationKind.GOOD)
        for service, route, method in ordered
    ]


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return f"with which these traces begin: {', '.join(ids[:NAMED])}{more}"
