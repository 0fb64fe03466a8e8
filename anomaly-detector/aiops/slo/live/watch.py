"""Objectives as they are counted live: rings for burn rates, hours for budgets, and which steps are in them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.model import Calendar, Labels, LedgerHour, LedgerKey, Missing, SeriesBlock, Slices, Slo
from aiops.slo.live.meter import SliMatcher
from aiops.slo.live.tally import BurnWindows, Ring
from aiops.slo.rules import tiers

HOUR: Final = tiers.HOUR
WEEK: Final = 7 * tiers.DAY
LONGEST: Final = 120.0
"""Seconds between two points of a service that is heard all the time."""
EVENTS, BAD, WATCHED, COVERED = range(4)

Floats = NDArray[np.float64]


@dataclass(slots=True)
class Slots:
    """What is remembered of each slot between steps: when it was heard last, and its open slice of time."""

    at: float | None = None
    heard: Floats = field(default_factory=lambda: np.zeros(0))
    open: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    slices: dict[int, int] = field(default_factory=dict)  # seconds of a slice -> number of the open one

    def copy(self) -> "Slots":
        return Slots(self.at, self.heard.copy(), self.open.copy(), dict(self.slices))


@dataclass(frozen=True, slots=True)
class Taken:
    """What a block added: steps with their counts `(slots, 4)`, and what the ledger is to be given."""

    steps: tuple[tuple[float, Floats], ...]
    hours: tuple[LedgerHour, ...]
    before: Slots

    def then(self, later: "Taken") -> "Taken":
        """Both, as one."""
        return Taken((*self.steps, *later.steps), (*self.hours, *later.hours), self.before)


@dataclass(slots=True)
class SliCounter:
    """Counts of objectives. What a block adds is taken back by `undo` until it is known to be saved.

    `ledger_at` is the end of the last step that the saved ledger has: a step that is counted again, because what was
    remembered of it was lost, is not put there twice.
    """

    slos: Sequence[Slo]
    ledger_at: float = 0.0
    meter: SliMatcher = field(init=False)
    tally: BurnWindows = field(default_factory=BurnWindows)
    hours: Ring = field(init=False)
    slots: Slots = field(default_factory=Slots)
    of: list[Slo] = field(default_factory=list)  # the objective of each slot
    groups: list[Labels] = field(default_factory=list)
    _named: dict[str, Slo] = field(init=False)

    def __post_init__(self) -> None:
        self.meter = SliMatcher(self.slos)
        self._named = {one.name: one for one in self.slos}
        longest = max((_longest(one) for one in self.slos), default=WEEK)
        self.hours = Ring(HOUR, max(longest, WEEK) // HOUR + 2, 4)

    @property
    def at(self) -> float | None:
        """End of the last step counted."""
        return self.slots.at

    def take(self, block: SeriesBlock) -> Taken:
        """Count the steps of a block that are new."""
        before = self.slots.copy()
        # Before the first data of all there was nothing to look at.
        new = _begun(block) if before.at is None else block.ends > before.at
        events, bad = (one[:, new] for one in self.meter.counted(block))
        self.grow()
        steps = []
        try:
            for column, at in enumerate(block.ends[new]):
                counts = self._step(float(at), block.step, events[:, column], bad[:, column])
                steps.append((float(at), counts))
        except Exception:
            self.slots = before
            self.grow()
            raise
        self._add(steps, 1.0)
        return Taken(tuple(steps), tuple(self._entries(steps)), before)

    def undo(self, taken: Taken) -> None:
        """Take back what was taken last: it could not be saved."""
        self._add(taken.steps, -1.0)
        self.slots = taken.before
        self.grow()  # groups that were new stay

    def saved(self, taken: Taken) -> None:
        """The ledger has it."""
        if taken.steps:
            self.ledger_at = max(self.ledger_at, taken.steps[-1][0])

    def fill(self, ledger: Iterable[LedgerHour], at: float) -> None:
        """Take the hours that are saved, up to a time, in place of those that were here; rows of objectives that are
        gone, or count something else now, are passed over."""
        self.ledger_at = at
        self.hours.sums[:] = 0.0
        rows = sorted(ledger, key=lambda one: one.hour)
        places = {key: self.slot(key) for key in {one.key: None for one in rows}}
        known = [(places[one.key], one) for one in rows]
        self.grow()
        by_hour: dict[int, Floats] = defaultdict(lambda: np.zeros((len(self.of), 4)))
        for slot, one in known:
            if slot is not None:
                by_hour[one.hour][slot] = one.events, one.bad, one.watched, one.covered
        for hour, counts in by_hour.items():
            self.hours.add(hour * HOUR, counts)

    def rewind(self, at: float) -> None:
        """Go back to a time before what was counted, as clocks have been set back: what comes now is counted, and what
        was counted after that time stays in its hours. Of times that are lived twice a source has both lives, so that
        the first of them is counted again: better than nothing until the old time is reached."""
        self.ledger_at = min(self.ledger_at, at)
        self.slots.at = at
        self.slots.heard = np.minimum(self.slots.heard, at)
        self.slots.open[:], self.slots.slices = 0.0, {}
        self.tally.rewind(at)

    def forget(self) -> None:
        """Drop the groups that were not heard for as long as anything is kept, so that memory and ledger follow what is
        alive."""
        heard: NDArray[np.bool_] = np.asarray(self.hours.sums[:, COVERED].any(axis=1))
        kept = [row for row, group in enumerate(self.groups) if heard[row] or not group]
        if len(kept) == len(self.of):
            return
        self.meter.keep(kept)
        self.of, self.groups = [self.of[row] for row in kept], [self.groups[row] for row in kept]
        self.slots.heard, self.slots.open = self.slots.heard[kept], self.slots.open[kept]
        for ring in (self.tally.minutes, self.tally.fives, self.hours):
            ring.sums = ring.sums[kept]

    def slot(self, key: LedgerKey) -> int | None:
        """The place of a slot that was saved; None if it is not counted any more."""
        slo = self._named.get(key.slo)
        if slo is None or key.slo in self.meter.left_out or sli_of(slo) != key.sli:
            return None
        if {attribute for attribute, _ in key.group} != set(slo.group_by):
            return None
        return self.meter.slot(slo, dict(key.group))

    def places(self) -> list[LedgerKey]:
        """How each slot is saved."""
        return [LedgerKey(slo.name, sli_of(slo), group) for slo, group in zip(self.of, self.groups, strict=True)]

    def grow(self) -> None:
        """Make room for the slots that are new."""
        for name, group in list(self.meter.slots)[len(self.of) :]:
            self.of.append(self._named[name])
            self.groups.append(group)
        more = len(self.of) - len(self.slots.heard)
        if more:
            self.slots.heard = np.concatenate([self.slots.heard, np.full(more, np.nan)])
            self.slots.open = np.concatenate([self.slots.open, np.zeros((more, 2))])
            for ring in (self.tally.minutes, self.tally.fives, self.hours):
                ring.grow(len(self.of))

    def _step(self, at: float, step: float, events: Floats, bad: Floats) -> Floats:
        """What a step adds to each slot: events, bad ones, seconds watched and covered; slices instead of events where
        those are counted. What was heard every minute or two was there in between."""
        slots = self.slots
        seen = ~np.isnan(events)
        since = np.where(np.isnan(slots.heard), step, np.clip(at - slots.heard, 0.0, LONGEST))
        slots.heard = np.where(seen, at, slots.heard)
        slots.at = at
        watched = np.full(len(events), step)
        covered = np.where(seen, since, 0.0)
        counts = np.stack([np.nan_to_num(events), np.nan_to_num(bad), watched, covered], axis=1)
        for width, rows in self._sliced().items():
            counts[rows, :WATCHED] = self._slices(at, width, rows, counts[rows, :WATCHED])
        return counts

    def _slices(self, at: float, width: int, rows: list[int], counts: Floats) -> Floats:
        """The slices that end with this step, or ended since the last one; `(rows, 2)`."""
        slots, number = self.slots, int(-(-at // width))
        out = np.zeros((len(rows), 2))
        if slots.slices.get(width, number) != number:
            out += self._closed(rows)
        slots.slices[width] = number
        slots.open[rows] += counts
        if at == number * width:
            out += self._closed(rows)
            slots.slices.pop(width)
        return out

    def _closed(self, rows: list[int]) -> Floats:
        """One event for each slice that is known, bad or not; nothing happened in one that is not."""
        sums = self.slots.open[rows]
        self.slots.open[rows] = 0.0
        out = np.zeros((len(rows), 2))
        for place, row in enumerate(rows):
            slo, (events, bad) = self.of[row], sums[place]
            assert slo.slices is not None
            if events > 0:
                out[place] = 1.0, 1 - bad / events < float(slo.slices.target)
            elif slo.missing == Missing.BAD:
                out[place] = 1.0, 1.0
        return out

    def _sliced(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for row, slo in enumerate(self.of):
            if isinstance(slo.slices, Slices):
                found[slo.slices.seconds].append(row)
        return found

    def _add(self, steps: Iterable[tuple[float, Floats]], sign: float) -> None:
        for at, counts in steps:
            self.tally.add(at, sign * counts[:, :COVERED])
            if at > self.ledger_at:  # the hours are what the ledger is
                self.hours.add(at, sign * counts)

    def _entries(self, steps: Sequence[tuple[float, Floats]]) -> Iterator[LedgerHour]:
        by_hour: dict[int, Floats] = {}
        for at, counts in steps:
            if at > self.ledger_at:
                hour = int(-(-at // HOUR))
                by_hour[hour] = by_hour[hour] + counts if hour in by_hour else counts
        keys = self.places() if by_hour else []
        for hour, counts in by_hour.items():
            for row in np.flatnonzero(counts.any(axis=1)):
                yield LedgerHour(keys[row], hour, *(float(one) for one in counts[row]))


def _begun(block: SeriesBlock) -> NDArray[np.bool_]:
    """The steps from the first on that anything has a sample in."""
    found: NDArray[np.bool_] = np.logical_or.accumulate(~np.isnan(block.values).all(axis=0))
    return found


def sli_of(slo: Slo) -> str:
    """Which events an objective counts, as a short word: counts of others are not put to them."""
    return sha256(repr((slo.indicator, slo.slices, slo.group_by)).encode()).hexdigest()[:16]


def _longest(slo: Slo) -> int:
    if isinstance(slo.period, Calendar):
        return (31 * slo.period.months + slo.period.days + 1) * tiers.DAY
    return slo.period.seconds
