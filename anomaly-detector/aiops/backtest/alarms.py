"""The nouns of a backtest: what one series would have told, when, and on what evidence. Times are Unix seconds."""

from dataclasses import dataclass
from typing import Final

from aiops.backtest.trace import Trace
from aiops.model import Family, Labels, SeriesState

DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One point, beside what was expected of it; NaN where that is not known. A score of 1 is the boundary."""

    at: float
    score: float
    observed: float
    expected: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """A stretch in which somebody would have been told: from `start` on, the time of the point that decided it.

    `onset` is the first point that looked wrong. `end` is that of the point which ended it, None where it went on at
    the end of history. `peak` is the point of the highest score. `around` shows it and what was before and after it;
    only the alarms of the highest scores of a series have it.
    """

    onset: float
    start: float
    end: float | None
    peak: Seen
    around: Trace | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch in which a series was not normal, from the point that began it to the point that ended it."""

    life: SeriesState
    start: float
    end: float | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one series. `family` is what of it was judged, None for values of which nothing is known.

    points: how many there were; judged: how many of them got a score, the rest were learned from alone or are gaps.
    first, last: times of the first and the last point. step: seconds between points. seconds: how long was watched.
    """

    series: Labels
    family: Family | None
    points: int
    judged: int
    first: float
    last: float
    step: float
    alarms: tuple[Alarm, ...]
    stretches: tuple[Stretch, ...]
    trace: Trace

    @property
    def seconds(self) -> float:
        return self.last - self.first + self.step

    @property
    def days(self) -> float:
        return self.seconds / DAY

    @property
    def worst(self) -> float:
        """The highest score of an alarm, 0 where there was none: series are shown by it."""
        return max((one.peak.score for one in self.alarms), default=0.0)
