"""The traces of a population, found in Tempo by few and cheap queries."""

import logging
import math
from typing import Final

from aiops.http import RequestRejected
from aiops.model import Population, PopulationKind, Trace, Window
from aiops.sources.tempo import traceql
from aiops.sources.tempo.calls import KnownCallees
from aiops.sources.tempo.client import Match
from aiops.sources.tempo.drawing import SLICES, SPARE, Effort, draw, fitting, ranked, window_slices
from aiops.sources.tempo.reader import TraceReader, pieces

PLENTY: Final = 300
"""The most traces that one query finds: where there are more, each slice is queried separately."""
EACH: Final = 20
"""The number of traces drawn from each such slice."""
LOOK_BACK_SECONDS: Final = 300.0
"""Seconds before a window within which a callee must have answered to be known by its address."""
LEARN_FROM: Final = 20
"""The number of traces that show where a callee answers."""
QUESTIONS_FAULT: Final = (400, 413, 414, 422)
"""Refusals because of the query, not because of the client."""
_MOST: Final = 10_000

Asked = tuple[str, str, str, PopulationKind]  # service, route and callee

log = logging.getLogger(__name__)


class Populations:
    """Draws populations; remembers which form of a query found matching traces, to begin with that one."""

    def __init__(self, reader: TraceReader, callees: KnownCallees) -> None:
        self._reader = reader
        self._callees = callees
        self._best: dict[Asked, int] = {}
        self._refused: set[str] = set()

    def draw(self, wanted: Population, at: float, stop: float = math.inf) -> list[Trace]:
        """Return at most `limit` whole traces, evenly over slices of the window. `at`: the present time of telemetry,
        Unix seconds; `stop`: the time (monotonic clock) from which on only the fewest are read.

        A query that Tempo refuses is repeated in a wider form. Raises SourceError: RequestRejected if the widest form
        is refused.
        """
        forms, key = self._forms(wanted), _key(wanted)
        best = self._best.get(key)
        refused: dict[str, RequestRejected] = {}
        until = self._reader.read + wanted.limit + SPARE
        for turn in [*range(best or 0, len(forms)), *range(min(best or 0, len(forms)))]:
            matches = self._unless_refused(forms[turn], wanted, refused)
            few = wanted.kind == PopulationKind.FAILED and 0 < len(matches) < wanted.limit
            if few and best is None and turn == 0 and len(forms) > 1:
                # Not every server that answers 500 also marks the span as an error.
                wider = self._unless_refused(forms[1], wanted, refused)
                turn, matches = (1, wider) if len(wider) > len(matches) else (0, matches)
            if matches and wanted.callee and turn == len(forms) - 1:
                self._learn(wanted, at)
            ids, fits = ranked(matches, wanted.window), fitting(wanted, self._callees)
            effort = Effort(until - self._reader.read, stop)
            if drawn := draw(self._reader, self._callees, ids, wanted.limit, fits, at, effort):
                if len(self._best) > _MOST:
                    self._best.clear()
                self._best[key] = turn
                return drawn
        if forms[-1] in refused:
            raise refused[forms[-1]]
        return []

    def described(self, wanted: Population) -> str:
        """Return the query that found such traces last; the first one to ask where none did."""
        forms = self._forms(wanted)
        return forms[min(self._best.get(_key(wanted), 0), len(forms) - 1)]

    def _forms(self, wanted: Population) -> tuple[str, ...]:
        where = self._callees.addresses(wanted.service, wanted.callee, wanted.window) if wanted.callee else []
        return traceql.forms(wanted, where)

    def _unless_refused(self, form: str, wanted: Population, refused: dict[str, RequestRejected]) -> list[Match]:
        """Return what a query finds; nothing where Tempo refuses it, which is logged once and noted."""
        try:
            plenty = max(PLENTY, 2 * wanted.limit)
            return matching(self._reader, form, wanted.window, plenty, max(EACH, 2 * (wanted.limit // SLICES + 1)))
        except RequestRejected as refusal:
            if refusal.status not in QUESTIONS_FAULT:
                raise
            refused[form] = refusal
            if form not in self._refused:
                if len(self._refused) > _MOST:
                    self._refused.clear()
                self._refused.add(form)
                log.warning("%s; the question was: %s", refusal, form)
            return []

    def _learn(self, wanted: Population, at: float) -> None:
        """Read a few traces in which the callee answered, to learn its address: after it died, calls do not name it."""
        window = Window(wanted.window.start - LOOK_BACK_SECONDS, wanted.window.end)
        [found] = self._reader.searches([(traceql.served(wanted.callee), pieces(window)[0], LEARN_FROM)])
        self._callees.learn(self._reader.traces((match.trace_id for match in found), at).values())


def matching(reader: TraceReader, form: str, window: Window, plenty: int, each: int) -> list[Match]:
    """Return the traces of a window that a query finds. Where there are `plenty`, these are the newest, and `each` of
    every slice before them (0: only the newest)."""
    newest = reader.searches([(form, piece, plenty) for piece in pieces(window)])
    found = [match for matches in newest for match in matches]
    full = [matches for matches in newest if len(matches) >= plenty]
    if full and each:
        until = min(match.start for matches in full for match in matches)
        parts = [piece for part in window_slices(window, until) for piece in pieces(part)]
        older = reader.searches([(form, part, each) for part in parts])
        found += [match for matches in older for match in matches]
    return found


def _key(wanted: Population) -> Asked:
    return wanted.service, wanted.route, wanted.callee, wanted.kind
