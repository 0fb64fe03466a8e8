"""Series whose values stay as they were while their shape changes: made from seeds, with what is wrong labelled.

Each lives eight weeks at five minutes. From the third week on, one day a week has a fault.

missing-hump     A hump of two hours a day, that begins within an hour; then a day without it.
heartbeat        A pulse every half an hour; for four hours one every quarter, or every hour.
flat-line        Noise that wanders; for three hours it stays at its last value.
turned-saw       It rises for two hours and drops at once; for six hours it drops slowly and rises at once.
"""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from scipy.signal import lfilter

from bench.series import Flags, Floats, Series

STEP: Final = 300.0
HOUR: Final = 12
DAY: Final = 24 * HOUR
DAYS: Final = 56
HEALTHY: Final = 14
MONDAY: Final = 1_763_337_600.0

Made = tuple[Floats, Flags]


def missing_hump(rng: np.random.Generator) -> Made:
    """A day without its hump; labelled are the hours from when it should be there until it should be over."""
    values, labels = 50 + _noise(rng), _none()
    shape = np.sin(np.pi * np.arange(2 * HOUR) / (2 * HOUR)) ** 2
    for day in range(DAYS):
        begin = day * DAY + 11 * HOUR + int(rng.integers(0, HOUR))
        if _faulty(day):
            labels[day * DAY + 12 * HOUR : day * DAY + 14 * HOUR] = True
        else:
            values[begin : begin + 2 * HOUR] += 30 * rng.uniform(0.8, 1.2) * shape
    return values, labels


def heartbeat(rng: np.random.Generator) -> Made:
    """Pulses at another pace."""
    values, labels = 20 + _noise(rng), _none()
    faults = {begin: int(rng.choice([HOUR // 4, HOUR])) for begin in _begins(rng, 4 * HOUR)}
    place, until, pace = 0, 0, HOUR // 2
    while place < len(values):
        values[place] += 15 * rng.uniform(0.9, 1.1)
        for begin, other in faults.items():
            if begin <= place < begin + 4 * HOUR:
                pace, until = other, begin + 4 * HOUR
        place += pace if place < until else HOUR // 2
    for begin in faults:
        labels[begin : begin + 4 * HOUR] = True
    return values, labels


def flat_line(rng: np.random.Generator) -> Made:
    """Noise that stays where it was."""
    values, labels = 100 + 3 * _noise(rng), _none()
    for begin in _begins(rng, 3 * HOUR):
        values[begin : begin + 3 * HOUR] = values[begin - 1]
        labels[begin : begin + 3 * HOUR] = True
    return values, labels


def turned_saw(rng: np.random.Generator) -> Made:
    """A saw whose teeth point to the other side."""
    phase = (np.arange(DAYS * DAY) + rng.integers(0, 2 * HOUR)) % (2 * HOUR) / (2 * HOUR)
    labels = _none()
    for begin in _begins(rng, 6 * HOUR):
        labels[begin : begin + 6 * HOUR] = True
    return 40 + 20 * np.where(labels, 1 - phase, phase) + 0.5 * _noise(rng), labels


KINDS: Final[dict[str, Callable[[np.random.Generator], Made]]] = {
    one.__name__.replace("_", "-"): one for one in (missing_hump, heartbeat, flat_line, turned_saw)
}


def fleet(seeds: int) -> Iterator[tuple[str, Series]]:
    """Every kind with every seed, with the name of its kind."""
    for number, (kind, made) in enumerate(KINDS.items()):
        for seed in range(seeds):
            values, labels = made(np.random.default_rng([number, seed]))
            edges = np.flatnonzero(np.diff(np.concatenate([[0], labels.astype(np.int64), [0]])))
            spans = tuple((int(first), int(end) - 1) for first, end in edges.reshape(-1, 2))
            yield kind, Series(f"{kind}-{seed}", MONDAY + STEP * np.arange(len(values)), values, spans)


def _noise(rng: np.random.Generator) -> Floats:
    """Noise of deviation 1, a half of which remembers itself for half an hour."""
    kept = np.exp(-1 / 6)
    slow = lfilter([np.sqrt(1 - kept * kept)], [1, -kept], rng.standard_normal(DAYS * DAY))
    out: Floats = np.sqrt(0.5) * (slow + rng.standard_normal(DAYS * DAY))
    return out


def _none() -> Flags:
    return np.zeros(DAYS * DAY, dtype=np.bool_)


def _faulty(day: int) -> bool:
    return day >= HEALTHY and day % 7 == 3


def _begins(rng: np.random.Generator, length: int) -> list[int]:
    """Where faults of so many intervals begin."""
    return [day * DAY + int(rng.integers(1, DAY - length)) for day in range(DAYS) if _faulty(day)]
