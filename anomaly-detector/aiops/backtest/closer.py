"""Details of alarms: for a few of them, every point shortly before, during and after the alarm."""

from collections import deque
from typing import Final

from aiops.backtest.alarms import Seen
from aiops.backtest.curve import Curve

BEFORE, AFTER, MOST = 60, 30, 400
"""Points before an alarm, after it, and in total."""
KEPT: Final = 4
"""The number of alarms of a series: those with the highest scores."""


class Closer:
    """Keeps the points around alarms as they come."""

    def __init__(self) -> None:
        self._newest: deque[Seen] = deque(maxlen=BEFORE)
        self._points: list[Seen] | None = None
        self._left = MOST
        self._kept: dict[float, tuple[float, list[Seen]]] = {}

    def point(self, seen: Seen) -> None:
        """Take the next point."""
        self._newest.append(seen)
        if self._points is not None and self._left > 0:
            self._points.append(seen)
            self._left -= 1

    def begin(self) -> None:
        """Begin an alarm with the newest point."""
        self._points = list(self._newest)
        self._left = MOST - len(self._points)

    def end(self, start: float, score: float) -> None:
        """End the alarm that began at a time, or that history ends with."""
        if self._points is None:
            return
        self._left = min(self._left, AFTER)
        self._kept[start] = score, self._points
        if len(self._kept) > KEPT:
            del self._kept[min(self._kept, key=lambda one: self._kept[one][0])]

    def traces(self) -> dict[float, Curve]:
        """Return the curves that were kept, by the start of their alarms."""
        out = {}
        for start, (_, points) in self._kept.items():
            out[start] = trace = Curve(points[0].at, points[-1].at)
            for one in points:
                trace.add(one.at, one.observed, one.expected, one.lower, one.upper, one.score == one.score)
        return out
