"""Commit log records in a thread of their own, so that spans do not wait for them."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Final

import pyarrow as pa

from aiops.model.errors import SourceError
from aiops.sources.duckdb.logs import LogStore

log = logging.getLogger(__name__)

WAITING: Final = 16
"""Exports of logs that may wait for their commit; further ones are refused, and clients send them again."""
Waiting = tuple[int, pa.Table]
Answer = Callable[[list[int], bool], None]


class LogWriter:
    """The only writer of a store of logs. answer: called with the requests of a commit, and whether it succeeded."""

    def __init__(self, store: LogStore, answer: Answer) -> None:
        self._store, self._answer = store, answer
        self._waiting: queue.Queue[Waiting | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._run, name="logs", daemon=True)
        self._thread.start()

    def put(self, request: int, rows: pa.Table) -> bool:
        """Take an export; False where too many wait."""
        try:
            self._waiting.put_nowait((request, rows))
        except queue.Full:
            return False
        return True

    def close(self) -> None:
        """Commit what waits, and end."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        over = False
        while not over:
            taken = [self._waiting.get()]
            while not self._waiting.empty():
                taken.append(self._waiting.get())
            over = None in taken
            some = [one for one in taken if one is not None]
            if some:
                self._commit(some)

    def _commit(self, some: list[Waiting]) -> None:
        try:
            self._store.append(pa.concat_tables([rows for _, rows in some]))
        except SourceError as problem:
            log.error("%s", problem)
            committed = False
        else:
            committed = True
        self._answer([request for request, _ in some], committed)
