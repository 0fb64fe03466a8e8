"""One series as it is replayed: its points, its states and its alarms, put together as they come."""

from dataclasses import replace
from math import isfinite, nan

from aiops.backtest.alarms import Alarm, Replayed, Seen, Stretch
from aiops.backtest.trace import Trace
from aiops.model import Family, Labels, Life, Window


class Followed:
    """What becomes of one series. What ended before the window is not told of; what began before it and goes on is."""

    def __init__(self, window: Window) -> None:
        self.alarm: Alarm | None = None
        self.stretch: Stretch | None = None
        self.newest: Seen | None = None
        self._window = window
        self._trace = Trace(window.start, window.end)
        self._alarms: list[Alarm] = []
        self._stretches: list[Stretch] = []
        self._points = self._judged = 0
        self._first = nan

    def point(self, seen: Seen) -> None:
        """Take the next point; it has a score if it was judged."""
        self.newest = seen
        if seen.at < self._window.start:
            return
        judged = isfinite(seen.score)
        self._first = seen.at if self._first != self._first else self._first
        self._points += isfinite(seen.observed)
        self._judged += judged
        self._trace.add(seen.at, seen.observed, seen.expected, seen.lower, seen.upper, judged)

    def told(self, at: float, onset: float | None, seen: Seen) -> None:
        """Take whether it is told of after a step, None if not, and since when it looked wrong; `seen` is its point."""
        now = self.alarm
        if now is not None and onset != now.onset:
            self._alarms.append(replace(now, end=at))
            self.alarm = now = None
        if onset is not None and now is None:
            self.alarm = Alarm(onset, at, None, seen)
        elif now is not None and seen.score > now.peak.score:
            self.alarm = replace(now, peak=seen)

    def lives(self, at: float, life: Life) -> None:
        """Take the state it is in after a step."""
        now = self.stretch
        if now is not None and life == now.life:
            return
        if now is not None:
            self._stretches.append(replace(now, end=at))
        self.stretch = None if life == Life.NORMAL else Stretch(life, at, None)

    def replayed(self, series: Labels, family: Family | None, last: float, step: float) -> Replayed:
        """What became of it until its last point."""
        alarms = [*self._alarms, *([self.alarm] if self.alarm else [])]
        stretches = [*self._stretches, *([self.stretch] if self.stretch else [])]
        return Replayed(
            series,
            family,
            self._points,
            self._judged,
            self._first,
            last,
            step,
            tuple(one for one in alarms if self._reaches(one.end)),
            tuple(one for one in stretches if self._reaches(one.end)),
            self._trace,
        )

    def _reaches(self, end: float | None) -> bool:
        return end is None or end > self._window.start
