"""Microsoft's cloud monitoring set: its series, and how well events are found, without point adjustment.

Definitions, the same for every detector; a point is a row, so minutes or hours, as the series goes.

- The rows of one time are one point: its first value, labelled if any of them is. A point without value stays: it is
  NaN. Every point counts, from the first on: there is no time to learn in.
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

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.series import Flags, Floats, Series, columns, files, need, numbers, seconds

FOLDER: Final = "ms-cloud-monitoring"
BOUND: Final = 0.10
LEVELS: Final = 96

Runs = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rules:
    """Points: see above. `labels_gap`: that of labelled runs, if it is another than that of detections."""

    within: int = 7
    gap: int = 7
    labels_gap: int = 7


# Every labelled run an event, though an alert about the run before may still last.
APART: Final = Rules(labels_gap=1)


@dataclass(slots=True)
class Tally:
    """Sums over series; `delays` in points."""

    events: int = 0
    found: int = 0
    in_time: int = 0
    false: int = 0
    alerts: int = 0
    days: float = 0.0
    points: int = 0
    points_alerting: int = 0
    delays: list[int] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return _ratio(self.found, self.found + self.false)

    @property
    def recall(self) -> float:
        return _ratio(self.found, self.events)

    @property
    def recall_in_time(self) -> float:
        return _ratio(self.in_time, self.events)

    @property
    def f1(self) -> float:
        return _ratio(2 * self.found, 2 * self.found + self.false + self.events - self.found)

    @property
    def false_a_day(self) -> float:
        return _ratio(self.false, self.days)

    @property
    def alerting(self) -> float:
        return _ratio(self.points_alerting, self.points)

    @property
    def delay(self) -> float:
        """The median one, NaN if nothing was found."""
        return float(np.median(self.delays)) if self.delays else float("nan")


def load(folder: Path) -> list[Series]:
    """The labelled series of `folder`/ms-cloud-monitoring, by name."""
    root = need(folder / FOLDER, "the Microsoft cloud monitoring data set") / "data"
    out = []
    for file in files(need(root, "its series")):
        times, values, labels = columns(file, ("TimeStamp", "Value", "Label"))
        name = file.relative_to(root).as_posix().removesuffix(".gz")
        out.append(series(name, seconds(times), numbers(values), numbers(labels) > 0))
    return out


def series(name: str, times: Floats, values: Floats, labels: Flags) -> Series:
    """A series in order of time, one row a time; its spans are the runs of labels."""
    order = np.argsort(times, kind="stable")
    unique, first = np.unique(times[order], return_index=True)
    labelled = np.maximum.reduceat(labels[order].astype(np.int64), first) > 0 if len(unique) else labels
    return Series(name, unique, values[order][first], tuple((int(a), int(b)) for a, b in runs(labelled, 1)))


def runs(flags: Flags, gap: int) -> Runs:
    """First and last row of each run, (k, 2); those with fewer than `gap` rows between are joined."""
    rows = np.flatnonzero(flags)
    if not len(rows):
        return np.empty((0, 2), dtype=np.int64)
    ends = np.flatnonzero(np.diff(rows) > max(gap, 1))
    return np.column_stack([rows[np.append(0, ends + 1)], rows[np.append(ends, len(rows) - 1)]])


def add(tally: Tally, one: Series, detected: Flags, rules: Rules) -> None:
    """Count a series."""
    labelled = np.zeros(len(one.times), dtype=np.bool_)
    for first, last in one.spans:
        labelled[first : last + 1] = True
    events, alerts = runs(labelled, rules.labels_gap), runs(detected, rules.gap)
    start, until = events[:, 0], np.maximum(events[:, 1], events[:, 0] + rules.within)
    begins = alerts[:, 0]
    next_ = np.searchsorted(begins, start)
    found = next_ < np.searchsorted(begins, until, side="right")
    delays = begins[next_[found]] - start[found]
    # Events that began by the alert's end, less those that were over before its beginning: those it touches.
    touching = np.searchsorted(start, alerts[:, 1], side="right") > np.searchsorted(until, begins)
    tally.events += len(events)
    tally.found += int(found.sum())
    tally.in_time += int((delays <= rules.within).sum())
    tally.false += int((~touching).sum())
    tally.alerts += len(alerts)
    tally.days += one.days
    tally.points += len(one.times)
    tally.points_alerting += int((alerts[:, 1] - alerts[:, 0] + 1).sum())
    tally.delays.extend(delays.tolist())


def count(sets: Iterable[Series], detected: Mapping[str, Flags], rules: Rules) -> Tally:
    """Count all series, by the detections in each."""
    tally = Tally()
    for one in sets:
        add(tally, one, detected[one.name], rules)
    return tally


def within_bound(
    sets: Sequence[Series], scores: Mapping[str, Floats], rules: Rules, bound: float = BOUND
) -> tuple[Tally, float]:
    """The best F1 that any one threshold for all series gives at `bound` false alerts a series-day or fewer, chosen in
    hindsight, and the threshold. Tried are 1.0 and so many of the highest scores as `LEVELS`, in equal ratios."""
    every = np.sort(np.concatenate([scores[one.name] for one in sets]))[::-1]
    places = np.geomspace(1, max(len(every) // 2, 1), LEVELS).astype(np.int64) - 1
    best, level = Tally(), float("inf")
    for threshold in np.unique(np.append(every[places], 1.0))[::-1]:
        if threshold <= 0:
            break
        tally = count(sets, {one.name: scores[one.name] >= threshold for one in sets}, rules)
        if tally.false_a_day <= bound and tally.f1 > best.f1:
            best, level = tally, float(threshold)
    return best, level


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
