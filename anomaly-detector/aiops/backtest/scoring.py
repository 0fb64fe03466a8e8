"""How well labelled events are found by alerts, without point adjustment.

Definitions, the same for every detector; a point is a row, so minutes or hours, as the series goes.

- Every point counts, from the first on, with a value or without: there is no time to learn in.
- An event is a run of labelled points, an alert a run of detections. Runs with fewer than `gap` points between them are
  one, of either kind: nobody is told twice within that time, so nothing can be found twice in it.
- An event from s to e is found if an alert begins in s .. max(e, s + within); in time if in s .. s + within. Delay is
  from s to the first that does. An alert that began before s finds nothing, however long it lasts.
- An alert is false if no point of it is in s .. max(e, s + within) of any event. Further alerts about an event that is
  found are neither found nor false. A long alert that is right by luck shows in `alerting`, the share of points in
  alerts.
- Precision is found / (found + false), recall found / events, F1 their harmonic mean. False alerts are given by the
  days of all series. No detection is credited for others: what is called point adjustment is not done.
"""

from dataclasses import dataclass, fields
from math import isfinite, nan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aiops.model.arrays import Bools

Runs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EventRules:
    """Points: see above. `labels_gap`: that of labelled runs, if it is another than that of detections."""

    within: int = 7
    gap: int = 7
    labels_gap: int = 7


RULES: Final = EventRules()
APART: Final = EventRules(labels_gap=1)
"""Every labelled run an event, though an alert about the run before may still last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Sums over series; `delays` in points. Tallies of several series are added."""

    events: int = 0
    found: int = 0
    in_time: int = 0
    false: int = 0
    alerts: int = 0
    days: float = 0.0
    points: int = 0
    points_alerting: int = 0
    delays: tuple[int, ...] = ()

    def __add__(self, other: "Tally") -> "Tally":
        names = [one.name for one in fields(self)]
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def precision(self) -> float:
        """The share of right alerts."""
        return _ratio(self.found, self.found + self.false)

    @property
    def recall(self) -> float:
        """The share of events that are found."""
        return _ratio(self.found, self.events)

    @property
    def recall_in_time(self) -> float:
        """The share of events that are found in time."""
        return _ratio(self.in_time, self.events)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return _ratio(2 * self.found, 2 * self.found + self.false + self.events - self.found)

    @property
    def false_a_day(self) -> float:
        """False alerts by series and day."""
        return _ratio(self.false, self.days)

    @property
    def alerting(self) -> float:
        """The share of points in alerts."""
        return _ratio(self.points_alerting, self.points)

    @property
    def delay(self) -> float:
        """The median delay in points, NaN if nothing was found."""
        return float(np.median(self.delays)) if self.delays else nan

    def document(self) -> dict[str, Any]:
        """Return the figures for programs."""
        counts = ("events", "found", "in_time", "false", "alerts")
        shares = ("f1", "precision", "recall", "recall_in_time", "false_a_day")
        delay = self.delay if isfinite(self.delay) else None
        return {name: getattr(self, name) for name in (*counts, *shares)} | {"delay": delay, "alerting": self.alerting}


def tally(labelled: Bools, detected: Bools, days: float, rules: EventRules = RULES) -> Tally:
    """Count one series: which of its points are labelled, and which detected, `(points,)` each. days: its length."""
    events, alerts = runs_of(labelled, rules.labels_gap), runs_of(detected, rules.gap)
    start, until = events[:, 0], np.maximum(events[:, 1], events[:, 0] + rules.within)
    begins = alerts[:, 0]
    following = np.searchsorted(begins, start)
    found = following < np.searchsorted(begins, until, side="right")
    delays = begins[following[found]] - start[found]
    # Events that began by the alert's end, less those that were over before its beginning: those it touches.
    touching = np.searchsorted(start, alerts[:, 1], side="right") > np.searchsorted(until, begins)
    return Tally(
        events=len(events),
        found=int(found.sum()),
        in_time=int((delays <= rules.within).sum()),
        false=int((~touching).sum()),
        alerts=len(alerts),
        days=days,
        points=len(labelled),
        points_alerting=int((alerts[:, 1] - alerts[:, 0] + 1).sum()),
        delays=tuple(delays.tolist()),
    )


def runs_of(flags: Bools, gap: int) -> Runs:
    """Return first and last row of each run, `(runs, 2)`; those with fewer than `gap` rows between are joined."""
    rows = np.flatnonzero(flags)
    if not len(rows):
        return np.empty((0, 2), dtype=np.int64)
    ends = np.flatnonzero(np.diff(rows) > max(gap, 1))
    return np.column_stack([rows[np.append(0, ends + 1)], rows[np.append(ends, len(rows) - 1)]])


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
