"""The Numenta Anomaly Benchmark: its series, and its scores by its own rules.

Lavin and Ahmad, "Evaluating real-time anomaly detection algorithms" (ICMLA 2015), and the rules that NAB 1.1 documents:

- A row is a detection where its score reaches the threshold. The first 15 % of a file, at most 750 rows, do not count.
- A window gives its earliest detection s(p) / s(-1) * tpWeight, s(p) = 2 / (1 + exp(5 p)) - 1, where p is -1 at the
  first row and -1/n at the last of its n rows. A window without detection costs fnWeight; one that lies within the
  first rows altogether does neither.
- A detection outside the windows costs fpWeight * -s(p), p being the rows since the last window over its rows less one;
  1 * fpWeight where p > 3, or before the first window.
- The corpus has the sum; 100 (raw - null) / (perfect - null) is the score, null being no detection at all, and perfect
  the first row of every window and no other. There is one threshold for all files. NAB takes the one that is best in
  hindsight, for each profile.

`notified` is not NAB's: see there.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.series import Flags, Floats, NoData, Series, columns, files, need, numbers, seconds

FOLDER: Final = "nab"
PROFILES: Final = ("standard", "reward_low_FP_rate", "reward_low_FN_rate")
PUBLISHED: Final = ("windowedGaussian", "earthgeckoSkyline", "random")
PROBATION, PROBATION_ROWS = 0.15, 5000
FAR: Final = 3.0
AGAIN: Final = 4 * 3600.0
OUTSIDE, UNCOUNTED = -1, -2


@dataclass(frozen=True, slots=True)
class Weights:
    """What a profile gives a window that is found, and takes for one that is not and for a false detection."""

    tp: float
    fn: float
    fp: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """A series made ready for scoring, each (n,). `window`: of a row, or OUTSIDE, or UNCOUNTED; `worth`: of a detection
    at a row, before weights, above zero in windows and below it elsewhere. `windows`: how many can be lost."""

    series: Series
    window: NDArray[np.int64]
    worth: Floats
    windows: int


@dataclass(frozen=True, slots=True)
class Loss:
    """What a file fell short of its perfect score, raw, and why."""

    file: str
    lost: float
    missed: int
    windows: int
    false: int


def load(folder: Path) -> list[Series]:
    """The labelled series of `folder`/nab, by name."""
    root = need(folder / FOLDER, "the Numenta Anomaly Benchmark")
    labels = json_of(root / "labels" / "combined_windows.json")
    out = []
    for file in files(need(root / "data", "its series")):
        name = file.relative_to(root / "data").as_posix().removesuffix(".gz")
        if name not in labels:
            raise NoData(f"{file} has no entry in combined_windows.json")
        times, values = columns(file, ("timestamp", "value"))
        out.append(series(name, seconds(times), numbers(values), [seconds(pair) for pair in labels[name]]))
    return out


def json_of(file: Path) -> dict[str, Any]:
    """One of the benchmark's JSON files."""
    found: dict[str, Any] = json.loads(
        need(file, "a part of the Numenta Anomaly Benchmark").read_text(encoding="utf-8")
    )
    return found


def series(name: str, times: Floats, values: Floats, windows: Sequence[Floats]) -> Series:
    """A series whose windows are given as times of their first and last row."""
    spans = []
    for pair in windows:
        found = [np.flatnonzero(times == edge) for edge in pair]
        if not all(len(rows) for rows in found):
            raise NoData(f"{name}: no row has the time at which a window begins or ends")
        spans.append((int(found[0][0]), int(found[1][0])))
    return Series(name, times, values, tuple(spans))


def profiles(folder: Path) -> dict[str, Weights]:
    """The three profiles, out of config/profiles.json."""
    costs = {name: one["CostMatrix"] for name, one in json_of(folder / FOLDER / "config" / "profiles.json").items()}
    return {
        name: Weights(costs[name]["tpWeight"], costs[name]["fnWeight"], costs[name]["fpWeight"]) for name in PROFILES
    }


def sheet(one: Series) -> Sheet:
    """What a detection at each row would be worth."""
    rows = len(one.times)
    window, worth = np.full(rows, OUTSIDE), np.full(rows, -1.0)
    for number, (first, last) in enumerate(one.spans):
        width = last - first + 1
        window[first : last + 1] = number
        worth[first : last + 1] = _sigmoid(-np.arange(width, 0, -1) / width) / _sigmoid(np.array(-1.0))
        past = np.arange(1, rows - last) / max(width - 1, 1)
        worth[last + 1 :] = np.where(past > FAR, -1.0, _sigmoid(past))
    window[: int(np.ceil(min(np.floor(PROBATION * rows), PROBATION * PROBATION_ROWS)))] = UNCOUNTED
    return Sheet(one, window, worth, len(np.unique(window[window >= 0])))


def raw(one: Sheet, detected: Flags, weights: Weights) -> float:
    """A file's score."""
    counted = detected & (one.window != UNCOUNTED)
    outside = float(one.worth[counted & (one.window == OUTSIDE)].sum()) * weights.fp
    best = np.zeros(len(one.series.spans))
    inside = counted & (one.window >= 0)
    np.maximum.at(best, one.window[inside], one.worth[inside])
    found = best > 0
    return outside + float(best.sum()) * weights.tp - (one.windows - int(found.sum())) * weights.fn


def normalised(total: float, sheets: Sequence[Sheet], weights: Weights) -> float:
    """The corpus' score, from the sum of its files'."""
    null = -weights.fn * sum(one.windows for one in sheets)
    perfect = weights.tp * sum(len(one.series.spans) for one in sheets)
    return 100.0 * (total - null) / (perfect - null) if perfect > null else 0.0


def score(sheets: Sequence[Sheet], detected: Mapping[str, Flags], weights: Weights) -> float:
    """The corpus' score of detections, by file."""
    return normalised(sum(raw(one, detected[one.series.name], weights) for one in sheets), sheets, weights)


def optimised(sheets: Sequence[Sheet], scores: Mapping[str, Floats], weights: Weights) -> tuple[float, float]:
    """The best score that any one threshold gives, and this threshold: the highest of those."""
    levels, changes = [], []
    for one in sheets:
        got = scores[one.series.name]
        outside = one.window == OUTSIDE
        levels.append(got[outside])
        changes.append(one.worth[outside] * weights.fp)
        for number in range(len(one.series.spans)):
            rows = np.flatnonzero(one.window == number)
            rows = rows[np.argsort(-got[rows], kind="stable")]
            best = np.maximum.accumulate(one.worth[rows] * weights.tp)
            levels.append(got[rows])
            changes.append(np.diff(best, prepend=-weights.fn))
    level, change = np.concatenate(levels), np.concatenate(changes)
    order = np.argsort(-level, kind="stable")
    level, total = level[order], np.cumsum(change[order]) - weights.fn * sum(one.windows for one in sheets)
    last = np.flatnonzero(np.append(level[1:] != level[:-1], True))
    place = int(np.argmax(total[last]))
    if total[last[place]] <= -weights.fn * sum(one.windows for one in sheets):
        return 0.0, float("inf")
    return normalised(float(total[last[place]]), sheets, weights), float(level[last[place]])


def notified(times: Floats, detected: Flags, again: float = AGAIN) -> Flags:
    """Detections of which somebody is told: after one, none for `again` seconds.

    NAB counts every row above the threshold, so one alert of fifty rows at a wrong time costs as much as fifty. Who
    runs detectors has this between: 4 hours is the default repeat_interval of Alertmanager. It is the same for all.
    """
    out = np.zeros(len(detected), dtype=np.bool_)
    rows = np.flatnonzero(detected)
    when = np.maximum.accumulate(times)[rows]
    place = 0
    while place < len(rows):
        out[rows[place]] = True
        place = int(np.searchsorted(when, when[place] + again, side="left"))
    return out


def losses(sheets: Sequence[Sheet], detected: Mapping[str, Flags], weights: Weights) -> list[Loss]:
    """What each file lost, the most first."""
    out = []
    for one in sheets:
        flags = detected[one.series.name] & (one.window != UNCOUNTED)
        found = len(np.unique(one.window[flags & (one.window >= 0)]))
        lost = weights.tp * one.windows - raw(one, flags, weights)
        false = int((flags & (one.window == OUTSIDE)).sum())
        out.append(Loss(one.series.name, lost, one.windows - found, one.windows, false))
    return sorted(out, key=lambda loss: (-loss.lost, loss.file))


def _sigmoid(place: Floats) -> Floats:
    return 2.0 / (1.0 + np.exp(5.0 * place)) - 1.0
