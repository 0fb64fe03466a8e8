"""Objectives in a cycle: count what is new, say how each stands, keep the records of what burns."""

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
    Server,
    Window,
    labels,
    names,
)
from aiops.ports import Forecast, MetricSource, ObjectiveStore, RuledBurns, SourceError
from aiops.slo import Objectives
from aiops.slo.live.forecast import LastWeek
from aiops.slo.live.impact import followed, impacts
from aiops.slo.live.standing import CompositeStatus, SloStatus, of_journey, standings
from aiops.slo.live.watch import SliCounter, Taken
from aiops.slo.rules.prometheus import ABSENT_FOR
from aiops.store.rings import Rings

log = logging.getLogger(__name__)

EVERY: Final = 60.0
"""Seconds between two saves of the rings; what they miss after a kill is counted again."""
SERVED: Final = tuple(Selector(name) for name in (names.REQUESTS, names.ERRORS, names.BUCKET))
PART: Final = 6 * 3600.0
"""Seconds of history that are counted at once."""
SHOWN: Final = 10
"""Burns that begin in one cycle whose traces are read: hundreds would hold up detection."""
LOOK_BACK: Final = 300.0
"""Seconds before a burn is noticed in which its bad requests are looked for."""

Evidence = Callable[[Finding], Explained | None]
"""What traces say of a finding; None where they do not answer."""


def _nothing(_finding: Finding) -> Explained | None:
    return None


@dataclass(slots=True)
class Budgets:
    """The objectives of an engine. What `count` takes is taken back by `undo`, or kept by `saved`."""

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
    standings: tuple[SloStatus, ...] = ()
    journeys: tuple[CompositeStatus, ...] = ()
    counted: bool = False  # in this cycle
    watch: SliCounter = field(init=False)
    _taken: Taken | None = None
    _records: list[Burn] = field(default_factory=list)
    _after: list[Burn] | None = None
    _said: dict[str, str] = field(default_factory=dict)
    _unsure: bool = False
    _back_to: float | None = None
    _kept_at: float = 0.0

    def __post_init__(self) -> None:
        self.watch = SliCounter(self.objectives.slos)
        self.watch.fill(*self.store.ledger())
        self.rings.load(self.watch)
        self._records = self.store.burning()
        self.forecast = self.forecast or LastWeek(self.watch)
        for name, why in self.watch.meter.left_out.items():
            log.warning("objective %s is left to Prometheus: %s", name, why)

    def count(self, block: SeriesBlock, at: float | None, now: float) -> None:
        """Count what a block adds, which ends at a time even if it is empty, and say how all objectives stand. Raises
        StoreError."""
        self.gaps, self.counted = [], False
        if self._unsure:  # whether the last save did happen is not known
            if self.store.counted() != self.watch.ledger_at:
                self.watch.fill(*self.store.ledger())
            self._records = self.store.burning()
            self._unsure = False
        if at is not None:
            self._take(self._missed(at, at - block.step * len(block.ends), block.step))
            self._take(self._with_metrics(block))
        self._judge(now)
        self.counted = True

    def look_back(self, window: Window, step: float) -> Iterator[float]:
        """Count stored history before the first cycle, which saves it; yields the seconds that each part has. Raises
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
        return impacts(self.standings, services, endpoints, symptoms)

    def ledger(self, incidents: Iterable[Incident], now: float) -> Ledger:
        """What is to be saved of this cycle, with the records of burns that changed."""
        burns, events = followed(self._records, self.standings, incidents, now)
        known = {one.key for one in self._records}
        fresh = [one for one in burns if one.key not in known and not one.incident]
        shown = {one.key: self._shown(one) for one in fresh[:SHOWN]}
        burns = [shown.get(one.key, one) for one in burns]
        events = [BurnEvent(one.transition, shown.get(one.burn.key, one.burn), one.at) for one in events]
        after = {one.key: one for one in (*self._records, *burns)}
        self._after = [one for one in after.values() if one.until is None]
        at = self.watch.at or 0.0
        hours = self._taken.hours if self._taken else ()
        return Ledger(at, hours, tuple(burns), tuple(events) if self.tells else (), self._back_to)

    def rewind(self, at: float) -> None:
        """Go back with clocks that were set back."""
        if self.watch.at is not None and at < self.watch.at:
            self.watch.rewind(at)
            self._back_to = at

    def undo(self) -> None:
        """It could not be saved: the next cycle does it again."""
        if self._taken is not None:
            self.watch.undo(self._taken)
        self._taken, self._after, self._unsure, self.counted = None, None, True, False

    def saved(self) -> None:
        if self._taken is not None:
            self.watch.saved(self._taken)
        self._records = self._after if self._after is not None else self._records
        self._taken, self._after = None, None
        if self._back_to is not None and self.watch.ledger_at > self._back_to:
            self._back_to = None

    def keep(self, now: float, at_once: bool = False) -> None:
        """Keep the rings, about once a minute. Raises OSError."""
        if at_once or not 0 <= now - self._kept_at < EVERY:
            self.rings.save(self.watch)
            self._kept_at = now

    def _judge(self, now: float) -> None:
        ruled = {}
        if self.ruled is not None:
            try:
                ruled = dict(self.ruled.burn_rates(now))
            except SourceError as error:
                self.gaps.append(str(error))
        assert self.forecast is not None
        at = self.watch.at if self.watch.at is not None else now
        if now - at > ABSENT_FOR:  # telemetry has stopped, and with it the time that is judged
            at = now
        self.standings = tuple(standings(self.watch, self.objectives.adjustments, at, self.forecast, ruled))
        self.journeys = tuple(of_journey(one, self.standings) for one in self.objectives.journeys)

    def _take(self, block: SeriesBlock | None) -> None:
        if block is not None:
            taken = self.watch.take(block)
            self._taken = taken if self._taken is None else self._taken.then(taken)

    def _missed(self, at: float, until: float, step: float) -> SeriesBlock | None:
        """What lies between the last step counted and a block that begins and ends at these times: the rings are kept
        less often than the rest."""
        oldest = at - floor(self.backfill / step) * step
        start = oldest if self.watch.at is None else max(self.watch.at, oldest)
        if start >= until:
            return None
        try:
            return self._with_metrics(self.metrics.window(SERVED, Window(start, until), step))
        except SourceError as error:
            self.gaps.append(f"objectives miss {until - start:.0f} s of counts: {error}")
            return None

    def _with_metrics(self, block: SeriesBlock) -> SeriesBlock:
        """The block with the metrics that objectives ask for; one that is not there costs its own objectives only."""
        if not len(block.ends):
            return block
        window = Window(float(block.ends[0]) - block.step, float(block.ends[-1]))
        known: set[Labels] = set()  # two selectors may answer with the same rows
        for one in self.watch.meter.selectors():
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
        """A record with the first failing span of its bad requests."""
        slo = next(one.slo for one in self.standings if one.slo.name == burn.slo)
        of, group = slo.indicator, dict(burn.group)
        series = labels(service=of.service if isinstance(of, Server) else slo.service)
        family, threshold = Family.ERRORS, 0.0
        if isinstance(of, Server):
            route, method = of.route or group.get("http.route", ""), of.method or group.get("http.request.method", "")
            series = labels(service=of.service, route=route, method=method)
            if of.threshold is not None:
                family, threshold = Family.LATENCY, float(of.threshold)
        at = self.watch.at or burn.since
        finding = Finding(series, family, at - LOOK_BACK, at, 1.0, threshold, threshold, 0.0, 0.0, 1.0)
        try:
            found = self.evidence(finding)
        except Exception:
            log.exception("traces of %s could not be judged; its burn is told without them", burn.slo)
            found = None
        if found is None:
            return burn
        return replace(burn, first_failing_span=found.first_failing_span, trace_ids=found.correlation.trace_ids)
