"""One cycle: collect, detect, explain, count, reconcile, save, remember."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor

from aiops import detect, explain, incidents
from aiops.engine.detector import Detector
from aiops.engine.diagnosis import Diagnosis
from aiops.engine.heartbeat import Heartbeat, is_of_heartbeat
from aiops.engine.lateness import Lateness
from aiops.engine.objectives import Budgets, NoBudgets
from aiops.engine.phases import Gaps, phase
from aiops.engine.transaction import CycleTransaction
from aiops.model import (
    Explained,
    Family,
    Finding,
    Incident,
    IncidentEvent,
    IncidentSilence,
    Ledger,
    Oddity,
    SeriesBlock,
    Transition,
    Window,
)
from aiops.model.errors import SourceError
from aiops.observability.telemetry import Telemetry
from aiops.ports import (
    Clock,
    EdgeSink,
    IncidentStore,
    LogSource,
    MetricSource,
    Senders,
    TopologySource,
    TraceSource,
    VerdictStore,
)
from aiops.process import garbage
from aiops.process.faultpoints import FaultPoint, reach
from aiops.store import Snapshots

log = logging.getLogger(__name__)

SET_BACK = 30.0
"""Seconds that telemetry may be behind the last step judged, for example after a loss, before the engine goes back with
it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Durations in seconds: of a step, of stored history to learn from at the first start, and until incidents
    resolve."""

    step: float = 15.0
    backfill: float = 3600.0
    resolution: incidents.ResolutionPolicy = field(default_factory=incidents.ResolutionPolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """The result of one cycle. `watermark` is the end of the newest step judged. `gaps` are deviations: sources that
    did not answer (`failed` names them), or clocks that were set back."""

    at: float
    watermark: float | None
    findings: tuple[Finding, ...] = ()
    events: tuple[IncidentEvent, ...] = ()
    gaps: tuple[str, ...] = ()
    failed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Collected:
    """What came since the last cycle; `newest` is the end of the newest point of all, None where no source knows it."""

    block: SeriesBlock
    newest: float | None
    gaps: Gaps


@dataclass(slots=True, kw_only=True)
class Engine:
    """The engine on its ports. `cycle` and actions of people on incidents take `lock`, so that each sees the other
    completely or not at all."""

    metrics: MetricSource
    traces: TraceSource
    topology: TopologySource
    verdicts: VerdictStore
    store: IncidentStore
    snapshots: Snapshots
    clock: Clock
    telemetry: Telemetry
    pace: Pace = field(default_factory=Pace)
    detector: Detector = field(default_factory=Detector)
    budgets: Budgets | NoBudgets = field(default_factory=NoBudgets)
    edges: EdgeSink | None = None
    senders: Senders | None = None
    logs: LogSource | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    last: Cycle | None = None
    oddities: tuple[Oddity, ...] = ()
    sample: int = explain.LIMIT
    _diagnosis: Diagnosis = field(init=False)
    _heartbeat: Heartbeat = field(init=False)
    _lateness: Lateness = field(init=False)

    def __post_init__(self) -> None:
        self._diagnosis = self._new_diagnosis()
        self._heartbeat = Heartbeat(self.pace.step)
        self._lateness = Lateness(self.pace.step)
        self.budgets.evidence = lambda finding: self._diagnosis.evidence(finding)
        self.detector.state = self.snapshots.load() or self.detector.state

    @property
    def state(self) -> detect.State:
        """What the detector has learned."""
        return self.detector.state

    def cycle(self) -> Cycle:
        """Judge what has become complete since the last cycle. Raises StoreError when incidents cannot be saved: then
        nothing has changed, and the next cycle repeats it."""
        with self.lock, garbage.held(), self.telemetry.cycle() as measured:
            now = self.clock.now()
            with CycleTransaction(self.store, self.detector, self.budgets) as transaction:
                collected = self._collect()
                outcome = self._detect(collected.block)
                groups = self._explain(outcome, collected.block, now)
                self._count(collected.block, now)
                known = self._known(now)
                events = self._reconcile(known, groups, outcome, now)
                events += self._listen(known, collected.newest, events, now)
                events = self.muted(events, known, now)
                self._save(transaction, outcome, events, now)
            lost = self._remember(outcome, now)
            self.last = Cycle(
                at=now,
                watermark=self.detector.at,
                findings=outcome.findings,
                events=tuple(events),
                gaps=(*collected.gaps.texts, *self.budgets.gaps, *self._diagnosis.gaps, *lost.texts),
                failed=frozenset({*collected.gaps.sources, *self._diagnosis.failed, *lost.sources}),
            )
            measured(self.last)
            return self.last

    def muted(
        self,
        events: Sequence[IncidentEvent],
        before: Sequence[Incident],
        now: float,
        silences: Sequence[IncidentSilence] | None = None,
    ) -> list[IncidentEvent]:
        """Return events with the incidents muted as they are now, and those of others that are muted, or no longer.
        before: the incidents as they were; silences: those in force, if not the stored ones."""
        found = self.store.silences(now) if silences is None else silences
        return incidents.muted(events, before, incidents.Mutes(found, self.detector.calendar.maintenance), now)

    def expire(self) -> None:
        """Forget series, and groups of objectives, that have been silent for long."""
        with self.lock:
            self.detector.expire()
            self.budgets.forget()

    @phase("collect", FaultPoint.COLLECT)
    def _collect(self) -> Collected:
        """Return the steps that are complete now. A source that does not answer gives no steps, and a gap."""
        gaps = Gaps()
        try:
            self._follow_time(gaps)
            block = self._missing_steps()
            newest = self.metrics.newest()
            self._look_at_senders()
        except SourceError as error:
            return Collected(detect.no_steps(self.pace.step), None, Gaps([str(error)], {"metrics"}))
        return Collected(block, newest, gaps)

    @phase("detect", FaultPoint.DETECT)
    def _detect(self, block: SeriesBlock) -> detect.Outcome:
        return self.detector.step(block, self.budgets.burning(self.store.active))

    @phase("explain", FaultPoint.EXPLAIN)
    def _explain(self, outcome: detect.Outcome, block: SeriesBlock, now: float) -> tuple[Explained, ...]:
        groups = self._diagnosis.diagnose(outcome.findings, block, self.state)
        return explain.doubted(groups, self._lateness.note(now))

    @phase("objectives")
    def _count(self, block: SeriesBlock, now: float) -> None:
        self.budgets.count(block, self.detector.at, now)
        if self.budgets.counted:
            self.telemetry.budgets.statuses = self.budgets.statuses

    @phase("reconcile", FaultPoint.RECONCILE)
    def _reconcile(
        self, known: Sequence[Incident], groups: Sequence[Explained], outcome: detect.Outcome, now: float
    ) -> list[IncidentEvent]:
        """Update incidents by what was found."""
        at = self.detector.at if self.detector.at is not None else now
        dismissals = self.store.dismissals(now)
        around = incidents.Surroundings(
            public=self._diagnosis.public(),
            find=self.store.get,
            past=self.store.latest,
            look=lambda symptom, since: self.detector.sight(symptom[0], Family(symptom[1]), since, at),
            settled={(series, str(family)) for series, family in outcome.settled},
            impact=self.budgets.impact,
            dismissed=lambda group: incidents.is_dismissed(group, dismissals),
        )
        others = [one for one in known if not is_of_heartbeat(one)]
        return incidents.reconcile(others, groups, at, self.store.count(), self.pace.resolution, around)

    def _listen(
        self, known: Sequence[Incident], newest: float | None, events: Sequence[IncidentEvent], now: float
    ) -> list[IncidentEvent]:
        """Update the incident that no telemetry arrives. If all telemetry stops, the watermark stops too: so this one
        incident uses the given clock. A source that does not answer is no evidence about telemetry, neither that it
        stopped nor that it came back."""
        if newest is None:
            return []
        mute = [one for one in known if is_of_heartbeat(one)]
        groups = self._heartbeat.explained(newest, now, mute)
        number = self.store.count() + sum(one.transition == Transition.OPENED for one in events)
        at_once = replace(self.pace.resolution, resolve_seconds=0.0)
        around = incidents.Surroundings(public=self._diagnosis.public(), find=self.store.get, past=self.store.latest)
        return incidents.reconcile(mute, groups, now, number, at_once, around)

    @phase("save", FaultPoint.SAVE)
    def _save(
        self, transaction: CycleTransaction, outcome: detect.Outcome, events: Sequence[IncidentEvent], now: float
    ) -> None:
        ledger = self._ledger(events, now)
        transaction.save(self.detector.at or 0.0, now, outcome.findings, events, ledger)

    def _ledger(self, events: Sequence[IncidentEvent], now: float) -> Ledger | None:
        """Return what objectives have to save; None where they failed in this cycle, or where there are none."""
        if not self.budgets.counted:
            return None
        open_now = {one.key: one for one in self.store.active()} | {one.incident.key: one.incident for one in events}
        return self.budgets.ledger(open_now.values(), now)

    def _remember(self, outcome: detect.Outcome, now: float) -> Gaps:
        """Store what can be restored otherwise: verdicts for the pages, calls between services, learned state.
        Incidents are saved already, so that a full disk costs no more than a replay after a restart."""
        lost = Gaps()
        with lost.noted("verdicts could not be saved", "verdicts"):
            reach(FaultPoint.VERDICTS)
            self.verdicts.record(outcome.verdicts)
        with lost.noted("calls between services could not be saved"):
            if self.edges is not None and self._diagnosis.fresh:
                self.edges.record(self._diagnosis.fresh, self.detector.at or 0.0)
        with lost.noted("what was learned could not be saved"):
            reach(FaultPoint.SNAPSHOT)
            self.snapshots.save(self.state)
        with lost.noted("counts of objectives could not be saved"):
            self.budgets.keep(now)
        return lost

    def _known(self, now: float) -> list[Incident]:
        """Return the open incidents, and recently resolved ones that may be reopened."""
        at = self.detector.at if self.detector.at is not None else now
        reopen = self.pace.resolution.reopen_seconds
        lately = self.store.resolved_since(at - reopen)
        # An incident whose end lies far in the future, from before clocks were set back, is not reopened.
        latest = max(at, now) + reopen
        return [*self.store.active(), *(one for one in lately if (one.resolved_at or 0.0) <= latest)]

    def _look_at_senders(self) -> None:
        """Read peculiarities of telemetry, and log the new ones. Raises SourceError."""
        if self.senders is None:
            return
        found = tuple(self.senders.oddities())
        for one in found:
            if one not in self.oddities:
                log.warning("%s: %s", one.service, one.text)
        self.oddities = found
        self.telemetry.odd(found)

    def _follow_time(self, gaps: Gaps) -> None:
        """Go back where telemetry continues from an earlier time; steps that were judged are not scored again."""
        newest, until, at = self.metrics.newest(), self.metrics.complete_until(), self.detector.at
        if newest is None or until is None:
            return
        if newest < until:
            gaps.add(f"telemetry comes with times {until - newest:.0f} s behind what is judged: were clocks set back?")
        elif at is not None and newest < at - max(SET_BACK, self.pace.step):
            back_to = ceil(newest / self.pace.step) * self.pace.step
            self.detector.rewind(back_to)
            self.budgets.rewind(back_to)
            self._diagnosis = self._new_diagnosis()
            gaps.add(f"clocks were set back by {at - newest:.0f} s: judging goes on from there")

    def _new_diagnosis(self) -> Diagnosis:
        return Diagnosis(self.traces, self.topology, self.pace.step, self.store.changes, self.sample)

    def _missing_steps(self) -> SeriesBlock:
        """Return the steps between the last one judged and the watermark; none while the watermark stands."""
        step, until, at = self.pace.step, self.metrics.complete_until(), self.detector.at
        if until is None:
            return detect.no_steps(step)
        end = floor(until / step) * step
        # After a long absence only the last stretch is judged: older trouble is no longer of interest.
        oldest = end - floor(self.pace.backfill / step) * step
        start = oldest if at is None else max(at, oldest)
        if end <= start:
            return detect.no_steps(step)
        return self.metrics.window(detect.family_selectors(), Window(start, end), step)
