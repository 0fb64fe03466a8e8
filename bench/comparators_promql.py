"""The two rule sets of grafana/promql-anomaly-detection: rules/adaptive.yml and rules/robust.yml as of v0.2.1.

Own code after the expressions; names in comments are the rules'. What Prometheus does to a series is done here too: it
takes a value once a minute, holds the last one while none is newer (5 minutes, or two of the series' own steps if that
is longer: then it is a gauge that is set so seldom), and evaluates every minute, where some of the rules say five. Like
in `anomaly:*:select`, values of zero and below are no values at all. The sparse threshold is for counters of requests
alone, which a benchmark does not know to have: it is left out. The alert has `for: 5m`.

A row's score is what the rules say between it and the next row, at most the five minutes of `for` after it, and as no
more than has passed since the row before. 1 is the band: a score is the distance from the middle by that of the band.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from bench.series import Floats

MINUTE: Final = 60.0
HOUR, DAY = 60, 1440
LOOKBACK: Final = 5 * MINUTE
FOR: Final = 5
FIRST: Final = 20
STDDEV_MULTIPLIER, MAD_MULTIPLIER, MARGIN, THRESHOLD_BY_COVAR = 2.0, 2.0, 0.5, 0.5


@dataclass(frozen=True, slots=True)
class _Minutes:
    """What Prometheus has: a value every minute, NaN where none. `first`: the minute of each row, (n,); `own`: whether
    that minute shows this row, or a later one has taken its place."""

    values: pd.Series
    first: np.ndarray
    own: np.ndarray


@dataclass(frozen=True, slots=True)
class _Band:
    """What is compared with what, every minute."""

    level: pd.Series
    middle: pd.Series
    lower: pd.Series
    upper: pd.Series


def adaptive(times: Floats, values: Floats) -> Floats:
    """Mean of an hour and filtered standard deviation of 26 hours; the same hour a day and a week ago."""
    minutes = _minutes(times, values)
    if minutes is None:
        return np.zeros(len(times))
    select = minutes.values
    mean = select.rolling(HOUR, min_periods=1).mean()  # avg_1h
    deviation = select.rolling(HOUR, min_periods=1).std(ddof=0)
    filtered = deviation.where(deviation > mean * THRESHOLD_BY_COVAR)  # stddev_1h:filtered
    short = filtered.rolling(26 * HOUR, min_periods=1).mean() * STDDEV_MULTIPLIER  # stddev_st
    ago = [
        (mean.shift(offset), deviation.shift(offset) * STDDEV_MULTIPLIER) for offset in (23 * 60 + 30, 167 * 60 + 30)
    ]
    lower = [mean - short, mean - mean * MARGIN, *(middle - width for middle, width in ago)]
    upper = [mean + short, mean + mean * MARGIN, *(middle + width for middle, width in ago)]
    return _scores(minutes, _Band(select, mean, _least(lower), _most(upper)))


def robust(times: Floats, values: Floats) -> Floats:
    """Median of a day and of deviations from it, against the median of an hour; the same hour a day and a week ago."""
    minutes = _minutes(times, values)
    if minutes is None:
        return np.zeros(len(times))
    select = minutes.values
    middle = select.rolling(DAY, min_periods=1).median()  # median_lt
    short = (select - middle).abs().rolling(DAY, min_periods=1).median() * MAD_MULTIPLIER  # mad_lt
    hour = select.rolling(HOUR, min_periods=1).median()
    lower, upper = [middle - short, middle - middle * MARGIN], [middle + short, middle + middle * MARGIN]
    deviation = (select - hour).abs().rolling(HOUR, min_periods=1).median() * MAD_MULTIPLIER
    for offset in (23 * 60 + 45, 167 * 60 + 45):  # median_seasonality_*, mad_seasonality_*
        lower.append((hour - deviation).shift(offset))
        upper.append((hour + deviation).shift(offset))
    return _scores(minutes, _Band(hour, middle, _least(lower), _most(upper)))


def _minutes(times: Floats, values: Floats) -> _Minutes | None:
    if not len(times):
        return None
    when = np.maximum.accumulate(times)
    start = np.floor(when[0] / MINUTE) * MINUTE
    first = np.ceil((when - start) / MINUTE).astype(np.int64)
    length = int(first[-1]) + FOR + 1
    row = np.searchsorted(first, np.arange(length), side="right") - 1
    # A step is the median of the first ones: what a user knows of an exporter, and no later row changes.
    hold = max(LOOKBACK, 2 * float(np.median(np.diff(when[: FIRST + 1]))) if len(when) > 1 else 0.0)
    age = start + np.arange(length) * MINUTE - when[np.maximum(row, 0)]
    held = np.where((row >= 0) & (age < hold), values[np.maximum(row, 0)], np.nan)
    held[~(np.isfinite(held) & (held > 0))] = np.nan
    return _Minutes(pd.Series(held), first, row[first] == np.arange(len(times)))


def _scores(minutes: _Minutes, band: _Band) -> Floats:
    above = (band.level - band.middle) / (band.upper - band.middle)
    below = (band.middle - band.level) / (band.middle - band.lower)
    # Both are there only if a band is: a comparison with an absent one is no alert.
    out = np.maximum(above, below.where(band.lower > 0, 0.0).fillna(0.0))
    firing = out.rolling(FOR + 1).min().fillna(0.0).to_numpy()
    steps = np.diff(minutes.first)
    before, after = np.append(0, steps), np.append(steps, FOR + 1)
    more = np.clip(np.minimum(before, after) - 1, 0, FOR)
    score = firing[np.where(minutes.own, minutes.first, np.maximum(minutes.first - 1, 0))]
    for minute in range(1, FOR + 1):
        rows = np.flatnonzero(minutes.own & (more >= minute))
        score[rows] = np.maximum(score[rows], firing[minutes.first[rows] + minute])
    return np.asarray(np.maximum(score, 0.0), dtype=np.float64)


def _least(parts: list[pd.Series]) -> pd.Series:
    return pd.Series(pd.concat(parts, axis=1).min(axis=1)).clip(lower=0.0)


def _most(parts: list[pd.Series]) -> pd.Series:
    return pd.Series(pd.concat(parts, axis=1).max(axis=1))
