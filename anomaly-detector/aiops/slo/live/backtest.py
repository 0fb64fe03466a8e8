"""Which alerts of objectives would have fired on stored history, and what other targets would have meant.

The counts of every minute are put together to counters, and the alerts are evaluated over them as in `simulation`. The
result is what the rules would have reported, had they been in place. An alert looks back as far as `LOOKBACK`, so that
history is read from that long before the window.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import Final

import numpy as np

from aiops.model import Adjustment, Labels, Selector, SeriesBlock, Server, Slo, Urgency, Window, names, value_of
from aiops.model.arrays import Bools, Floats
from aiops.slo.live.matcher import SliMatcher, Slot
from aiops.slo.rules import tiers
from aiops.slo.rules.simulation import MINUTE, SimulatedCounters, bad_slices, firing
from aiops.slo.spec import periods

LOOKBACK: Final = max(tiers.WINDOWS)
ALIGNED: Final = tiers.HOUR
"""History begins at a multiple of this: slices of time, whose lengths divide an hour, then end at their usual ends."""


@dataclass(frozen=True, slots=True)
class Fired:
    """A stretch in which an alert fired, Unix seconds; `end` is None where it still fired at the end of history."""

    urgency: Urgency
    start: float
    end: float | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What one target would have meant. `burn` is the burn rate over the window. `spent` is the share of a whole
    period's budget that would have been spent if the whole period had been like the counted time of the window. Both
    are None where nothing was counted. `can` are the alerts that are possible at all with this target."""

    target: Decimal
    burn: float | None
    spent: float | None
    fired: tuple[Fired, ...]
    can: frozenset[Urgency]


@dataclass(frozen=True, slots=True, kw_only=True)
class SloReplay:
    """The outcome of an objective, or of one of its groups: events and bad events in the window (slices, where it
    counts slices), and the share of its minutes with any data. The first trial is for its own target."""

    slo: Slo
    group: Labels
    events: float
    bad: float
    coverage: float
    trials: tuple[Trial, ...]

    @property
    def good_ratio(self) -> float | None:
        """The share of good events; None where nothing was counted."""
        return 1 - self.bad / self.events if self.events else None


@dataclass(slots=True)
class SliHistory:
    """Counts by minute after `start` (Unix seconds, a multiple of ALIGNED), from blocks that follow one another."""

    matcher: SliMatcher
    start: float
    _events: list[Floats] = field(default_factory=list)
    _bad: list[Floats] = field(default_factory=list)
    _bounds: dict[str, set[float]] = field(default_factory=dict)

    def selectors(self) -> list[Selector]:
        """Return what to ask a source for."""
        served = [one.indicator for one in self._counted() if isinstance(one.indicator, Server)]
        signals = {
            names.REQUESTS: bool(served),
            names.ERRORS: any(one.threshold is None for one in served),
            names.BUCKET: any(one.threshold is not None for one in served),
        }
        return [*(Selector(name) for name, wanted in signals.items() if wanted), *self.matcher.selectors()]

    def take(self, block: SeriesBlock) -> None:
        """Add the next block, in steps of a minute."""
        events, bad = self.matcher.counted(block)
        self._events.append(events)
        self._bad.append(bad)
        for series in block.labels:
            if value_of(series, names.NAME) == names.BUCKET:
                self._bounds.setdefault(value_of(series, names.SERVICE), set()).add(float(value_of(series, names.LE)))

    def begins(self) -> float | None:
        """Return the start of the first minute in which anything was counted; None where nothing was."""
        known = np.zeros(sum(one.shape[1] for one in self._events), bool)
        at = 0
        for one in self._events:
            known[at : at + one.shape[1]] = ~np.isnan(one).all(axis=0)
            at += one.shape[1]
        if not known.any():
            return None
        return self.start + int(np.argmax(known)) * MINUTE

    def left_out(self) -> dict[str, str]:
        """Return by name why objectives could not be counted."""
        out = dict(self.matcher.left_out)
        for one in self._counted():
            of = one.indicator
            if one.slices is not None and one.slices.seconds % MINUTE:
                out[one.name] = "its slices are no whole minutes"
            elif isinstance(of, Server) and of.threshold is not None:
                bounds = sorted(self._bounds.get(of.service, ()))
                if bounds and float(of.threshold) not in bounds:
                    shown = ", ".join(f"{bound:g} s" for bound in bounds if np.isfinite(bound))
                    out[one.name] = (
                        f"no bucket ends at {tiers.plain_number(of.threshold)} s; there are {shown or 'none'}"
                    )
        return out

    def slots(self) -> Iterator[tuple[Slo, Labels, Floats, Floats]]:
        """Yield the objectives that can be counted, their groups, and events and bad events of each minute; NaN where
        there were no data. An objective without any data has no group."""
        left_out = self.left_out()
        slos = {one.name: one for one in self._counted() if one.name not in left_out}
        found = {slot: number for slot, number in self.matcher.slots.items() if slot[0] in slos}
        silent: list[Slot] = [(name, ()) for name in slos.keys() - {name for name, _ in found}]
        for name, group in sorted([*found, *silent]):
            number = found.get((name, group))
            yield slos[name], group, self._row(self._events, number), self._row(self._bad, number)

    def _counted(self) -> list[Slo]:
        return [one for one in self.matcher.slos if one.name not in self.matcher.left_out]

    @staticmethod
    def _row(parts: list[Floats], slot: int | None) -> Floats:
        """Return a slot over all blocks; blocks before it was first seen do not have it."""
        return np.concatenate(
            [one[slot] if slot is not None and slot < len(one) else np.full(one.shape[1], np.nan) for one in parts]
        )


def replay(
    history: SliHistory, window: Window, adjustments: Sequence[Adjustment], targets: Sequence[Decimal]
) -> list[SloReplay]:
    """Return the outcome of each objective in a window of history, with its own target and with others.

    Time that does not count is no part of a budget; the rules do not know of it and alert nevertheless. The window must
    not begin before `history.begins()`.
    """
    begins = history.begins()
    assert begins is not None
    window = Window(max(window.start, begins), window.end)
    out = []
    for slo, group, events, bad in history.slots():
        # The slice in which the data begin counts as a whole one.
        width = MINUTE if slo.slices is None else slo.slices.seconds
        first = int(begins - history.start) // width * width // MINUTE
        minutes = _Minutes(history.start + first * MINUTE, events[first:], bad[first:])
        out.append(_outcome(slo, group, minutes, window, adjustments, targets))
    return out


@dataclass(frozen=True, slots=True)
class _Minutes:
    """Events and bad events of each minute after `start`; NaN where there were no data."""

    start: float
    events: Floats
    bad: Floats

    def ends(self) -> Floats:
        ends: Floats = self.start + MINUTE * np.arange(1.0, len(self.events) + 1)
        return ends

    def counters(self) -> SimulatedCounters:
        events, bad = (np.concatenate([[0.0], np.cumsum(np.nan_to_num(one))]) for one in (self.events, self.bad))
        return SimulatedCounters(events, bad, watched=1)


def _outcome(
    slo: Slo,
    group: Labels,
    minutes: _Minutes,
    window: Window,
    adjustments: Sequence[Adjustment],
    targets: Sequence[Decimal],
) -> SloReplay:
    counts, ends = minutes.counters(), minutes.ends()
    counting = (ends > window.start) & (ends <= window.end)
    for one in periods.excluded(slo, adjustments, window):
        counting &= ~((ends > one.start) & (ends <= one.end))
    known = ~np.isnan(minutes.events) & counting
    if slo.slices is None:
        total, wrong = (float(np.nan_to_num(one)[counting].sum()) for one in (minutes.events, minutes.bad))
    else:
        broken, judged = bad_slices(slo, counts)
        total, wrong = (float(one[1:][counting].sum()) for one in (judged, broken))
    counted = int(counting.sum())
    trials = []
    for target in dict.fromkeys([slo.target, *targets]):
        tried = replace(slo, target=target)
        burn = wrong / total / float(tried.allowed) if total else None
        spent = None if burn is None else burn * counted * MINUTE / tiers.seconds(slo.period)
        can = frozenset(tier.urgency for tier in tiers.live(tried))
        fired = tuple(one for urgency in Urgency for one in _fired(tried, counts, urgency, minutes.start, window))
        trials.append(Trial(target, burn, spent, fired, can))
    return SloReplay(
        slo=slo,
        group=group,
        events=total,
        bad=wrong,
        coverage=int(known.sum()) / counted if counted else 0.0,
        trials=tuple(trials),
    )


def _fired(slo: Slo, counts: SimulatedCounters, urgency: Urgency, origin: float, window: Window) -> Iterator[Fired]:
    """Yield the stretches in which an alert fired that overlap with a window; counts begin at `origin`."""
    fires: Bools = firing(slo, counts, urgency)
    edges = np.flatnonzero(np.diff(fires.astype(np.int8), prepend=0, append=0))
    for first, last in pairwise(edges.tolist()):
        if fires[first]:
            start, end = origin + first * MINUTE, origin + last * MINUTE
            if end > window.start and start <= window.end:
                yield Fired(urgency, start, end if last < len(fires) else None)
