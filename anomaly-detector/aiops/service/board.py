"""How everything does now, worked out once a cycle and shared by all who ask: every open page asks again and again."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops import detect, health
from aiops.engine import Cycle, Engine
from aiops.health import Counted, RouteHealth
from aiops.model import Labels, SeriesState, Window, names, value_of

CYCLES = 2
"""After so many cycles that did not come about, what stands here is read again without them."""


@dataclass(frozen=True, slots=True)
class Now:
    """Routes, worst first; services that were ever heard of, and those that are silent."""

    routes: list[RouteHealth] = field(default_factory=list)
    known: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()


class Board:
    """Reads of a running engine. Thread-safe; while a cycle is under way it answers what it knew before."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._read: tuple[Cycle, float, Now] | None = None

    def now(self) -> Now:
        """What came of the last cycle. Raises SourceError."""
        engine = self._engine
        with self._lock:
            last, at = engine.last, engine.clock.now()
            if self._read is not None:
                cycle, since, known = self._read
                if cycle is last and 0 <= at - since <= CYCLES * engine.pace.step:
                    return known
            found = self._counted()
            # Whoever has an answer does not wait for a cycle to end, only the first.
            if not engine.lock.acquire(blocking=self._read is None):
                assert self._read is not None
                return self._read[2]
            try:
                last, fresh = engine.last, self._judged(found)
            finally:
                engine.lock.release()
            self._read = None if last is None else (last, at, fresh)
            return fresh

    @property
    def crowded(self) -> list[str]:
        """Services with routes that are counted as `other`, as far as that is known without asking."""
        known = self._read
        return sorted({one.service for one in known[2].routes if one.route == names.OTHER}) if known else []

    def forget(self) -> None:
        """Read again at the next question: a person has changed what is known."""
        with self._lock:
            self._read = None

    def _counted(self) -> dict[Labels, Counted]:
        until = self._engine.metrics.complete_until()
        if until is None:
            return {}
        window = Window(until - health.RECENT, until)
        return health.counted(self._engine.metrics.window(health.SELECTORS, window, health.RECENT))

    def _judged(self, found: Mapping[Labels, Counted]) -> Now:
        state = self._engine.state
        routes = health.routes(found, detect.look(state, list(found), self._engine.tuning))
        lives = {
            value_of(series, names.SERVICE): state.silence.life[row] for series, row in state.silence.index.items()
        }
        silent = frozenset(name for name, life in lives.items() if life >= SeriesState.INCIDENT)
        return Now(routes, frozenset(lives), silent)
