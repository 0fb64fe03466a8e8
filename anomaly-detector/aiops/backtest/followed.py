"""One series during a replay: its points, states and alarms, put together as they come."""

from dataclasses import replace
from math import isfinite, nan

from aiops.backtest.alarms import Alarm, Replayed, Seen, Stretch
from aiops.backtest.closer import Closer
from aiops.backtest.curve import Curve
from aiops.model import Family, Labels, SeriesState


class Followed:
    """The record of one series between the first and the last time (Unix seconds) of the report. What ended before the
    first time is left out; what began before it and continues is included."""

    def __init__(self, first: float, last: float) -> None:
        self.alarm: Alarm | None = None
        self.newest: Seen | None = None
        self._stretch: Stretch | None = None
        self._begins = first
        self._trace = Curve(first, last)
        self._closer = Closer()
        self._alarms: list[Alarm] = []
        self._stretches: list[Stretch] = []
        self._points = self._judged = 0
        self._first = nan

    def point(self, seen: Seen) -> None:
        """Take the next point; it has a score if it was judged."""
        self.newest = seen
        self._closer.point(seen)
        if seen.at < self._begins:
            return
        judged = isfinite(seen.score)
        self._first = self._first if isfinite(self._first) else seen.at
        self._points += isfinite(seen.observed)
        self._judged += judged
        self._trace.add(seen.at, seen.observed, seen.expected, seen.lower, seen.upper, judged)

    def told(self, at: float, onset: float | None, seen: Seen) -> None:
        """Take the state of the alarm after a step: `onset` is since when it looked abnormal, None if no alarm is on;
        `seen` is the point of the step."""
        now = self.alarm
        if now is not None and onset != now.onset:
            self._end(replace(now, end=at))
            self.alarm = now = None
        if onset is not None and now is None:
            self.alarm = Alarm(onset, at, None, seen)
            self._closer.begin()
        elif now is not None and seen.score > now.peak.score:
            self.alarm = replace(now, peak=seen)

    def lives(self, at: float, life: SeriesState) -> None:
        """Take the state of the series after a step."""
        now = self._stretch
        if now is not None and life == now.life:
            return
        if now is not None:
            self._stretches.append(replace(now, end=at))
        self._stretch = None if life == SeriesState.NORMAL else Stretch(life, at, None)

    def replayed(self, series: Labels, family: Family | None, last: float, step: float) -> Replayed:
        """Return the outcome until the last point."""
        if self.alarm is not None:
            self._end(self.alarm)
        around = self._closer.traces()
        stretches = [*self._stretches, *([self._stretch] if self._stretch else [])]
        return Replayed(
            series=series,
            family=family,
            points=self._points,
            judged=self._judged,
            first=self._first,
            last=last,
            step=step,
            alarms=tuple(replace(one, around=around.get(one.start)) for one in self._alarms),
            stretches=tuple(one for one in stretches if self._reaches(one.end)),
            trace=self._trace,
        )

    def _end(self, alarm: Alarm) -> None:
        if self._reaches(alarm.end):
            self._alarms.append(alarm)
            self._closer.end(alarm.start, alarm.peak.score)

    def _reaches(self, end: float | None) -> bool:
        return end is None or end >= self._begins
