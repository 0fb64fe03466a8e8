"""Microsoft's cloud monitoring set: its series, and how well events are found, without point adjustment.

`aiops.backtest.scoring` says how events are counted. The rows of one time are one point: its first value, labelled if
any of them is. A point without value stays: it is NaN.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from aiops.backtest.scoring import EventRules, Tally, runs_of, tally
from bench.series import Flags, Floats, Series, columns, files, need, numbers, seconds

FOLDER: Final = "ms-cloud-monitoring"
BOUND: Final = 0.10
LEVELS: Final = 96


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
    return Series(name, unique, values[order][first], tuple((int(a), int(b)) for a, b in runs_of(labelled, 1)))


def count(sets: Iterable[Series], detected: Mapping[str, Flags], rules: EventRules) -> Tally:
    """Count all series, by the detections in each."""
    return sum((tally(_labelled(one), detected[one.name], one.days, rules) for one in sets), Tally())


def within_bound(
    sets: Sequence[Series], scores: Mapping[str, Floats], rules: EventRules, bound: float = BOUND
) -> tuple[Tally, float]:
    """The best F1 that any one threshold for all series gives at `bound` false alerts a series-day or fewer, chosen in
    hindsight, and the threshold. Tried are 1.0 and so many of the highest scores as `LEVELS`, in equal ratios."""
    every = np.sort(np.concatenate([scores[one.name] for one in sets]))[::-1]
    places = np.geomspace(1, max(len(every) // 2, 1), LEVELS).astype(np.int64) - 1
    best, level = Tally(), float("inf")
    for threshold in np.unique(np.append(every[places], 1.0))[::-1]:
        if threshold <= 0:
            break
        tried = count(sets, {one.name: scores[one.name] >= threshold for one in sets}, rules)
        if tried.false_a_day <= bound and tried.f1 > best.f1:
            best, level = tried, float(threshold)
    return best, level


def _labelled(one: Series) -> Flags:
    out = np.zeros(len(one.times), dtype=np.bool_)
    for first, last in one.spans:
        out[first : last + 1] = True
    return out
