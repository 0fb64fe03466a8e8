"""The bad requests of an objective: what they have in common that good ones do not."""

import threading
from dataclasses import dataclass, field, replace
from typing import Final

from aiops import explain
from aiops.engine import Engine
from aiops.model import (
    AttributeDifference,
    CountedRequests,
    Population,
    PopulationKind,
    Slo,
    Trace,
    Unread,
    Window,
    counted_requests,
)
from aiops.model.errors import NotPossible, SourceError
from aiops.service.slos import SloService
from aiops.slo.live.status import LOOKBACK, SloStatus

READ: Final = 40
"""The most traces of each side that are read."""
DIFFERENCES: Final = 8
FRESH_SECONDS: Final = 60.0
"""How long an answer is given again: every open page asks every few seconds."""
REMEMBERED: Final = 50
"""The number of groups whose answers are remembered."""
BEFORE_SECONDS: Final = 300.0
"""Seconds before a burn was noticed in which its bad requests are searched for."""
KINDS: Final = {True: PopulationKind.SLOW, False: PopulationKind.FAILED}


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRequests:
    """Some bad requests of a window beside good ones, from `store`: how many traces of each were read, and attribute
    values that are more common among the bad ones. `why` says why nothing was compared, "" where it was. `requests` are
    those that the objective counts, None where it counts something else."""

    window: Window
    store: str
    requests: CountedRequests | None
    bad: int = 0
    good: int = 0
    differences: tuple[AttributeDifference, ...] = ()
    why: str = ""


@dataclass(slots=True)
class BadRequestService:
    """Compares bad requests with good ones, for one objective at a time. Thread-safe."""

    engine: Engine
    slos: SloService
    _alone: threading.Lock = field(default_factory=threading.Lock)
    _known: dict[tuple[str, str], tuple[float, BadRequests]] = field(default_factory=dict)

    def of(self, status: SloStatus) -> BadRequests:
        """Compare the requests of the last hour, or of the last burn if that hour had no bad ones. The answer may be
        FRESH_SECONDS old. Raises SourceError, StoreError, or NotPossible while another comparison is made."""
        key, at = (status.slo.name, repr(status.group)), self.engine.clock.now()
        known = self._known.get(key)
        if known is not None and 0 <= at - known[0] < FRESH_SECONDS:
            return known[1]
        if not self._alone.acquire(blocking=False):
            if known is not None:
                return known[1]
            raise NotPossible("another comparison of requests is being made; ask again in a moment")
        try:
            found = self._of(status)
        finally:
            self._alone.release()
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[key] = (at, found)
        return found

    def _of(self, status: SloStatus) -> BadRequests:
        requests = counted_requests(status.slo, status.group)
        hour = Window(status.at - LOOKBACK, status.at)
        window = hour if status.burn[LOOKBACK] else self._last_burn(status.slo, status)
        nothing = BadRequests(window=window or hour, store=self.engine.traces.store, requests=requests)
        if requests is None:
            return replace(nothing, why="This objective counts a metric, so that no traces belong to what it counts.")
        if not requests.exact:
            return replace(nothing, why="Traces cannot be asked for all methods of an RPC service; name a method.")
        if window is None:
            return replace(nothing, why="There was no bad request in the last hour.")
        bad = Population(
            service=requests.service,
            route=requests.route,
            method=requests.method,
            window=window,
            kind=KINDS[requests.threshold is not None],
            threshold=requests.threshold or 0.0,
            limit=READ,
        )
        return self._compared(nothing, bad)

    def _compared(self, nothing: BadRequests, wanted: Population) -> BadRequests:
        bad = self._read(wanted)
        if not bad:
            return replace(nothing, why="No trace of a bad request of this time is kept.")
        ids = {one.trace_id for one in bad}
        good = [one for one in self._read(replace(wanted, kind=PopulationKind.GOOD)) if one.trace_id not in ids]
        if not good:
            return replace(nothing, bad=len(bad), why="No trace of a good request of this time is kept.")
        differences = explain.differences(bad, good, DIFFERENCES)
        return replace(nothing, bad=len(bad), good=len(good), differences=differences)

    def _read(self, wanted: Population) -> list[Trace]:
        source = self.engine.traces
        # One question a call: the first population of a call is always drawn.
        [found] = source.populations([wanted])
        if isinstance(found, Unread):
            raise SourceError(found.why or f"{source.store} has no time for this question now; ask again in a moment")
        return found

    def _last_burn(self, slo: Slo, status: SloStatus) -> Window | None:
        last = next((one for one in self.slos.burns(slo.name) if one.group == status.group), None)
        if last is None:
            return None
        # It lasts for long after its last bad request, because its windows do.
        start = last.since - BEFORE_SECONDS
        return Window(start, min(start + LOOKBACK, last.last_seen if last.until is None else last.until))
