"""Exact increments of counters: resets, births and gaps, decided sample by sample.

Every rule looks at a sample and what came before it within the lookback, never at the window asked for, so that the
increments of a long window are those of the short ones it consists of.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.sources.common.grid import NANO, Floats, Ints

LOOKBACK_SECONDS: Final = 300.0
LOOKBACK_NS: Final = int(LOOKBACK_SECONDS * NANO)
# Points of one export may differ by a moment; only an earlier export proves that we were listening.
EXPORT_GAP_NS: Final = NANO // 5


@dataclass(frozen=True, slots=True)
class Samples:
    """Raw samples sorted by series, then time, each (series, time) once.

    series, group, time_ns, start_ns: `(samples,)`; group numbers the series that one sender exports together.
    values: `(samples, counters)`, counters that are reset together; the first tells resets. delta: `(samples,)`.
    """

    series: NDArray[np.uint64]
    group: Ints
    time_ns: Ints
    start_ns: Ints
    values: Floats
    delta: NDArray[np.bool_]


def newborn(samples: Samples, first: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Mark first samples of old counters that an earlier export of the same sender did not have.

    Many SDKs date a late series back to the start of the process. It was absent, not unheard, so that its value is an
    increment, unless it was stored before the lookback: the caller has to check that. `first` says which samples are
    the first of their series, where that is not the first here.
    """
    if first is None:
        first = np.ones(len(samples.series), dtype=bool)
        first[1:] = samples.series[1:] != samples.series[:-1]
    candidates = np.flatnonzero(first & ~samples.delta & ~_born(samples))
    out = np.zeros(len(samples.series), dtype=bool)
    # For each candidate the newest export of its group before its own, by one search in (group, rank of time) keys.
    times, rank = np.unique(samples.time_ns, return_inverse=True)
    width = len(times) + 1
    keys = np.sort(samples.group * width + rank)
    own, time = samples.group[candidates], samples.time_ns[candidates]
    place = np.searchsorted(keys, own * width + np.searchsorted(times, time - EXPORT_GAP_NS)) - 1
    earlier = keys[np.maximum(place, 0)] if len(candidates) else keys[:0]
    same = (place >= 0) & (earlier // width == own)
    out[candidates] = same & (times[np.minimum(earlier % width, len(times) - 1)] >= time - LOOKBACK_NS)
    return out


def increments(samples: Samples, whole: NDArray[np.bool_]) -> Floats:
    """Return what each sample adds, `(samples, counters)`; NaN where it is a baseline only.

    - delta: its value;
    - after a sample of the same series: the difference, or the whole value after a reset (the counter fell, or counts
      from after the sample before);
    - first in the lookback: the whole value if the counter was born within the lookback or is marked `whole`.
    """
    follows = _followed(samples)
    values = samples.values
    before = np.zeros_like(values)
    before[1:] = values[:-1]
    earlier = np.zeros_like(samples.time_ns)
    earlier[1:] = samples.time_ns[:-1]
    reset = (values[:, 0] < before[:, 0]) | (samples.start_ns >= earlier)
    complete = samples.delta | np.where(follows, reset, _born(samples) | whole)
    out = np.where(complete[:, None], values, values - before)
    out[~complete & ~follows] = np.nan
    return out


def _followed(samples: Samples) -> NDArray[np.bool_]:
    """Samples that follow another of their series within the lookback."""
    follows = np.zeros(len(samples.series), dtype=bool)
    follows[1:] = (samples.series[1:] == samples.series[:-1]) & (np.diff(samples.time_ns) <= LOOKBACK_NS)
    return follows


def _born(samples: Samples) -> NDArray[np.bool_]:
    """Samples whose counter started within the lookback."""
    return (samples.start_ns > 0) & (samples.start_ns >= samples.time_ns - LOOKBACK_NS)
