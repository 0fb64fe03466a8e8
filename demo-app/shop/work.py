"""An endpoint's own work: it sleeps as its profile says, and suffers the faults in force."""

import random
import time
from collections.abc import Callable

from shop.board import Board
from shop.failures import FAILING, Unavailable
from shop.kinds import EXCEPTION, Acts
from shop.profile import WORK


class Worker:
    """Does the work of requests; `rng` is seeded once per process."""

    def __init__(self, board: Board, rng: random.Random, sleep: Callable[[float], None] = time.sleep) -> None:
        self._board = board
        self._rng = rng
        self._sleep = sleep

    def perform(self, path: str) -> None:
        """Do one request's work.

        Raises `Unavailable` when it fails as it may, and the endpoint's own error, for nobody to handle, when the
        fault is an exception.
        """
        for active in self._board.at(Acts.WORK, path):
            self._board.hold(active, (active.fault.strength or 0.0) / 1000)
        self._sleep(WORK[path].draw_seconds(self._rng))
        failing = FAILING[path]
        for active in self._board.at(Acts.OUTCOME, path):
            if self._rng.random() < (active.fault.strength or 0.0):
                if active.fault.kind == EXCEPTION.name:
                    raise failing.error(failing.unhandled)
                raise Unavailable(failing.error(failing.foreseen))
        if WORK[path].draw_failure(self._rng):
            raise Unavailable(failing.error(failing.foreseen))
