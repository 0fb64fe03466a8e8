"""Objectives in a cycle: count new steps, compute the status of each objective, update the records of burns."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import floor
from typing import Final

from aiops.model import (
    Burn,
    BurnEvent,
    Explained,
    Family,
    Finding,
    Impact,
    Incident,
    Labels,
    Ledger,
    Selector,
    SeriesBlock,
    Window,
    counted_requests,
    labels,
    names,
)
from aiops.model.errors import SourceError, StoreError
from aiops.ports import Forecast, MetricSource, ObjectiveStore, RuledBurns
from aiops.slo import Objectives
from aiops.slo.live.counter import SliCounter, Taken
from aiops.slo.live.forecast import LastWeek
from aiops.slo.live.impact import followed, impacts
from aiops.slo.live.status import LOOKBACK, CompositeStatus, SloStatus, composite_status, statuses
from aiops.slo.rules.prometheus import ABSENT_FOR
from aiops.store.rings import Rings

log = logging.getLogger(__name__)

EVERY: Final = 60.0
"""Seconds between two saves of the rings; what is missing after a crash is counted again."""
SERVED: Final = tuple(Selector(name) for name in (names.REQUESTS, names.ERRORS, names.BUCKET))
PART: Final = 6 * 3600.0
"""Seconds of history that are counted at once."""
SHOWN: Final = 10
"""The number of burns that begin in one cycle and whose traces are read: reading hundreds would delay detection."""
LOOK_BACK: Final = 300.0
"""Seconds before a burn is noticed in which its bad requests are searched for."""

Evidence = Callable[[Finding], Explained | None]
"""A function that returns what traces show of a finding; None where they do not answer."""


def _nothing(_finding: Finding) -> Explained | None:
    return None


@dataclass(slots=True)
class Budgets:
    """The objectives of an engine. What `count` adds is undone by `rollback`, or made permanent by `commit`.

    An error in them does not end a cycle: it becomes a line in `gaps`, and the next cycle counts again.
    """

    objectives: Objectives
    metrics: MetricSource
    store: ObjectiveStore
    rings: Rings
    backfill: float
    evidence: Evidence = _nothing
    ruled: RuledBurns | None = None
    tells: bool = True
    forecast: Forecast | None = None
    gaps: list[str] = field(default_factory=list)
    statuses: tuple[SloStatus, ...] = ()
    composites: tuple[CompositeStatus, ...] = ()
    counted: bool = False  # in this cycle
    counter: SliCounter = field(init=False)
    _taken: Taken | None = None
    _records: list[Burn] = field(default_factory=list)
    _after: list[Burn] | None = None
    _said: dict[str, str] = field(default_factory=dict)
    _unsure: bool = False
    _back_to: float | None = None
    _kept_at: float = 0.0

    def __post_init__(self) -> None:
        self.counter = SliCounter(self.objectives.slos)
        self.counter.fill(*self.store.ledger())
        self.rings.load(self.counter)
        self._records = self.store.burning()
        self.forecast = self.forecast or LastWeek(self.counter)
        for name, why in self.counter.matcher.left_out.items():
            log.warning("objective %s is left to Prometheus: %s", name, why)

    @property
    def left_out(self) -> dict[str, str]:
        """Objectives that are not counted, with the reason."""
        unbound = dict.fromkeys(sorted(self.counter.matcher.unbound), "no bucket of its requests ends at its threshold")
        return {**self.counter.matcher.left_out, **unbound}

    @property
    def oldest_hour(self) -> int | None:
        """The first hour (since 1970) that any period still includes."""
        return self.counter.hours.newest - self.counter.hours.size

    def count(self, block: SeriesBlock, at: float | None, now: float) -> None:
        """Count what a block adds, and compute the status of all objectives. The block ends at `at`, even if it is
        empty. Raises StoreError."""
        self.gaps, self.counted = [], False
        try:
            self._count(block, at, now)
        except StoreError:
            raise
        except Exception as error:
            self._failed(error)

    def _count(self, block: SeriesBlock, at: float | None, now: float) -> None:
        if self._unsure:  # it is not known whether the last save succeeded
            if self.store.counted() != self.counter.ledger_at:
                self.counter.fill(*self.store.ledger())
            self._records = self.store.burning()
            self._unsure = False
        if at is not None:
            self._take(self._missed(at, at - block.step * len(block.ends), block.step))
            self._take(self._with_metrics(block))
        self._judge(now)
        self.counted = True

    def look_back(self, window: Window, step: float) -> Iterator[float]:
        """Count stored history before the first cycle, which saves it; yields the seconds of each part. Raises
        SourceError."""
        start = window.start
        while start < window.end:
            end = min(start + PART, window.end)
            self._take(self._with_metrics(self.metrics.window(SERVED, Window(start, end), step)))
            yield end - start
            start = end

    def impact(
        self, services: Sequence[str], endpoints: Sequence[str], symptoms: Sequence[tuple[Labels, str]]
    ) -> tuple[Impact, ...]:
        """Return the objectives of these services and endpoints that burn now, given these symptoms."""
        return impacts(self.statuses, services, endpoints, symptoms)

    def burning(self, active: Callable[[], Iterable[Incident]]) -> set[str]:
        """Return the services with an objective that burns faster than allowed, and those of active incidents with an
        impact on an objective."""
        fast = [one.slo for one in self.statuses if (one.burn.get(LOOKBACK) or 0.0) > 1]
        if not fast:
            return set()
        names_of = {slo.name for slo in fast}
        hurt = (one for one in active() if any(each.slo in names_of for each in one.slo_impact))
        return {slo.service for slo in fast}.union(*(one.affected_services for one in hurt))

    def ledger(self, incidents: Iterable[Incident], now: float) -> Ledger | None:
        """Return what has to be saved of this cycle, with the burn records that changed; None where that fails."""
        try:
            return self._ledger(incidents, now)
        except Exception as error:
            self._failed(error)
            return None

    def _ledger(self, incidents: Iterable[Incident], now: float) -> Ledger:
        burns, events = followed(self._records, self.statuses, incidents, now)
        known = {one.key for one in self._records}
        fresh = [one for one in burns if one.key not in known and not one.incident]
        shown = {one.key: self._shown(one) for one in fresh[:SHOWN]}
        burns = [shown.get(one.key, one) for one in burns]
        events = [BurnEvent(one.transition, shown.get(one.burn.key, one.burn), one.at) for one in events]
        after = {one.key: one for one in (*self._records, *burns)}
        self._after = [one for one in after.values() if one.until is None]
        at = self.counter.at or 0.0
        hours = self._taken.hours if self._taken else ()
        return Ledger(at, hours, tuple(burns), tuple(events) if self.tells else (), self._back_to)

    def rewind(self, at: float) -> None:
        """Go back with clocks that were set back."""
        if self.counter.at is not None and at < self.counter.at:
            self.counter.rewind(at)
            self._back_to = at

    def begin(self) -> None:
        """Begin a transaction: counts are kept separately until they are saved."""

    def rollback(self) -> None:
        """Undo the counts: they could not be saved, and the next cycle repeats them."""
        if self._taken is not None:
            self.counter.undo(self._taken)
        self._taken, self._after, self._unsure, self.counted = None, None, True, False

    def commit(self) -> None:
        """Make the counts permanent: they are saved."""
        if self._taken is not None:
            self.counter.saved(self._taken)
        self._records = self._after if self._after is not None else self._records
        self._taken, self._after = None, None
        if self._back_to is not None and self.counter.ledger_at > self._back_to:
            self._back_to = None

    def forget(self) -> None:
        """Forget groups that have been silent for long."""
        self.counter.forget()

    def keep(self, now: float, at_once: bool = False) -> None:
        """Save the rings, about once a minute. Raises OSError."""
        if at_once or not 0 <= now - self._kept_at < EVERY:
            self.rings.save(self.counter)
            self._kept_at = now

    def _failed(self, error: Exception) -> None:
        log.error("objectives could not be counted; incidents go on, and the next cycle counts again", exc_info=error)
        self.rollback()
        self.gaps.append(f"objectives were not counted: {type(error).__name__}: {error}")

    def _judge(self, now: float) -> None:
        ruled = {}
        if self.ruled is not None:
            try:
                ruled = dict(self.ruled.burn_rates(now))
            except SourceError as error:
                self.gaps.append(str(error))
        assert self.forecast is not None
        at = self.counter.at if self.counter.at is not None else now
        if now - at > ABSENT_FOR:  # telemetry has stopped, and so has the time of the last step judged
            at = now
        self.statuses = tuple(statuses(self.counter, self.objectives.adjustments, at, self.forecast, ruled))
        self.composites = tuple(composite_status(one, self.statuses) for one in self.objectives.composites)

    def _take(self, block: SeriesBlock | None) -> None:
        if block is not None:
            taken = self.counter.take(block)
            self._taken = taken if self._taken is None else self._taken.then(taken)

    def _missed(self, at: float, until: float, step: float) -> SeriesBlock | None:
        """Return the data between the last step counted and a block with this start and end: the rings are saved less
        often than the rest."""
        oldest = at - floor(self.backfill / step) * step
        start = oldest if self.counter.at is None else max(self.counter.at, oldest)
        if start >= until:
            return None
        try:
            return self._with_metrics(self.metrics.window(SERVED, Window(start, until), step))
        except SourceError as error:
            self.gaps.append(f"objectives miss {until - start:.0f} s of counts: {error}")
            return None

    def _with_metrics(self, block: SeriesBlock) -> SeriesBlock:
        """Return the block with the metrics that objectives need; a metric that is missing affects its own objectives
        only."""
        if not len(block.ends):
            return block
        window = Window(float(block.ends[0]) - block.step, float(block.ends[-1]))
        known: set[Labels] = set()  # two selectors may answer with the same rows
        for one in self.counter.matcher.selectors():
            try:
                found = self.metrics.window([one], window, block.step).without(known)
                block = block.joined(found)
                known.update(found.labels)
                self._said.pop(one.name, None)
            except SourceError as error:
                if self._said.get(one.name) != str(error):
                    log.warning("objectives that count %s stand still: %s", one.name, error)
                self._said[one.name] = str(error)
        return block

    def _shown(self, burn: Burn) -> Burn:
        """Return a record with the first failing span of its bad requests."""
        slo = next(one.slo for one in self.statuses if one.slo.name == burn.slo)
        of = counted_requests(slo, burn.group)
        series = labels(service=slo.service)
        family, threshold = Family.ERRORS, 0.0
        if of is not None:
            series = labels(service=of.service, route=of.route, method=of.method)
            if of.threshold is not None:
                family, threshold = Family.LATENCY, of.threshold
        at = self.counter.at or burn.since
        finding = Finding(
            series=series,
            family=family,
            onset=at - LOOK_BACK,
            at=at,
            score=1.0,
            observed=threshold,
            expected=threshold,
            bad=0.0,
            total=0.0,
            confidence=1.0,
        )
        try:
            found = self.evidence(finding)
        except Exception:
            log.exception("traces of %s could not be judged; its burn is told without them", burn.slo)
            found = None
        if found is None:
            return burn
        return replace(burn, first_failing_span=found.first_failing_span, trace_ids=found.correlation.trace_ids)


@dataclass(slots=True)
class NoBudgets:
    """The replacement where no objectives are configured: it counts nothing, and nothing burns."""

    objectives: Objectives = field(default_factory=Objectives)
    evidence: Evidence = _nothing
    statuses: tuple[SloStatus, ...] = ()
    composites: tuple[CompositeStatus, ...] = ()
    gaps: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    counted: bool = False
    oldest_hour: int | None = None

    def count(self, _block: SeriesBlock, _at: float | None, _now: float) -> None:
        """Do nothing."""
        ...

    def impact(
        self, _services: Sequence[str], _endpoints: Sequence[str], _symptoms: Sequence[tuple[Labels, str]]
    ) -> tuple[Impact, ...]:
        """Return no impacts."""
        return ()

    def burning(self, _active: Callable[[], Iterable[Incident]]) -> set[str]:
        """Return no services."""
        return set()

    def ledger(self, _incidents: Iterable[Incident], _now: float) -> Ledger | None:
        """Return None: there is nothing to save."""
        return None

    def rewind(self, _at: float) -> None:
        """Do nothing."""
        ...

    def begin(self) -> None:
        """Do nothing."""
        ...

    def commit(self) -> None:
        """Do nothing."""
        ...

    def rollback(self) -> None:
        """Do nothing."""
        ...

    def forget(self) -> None:
        """Do nothing."""
        ...

    def keep(self, _now: float, at_once: bool = False) -> None:
        """Do nothing."""
        ...
