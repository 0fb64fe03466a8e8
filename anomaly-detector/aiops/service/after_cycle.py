"""An answer that is computed once per cycle and shared by all readers, because every open page asks repeatedly."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aiops.engine import Cycle, Engine

Found = TypeVar("Found")
Answer = TypeVar("Answer")

CYCLES = 2
"""After so many missing cycles the answer is read again without them."""


@dataclass(slots=True)
class AfterCycle(Generic[Found, Answer]):
    """`read` asks the sources, `judge` joins that with the engine's state. Thread-safe. While a cycle runs, the answer
    of the cycle before is given."""

    engine: Engine
    read: Callable[[], Found]
    judge: Callable[[Found], Answer]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _known: tuple[Cycle, float, Answer] | None = None

    @property
    def known(self) -> Answer | None:
        """The last answer, without asking a source; None where there is none."""
        known = self._known
        return known[2] if known is not None else None

    def forget(self) -> None:
        """Read again at the next question, because a person has changed the state."""
        with self._lock:
            self._known = None

    def answer(self) -> Answer:
        """Return the answer after the last cycle. May raise what `read` and `judge` raise."""
        engine = self.engine
        with self._lock:
            last, at = engine.last, engine.clock.now()
            if self._known is not None:
                cycle, since, known = self._known
                if cycle is last and 0 <= at - since <= CYCLES * engine.pace.step:
                    return known
            found = self.read()
            # Only the first reader, who has no earlier answer, waits for the end of a cycle.
            if not engine.lock.acquire(blocking=self._known is None):
                assert self._known is not None
                return self._known[2]
            try:
                last, fresh = engine.last, self.judge(found)
            finally:
                engine.lock.release()
            self._known = None if last is None else (last, at, fresh)
            return fresh
