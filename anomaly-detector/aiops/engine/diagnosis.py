"""Explain findings by their traces and by what is known of the services around them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from aiops import detect, explain
from aiops.engine.comparing import Comparisons
from aiops.engine.heartbeat import SILENT_SECONDS
from aiops.engine.proofs import Proofs
from aiops.engine.reading import Readings
from aiops.model import (
    Change,
    Edge,
    Explained,
    Family,
    Finding,
    Labels,
    SeriesBlock,
    SeriesState,
    Unread,
    Window,
    names,
    value_of,
)
from aiops.model.errors import SourceError
from aiops.ports import TopologySource, TraceSource

EDGE_WINDOW = 300.0
EDGE_REFRESH = 30.0
REMEMBERED = 3600.0
EXPIRE = 86_400.0
FEW = 20  # traces of each kind that are read for a single finding


@dataclass(slots=True)
class Diagnosis:
    """Turns findings into explained groups. changes: returns the changes between two times, Unix seconds. sample:
    most traces that are read of each population."""

    traces: TraceSource
    topology: TopologySource
    step: float
    changes: Callable[[float, float], Sequence[Change]]
    sample: int = explain.LIMIT
    gaps: list[str] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    fresh: Sequence[Edge] = ()
    _readings: Readings = field(init=False)
    _comparisons: Comparisons = field(init=False)
    _proofs: Proofs = field(init=False)
    _edges: list[Edge] = field(default_factory=list)
    _edges_at: float = 0.0
    _served: dict[str, float] = field(default_factory=dict)
    _called: dict[str, float] = field(default_factory=dict)
    _callees: dict[str, frozenset[str]] = field(default_factory=dict)
    _world: explain.KnownServices = field(
        default_factory=lambda: explain.KnownServices(frozenset(), frozenset(), frozenset())
    )

    def __post_init__(self) -> None:
        self._readings, self._proofs = Readings(self.traces, self.step, self.sample), Proofs(self.traces)
        self._comparisons = Comparisons(self.traces, self.step, self.sample)

    def diagnose(self, findings: Sequence[Finding], block: SeriesBlock, state: detect.State) -> tuple[Explained, ...]:
        """Group findings by their causes. While a source does not answer, its findings stay unexplained, and `gaps`
        gets a line."""
        self.gaps, self.failed, self.fresh = [], set(), ()
        self._remember(block)
        at = state.at
        if at is None:
            return ()
        self._look_around(at)
        silence = state.of(detect.SILENCE)
        known = frozenset(value_of(series, names.SERVICE) for series in silence.index)
        silent = frozenset(
            value_of(series, names.SERVICE)
            for series, row in silence.index.items()
            if silence.status[row] > SeriesState.NORMAL
        )
        answering = frozenset(name for name, last in self._served.items() if at - last < 2 * self.step)
        world = self._world = explain.KnownServices(known, answering, silent, self._callees)
        public = self.public()
        wanted = {(one.series, str(one.family), one.onset): one for one in findings if _counts(one, public)}
        self._readings.read(wanted, at, world)
        self.gaps += self._readings.gaps
        self.failed |= {"traces"} if self._readings.down else set()
        attributions = {key: self._readings.attribution(key, one) for key, one in wanted.items()}
        metrics = explain.MetricsAlone(world=world, step=self.step, suspect=_suspect(state))
        found = self._with_changes(explain.explain(list(attributions.values()), self._edges, metrics), at)
        told = [one for one in found if not _hits_nobody_yet(one) and not self._comes_to_be_known(one, at)]
        proven = self._proofs.added(told, attributions, self._readings, at)
        self.gaps += self._proofs.gaps
        return proven

    def _with_changes(self, groups: Sequence[Explained], at: float) -> Sequence[Explained]:
        """Return the groups with the changes that their causes came with. The requests of old and new versions are read
        when no finding has traces to be read, so that a cycle asks no more than before."""
        since = min((one.onset for group in groups if group.root_cause for one in group.findings), default=None)
        if since is None:
            return groups
        changes = self.changes(since - explain.CHANGES_SECONDS, at)
        found = self._comparisons.considered(groups, changes, at, self._readings.idle)
        self.gaps += self._comparisons.gaps
        return found

    def _comes_to_be_known(self, group: Explained, at: float) -> bool:
        """Whether a cause is unknown only because traces are still waiting to be read, or other series to be judged: an
        earlier announcement would have less evidence, and might turn out to belong to another group."""
        return group.root_cause is None and all(self._readings.waits(one, at) for one in group.findings)

    def evidence(self, finding: Finding) -> Explained | None:
        """Return what traces show of a single finding; None where they do not answer, or have no bad trace."""
        pair = explain.populations(finding, self.step)
        if pair is None:
            return None
        try:
            # One call for each population: the first one of a call is always drawn.
            third = explain.beside(pair[0])
            wanted = [replace(one, limit=FEW) for one in (*pair, third) if one is not None]
            drawn = [self.traces.populations([one])[0] for one in wanted]
        except SourceError as error:
            self.gaps.append(str(error))
            self.failed.add("traces")
            return None
        if any(isinstance(one, Unread) for one in drawn):
            self.gaps += {one.why for one in drawn if isinstance(one, Unread) and one.why}
            return None
        bad, good, *beside = (one for one in drawn if not isinstance(one, Unread))
        one = explain.attribute(finding, pair[0], bad, good, self._world, *beside)
        return next(iter(explain.explain([one], self._edges)), None)

    def _look_around(self, at: float) -> None:
        if self._edges and at - self._edges_at < EDGE_REFRESH:
            return
        back = EDGE_WINDOW if self._called else REMEMBERED  # a new process looks further back
        try:
            self._edges, self._edges_at = self.topology.edges(Window(at - back, at)), at
            self.fresh = self._edges
        except SourceError as error:
            self.gaps.append(str(error))
            self.failed.add("topology")
        self._called |= {edge.callee: at for edge in self._edges}
        self._called = {name: last for name, last in self._called.items() if at - last < EXPIRE}
        # A service that is no longer called stays a callee: its callers may have lost its name with it.
        for edge in self._edges:
            self._callees[edge.caller] = self._callees.get(edge.caller, frozenset()) | {edge.callee}
        self._callees = {
            caller: kept for caller, callees in self._callees.items() if (kept := callees & self._called.keys())
        }

    def public(self) -> frozenset[str]:
        """Return the services that no other service calls: their callers are users. A service that was called stays
        internal for a day, because its callers may be in trouble."""
        return frozenset({*(edge.caller for edge in self._edges), *self._served} - self._called.keys())

    def _remember(self, block: SeriesBlock) -> None:
        """Note when each service last served a request."""
        for series, values in zip(block.labels, block.values, strict=True):
            if value_of(series, names.NAME) == names.REQUESTS and (service := value_of(series, names.SERVICE)):
                served = block.ends[values > 0]
                if len(served):
                    self._served[service] = max(self._served.get(service, 0.0), float(served[-1]))


def _suspect(state: detect.State) -> frozenset[Labels]:
    """Return the series that look unusual but are not in trouble yet."""
    found: set[Labels] = set()
    for tracked in (state.of(detect.ERRORS), state.of(detect.LATENCY)):
        rows = set(np.flatnonzero(tracked.status[: len(tracked.index)] == SeriesState.SUSPECT).tolist())
        found |= {series for series, row in tracked.index.items() if row in rows} if rows else set()
    return frozenset(found)


def _hits_nobody_yet(group: Explained) -> bool:
    """Whether it is only known that a service recently became silent while calls to it succeed. A restart of a
    collector or exporter, which loses telemetry, looks like that."""
    quiet = all(one.family == Family.SILENCE for one in group.findings)
    return quiet and group.root_cause is None and all(one.at - one.onset < SILENT_SECONDS for one in group.findings)


def _counts(finding: Finding, public: frozenset[str]) -> bool:
    """Whether a finding can be an incident. Missing requests are one where users send them; inside, callers may stop
    for their own reasons, and failures that stop them are found themselves."""
    return finding.family != Family.TRAFFIC or value_of(finding.series, names.SERVICE) in public
