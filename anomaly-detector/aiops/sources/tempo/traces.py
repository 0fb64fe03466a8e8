"""Traces from Tempo: the TraceSource."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from aiops.http import RequestRejected, Unavailable
from aiops.model import Population, Span, Trace, TraceQuery, TraceSummary, Unread, Window
from aiops.sources.common import links, spans
from aiops.sources.tempo import traceql
from aiops.sources.tempo.calls import KnownCallees
from aiops.sources.tempo.drawing import SLICES, SPARE, Effort, draw, ended, inside, ranked
from aiops.sources.tempo.population import Populations, matching
from aiops.sources.tempo.reader import FEWEST, TraceReader

QUESTIONS: Final = 24
READS: Final = 80
"""The number of searches after which populations that have not begun wait for their turn, and the number of whole
traces that all together may read."""
SAMPLE: Final = 40
"""Traces that are read where the spans of a window are asked for."""
POPULATION_SECONDS: Final = 1.2
"""Seconds after which no further population is begun; after twice that the current one ends as it is. The cycle
continues, and the rest waits for its turn."""

log = logging.getLogger(__name__)


class TempoTraces:
    """Whole traces from Tempo."""

    def __init__(self, reader: TraceReader, callees: KnownCallees, seconds: float = POPULATION_SECONDS) -> None:
        self._reader = reader
        self._callees = callees
        self._seconds = seconds
        self._populations = Populations(reader, callees)

    def search(self, query: TraceQuery, window: Window, limit: int, evenly: bool = False) -> list[TraceSummary]:
        """Find traces as `aiops.ports.TraceSource` says. Raises SourceError.

        Found traces are read whole, because only they tell what failed. Traces that ended within Tempo's cut-off are
        not found yet.
        """
        limit = min(limit, self.most_found)
        if limit <= 0:
            return []
        asked = traceql.sought(query)
        # Twice as many, because Tempo sorts by the beginning of a trace.
        matches = matching(self._reader, asked, window, 2 * limit, (2 * limit // SLICES + 1) if evenly else 0)
        if evenly:
            likely = ranked(matches, window)
        else:
            likely = [one for _, one in sorted(inside(matches, window), key=lambda pair: -pair[0])]
        fits, effort = partial(_last, query, window), Effort(limit + SPARE)
        drawn = draw(self._reader, self._callees, list(dict.fromkeys(likely)), limit, fits, window.end, effort)
        newest = sorted(drawn, key=lambda one: (-(fits(one) or 0.0), one.trace_id))
        return [spans.summary(one, found) for one in newest if (found := _found(query, window, one))]

    @property
    def most_found(self) -> int:
        """The most traces that one search finds."""
        return READS

    def traces(self, ids: Sequence[str]) -> list[Trace]:
        """Read whole traces by id (32 hexadecimal digits), in the order asked; unknown ones are left out.

        Raises SourceError."""
        return list(self._reader.traces(f"{int(one, 16):032x}" for one in ids if _is_id(one)).values())

    def populations(self, wanted: Sequence[Population]) -> list[list[Trace] | Unread]:
        """Draw at most `limit` whole traces for each population, evenly over time slices of its window; repeated draws
        give the same traces.

        Within a slice the hash of the trace id decides among the newest traces that Tempo finds there. One call costs
        Tempo a limited number of queries and a limited time: of many populations each is drawn smaller; the first one
        is always drawn, later ones while there is room. Raises SourceError where Tempo does not answer the first one.
        """
        drawn: dict[Population, list[Trace] | Unread] = {}
        at = max((one.window.end for one in wanted), default=0.0)
        asked, read, begun = self._reader.asked, self._reader.read, time.monotonic()
        down = ""
        different = list(dict.fromkeys(wanted))
        share = max(READS // max(len(different), 1), FEWEST)
        for one in different:
            left = READS - (self._reader.read - read)
            slow = time.monotonic() - begun >= self._seconds
            spent = slow or self._reader.asked - asked >= QUESTIONS or left < FEWEST
            if down or (spent and drawn):
                drawn[one] = Unread(down, bool(down))
                continue
            try:
                some = replace(one, limit=min(one.limit, share, left))
                drawn[one] = self._continued(self._populations.draw(some, at, begun + 2 * self._seconds), at)
            except RequestRejected as refusal:
                drawn[one] = Unread(str(refusal))
            except Unavailable as error:
                if not drawn:
                    raise
                down = str(error)
                drawn[one] = Unread(down, True)
        return [drawn[one] for one in wanted]

    @property
    def store(self) -> str:
        """The name of the store for people, with its address."""
        return str(self._reader.api.endpoint)

    def described(self, wanted: Population) -> str:
        """Return the TraceQL by which a population was found last, or is asked for first."""
        return self._populations.described(wanted)

    def spans(self, window: Window, most: int) -> tuple[list[Span], bool]:
        """Return the spans that ended in the window of some traces, by their end: Tempo lists no spans. Raises
        SourceError."""
        found = self.traces([one.trace_id for one in self.search(TraceQuery(), window, SAMPLE)])
        inside = (one for trace in found for one in trace.spans if ended(one.end, window))
        return sorted(inside, key=lambda one: (one.end, one.span_id))[:most], False

    def _continued(self, drawn: Sequence[Trace], at: float) -> list[Trace]:
        """Return the same traces with the traces that they continue, and with the callees of calls that nobody
        answered."""
        before = self._reader.traces(links.sources_of(drawn), at)
        self._callees.learn(before.values())
        return [links.continued(self._callees.named(one), before) for one in drawn]


def _found(query: TraceQuery, window: Window, trace: Trace) -> Span | None:
    return query.found(one for one in trace.spans if ended(one.end, window))


def _last(query: TraceQuery, window: Window, trace: Trace) -> float | None:
    """Return when the last span of a trace ended that a query looks for."""
    if _found(query, window, trace) is None:
        return None
    return max(one.end for one in trace.spans if query.holds(one) and ended(one.end, window))


def _is_id(text: str) -> bool:
    return 0 < len(text) <= 32 and all(digit in "0123456789abcdefABCDEF" for digit in text) and int(text, 16) > 0
