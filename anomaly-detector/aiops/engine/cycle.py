"""One cycle: collect, detect, explain, reconcile, save, publish."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import ceil, floor

from aiops import detect, explain, incidents
from aiops.engine.budgets import Budgets
from aiops.engine.diagnosis import Diagnosis, Heartbeat
from aiops.engine.lateness import Lateness
from aiops.model import (
    Explained,
    Family,
    Finding,
    Impact,
    Incident,
    IncidentEvent,
    IncidentState,
    Labels,
    Ledger,
    Oddity,
    Selector,
    SeriesBlock,
    TraceCorrelation,
    Transition,
    Window,
    labels,
    names,
)
from aiops.observability.telemetry import Telemetry
from aiops.ports import (
    Clock,
    EdgeSink,
    IncidentStore,
    MetricSource,
    Senders,
    SourceError,
    StoreError,
    TopologySource,
    TraceSource,
    VerdictStore,
)
from aiops.process import garbage
from aiops.process.faultpoints import FaultPoint, reach
from aiops.slo.live.standing import LOOKBACK
from aiops.store import Snapshots

log = logging.getLogger(__name__)

EDGE = (names.CALLER, names.CALLEE)
SET_BACK = 30.0
"""Seconds that telemetry may be behind what was judged, as after a loss, without being followed back."""
SELECTORS = (
    *(Selector(name) for name in (names.REQUESTS, names.ERRORS, names.DURATION, names.BUCKET)),
    *(Selector(name, EDGE) for name in (names.REQUESTS, names.ERRORS, names.DURATION)),
    Selector(names.TELEMETRY, (names.SERVICE,)),
)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: of a step, of stored history to learn from at the first start, and the habits of incidents."""

    step: float = 15.0
    backfill: float = 3600.0
    habits: incidents.Habits = field(default_factory=incidents.Habits)


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one cycle did; `watermark` is the end of the newest step judged, `gaps` is what was not as
    usual: sources that did not answer (`failed` names them), clocks that were set back."""

    at: float
    watermark: float | None
    findings: tuple[Finding, ...] = ()
    events: tuple[IncidentEvent, ...] = ()
    gaps: tuple[str, ...] = ()
    failed: frozenset[str] = frozenset()


@dataclass(slots=True)
class Engine:
    """The engine over its ports. `cycle` and people's actions on incidents take `lock`, so that neither sees half of
    the other."""

    metrics: MetricSource
    traces: TraceSource
    topology: TopologySource
    verdicts: VerdictStore
    store: IncidentStore
    snapshots: Snapshots
    clock: Clock
    telemetry: Telemetry
    pace: Pace = field(default_factory=Pace)
    tuning: detect.Tuning = field(default_factory=detect.Tuning)
    calendar: detect.Calendar = field(default_factory=detect.Calendar)
    state: detect.State = field(default_factory=detect.State)
    edges: EdgeSink | None = None
    senders: Senders | None = None
    budgets: Budgets | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    last: Cycle | None = None
    oddities: tuple[Oddity, ...] = ()
    _diagnosis: Diagnosis = field(init=False)
    _pulse: Heartbeat = field(init=False)
    _lateness: Lateness = field(init=False)

    def __post_init__(self) -> None:
        self._diagnosis = Diagnosis(self.traces, self.topology, self.pace.step)
        self._pulse = Heartbeat(self.pace.step)
        self._lateness = Lateness(self.pace.step)
        if self.budgets is not None:
            self.budgets.evidence = lambda finding: self._diagnosis.evidence(finding)
        self.state = self.snapshots.load() or self.state

    def cycle(self) -> Cycle:
        """Judge what has become complete since the last cycle. Raises StoreError when incidents cannot be saved: then
        nothing has happened, and the next cycle does it again."""
        with self.lock, garbage.held(), self.telemetry.cycle() as measured:
            now, before = self.clock.now(), self.snapshots.copy(self.state)
            newest: float | None = None
            failed: set[str] = set()
            try:
                reach(FaultPoint.COLLECT)
                gaps = self._follow_time()
                with self.telemetry.phase("collect"):
                    block = self._collect()
                newest = self.metrics.newest()
                self._look_at_senders()
            except SourceError as error:
                block, gaps = detect.no_steps(self.pace.step), [str(error)]
                failed.add("metrics")
            try:
                reach(FaultPoint.DETECT)
                with self.telemetry.phase("detect"):
                    outcome = detect.step(self.state, block, self.tuning, self.calendar, self._burning())
                reach(FaultPoint.EXPLAIN)
                with self.telemetry.phase("explain"):
                    groups = explain.doubted(
                        self._diagnosis.diagnose(outcome.findings, block, self.state), self._lateness.note(now)
                    )
                with self.telemetry.phase("objectives"):
                    gaps += self._count(block, now)
                reach(FaultPoint.RECONCILE)
                events = self._reconcile(groups, outcome, now, newest)
                ledger = self._ledger(events, now, gaps)
                reach(FaultPoint.SAVE)
                with self.telemetry.phase("save"):
                    self.store.save_cycle(self.state.at or 0.0, now, outcome.findings, events, ledger)
            except Exception:
                self.state = before
                if self.budgets is not None:
                    self.budgets.undo()
                raise
            if self.budgets is not None:
                self.budgets.saved()
            gaps += self._diagnosis.gaps
            failed |= self._diagnosis.failed
            for what, why in self._remember(outcome).items():
                gaps.append(f"{what} could not be saved: {why}")
                failed |= {"verdicts"} & {what}
            self.last = Cycle(now, self.state.at, outcome.findings, tuple(events), tuple(gaps), frozenset(failed))
            measured(self.last)
            return self.last

    def _remember(self, outcome: detect.Outcome) -> dict[str, str]:
        """Keep what can be made again: verdicts for the pages, calls between services, what was learned. Incidents
        are saved already, so a full disk here costs only a replay after a restart. Returns why, by what was not kept.
        """
        lost = {}
        try:
            reach(FaultPoint.VERDICTS)
            self.verdicts.record(outcome.verdicts)
        except (SourceError, OSError) as error:
            lost["verdicts"] = str(error)
        try:
            if self.edges is not None and self._diagnosis.fresh:
                self.edges.record(self._diagnosis.fresh, self.state.at or 0.0)
        except SourceError as error:
            lost["calls between services"] = str(error)
        try:
            reach(FaultPoint.SNAPSHOT)
            self.snapshots.save(self.state)
        except OSError as error:
            lost["what was learned"] = str(error)
        try:
            if self.budgets is not None:
                self.budgets.keep(self.clock.now())
        except OSError as error:
            lost["counts of objectives"] = str(error)
        return lost

    def _look_at_senders(self) -> None:
        """Hear what is odd about the way in which services send, and say what is new of it. Raises SourceError."""
        if self.senders is None:
            return
        found = tuple(self.senders.oddities())
        for one in found:
            if one not in self.oddities:
                log.warning("%s: %s", one.service, one.text)
        self.oddities = found
        self.telemetry.odd(found)

    def _count(self, block: SeriesBlock, now: float) -> list[str]:
        """Count objectives, and say what was not as usual. A mistake in them must not end detection."""
        if self.budgets is None:
            return []
        try:
            self.budgets.count(block, self.state.at, now)
        except StoreError:
            raise
        except Exception as error:
            return [self._uncounted(self.budgets, error)]
        self.telemetry.budgets.standings = self.budgets.standings
        return self.budgets.gaps

    def _ledger(self, events: Sequence[IncidentEvent], now: float, gaps: list[str]) -> Ledger | None:
        """What objectives are to save; none where they failed in this cycle."""
        if self.budgets is None or not self.budgets.counted:
            return None
        open_now = {one.key: one for one in self.store.active()} | {one.incident.key: one.incident for one in events}
        try:
            return self.budgets.ledger(open_now.values(), now)
        except Exception as error:
            gaps.append(self._uncounted(self.budgets, error))
            return None

    def _uncounted(self, budgets: Budgets, error: Exception) -> str:
        log.exception("objectives could not be counted; incidents go on, and the next cycle counts again")
        budgets.undo()
        return f"objectives were not counted: {type(error).__name__}: {error}"

    def expire(self) -> None:
        """Forget series that have been away for long, and groups of objectives."""
        with self.lock:
            if self.state.at is not None:
                detect.expire(self.state, self.state.at, self.tuning)
            if self.budgets is not None:
                self.budgets.watch.forget()

    def _follow_time(self) -> list[str]:
        """Where telemetry goes on from an earlier time, go back with it; nothing there is scored that was judged.

        Returns what is to be said of it."""
        newest, until, at = self.metrics.newest(), self.metrics.complete_until(), self.state.at
        if newest is None or until is None:
            return []
        if newest < until:
            return [f"telemetry comes with times {until - newest:.0f} s behind what is judged: were clocks set back?"]
        if at is None or newest >= at - max(SET_BACK, self.pace.step):
            return []
        back_to = ceil(newest / self.pace.step) * self.pace.step
        detect.rewind(self.state, back_to)
        if self.budgets is not None:
            self.budgets.rewind(back_to)
        self._diagnosis = Diagnosis(self.traces, self.topology, self.pace.step)
        return [f"clocks were set back by {at - newest:.0f} s: judging goes on from there"]

    def _collect(self) -> SeriesBlock:
        """The steps between the last one judged and the watermark; none while the watermark stands."""
        step, until = self.pace.step, self.metrics.complete_until()
        if until is None:
            return detect.no_steps(step)
        end = floor(until / step) * step
        # After a long absence only the last stretch is judged: what was wrong before it is no longer news.
        oldest = end - floor(self.pace.backfill / step) * step
        start = oldest if self.state.at is None else max(self.state.at, oldest)
        if end <= start:
            return detect.no_steps(step)
        return self.metrics.window(SELECTORS, Window(start, end), step)

    def _burning(self) -> set[str]:
        """Services with an objective that burns faster than allowed, and those of incidents that make one burn."""
        if self.budgets is None:
            return set()
        fast = [one.slo for one in self.budgets.standings if (one.burn.get(LOOKBACK) or 0.0) > 1]
        burning = {slo.name for slo in fast}
        hurt = (one for one in self.store.active() if any(each.slo in burning for each in one.slo_impact))
        return {slo.service for slo in fast}.union(*(one.affected_services for one in hurt))

    def _impact(
        self, services: Sequence[str], endpoints: Sequence[str], symptoms: Sequence[tuple[Labels, str]]
    ) -> tuple[Impact, ...]:
        return self.budgets.impact(services, endpoints, symptoms) if self.budgets is not None else ()

    def _reconcile(
        self, groups: Sequence[Explained], outcome: detect.Outcome, now: float, newest: float | None
    ) -> list[IncidentEvent]:
        at = self.state.at if self.state.at is not None else now
        habits = self.pace.habits
        lately = self.store.resolved_since(at - habits.reopen_seconds)
        # What was resolved later than now, before clocks were set back, is as old as the rest.
        latest = max(at, now) + habits.reopen_seconds
        known = [*self.store.active(), *(one for one in lately if (one.resolved_at or 0.0) <= latest)]
        mute = [one for one in known if _is_mute(one)]
        others = [one for one in known if not _is_mute(one)]
        around = incidents.Surroundings(
            public=self._diagnosis.public(),
            find=self.store.get,
            past=self.store.latest,
            look=lambda symptom, since: detect.sight(self.state, symptom[0], symptom[1], since, at, self.tuning),
            settled={(series, str(family)) for series, family in outcome.settled},
            impact=self._impact,
        )
        events = incidents.reconcile(others, groups, at, self.store.count(), habits, around)
        number = self.store.count() + sum(one.transition == Transition.OPENED for one in events)
        # Telemetry that stops altogether stops the watermark: this one incident lives by the given clock. A source that
        # does not answer says nothing of telemetry: neither that it stopped nor that it came back.
        if newest is None:
            return events
        silence = self._no_telemetry(now, newest, any(one.state != IncidentState.RESOLVED for one in mute))
        at_once = replace(habits, resolve_seconds=0.0)
        beside = incidents.Surroundings(around.public, self.store.get, self.store.latest)
        return events + incidents.reconcile(mute, silence, now, number, at_once, beside)

    def _no_telemetry(self, now: float, newest: float, open_already: bool) -> list[Explained]:
        quiet = self._pulse.quiet(newest, now)
        if not (quiet or (open_already and not self._pulse.beating)):
            return []
        series = labels(service="*")
        finding = Finding(series, Family.NO_TELEMETRY, min(newest, now), now, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0)
        why = "no cause found in telemetry: there is none"
        text = f"no span or metric has arrived for {self._pulse.waited:.0f} s"
        return [Explained("No telemetry arrives", (finding,), (text,), None, why, None, TraceCorrelation(), (), ())]


def _is_mute(incident: Incident) -> bool:
    return any(family == Family.NO_TELEMETRY for _, family in incident.symptoms)
