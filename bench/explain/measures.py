"""From rows to numbers: shares with bootstrap intervals, paired differences, calibration, confusion.

Intervals are percentiles of 2000 resamples (Efron & Tibshirani, "An introduction to the bootstrap", 1993), drawn with a
fixed seed. A paired difference resamples cases, so that both competitors meet the same ones. Calibration: Guo et al.,
"On calibration of modern neural networks", ICML 2017: expected calibration error over ten equal bins.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.explain.cases import is_harmless
from bench.explain.faults import KINDS
from bench.explain.verdicts import Row

ROUNDS, BINS, CERTAIN = 2000, 10, 0.95

Floats = NDArray[np.float64]


def interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean, and its 95 % bootstrap interval; NaN for no values."""
    if not values:
        return (float("nan"),) * 3
    found = np.asarray(values, dtype=np.float64)
    means = found[_picks(len(found))].mean(axis=1)
    return float(found.mean()), float(np.percentile(means, 2.5)), float(np.percentile(means, 97.5))


def paired(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """Mean difference of two competitors over the same cases, with its 95 % bootstrap interval."""
    return interval([a - b for a, b in zip(one, other, strict=True)])


def _picks(count: int) -> NDArray[np.int64]:
    return np.random.default_rng(7).integers(0, count, (ROUNDS, count))


def hits(rows: Sequence[Row], places: int) -> list[float]:
    """1 where a right name is among the first places, in the order of cases."""
    return [float(0 < one.rank <= places) for one in sorted(rows, key=lambda one: (one.kind_of_case, one.seed))]


def faulty(rows: Sequence[Row]) -> list[Row]:
    """Rows of cases in which something is at fault."""
    return [one for one in rows if not is_harmless(one.kind_of_case)]


def overall(rows: Sequence[Row], ours: Sequence[Row]) -> dict[str, Any]:
    """What is reported of one competitor; `ours` are the rows that it is compared with, case by case."""
    mine = faulty(rows)
    cases = {(one.kind_of_case, one.seed) for one in mine}
    theirs = [one for one in faulty(ours) if (one.kind_of_case, one.seed) in cases]
    one_fault = [one for one in mine if one.kind_of_case != "two faults"]
    two, kinds = [one for one in mine if one.kind_of_case == "two faults"], [float(one.kind) for one in mine]
    healthy = [one for one in rows if is_harmless(one.kind_of_case)]
    told = [pair for one in rows for pair in one.sure]
    dimensions = [one for one in mine if one.dimension >= 0]
    changes, decoys = [one.change for one in mine if one.change >= 0], [one.decoy for one in mine if one.decoy >= 0]
    return {
        "cases": len(mine),
        "top1": interval(hits(mine, 1)),
        "top3": interval(hits(mine, 3)),
        "top1_of_ours_less_this": paired(hits(theirs, 1), hits(mine, 1)),
        "top3_of_ours_less_this": paired(hits(theirs, 3), hits(mine, 3)),
        "kind": interval(kinds),
        "one_group": interval([float(one.groups == 1) for one in one_fault]),
        "one_cause": interval([float(one.causes == 1) for one in one_fault]),
        "two_named": interval([float(one.both) for one in two]),
        "dimension": interval([float(one.dimension) for one in dimensions]),
        "change": interval([float(one) for one in changes]),
        "decoy": interval([float(one) for one in decoys]),
        "abstains_healthy": interval([float(not one.causes) for one in healthy if one.kind_of_case == "healthy"]),
        "abstains_mix": interval(
            [
                float(not one.causes or one.said in ("traffic", "mix"))
                for one in healthy
                if one.kind_of_case != "healthy"
            ]
        ),
        "calibration": calibration(told),
        "seconds": float(np.mean([one.seconds for one in rows])) if rows else 0.0,
    }


def calibration(told: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    """Bins of (mean confidence, right share, count); expected calibration error; how often what is almost certain is
    wrong."""
    bins: list[dict[str, float]] = []
    error = 0.0
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        mine = [pair for pair in told if low <= pair[0] < high or (number == BINS - 1 and pair[0] == 1.0)]
        if not mine:
            bins.append({"from": low, "count": 0, "said": 0.0, "right": 0.0})
            continue
        said, right = float(np.mean([sure for sure, _ in mine])), float(np.mean([ok for _, ok in mine]))
        error += len(mine) / len(told) * abs(said - right)
        bins.append({"from": low, "count": len(mine), "said": said, "right": right})
    certain = [ok for sure, ok in told if sure >= CERTAIN]
    return {
        "bins": bins, "error": error, "told": len(told), "certain": len(certain),
        "certain_wrong": sum(not ok for ok in certain),
    }  # fmt: skip


def by_kind(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Of each kind of fault: shares of cases right first, among three, with the right word, as one group."""
    found = _grouped(faulty(rows), lambda one: one.kind_of_case)
    return {kind: _shares(found[kind]) for kind in KINDS if kind in found}


def by_size(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """The same by how many services there are, and by how late the onset is."""
    sizes = _grouped(faulty(rows), lambda one: f"{one.size} services")
    late = _grouped(faulty(rows), lambda one: f"{one.late:.0f} s late")
    ordered = sorted((sizes | late).items(), key=lambda pair: (pair[0].endswith("late"), int(pair[0].split()[0])))
    return {name: _shares(mine) for name, mine in ordered}


def confusion(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """How often each word was said of each kind of case, whatever the place."""
    return {kind: dict(Counter(one.said for one in mine)) for kind, mine in
            _grouped(rows, lambda one: one.kind_of_case).items()}  # fmt: skip


def failures(rows: Sequence[Row]) -> list[str]:
    """What went wrong, a line a case."""
    out = []
    for one in sorted(rows, key=lambda one: (one.kind_of_case, one.seed)):
        what = ""
        if is_harmless(one.kind_of_case):
            what = f"nothing is at fault, named: {one.named}" if one.causes else ""
        elif one.rank != 1:
            where = f"at place {one.rank}" if one.rank < 99 else "not named"
            what = f"{one.truth} is {where}, named: {one.named or 'nothing'}"
        elif one.kind_of_case == "two faults" and not one.both:
            what = f"of {one.truth} only one is named"
        elif not one.kind:
            what = f"the place is right, the word is not: {one.truth}, named: {one.named}"
        if what:
            out.append(f"{one.kind_of_case}, seed {one.seed}, {one.size} services, {one.late:.0f} s late: {what}")
    return out


def _shares(mine: Sequence[Row]) -> dict[str, float]:
    return {
        "cases": len(mine), "top1": float(np.mean(hits(mine, 1))), "top3": float(np.mean(hits(mine, 3))),
        "kind": float(np.mean([one.kind for one in mine])),
        "one_group": float(np.mean([one.groups == 1 for one in mine])),
    }  # fmt: skip


def _grouped(rows: Sequence[Row], key: Callable[[Row], str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for one in rows:
        found[key(one)].append(one)
    return dict(found)
