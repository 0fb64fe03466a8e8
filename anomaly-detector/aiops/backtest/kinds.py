"""What kind of metric a series is. The values of a gauge are judged as they are; a counter only grows until its process
begins anew, so its increase per second is judged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from aiops.backtest.rows import TableSeries
from aiops.model import Labels
from aiops.model.arrays import Bools, Floats

NAMED_BY: Final = frozenset({"__name__", "metric", "metric_name"})
"""Labels that hold the name of a metric."""
COUNTING: Final = ("_total", "_count", "_sum", "_bucket")
"""How counters are called by the conventions of Prometheus and OpenMetrics."""
LEAST: Final = 20
"""Points below which behaviour says nothing."""
UNRESET_POINTS, UNRESET_SECONDS = 100, 86_400.0
"""How long a series must have grown to be a counter by its behaviour without a single reset: queues, temperatures and
traffic fall within a day."""
MOSTLY: Final = 0.5
"""The share of its steps in which a counter grows."""
FEW: Final = 0.02
"""The share of its steps in which a counter may be reset; one reset is always few."""
USUAL: Final = 95.0
"""The percentile of its increases up to which they are usual."""
NEAR_ZERO: Final = 0.01
"""What is near zero, as a share of the value before a fall."""
EVEN: Final = 1e-3
"""The spread of increases per second, as a share of their median, up to which they are as even as those of a clock."""
CONTRADICTED: Final = 0.25
"""Falls that are no resets, as a share of rises, from which on a name is not believed."""


class MetricKind(StrEnum):
    """A ratio is a gauge between 0 and 1."""

    GAUGE = "gauge"
    COUNTER = "counter"
    RATIO = "ratio"


class KnownBy(StrEnum):
    """How a kind is known; `OPTION`: it was given."""

    NAME = "name"
    BEHAVIOUR = "behaviour"
    OPTION = "option"


@dataclass(frozen=True, slots=True)
class Recognised:
    """The kind of a series. resets: how often a counter began anew. grew: a gauge that never fell, which may be a
    counter all the same."""

    kind: MetricKind
    by: KnownBy
    resets: int = 0
    grew: bool = False


def as_judged(one: TableSeries, kind: MetricKind | None = None) -> tuple[TableSeries, Recognised]:
    """Return the series with the values to judge, at the same times, and its kind: the given one, or what it is
    recognised as."""
    found = recognise(one.labels, one.times, one.values)
    if kind is not None:
        resets = _Steps.of(one.times, one.values).falls if kind == MetricKind.COUNTER else 0
        found = Recognised(kind, KnownBy.OPTION, resets)
    if found.kind == MetricKind.COUNTER:
        one = replace(one, values=per_second(one.times, one.values))
    return one, found


def recognise(labels: Labels, times: Sequence[float], values: Sequence[float]) -> Recognised:
    """Tell counters, gauges and ratios apart, by names if possible, else by the values; NaN is no value.

    By name, a series is a counter if it has a label `type` with `counter`, or if the name of its metric ends as in
    COUNTING and no label `type` says `gauge`. A name is not believed if the values contradict it: if they are ever
    negative, or fall without a reset a quarter as often as they rise, as what is called `threads_count` does.

    By behaviour, a series is a counter if all of this is true, and else a gauge:

    - It has LEAST values, none of them negative. It grows in half of its steps or more.
    - It falls in resets only: to half of the value before or less, and there near zero, or to no more than it usually
      grows in that time (the largest twentieth of the increases aside). So a disk that is cleaned, a heap that is
      collected and whatever has noise are gauges.
    - Its resets are few, at most one in 50 steps: a queue that is emptied all the time is a gauge.
    - If it has no reset, it grew for a day and UNRESET_POINTS points, and not evenly. So a queue that only grew in a
      short file, and a clock, are gauges; `grew` says that this may be wrong. What grows evenly and is reset, such as
      the uptime of a process, is a counter in effect.
    """
    steps, known = _Steps.of(times, values), np.array([one for one in values if one == one])
    negative = bool((known < 0).any())
    named = _named(labels)
    believed = not negative and steps.slips <= CONTRADICTED * steps.rises
    if named == MetricKind.COUNTER and believed:
        return Recognised(MetricKind.COUNTER, KnownBy.NAME, steps.falls)
    growing = len(known) >= LEAST and not negative and steps.rises >= MOSTLY * (len(known) - 1) and not steps.slips
    if named is None and growing and steps.counts:
        return Recognised(MetricKind.COUNTER, KnownBy.BEHAVIOUR, steps.falls)
    if len(known) and known.min() >= 0 and known.max() <= 1 and not np.array_equal(known, np.round(known)):
        return Recognised(MetricKind.RATIO, KnownBy.BEHAVIOUR)
    by = KnownBy.NAME if named == MetricKind.GAUGE else KnownBy.BEHAVIOUR
    return Recognised(MetricKind.GAUGE, by, grew=growing and not steps.falls and named is None)


def per_second(times: Sequence[float], values: Sequence[float]) -> list[float]:
    """Return the increase per second since the value before, however long ago that was (times in seconds); NaN where
    there is no value, or none before.

    A reset counts as the value since zero, as in `rate` of Prometheus. That is the least that can have been counted:
    the rest was lost with the process. So it is NaN where it is less than the increase before, unless that was a reset
    too.
    """
    out = np.full(len(values), np.nan)
    series = np.array(values, dtype=np.float64)
    places = np.flatnonzero(np.isfinite(series))
    known = series[places]
    apart = np.diff(np.array(times, dtype=np.float64)[places])
    reset = np.diff(known) < 0
    pace = np.where(reset, known[1:], np.diff(known)) / apart
    if len(pace) > 1:
        lost = reset[1:] & ~reset[:-1] & (pace[1:] < pace[:-1])
        pace[1:][lost] = np.nan
    out[places[1:]] = pace
    return [float(one) for one in out]


@dataclass(frozen=True, slots=True)
class _Steps:
    """From value to value: whether it fell `(steps,)`, and in a reset; the increases per second where it rose; and the
    time from first to last, in seconds."""

    fell: Bools
    reset: Bools
    paces: Floats
    seconds: float

    @classmethod
    def of(cls, times: Sequence[float], values: Sequence[float]) -> "_Steps":
        series = np.array(values, dtype=np.float64)
        there = np.isfinite(series)
        known, at = series[there], np.array(times, dtype=np.float64)[there]
        before, after, apart = known[:-1], known[1:], np.diff(at)
        rose, fell = after > before, after < before
        paces = (after - before)[rose] / apart[rose]
        usual = np.percentile(paces, USUAL) if len(paces) else 0.0
        low = (after <= usual * apart) | (after <= NEAR_ZERO * before)
        return cls(fell, fell & low & (after <= before / 2), paces, float(at[-1] - at[0]) if len(at) else 0.0)

    @property
    def rises(self) -> int:
        return len(self.paces)

    @property
    def falls(self) -> int:
        return int(self.fell.sum())

    @property
    def slips(self) -> int:
        """The falls that are no resets."""
        return int((self.fell & ~self.reset).sum())

    @property
    def counts(self) -> bool:
        """Whether what grows and is reset does so as a counter does."""
        if self.falls:
            return self.falls <= max(1.0, FEW * len(self.fell))
        if self.seconds < UNRESET_SECONDS or len(self.fell) + 1 < UNRESET_POINTS:
            return False
        low, middle, high = np.percentile(self.paces, (5, 50, 95))
        return bool(high - low > EVEN * middle)


def _named(labels: Labels) -> MetricKind | None:
    """Return what the labels say, None if they say nothing."""
    given = {name.lower(): value.lower() for name, value in labels}
    if given.get("type") in (MetricKind.COUNTER, MetricKind.GAUGE):
        return MetricKind(given["type"])
    counting = any(given.get(name, "").endswith(COUNTING) for name in NAMED_BY)
    return MetricKind.COUNTER if counting else None
