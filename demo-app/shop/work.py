"""An endpoint's own work: it sleeps as its profile says, and suffers the faults in force."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

from shop.board import Board
from shop.failures import FAILING, Unavailable
from shop.flags import Active
from shop.kinds import EXCEPTION, GRADUAL, KINDS, POOL, QUERY, RETRIES, TENANT, VERSION, Acts
from shop.profile import BAD_TENANT, ERROR_RATE, NEW_VERSION, POOL_CONNECTIONS, POOL_WAIT_SECONDS, RAMP_SECONDS, WORK
from shop.profile import VERSION as OLD_VERSION
from shop.telemetry import tenant


class Worker:
    """Does the work of requests; `rng` is seeded once per process."""

    def __init__(
        self,
        board: Board,
        rng: random.Random,
        version: str = OLD_VERSION,
        error_rate: float = ERROR_RATE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._board = board
        self._rng = rng
        self._version = version
        self._error_rate = error_rate
        self._sleep = sleep
        self._clock = clock
        self._connections = threading.Semaphore(POOL_CONNECTIONS)

    def perform(self, path: str) -> None:
        """Do one request's work.

        Raises `Unavailable` when it fails as it may, and the endpoint's own error, for nobody to handle, when the
        fault is an exception.
        """
        for active in self._board.at(Acts.WORK, path):
            self._lose_time(path, active)
        self._sleep(WORK[path].draw_seconds(self._rng))
        failing = FAILING[path]
        for active in self._board.active():
            if self._hits(active, path) and self._rng.random() < (active.fault.strength or 0.0):
                if active.fault.kind == EXCEPTION.name:
                    raise failing.error(failing.unhandled)
                raise Unavailable(failing.error(failing.foreseen), again=active.fault.kind == RETRIES.name)
        if self._rng.random() < self._error_rate:
            raise Unavailable(failing.error(failing.foreseen))

    def stall(self, path: str) -> Callable[[], None] | None:
        """Return what the database has to wait for within a query, or None."""
        slow = [active for active in self._board.at(Acts.WORK, path) if active.fault.kind == QUERY.name]
        return partial(self._board.hold, slow[0], _seconds(slow[0])) if slow else None

    def called(self, path: str) -> Mapping[str, Active]:
        """Return the faults of the calls that an endpoint makes, by kind."""
        return {active.fault.kind: active for active in self._board.at(Acts.CALLS, path)}

    def _lose_time(self, path: str, active: Active) -> None:
        kind, seconds = active.fault.kind, _seconds(active)
        if kind == POOL.name:
            self._hold_connection(path, active, seconds)
        elif kind == GRADUAL.name:
            self._board.hold(active, seconds * min((self._clock() - active.since) / RAMP_SECONDS, 1.0))
        elif kind != QUERY.name:  # which waits in the database: see `stall`
            self._board.hold(active, seconds)

    def _hold_connection(self, path: str, active: Active, seconds: float) -> None:
        """Hold a connection before the work; when the fault ends, all let go, and nobody waits any longer."""
        if not self._connections.acquire(timeout=POOL_WAIT_SECONDS):
            raise Unavailable(FAILING[path].error(f"no free connection within {POOL_WAIT_SECONDS:g} s"))
        try:
            self._board.hold(active, seconds)
        finally:
            self._connections.release()

    def _hits(self, active: Active, path: str) -> bool:
        """Return whether a fault may decide how the request in hand ends."""
        fault = active.fault
        if fault.kind == VERSION.name:
            return self._version == NEW_VERSION
        if KINDS[fault.kind].acts is not Acts.OUTCOME or fault.endpoint != path:
            return False
        return fault.kind != TENANT.name or tenant() == BAD_TENANT


def _seconds(active: Active) -> float:
    return (active.fault.strength or 0.0) / 1000
