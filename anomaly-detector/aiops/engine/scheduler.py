"""Run the cycle and periodic tasks, each in a thread of its own, until stopped."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiops.engine import Cycle, Engine
from aiops.model.errors import SourceError, StoreError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """A task to run every `seconds`."""

    name: str
    seconds: float
    do: Callable[[], object]


@dataclass(slots=True)
class Runner:
    """Runs cycles every step and chores at their own intervals; an error is logged and ends none of them."""

    engine: Engine
    chores: tuple[Chore, ...] = ()
    after: Callable[[Cycle], None] | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Start a thread for the cycle and one for each chore."""
        for chore in (Chore("cycle", self.engine.pace.step, self._cycle), *self.chores):
            thread = threading.Thread(target=self._repeat, args=(chore,), name=f"aiops-{chore.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Stop; wait at most 10 s for running tasks to finish."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=10)

    def _cycle(self) -> None:
        cycle = self.engine.cycle()
        for gap in cycle.gaps:
            log.warning("this cycle has a gap: %s", gap)
        if self.after is not None:
            self.after(cycle)

    def _repeat(self, chore: Chore) -> None:
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            # A late task does not catch up: the watermark decides what is judged.
            due = max(due + chore.seconds, time.monotonic())
            try:
                chore.do()
            except (SourceError, StoreError, OSError) as error:
                log.error("%s: %s", chore.name, error)
            except Exception:
                log.exception("%s failed; it goes on with the next", chore.name)
