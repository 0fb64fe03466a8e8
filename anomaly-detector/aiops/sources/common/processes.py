"""Which samples of a series follow which, where several processes may send under one identity.

Workers of one server that share a resource send cumulative counters that differ by their start time at best. Where the
start times tell them apart, the increments are exact. Where they do not (unknown or equal start times), samples are
assigned to as few rising sequences as possible, each to the sequence with the nearest lower last value. No other
assignment counts less, so that the result is a lower bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from aiops.sources.common.grid import NANO

FIRST: Final = -1
"""No predecessor: the first sample of its process."""
PAUSED: Final = -2
"""No predecessor that is near enough, in a series that was known before."""
WHOLE: Final = -3
"""Counts from zero: its process was restarted."""
DOUBT: Final = -4
"""The value fell, but not by as much as a restart explains: its increment is unknown."""

LOOKBACK_NS: Final = 300 * NANO
JITTER_NS: Final = 5_000_000
"""Start times that differ by less may be the same, written in another unit."""
RESTART: Final = 4.0
"""A counter that fell was restarted if its new value needs at most this many times its usual rate."""
SMALL: Final = 10.0
"""An increment that is always plausible since the last sample."""
USELESS: Final = 8
"""So many start times, all different, identify nothing."""
PATIENCE: Final = 4
"""Rounds after which a sequence without a new sample has ended."""
TAKES_TURNS: Final = 2
"""A restarted process overtakes its own past once, not twice."""


class Continuations(NamedTuple):
    """`before` is the index of the predecessor of each sample, or FIRST, PAUSED, WHOLE, DOUBT. `turns` counts how often
    one process followed another that continues. `lost`: start times did not tell them apart."""

    before: list[int]
    turns: int
    lost: bool


@dataclass(frozen=True, slots=True)
class _Head:
    index: int
    time: int
    value: float
    turn: int


@dataclass(slots=True)
class _Process:
    """Samples with one start time: of one process, or of as many as are needed for each to rise. `step` is the largest
    single increment; `grown` is the sum of increments since `born`."""

    heads: list[_Head]
    born: int
    samples: int = 1
    turn: int = 0
    turns: int = 0
    grown: float = 0.0
    step: float = 0.0
    doubted: bool = False

    @property
    def time(self) -> int:
        return self.heads[-1].time

    def take(self, index: int, time: int, value: float) -> int:
        """Return the predecessor of a sample."""
        self.turn += 1
        latest = self.heads[-1]
        alive = [one for one in self.heads if self.turn - one.turn <= PATIENCE * len(self.heads)]
        # The newest comes last: among equal values it is the predecessor.
        near = max((one for one in alive if one.value <= value), key=lambda one: (one.value, one.turn), default=None)
        before = DOUBT
        if near is not None:
            before = near.index
            alive.remove(near)
            self.turns += near is not latest
            grown = value - near.value
            self.step, self.grown = max(self.step, grown), self.grown + grown
        elif value <= self._restarted(latest, time):
            before = WHOLE
        self.doubted |= before == DOUBT
        self.heads = [*alive, _Head(index, time, value, self.turn)]
        return before

    def _restarted(self, latest: _Head, time: int) -> float:
        """Return the most that a process can have counted if it was restarted after the previous sample."""
        if self.turns >= TAKES_TURNS:
            return RESTART * self.step
        heard, since = latest.time - self.born, time - latest.time
        usual = self.grown * since / heard if heard >= since and not self.doubted else 0.0
        return max(RESTART * usual, latest.value / 2, SMALL)

    def copy(self) -> "_Process":
        return replace(self, heads=list(self.heads), samples=1)


@dataclass(slots=True)
class _Sender:
    """Processes by their start time, in the order in which they were last heard."""

    known: dict[int, _Process] = field(default_factory=dict)
    latest: _Process | None = None
    turns: int = 0

    def take(self, index: int, time: int, start: int, value: float) -> int:
        fresh = {of: one for of, one in self.known.items() if time - one.time <= LOOKBACK_NS}
        paused = bool(self.known) and not fresh
        own = origin = fresh.get(start)
        if own is None and fresh and (not start or start < max(one.time for one in fresh.values())):
            own, origin = _continued(fresh, time, start, value)
        if own is None:
            before = PAUSED if paused or start in self.known else FIRST
            own = _Process([_Head(index, time, value, 0)], time)
        else:
            own.samples += own is origin
            self.turns += origin is not self.latest
            before = own.take(index, time, value)
        fresh[start] = self.latest = own
        self.known = fresh
        return before


def apart(time: Sequence[int], start: Sequence[int], value: Sequence[float]) -> Continuations:
    """Assign the samples of one cumulative series to processes. Times are Unix nanoseconds, sorted; start 0 is
    unknown."""
    sender = _Sender()
    before = [sender.take(at, *sample) for at, sample in enumerate(zip(time, start, value, strict=True))]
    inside = max((one.turns for one in sender.known.values()), default=0)
    return Continuations(before, sender.turns + inside, inside >= TAKES_TURNS)


def _continued(
    fresh: dict[int, _Process], time: int, start: int, value: float
) -> tuple[_Process | None, _Process | None]:
    """Return the process that a sample with a new start time continues, and the process that this is a copy of; None
    for a process that was not heard before."""
    unknown = next(iter(fresh.values())) if not start and len(fresh) == 1 else fresh.get(0)
    if unknown is not None:
        return unknown, unknown  # the start time is missing now and then
    # Some clients send "since ten minutes ago" with every export: the start time slides along.
    sliding = [one for of, one in fresh.items() if of and one.time - of == time - start]
    close = sliding or [one for of, one in fresh.items() if abs(of - start) <= JITTER_NS]
    if close:
        origin = max(close, key=lambda one: one.time)
        return origin.copy(), origin
    if len(fresh) >= USELESS and all(one.samples == 1 for one in fresh.values()):
        below = [(one.heads[-1].value, one.time, of) for of, one in fresh.items() if one.heads[-1].value <= value]
        if below:
            origin = fresh.pop(max(below)[2])
            return origin.copy(), origin
    return None, None
