"""Live counts of objectives: rings for burn rates, hours for budgets, and the record of which steps they include."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aiops.model import CalendarPeriods, Labels, LedgerHour, LedgerKey, Missing, SeriesBlock, Slices, Slo
from aiops.model.arrays import Floats
from aiops.slo.live.matcher import SliMatcher
from aiops.slo.live.windows import BurnWindows, Ring
from aiops.slo.rules import tiers

HOUR: Final = tiers.HOUR
WEEK: Final = 7 * tiers.DAY
LONGEST: Final = 120.0
"""The longest time, in seconds, between two points of a service that counts as heard without a break."""
EVENTS, BAD, WATCHED, COVERED = range(4)


@dataclass(slots=True)
class Slots:
    """What is remembered of each slot between steps: when it was last heard, and its open slice of time."""

    at: float | None = None
    heard: Floats = field(default_factory=lambda: np.zeros(0))
    open: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    slices: dict[int, int] = field(default_factory=dict)  # seconds of a slice -> number of the open one

    def copy(self) -> "Slots":
        """Return a copy that later steps do not change."""
        return Slots(self.at, self.heard.copy(), self.open.copy(), dict(self.slices))


@dataclass(frozen=True, slots=True)
class Taken:
    """What a block added: the steps with their counts `(slots, 4)`, and the hours for the ledger."""

    steps: tuple[tuple[float, Floats], ...]
    hours: tuple[LedgerHour, ...]
    before: Slots

    def then(self, later: "Taken") -> "Taken":
        """Return both blocks as one."""
        return Taken((*self.steps, *later.steps), (*self.hours, *later.hours), self.before)


@dataclass(slots=True)
class SliCounter:
    """Counts of objectives. `undo` takes back what a block added, as long as it is not known to be saved.

    `ledger_at` is the end of the last step in the saved ledger. A step that is counted again, because the memory of it
    was lost, is not added to the ledger twice.
    """

    slos: Sequence[Slo]
    ledger_at: float = 0.0
    matcher: SliMatcher = field(init=False)
    windows: BurnWindows = field(default_factory=BurnWindows)
    hours: Ring = field(init=False)
    slots: Slots = field(default_factory=Slots)
    of: list[Slo] = field(default_factory=list)  # the objective of each slot
    groups: list[Labels] = field(default_factory=list)
    _named: dict[str, Slo] = field(init=False)

    def __post_init__(self) -> None:
        self.matcher = SliMatcher(self.slos)
        self._named = {one.name: one for one in self.slos}
        longest = max((_longest(one) for one in self.slos), default=WEEK)
        self.hours = Ring(HOUR, max(longest, WEEK) // HOUR + 2, 4)

    @property
    def at(self) -> float | None:
        """The end of the last step counted."""
        return self.slots.at

    def take(self, block: SeriesBlock) -> Taken:
        """Count the steps of a block that are new."""
        before = self.slots.copy()
        # Before the very first data there was nothing to watch.
        new = _begun(block) if before.at is None else block.ends > before.at
        events, bad = (one[:, new] for one in self.matcher.counted(block))
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
        """Take back what was taken last, because it could not be saved."""
        self._add(taken.steps, -1.0)
        self.slots = taken.before
        self.grow()  # groups that were new stay

    def saved(self, taken: Taken) -> None:
        """Note that the ledger includes what was taken."""
        if taken.steps:
            self.ledger_at = max(self.ledger_at, taken.steps[-1][0])

    def fill(self, ledger: Iterable[LedgerHour], at: float) -> None:
        """Replace the hours by the saved ones, up to a time. Rows of objectives that are gone, or that count other
        events now, are skipped."""
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
        """Go back to a time before the last count, because clocks were set back. New steps are counted, and the counts
        after that time stay in their hours. A source has the data of both passes of a time that occurs twice, so that
        the first pass is counted again: that is better than no count until the old time is reached."""
        self.ledger_at = min(self.ledger_at, at)
        self.slots.at = at
        self.slots.heard = np.minimum(self.slots.heard, at)
        self.slots.open[:], self.slots.slices = 0.0, {}
        self.windows.rewind(at)

    def forget(self) -> None:
        """Drop the groups that were not heard for as long as counts are kept, so that memory and ledger hold only what
        is alive."""
        heard: NDArray[np.bool_] = np.asarray(self.hours.sums[:, COVERED].any(axis=1))
        kept = [row for row, group in enumerate(self.groups) if heard[row] or not group]
        if len(kept) == len(self.of):
            return
        self.matcher.keep(kept)
        self.of, self.groups = [self.of[row] for row in kept], [self.groups[row] for row in kept]
        self.slots.heard, self.slots.open = self.slots.heard[kept], self.slots.open[kept]
        for ring in (self.windows.minutes, self.windows.fives, self.hours):
            ring.sums = ring.sums[kept]

    def slot(self, key: LedgerKey) -> int | None:
        """Return the place of a saved slot; None if it is no longer counted."""
        slo = self._named.get(key.slo)
        if slo is None or key.slo in self.matcher.left_out or sli_of(slo) != key.sli:
            return None
        if {attribute for attribute, _ in key.group} != set(slo.group_by):
            return None
        return self.matcher.slot(slo, dict(key.group))

    def places(self) -> list[LedgerKey]:
        """Return the key under which each slot is saved."""
        return [LedgerKey(slo.name, sli_of(slo), group) for slo, group in zip(self.of, self.groups, strict=True)]

    def grow(self) -> None:
        """Make room for new slots."""
        for name, group in list(self.matcher.slots)[len(self.of) :]:
            self.of.append(self._named[name])
            self.groups.append(group)
        more = len(self.of) - len(self.slots.heard)
        if more:
            self.slots.heard = np.concatenate([self.slots.heard, np.full(more, np.nan)])
            self.slots.open = np.concatenate([self.slots.open, np.zeros((more, 2))])
            for ring in (self.windows.minutes, self.windows.fives, self.hours):
                ring.grow(len(self.of))

    def _step(self, at: float, step: float, events: Floats, bad: Floats) -> Floats:
        """Return what a step adds to each slot: events, bad events, seconds watched and covered; slices in place of
        events where slices are counted. A slot that is heard every minute or two counts as covered in between."""
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
        """Return the slices that end with this step, or ended since the last one, `(rows, 2)`."""
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
        """Return one event for each slice that is known, bad or good; an unknown slice gives no event."""
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
            self.windows.add(at, sign * counts[:, :COVERED])
            if at > self.ledger_at:  # the hours hold exactly what the ledger has
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
                events, bad, watched, covered = counts[row].tolist()
                yield LedgerHour(key=keys[row], hour=hour, events=events, bad=bad, watched=watched, covered=covered)


def _begun(block: SeriesBlock) -> NDArray[np.bool_]:
    """Return the steps from the first one with any sample on."""
    found: NDArray[np.bool_] = np.logical_or.accumulate(~np.isnan(block.values).all(axis=0))
    return found


def sli_of(slo: Slo) -> str:
    """Return a short word for the events that an objective counts, so that counts of other events are not added to
    them."""
    return sha256(repr((slo.indicator, slo.slices, slo.group_by)).encode()).hexdigest()[:16]


def _longest(slo: Slo) -> int:
    if isinstance(slo.period, CalendarPeriods):
        return (31 * slo.period.months + slo.period.days + 1) * tiers.DAY
    return slo.period.seconds
