"""Which samples of one series go on from which, where several processes may send under one identity.

Workers of one server that share a resource send cumulative counters that differ by their start at best. Where starts
tell them apart the increments are exact. Where they do not (start unknown, or one for all), samples are dealt to as few
rising sequences as they need, each to the one whose last value is nearest below: no dealing counts less, so that what
is counted is a lower bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from aiops.sources.common.grid import NANO

FIRST: Final = -1
"""Goes on from nothing: the first of its process."""
PAUSED: Final = -2
"""Goes on from nothing that is near enough, in a series that was known before."""
WHOLE: Final = -3
"""Counts from zero: its process was started anew."""
DOUBT: Final = -4
"""Fell by less than a new start explains: what it adds is not known."""

LOOKBACK_NS: Final = 300 * NANO
JITTER_NS: Final = 5_000_000
"""Starts that differ by less may be one, written in another unit."""
RESTART: Final = 4.0
"""A counter that fell was started anew if it reached its value at no more than this many times its usual rate."""
SMALL: Final = 10.0
"""So little may always have been counted since."""
USELESS: Final = 8
"""So many starts, each different, tell nothing apart."""
PATIENCE: Final = 4
"""Rounds after which a sequence that nothing went on from has ended."""
TAKES_TURNS: Final = 2
"""A process that was started anew overtakes its own past once, not twice."""


class Told(NamedTuple):
    """`before` is the index of the sample that each goes on from, or FIRST, PAUSED, WHOLE, DOUBT. `turns` says how
    often one process came after another that goes on, `lost` whether starts did not tell them apart."""

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
    """Samples with one start: of one process, or of as many as it takes for each to rise. `step` is the most that was
    added at once; `grown` is what was added since `born`."""

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
        """Say what a sample goes on from."""
        self.turn += 1
        latest = self.heads[-1]
        alive = [one for one in self.heads if self.turn - one.turn <= PATIENCE * len(self.heads)]
        # The newest stands last: of equal values it is the one gone on from.
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
        """The most that a process can have counted that was started anew since the sample before."""
        if self.turns >= TAKES_TURNS:
            return RESTART * self.step
        heard, since = latest.time - self.born, time - latest.time
        usual = self.grown * since / heard if heard >= since and not self.doubted else 0.0
        return max(RESTART * usual, latest.value / 2, SMALL)

    def copy(self) -> "_Process":
        return replace(self, heads=list(self.heads), samples=1)


@dataclass(slots=True)
class _Sender:
    """Processes by their start, in the order in which they were heard last."""

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


def apart(time: Sequence[int], start: Sequence[int], value: Sequence[float]) -> Told:
    """Tell the samples of one cumulative series apart: Unix nanoseconds, by time; start 0 is unknown."""
    sender = _Sender()
    before = [sender.take(at, *sample) for at, sample in enumerate(zip(time, start, value, strict=True))]
    inside = max((one.turns for one in sender.known.values()), default=0)
    return Told(before, sender.turns + inside, inside >= TAKES_TURNS)


def _continued(
    fresh: dict[int, _Process], time: int, start: int, value: float
) -> tuple[_Process | None, _Process | None]:
    """The process that a sample with a start not seen before goes on from, and whose copy that is; None for a process
    that was not heard before."""
    unknown = next(iter(fresh.values())) if not start and len(fresh) == 1 else fresh.get(0)
    if unknown is not None:
        return unknown, unknown  # start left out now and then
    # Some clients say "since ten minutes ago" with every export: the start slides along.
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
