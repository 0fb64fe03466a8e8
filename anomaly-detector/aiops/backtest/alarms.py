"""The values of a backtest: what would have been alerted for one series, when, and with which evidence. Times are Unix
seconds."""

from dataclasses import dataclass
from typing import Final

from aiops.backtest.curve import Curve
from aiops.backtest.kinds import Recognised
from aiops.backtest.scoring import Tally
from aiops.model import Family, Labels, SeriesState

DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One point, with its expectation; NaN where not known. A score of 1 is the boundary."""

    at: float
    score: float
    observed: float
    expected: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A trouble that would have been told, from `start`, the time of the point that triggered the alarm.

    `onset` is the first abnormal point. `end` is one step after the last point whose score was 1 or more. `over` is the
    time of the point at which the alarm was over, because enough points in a row had been usual. Both are None where it
    was not over at the end of history. `peak` is the point with the highest score. `around` shows the alarm with the
    points before and after it; only the alarms with the highest scores of a series have it.
    """

    onset: float
    start: float
    end: float | None
    over: float | None
    peak: Seen
    around: Curve | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch in which a series was not normal, from the point that began it to the point that ended it."""

    life: SeriesState
    start: float
    end: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wide:
    """A stretch in which the boundary to one side was so wide that nothing which can be expected reaches it; see
    `reach.too_wide`.

    rise: whether it is about rises; else it is about falls. end: None if it lasts at the end of history. size: the
    smallest change that would have been told in it, infinite if none. low, high: the range of the values of the weeks
    before its last day's end. edge: 0 or 1 if not even a change to there would have been told.
    """

    rise: bool
    start: float
    end: float | None
    size: float
    low: float
    high: float
    edge: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """The outcome of one series. `family` is the symptom family that was judged, None for values without a known
    meaning.

    points: how many there were. judged: how many of them got a score; the others were only learned from, or are gaps.
    first, last: times of the first and the last point. step: seconds between points. seconds: the length of the watched
    time. above: times of the points whose score was 1 or more. Of values without a known meaning: `kind`, what they are
    judged as; `wide`, when their boundaries were too wide; and, if there are labels of anomalies, `scores`, how well
    they were found, and `labelled`, from when to when they are.
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
    trace: Curve
    above: tuple[float, ...] = ()
    kind: Recognised | None = None
    wide: tuple[Wide, ...] = ()
    scores: Tally | None = None
    labelled: tuple[tuple[float, float], ...] = ()

    @property
    def seconds(self) -> float:
        """The watched time in seconds."""
        return self.last - self.first + self.step

    @property
    def days(self) -> float:
        """The watched time in days."""
        return self.seconds / DAY

    @property
    def worst(self) -> float:
        """The highest score of an alarm, 0 where there was none; series are sorted by it."""
        return max((one.peak.score for one in self.alarms), default=0.0)
