"""Series for the detector of any metric, and what it makes of them, point by point."""

from dataclasses import dataclass

import numpy as np

from aiops.detect.univariate import Judgement, Model
from aiops.model.arrays import Bools, Floats, Ints

STEP = 300.0
START = 1_700_000_000.0
MONDAY = 1_763_337_600.0
DAY = 86_400.0


@dataclass(frozen=True)
class Watched:
    """What a model said of series, `(series, points)` each, and the model after that. least: the smallest fall and rise
    that it would have told, `(2, series, points)`."""

    score: Floats
    alarm: Bools
    expected: Floats
    band: Floats
    tier: Ints
    least: Floats
    model: Model

    def told(self, row: int = 0) -> list[int]:
        """The points at which somebody was told."""
        on = self.alarm[row] | (self.score[row] >= 1)
        return np.flatnonzero(on & ~np.append(False, on[:-1])).tolist()


def watch(
    values: Floats,
    model: Model | None = None,
    step: float = STEP,
    times: Floats | None = None,
    local: Floats | None = None,
) -> Watched:
    """Judge series `(series, points)`, one point of all at a time, at these Unix times and local times `(points,)`."""
    table = np.atleast_2d(values)
    model = model or Model()
    model.grow(len(table))
    at = START + step * np.arange(table.shape[1]) if times is None else times
    here = [None] * len(at) if local is None else local.tolist()
    said = [
        model.judge(float(one), table[:, number].copy(), step, here[number], reach=True)
        for number, one in enumerate(at)
    ]

    def joined(*parts: str) -> Floats:
        return np.stack([np.stack([getattr(one, part) for one in said], axis=1) for part in parts])

    score, alarm, expected, tier = joined("score", "alarm", "expected", "tier")
    lower, upper = joined("lower", "upper")
    return Watched(
        score, alarm.astype(bool), expected, upper - lower, tier.astype(np.int64), joined("fall", "rise"), model
    )


def judged(values: Floats, model: Model | None = None) -> Floats:
    """Scores of series `(series, points)`, one point of all at a time."""
    return watch(values, model).score


def noise(points: int, seed: int = 1) -> Floats:
    return 100 + 5 * np.random.default_rng(seed).standard_normal(points)


def daily(days: int, seed: int = 1) -> Floats:
    at = np.arange(days * 288)
    return noise(len(at), seed) + 60 * np.sin(2 * np.pi * at / 288)


def same(one: Judgement, other: Judgement) -> bool:
    """Whether two judgements are equal to the last bit."""
    fields = ("score", "expected", "lower", "upper", "alarm", "tier", "fall", "rise")
    return all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in fields)


def equal(one: Model, other: Model, size: int) -> bool:
    """Whether two models know the same of the first series, to the last bit."""
    rest = dict(other.state.arrays())
    return one.at == other.at and all(
        np.array_equal(array[:size], rest[name][:size], equal_nan=array.dtype.kind == "f")
        for name, array in one.state.arrays()
    )
