"""Exact increments of counters: resets, new series and gaps, decided sample by sample.

Most series are one process that counts up, and are handled together. Series whose value fell or whose start moved are
handled sample by sample (`processes`). Every rule uses a sample and the samples before it within the lookback, never
the requested window, so that the increments of a long window are those of its short parts.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.model.arrays import Floats, Ints
from aiops.sources.common import processes
from aiops.sources.common.grid import NANO
from aiops.sources.common.processes import LOOKBACK_NS

LOOKBACK_SECONDS: Final = LOOKBACK_NS / NANO
# The points of one export may differ by a moment; only an earlier export proves that telemetry was received then.
EXPORT_GAP_NS: Final = NANO // 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """Raw samples, sorted by series, then time, without duplicates.

    series, group, time_ns, start_ns: `(samples,)`; group numbers the series that one sender exports together. values:
    `(samples, counters)`, counters that are reset together; the first one shows resets. delta: `(samples,)`.
    """

    series: NDArray[np.uint64]
    group: Ints
    time_ns: Ints
    start_ns: Ints
    values: Floats
    delta: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Order:
    """The predecessor of each sample, `(samples,)`: its index, or a special value of `processes`.

    shared: groups in which several processes alternate. lost: the groups among them whose start times do not tell the
    processes apart.
    """

    before: Ints
    shared: frozenset[int] = frozenset()
    lost: frozenset[int] = frozenset()


def order(samples: Samples, rises: NDArray[np.bool_] | None = None) -> Order:
    """Find the predecessor of each sample; `rises` marks the samples of counters, where not all are."""
    count = len(samples.series)
    before = np.arange(count) - 1
    if not count:
        return Order(before)
    same = np.zeros(count, dtype=bool)
    same[1:] = samples.series[1:] == samples.series[:-1]
    near = np.zeros(count, dtype=bool)
    near[1:] = np.diff(samples.time_ns) <= LOOKBACK_NS
    before[~same] = processes.FIRST
    before[same & ~near] = processes.PAUSED
    odd = np.zeros(count, dtype=bool)
    odd[1:] = (samples.values[1:, 0] < samples.values[:-1, 0]) | (np.diff(samples.start_ns) != 0)
    odd &= same & ~samples.delta
    if rises is not None:
        odd &= rises
    bounds = np.flatnonzero(np.append(~same, True))
    shared, lost = set(), set()
    for at in np.unique(np.searchsorted(bounds, np.flatnonzero(odd), side="right") - 1).tolist():
        low, high = int(bounds[at]), int(bounds[at + 1])
        told = processes.apart(
            samples.time_ns[low:high].tolist(),
            samples.start_ns[low:high].tolist(),
            samples.values[low:high, 0].tolist(),
        )
        found = np.array(told.before, dtype=np.int64)
        before[low:high] = np.where(found >= 0, found + low, found)
        if told.turns >= processes.TAKES_TURNS:
            shared.add(int(samples.group[low]))
        if told.lost:
            lost.add(int(samples.group[low]))
    return Order(before, frozenset(shared), frozenset(lost))


def newborn(samples: Samples, first: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark first samples of old counters that an earlier export of the same sender did not contain.

    Many SDKs give a late series the start time of the process. The series was absent, not lost, so that its value is an
    increment, unless it was stored before the lookback: the caller has to check that. `first` marks the first sample of
    each process.
    """
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


def increments(samples: Samples, order: Order, whole: NDArray[np.bool_]) -> Floats:
    """Return what each sample adds, `(samples, counters)`; NaN where it is a baseline only.

    - delta: its value;
    - after a predecessor: the difference, or the whole value if it counts from after the predecessor;
    - after a reset: the whole value;
    - first in the lookback: the whole value if the counter started within the lookback or is marked `whole`.
    """
    values, before = samples.values, order.before
    follows = before >= 0
    earlier = np.maximum(before, 0)
    reset = (samples.start_ns >= samples.time_ns[earlier]) & (samples.start_ns > samples.start_ns[earlier])
    first = (before == processes.FIRST) | (before == processes.PAUSED)
    born = np.where(first, _born(samples) | whole, before == processes.WHOLE)
    complete = samples.delta | np.where(follows, reset, born)
    out = np.where(complete[:, None], values, values - values[earlier])
    out[~complete & ~follows] = np.nan
    return out


def _born(samples: Samples) -> NDArray[np.bool_]:
    """Return the samples whose counter started within the lookback."""
    return (samples.start_ns > 0) & (samples.start_ns >= samples.time_ns - LOOKBACK_NS)
