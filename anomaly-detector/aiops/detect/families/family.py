"""The interface of a symptom family: one way in which a series may be in trouble.

A new family is a module beside this one with a subclass of `SymptomFamily`, and an entry in `FAMILIES`.
"""

from abc import ABC, abstractmethod
from collections.abc import Container
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, Generic, TypeVar

import numpy as np

from aiops.detect import series_state
from aiops.detect.inputs import Step, sender_of
from aiops.detect.tracked import Tracked
from aiops.detect.tuning import Tuning
from aiops.model import ConfirmationRule, Expectation, Family, Labels, Selector, SeriesState, Tier, Verdict, names
from aiops.model.arrays import Floats, Ints

CONFIDENCE = {Tier.WARMUP: 0.0, Tier.DEFAULTS: 0.3, Tier.LEVEL: 0.5, Tier.DAY: 0.7, Tier.WEEK: 0.8}
CALL_LABELS = (names.CALLER, names.CALLEE)
"""Labels of a call from one service to another."""
T = TypeVar("T", bound=Tracked)


@dataclass(frozen=True, slots=True)
class Band:
    """The expected values of series and their bounds, `(rows,)` each, in the unit of their verdicts; NaN where not
    known."""

    expected: Floats
    lower: Floats
    upper: Floats


class SymptomFamily(ABC, Generic[T]):
    """One symptom family: which metrics it reads, what it remembers of a series, and how it judges a step.

    name: the name in findings, settings and stored data. selectors: what is read for it in every cycle. Each family has
    its own state and does not read the state of another.
    """

    name: ClassVar[Family]
    selectors: ClassVar[tuple[Selector, ...]]

    @abstractmethod
    def tracked(self) -> T:
        """Return an empty state."""

    @abstractmethod
    def judge(self, tracked: T, step: Step, tuning: Tuning) -> list[Verdict]:
        """Score the series that had a sample, advance their states, then learn. Returns the verdicts to store for the
        pages; there may be none."""

    @abstractmethod
    def observed(self, tracked: T, row: int, tuning: Tuning) -> tuple[float, float]:
        """Return the observed value in the present trouble of a series, and the expected value, in the unit of its
        findings."""

    def ended(self, tracked: T, step: Step, tuning: Tuning) -> list[Labels]:
        """End the troubles that are over although no sample shows it, and return their series."""
        return []

    def settled(self, tracked: T, step: Step, burning: Container[str], tuning: Tuning) -> list[Labels]:
        """Take behaviour that has lasted for long as normal, and return its series. burning: services whose objectives
        burn."""
        return []

    def expected(self, tracked: T, rows: Ints, tuning: Tuning) -> Band | None:
        """Return what is expected in the next step of these series; None where pages do not show it."""
        return None

    def rewind(self, tracked: T, at: float, behind: float) -> None:
        """Go back to a time `at` (Unix seconds) after clocks were set back by `behind` seconds."""
        tracked.seen = np.minimum(tracked.seen, at)
        tracked.onset = np.minimum(tracked.onset, at)
        tracked.born -= behind  # how long a series has been watched does not depend on the clock

    @abstractmethod
    def rule(self, tuning: Tuning) -> ConfirmationRule:
        """Return how the family confirms a trouble, for people to read."""

    def enough(self, tracked: T, row: int, tuning: Tuning) -> float | None:
        """Return the smallest value, in the unit of its findings, that would make a step like the last one abnormal by
        itself: NaN where none would, None where that is not known."""
        return None

    def patience(self, tuning: Tuning) -> float:
        """Return after how many seconds without a sample a series is forgotten."""
        return tuning.expire_seconds


class Adoptable(SymptomFamily[T]):
    """A family whose present trouble people may declare normal."""

    @abstractmethod
    def adopt(self, tracked: T, row: int, tuning: Tuning) -> None:
        """Take the present trouble of a series as normal from now on."""

    @abstractmethod
    def expectation(self, tracked: T, row: int, tuning: Tuning) -> Expectation:
        """Return what is expected of a series, for people to read."""


def verdicts(
    family: Family, tracked: Tracked, series: list[Labels], rows: Ints, at: Floats, observed: Floats, band: Band
) -> list[Verdict]:
    """Make the verdicts on these series from their present state. at: the end of the step of each, Unix seconds."""
    numbers = (at, observed, band.expected, band.lower, band.upper, tracked.score[rows])
    places = (tracked.tier[rows], tracked.status[rows])
    return [
        Verdict(
            series=one,
            family=family,
            at=end,
            observed=seen,
            expected=expected,
            lower=lower,
            upper=upper,
            score=score,
            confidence=CONFIDENCE[Tier(tier)],
            tier=Tier(tier),
            state=SeriesState(status),
        )
        for one, end, seen, expected, lower, upper, score, tier, status in zip(
            series, *(column.tolist() for column in (*numbers, *places)), strict=True
        )
    ]


def requests_ended(tracked: Tracked, step: Step, tuning: Tuning) -> list[Labels]:
    """End troubles whose requests have stopped: the caller calls another service now, nobody calls any more, or the
    sender of the telemetry is gone. Returns their series."""
    troubled = np.flatnonzero(tracked.status[: len(tracked.index)] != SeriesState.NORMAL)
    if not len(troubled):
        return []
    series, places = list(tracked.index), step.inputs.rows
    total = np.array([step.total[places[series[row]]] if series[row] in places else np.nan for row in troubled])
    gone = np.isnan(total) & np.array([sender_of(series[row]) in step.mute for row in troubled])
    told = gone | ~np.isnan(total)
    rows = troubled[told]
    apart = (tracked.seen[rows] - tracked.onset[rows] + step.seconds) / np.maximum(tracked.age[rows], 1)
    idle = (gone | (total == 0))[told]
    return [series[row] for row in series_state.end_idle(tracked, rows, idle, apart, step.seconds, tuning)]


def heard(tracked: Tracked, step: Step, rows: Ints) -> None:
    """Note that these scopes had requests, although an event in the calendar keeps them from being judged."""
    for row in rows:
        place = tracked.index.get(step.scopes[row])
        if place is not None:
            tracked.seen[place] = step.at


def known(value: float) -> float | None:
    """Return a number, or None for NaN."""
    return value if isfinite(value) else None
