"""Many queries to Tempo in parallel, but no more than configured."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Final, TypeVar

from aiops.http import Unavailable
from aiops.model import Trace, Window
from aiops.sources.common import bounds
from aiops.sources.common.spans import trimmed
from aiops.sources.tempo.client import Match, TempoClient
from aiops.sources.tempo.kept import Kept
from aiops.sources.tempo.traceql import NEWEST

A = TypeVar("A")
R = TypeVar("R")

LONGEST_SECONDS: Final = 168 * 3600
"""The longest time range that Tempo searches at once."""
FEWEST: Final = 20
"""Traces that are read in any case: a draw does not get smaller for lack of time or room."""

log = logging.getLogger(__name__)


class TraceReader:
    """Searches and traces by the dozen. Every thread may use it; raises SourceError as soon as one query fails.

    `asked` and `read` count searches, and traces that were not kept from before. `reads` traces are read in parallel:
    for each of them Tempo 3 opens a buffer of 1 MiB for each of about 150 columns.
    """

    def __init__(self, api: TempoClient, reads: int) -> None:
        self.api = api
        self.asked = 0
        self.read = 0
        self._kept = Kept()
        self._searching = ThreadPoolExecutor(api.endpoint.at_once, thread_name_prefix="tempo-search")
        self._reading = ThreadPoolExecutor(reads, thread_name_prefix="tempo-read")

    def traces(self, ids: Iterable[str], at: float = math.inf, stop: float = math.inf) -> dict[str, Trace]:
        """Read whole traces, each once, huge ones trimmed; unknown ones are left out. Incomplete ones are used, and
        logged.

        With the time of telemetry `at` (Unix seconds), traces that were read before and are complete are not read
        again. From `stop` on (monotonic clock), no more than the fewest are read.
        """
        ids = list(dict.fromkeys(ids))
        kept = {one: trace for one in ids if (trace := self._kept.get(one, at)) is not None}
        read = self._read([one for one in ids if one not in kept], stop)
        for trace in read.values() if at < math.inf else ():
            if not trace.left_out:  # a request for this trace alone returns more of it
                self._kept.keep(trace, at)
        return {one: found for one in ids if (found := kept.get(one) or read.get(one)) is not None}

    def _read(self, wanted: list[str], stop: float) -> dict[str, Trace]:
        answers = self._all(self._reading, self.api.trace, wanted, stop)
        wanted = wanted[: len(answers)]
        self.read += len(wanted)
        partial = [(one, said) for one, (_, said) in zip(wanted, answers, strict=True) if said]
        if partial:
            log.warning(
                "%s has only parts of %d of %d traces, such as %s: %s",
                self.api.endpoint,
                len(partial),
                len(wanted),
                *partial[0],
            )
        most = bounds.spans_each(len(wanted))
        found = zip(wanted, answers, strict=True)
        return {one: trimmed(trace, most) for one, (trace, _) in found if trace is not None}

    def searches(self, asked: Sequence[tuple[str, Window, int]]) -> list[list[Match]]:
        """Return the newest traces for each (query, window, limit) of at most 168 h; equal queries are sent once."""
        different = list(dict.fromkeys((query, *_covering(window), limit) for query, window, limit in asked))
        self.asked += len(different)
        found = dict(zip(different, self._all(self._searching, self._newest, different), strict=True))
        return [found[query, *_covering(window), limit] for query, window, limit in asked]

    def close(self) -> None:
        """Stop all queries and close all connections."""
        for pool in (self._searching, self._reading):
            pool.shutdown(wait=False, cancel_futures=True)
        self.api.close()

    def _newest(self, asked: tuple[str, int, int, int]) -> list[Match]:
        query, start, end, limit = asked
        return self.api.search(query + NEWEST, start, end, limit)

    def _all(
        self, pool: ThreadPoolExecutor, ask: Callable[[A], R], what: Sequence[A], stop: float = math.inf
    ) -> list[R]:
        futures: list[Future[R]] = []
        out: list[R] = []
        if time.monotonic() >= stop:
            what = what[:FEWEST]  # what would be cut off is not sent
        try:
            futures += [pool.submit(ask, one) for one in what]
            for future in futures:
                if len(out) >= FEWEST and time.monotonic() >= stop:
                    break
                out.append(future.result())
            return out
        except (RuntimeError, CancelledError):  # the pool was shut down
            raise Unavailable(f"{self.api.endpoint} is not asked any more: this source was closed") from None
        finally:
            for future in futures:
                future.cancel()


def pieces(window: Window) -> list[Window]:
    """Split a window into parts that Tempo can search at once, newest first."""
    out = []
    end = window.end
    while end - window.start > LONGEST_SECONDS - 2:  # rounding to whole seconds adds up to two
        out.append(Window(end - LONGEST_SECONDS + 2, end))
        end = out[-1].start
    return [*out, Window(window.start, end)]


def _covering(window: Window) -> tuple[int, int]:
    """Return the whole seconds around a window, at least one: Tempo refuses an empty range."""
    start = int(window.start // 1)
    return start, max(int(-(-window.end // 1)), start + 1)
