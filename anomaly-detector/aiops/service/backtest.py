"""What the detector would have said about stored history, from a fresh start: `aiops backtest` inside a running engine.

A run is bounded in steps and in time, and keeps no more than one stretch of history in memory. It takes the lock of the
engine only to see whether it is free: while a cycle runs it stands still, so that a cycle shares the processor with one
question or one step of it at most.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Final

from aiops import detect
from aiops.backtest import Choice, Replayed, Steps
from aiops.engine import Engine
from aiops.model import Family, Window
from aiops.model.errors import NotFound, NotPossible, TooMuch
from aiops.presentation.numbers import span_of_time

STEPS_AT_ONCE: Final = 240
"""Steps of history that are read at once."""
MOST_STEPS: Final = 1440
"""The most steps of a run, without those that are learned from."""
LONGEST_RUN: Final = 20.0
"""Seconds after which a run is given up."""


@dataclass(frozen=True, slots=True)
class PastJudged:
    """The outcome of a run: whole steps of the time asked for, and each series that had a point in it."""

    window: Window
    series: tuple[Replayed, ...]


@dataclass(slots=True)
class BacktestService:
    """Runs one backtest at a time. `calendar` and tuning are those of the engine."""

    engine: Engine
    elapsed: Callable[[], float] = time.monotonic
    _running: threading.Lock = field(default_factory=threading.Lock)

    def run(self, choice: Choice, family: Family, asked: Window) -> PastJudged:
        """Judge the history of a service or route in a time, after learning from the time before it.

        Raises TooMuch for more than MOST_STEPS, or a run that takes too long; NotPossible while another one runs;
        NotFound where there is no history; SourceError.
        """
        window = self._whole(asked)
        if not self._running.acquire(blocking=False):
            raise NotPossible("another backtest is running, and one runs at a time; try again in some seconds")
        try:
            return self._run(choice, family, window)
        finally:
            self._running.release()

    def _whole(self, asked: Window) -> Window:
        step, until = self.engine.pace.step, self.engine.metrics.complete_until()
        if until is None:
            raise NotFound("no telemetry has arrived yet, so there is no history")
        end = min(asked.end, until) // step * step
        start = asked.start // step * step
        if end <= start:
            raise NotFound("there is no complete step in that time")
        if (end - start) / step > MOST_STEPS:
            longest = span_of_time(MOST_STEPS * step)
            raise TooMuch(
                f"at most {longest} are judged at once ({MOST_STEPS:,} steps of {step:g} s), not "
                f"{span_of_time(end - start)}; choose a shorter time, or use `aiops backtest` for a longer one"
            )
        return Window(start, end)

    def _run(self, choice: Choice, family: Family, window: Window) -> PastJudged:
        step, began = self.engine.pace.step, self.elapsed()
        steps = Steps(window, step, choice, self.engine.detector.calendar)
        for stretch in stretches(window, step, self.engine.pace.backfill):
            self._give_way()
            block = self.engine.metrics.window(detect.family_selectors(), stretch, step)
            for _ in steps.take(block):
                self._give_way()
                if self.elapsed() - began > LONGEST_RUN:
                    raise TooMuch(
                        f"this takes longer than {LONGEST_RUN:.0f} s on this machine; take less time or one route"
                    )
        found = tuple(one for one in steps.results() if one.family == family)
        if not found:
            asked = " ".join(one for one in (choice.service, choice.endpoint) if one)
            there = f"; services that are there: {', '.join(sorted(steps.services)[:20])}" if steps.services else ""
            raise NotFound(f"there is no history of {asked} in that time{there}")
        return PastJudged(window, found)

    def _give_way(self) -> None:
        """Wait while a cycle runs."""
        if self.engine.lock.acquire(timeout=LONGEST_RUN):
            self.engine.lock.release()


def stretches(window: Window, step: float, backfill: float) -> Iterator[Window]:
    """Yield the window, and the seconds before it to learn from, in stretches of whole steps."""
    start = window.start - ceil(backfill / step) * step
    while start < window.end:
        end = min(start + STEPS_AT_ONCE * step, window.end)
        yield Window(start, end)
        start = end
