"""One series during a replay: its points, states and alarms, put together as they come."""

from dataclasses import replace
from math import isfinite, nan

import numpy as np

from aiops.backtest.alarms import Alarm, Replayed, Seen, Stretch
from aiops.backtest.closer import AFTER, BEFORE, Closer
from aiops.backtest.curve import Curve
from aiops.model import Family, Labels, SeriesState
from aiops.model.arrays import Bools, Floats


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
        self._above: list[float] = []
        self._points = self._judged = 0
        self._first = self._until = nan

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
        if seen.score >= 1:
            self._above.append(seen.at)
        self._trace.add(seen.at, seen.observed, seen.expected, seen.lower, seen.upper, judged)

    def points(self, times: Floats, table: Floats, alarm: Bools, steps: Floats) -> None:
        """Take all points of a series, and the states of its alarm, as `point` and `told` would one by one. table:
        observed, score, expected, lower and upper, `(points, 5)`; steps: seconds, `(points,)`."""
        inside = times >= self._begins
        score = table[:, 1]
        judged = np.isfinite(score)
        if inside.any() and not isfinite(self._first):
            self._first = float(times[inside][0])
        self._points += int((np.isfinite(table[:, 0]) & inside).sum())
        self._judged += int((judged & inside).sum())
        self._above += times[inside & (score >= 1)].tolist()
        self._trace.add_all(times[inside], table[inside][:, [0, 2, 3, 4]], judged[inside])
        near = np.zeros(len(times) + 1, dtype=np.int64)  # only around an alarm does it matter which point it is
        for place in np.flatnonzero(alarm).tolist():
            near[max(place - BEFORE, 0)] += 1
            near[min(place + AFTER + 2, len(times))] -= 1
        for place in np.flatnonzero(np.cumsum(near[:-1]) > 0).tolist():
            at = float(times[place])
            observed, score_, expected, lower, upper = table[place].tolist()
            seen = Seen(at=at, score=score_, observed=observed, expected=expected, lower=lower, upper=upper)
            self.newest = seen
            self._closer.point(seen)
            onset = (self.alarm.onset if self.alarm else at) if alarm[place] else None
            self.told(at, onset, seen, float(steps[place]))

    def told(self, at: float, onset: float | None, seen: Seen, step: float) -> None:
        """Take the state of the alarm after a step of `step` seconds: `onset` is since when it looked abnormal, None if
        no alarm is on; `seen` is the point of the step."""
        now = self.alarm
        if now is not None and onset != now.onset:
            self._end(replace(now, end=min(self._until, at), over=at))
            self.alarm = now = None
        if onset is None:
            return
        if now is None:
            self.alarm = Alarm(onset=onset, start=at, end=None, over=None, peak=seen)
            self._closer.begin()
        elif seen.score > now.peak.score:
            self.alarm = replace(now, peak=seen)
        if now is None or seen.score >= 1:
            self._until = at + step

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
        if family is None:  # it has no states but its alarms
            stretches = [Stretch(SeriesState.INCIDENT, one.start, one.end) for one in self._alarms]
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
            above=tuple(self._above),
        )

    def _end(self, alarm: Alarm) -> None:
        if self._reaches(alarm.end):
            self._alarms.append(alarm)
            self._closer.end(alarm.start, alarm.peak.score)

    def _reaches(self, end: float | None) -> bool:
        return end is None or end >= self._begins
