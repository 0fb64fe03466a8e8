"""Have findings explained by their traces, and by what is known of the services around them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from aiops import detect, explain
from aiops.engine.reading import Readings
from aiops.model import Edge, Explained, Family, Finding, SeriesBlock, SeriesState, Unread, Window, names, value_of
from aiops.ports import SourceError, TopologySource, TraceSource

EDGE_WINDOW = 300.0
EDGE_REFRESH = 30.0
REMEMBERED = 3600.0
EXPIRE = 86_400.0
SILENT_SECONDS = 60.0
PAUSE = 90.0
STEADY = 10
FEW = 20  # traces of either kind that tell what one finding is about


@dataclass(slots=True)
class Heartbeat:
    """Whether telemetry as a whole beats: only what came steadily can be missed when it stops.

    An application that is clicked through by hand, or sends spans only, pauses for a minute without being ill.
    """

    step: float
    beating: bool = False  # whether anything has arrived since this process started
    newest: float | None = None
    steady: int = 0  # advances in a row without a pause over `PAUSE`
    longest: float = 0.0  # gap between two of them, seconds
    waited: float = 0.0  # seconds since the last of them
    asked: float | None = None

    def quiet(self, newest: float, now: float) -> bool:
        """Take in the newest point; say whether a steady stream has stopped for 60 s and four of its longest gaps.

        To be called every step. A clock that jumps, or a machine that slept, is no silence: a call counts for a step
        and a half at most."""
        self.waited += 0.0 if self.asked is None else min(max(now - self.asked, 0.0), 1.5 * self.step)
        self.asked = now
        if self.newest is None:
            self.newest, self.waited = newest, max(now - newest, 0.0)
        elif newest != self.newest:
            gap = newest - self.newest
            self.steady, self.longest = (self.steady + 1, max(self.longest, gap)) if gap <= PAUSE else (0, 0.0)
            self.beating, self.newest, self.waited = True, newest, 0.0
        return self.steady >= STEADY and self.waited > max(SILENT_SECONDS, 4 * self.longest)


@dataclass(slots=True)
class Diagnosis:
    """Turns findings into explained groups."""

    traces: TraceSource
    topology: TopologySource
    step: float
    gaps: list[str] = field(default_factory=list)
    failed: set[str] = field(default_factory=set)
    fresh: Sequence[Edge] = ()
    _readings: Readings = field(init=False)
    _edges: list[Edge] = field(default_factory=list)
    _edges_at: float = 0.0
    _served: dict[str, float] = field(default_factory=dict)
    _called: dict[str, float] = field(default_factory=dict)
    _callees: dict[str, frozenset[str]] = field(default_factory=dict)
    _world: explain.World = field(default_factory=lambda: explain.World(frozenset(), frozenset(), frozenset()))

    def __post_init__(self) -> None:
        self._readings = Readings(self.traces, self.step)

    def diagnose(self, findings: Sequence[Finding], block: SeriesBlock, state: detect.State) -> tuple[Explained, ...]:
        """A source that does not answer leaves its findings unexplained until it does, and a line in `gaps`."""
        self.gaps, self.failed, self.fresh = [], set(), ()
        self._remember(block)
        at = state.at
        if at is None:
            return ()
        self._look_around(at)
        known = frozenset(value_of(series, names.SERVICE) for series in state.silence.index)
        silence = state.silence
        silent = frozenset(
            value_of(series, names.SERVICE)
            for series, row in silence.index.items()
            if silence.life[row] > SeriesState.NORMAL
        )
        answering = frozenset(name for name, last in self._served.items() if at - last < 2 * self.step)
        world = self._world = explain.World(known, answering, silent, self._callees)
        public = self.public()
        wanted = {(one.series, str(one.family), one.onset): one for one in findings if _counts(one, public)}
        self._readings.read(wanted, at, world)
        self.gaps += self._readings.gaps
        self.failed |= {"traces"} if self._readings.down else set()
        attributions = [self._readings.attribution(key, one) for key, one in wanted.items()]
        found = explain.explain(attributions, self._edges)
        return tuple(one for one in found if not _hits_nobody_yet(one) and not self._comes_to_be_known(one, at))

    def _comes_to_be_known(self, group: Explained, at: float) -> bool:
        """Whether all that keeps a cause from being known is that traces are read in turn: what is told before says
        less, and may turn out to be a part of another group."""
        return group.root_cause is None and all(self._readings.waits(one, at) for one in group.findings)

    def evidence(self, finding: Finding) -> Explained | None:
        """What traces say of one finding by itself; None where they do not answer, or have no bad one."""
        pair = explain.populations(finding, self.step)
        if pair is None:
            return None
        try:
            # One call each: the first of a call is drawn always.
            bad, good = (self.traces.populations([replace(one, limit=FEW)])[0] for one in pair)
        except SourceError as error:
            self.gaps.append(str(error))
            self.failed.add("traces")
            return None
        if isinstance(bad, Unread) or isinstance(good, Unread):
            self.gaps += {one.why for one in (bad, good) if isinstance(one, Unread) and one.why}
            return None
        one = explain.attribute(finding, pair[0], bad, good, self._world)
        return next(iter(explain.explain([one], self._edges)), None)

    def _look_around(self, at: float) -> None:
        if self._edges and at - self._edges_at < EDGE_REFRESH:
            return
        back = EDGE_WINDOW if self._called else REMEMBERED  # a fresh process looks further back
        try:
            self._edges, self._edges_at = self.topology.edges(Window(at - back, at)), at
            self.fresh = self._edges
        except SourceError as error:
            self.gaps.append(str(error))
            self.failed.add("topology")
        self._called |= {edge.callee: at for edge in self._edges}
        self._called = {name: last for name, last in self._called.items() if at - last < EXPIRE}
        # One that is not called any more stays a callee: its callers may have lost its name with it.
        for edge in self._edges:
            self._callees[edge.caller] = self._callees.get(edge.caller, frozenset()) | {edge.callee}
        self._callees = {
            caller: kept for caller, callees in self._callees.items() if (kept := callees & self._called.keys())
        }

    def public(self) -> frozenset[str]:
        """Services that no other service calls: their callers are users. One that was called is inside for a day, for
        its callers may be in trouble."""
        return frozenset({*(edge.caller for edge in self._edges), *self._served} - self._called.keys())

    def _remember(self, block: SeriesBlock) -> None:
        """When each service last served a request."""
        for series, values in zip(block.labels, block.values, strict=True):
            if value_of(series, names.NAME) == names.REQUESTS and (service := value_of(series, names.SERVICE)):
                served = block.ends[values > 0]
                if len(served):
                    self._served[service] = max(self._served.get(service, 0.0), float(served[-1]))


def _hits_nobody_yet(group: Explained) -> bool:
    """Whether all that is known is that a service went quiet, and lately: calls to it do not fail. A collector or an
    exporter that starts again looks like that, and loses what was sent meanwhile."""
    quiet = all(one.family == Family.SILENCE for one in group.findings)
    return quiet and group.root_cause is None and all(one.at - one.onset < SILENT_SECONDS for one in group.findings)


def _counts(finding: Finding, public: frozenset[str]) -> bool:
    """Whether a finding can be an incident: that requests stay away is one where users send them; inside, callers have
    their reasons, and failures that keep them from calling are found themselves."""
    return finding.family != Family.TRAFFIC or value_of(finding.series, names.SERVICE) in public
