"""Many questions to Tempo at a time: no more than it is said to bear."""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Final, TypeVar

from aiops.http import Unavailable
from aiops.model import Trace, Window
from aiops.sources.common import bounds
from aiops.sources.common.spans import trimmed
from aiops.sources.tempo.api import Api, Match
from aiops.sources.tempo.traceql import NEWEST

A = TypeVar("A")
R = TypeVar("R")

LONGEST_SECONDS: Final = 168 * 3600
"""What Tempo searches at once, at most."""

log = logging.getLogger(__name__)


class Reader:
    """Searches and traces by the dozen. Any thread may ask; raises SourceError as soon as one question fails."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self._pool = ThreadPoolExecutor(api.endpoint.at_once, thread_name_prefix="tempo")

    def traces(self, ids: Iterable[str]) -> dict[str, Trace]:
        """Read whole traces, each once, huge ones trimmed; unknown ones are left out. Those that came in parts are
        used, and logged."""
        wanted = list(dict.fromkeys(ids))
        answers = self._all(self.api.trace, wanted)
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
        """Find the newest traces for each (query, window, limit) of at most 168 h; equal questions are asked once."""
        different = list(dict.fromkeys((query, *_covering(window), limit) for query, window, limit in asked))
        found = dict(zip(different, self._all(self._newest, different), strict=True))
        return [found[query, *_covering(window), limit] for query, window, limit in asked]

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self.api.close()

    def _newest(self, asked: tuple[str, int, int, int]) -> list[Match]:
        query, start, end, limit = asked
        return self.api.search(query + NEWEST, start, end, limit)

    def _all(self, ask: Callable[[A], R], what: Sequence[A]) -> list[R]:
        futures: list[Future[R]] = []
        try:
            futures += [self._pool.submit(ask, one) for one in what]
            return [future.result() for future in futures]
        except (RuntimeError, CancelledError):  # the pool was shut down
            raise Unavailable(f"{self.api.endpoint} is not asked any more: this source was closed") from None
        finally:
            for future in futures:
                future.cancel()


def pieces(window: Window) -> list[Window]:
    """Cut a window into what Tempo searches at once, newest first."""
    out = []
    end = window.end
    while end - window.start > LONGEST_SECONDS - 2:  # whole seconds around it are up to two more
        out.append(Window(end - LONGEST_SECONDS + 2, end))
        end = out[-1].start
    return [*out, Window(window.start, end)]


def _covering(window: Window) -> tuple[int, int]:
    """The whole seconds around a window, at least one: Tempo refuses an empty one."""
    start = int(window.start // 1)
    return start, max(int(-(-window.end // 1)), start + 1)
