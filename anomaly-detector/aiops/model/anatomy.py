"""What is known of two populations of requests, place by place, and where it was read: the evidence of an incident.

Pairs are of the good and the bad requests, in this order. Times are Unix seconds, durations are seconds.
"""

from dataclasses import dataclass

from aiops.model.cause import Cause
from aiops.model.series import Labels
from aiops.model.trace import PopulationKind
from aiops.model.window import Window

Numbers = tuple[float, float]
Known = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallNode:
    """One place in the tree of calls: a request that a service serves (`server`, `consumer`) or a call that it makes to
    `callee` (`client`, `producer`), under the places above it. A place that calls itself is one node.

    parent: the position of the caller's node, before this one; -1 where requests begin. requests: how many of them
    visit it. calls: visits of an average request. seconds: the median duration of a visit, None without visits.
    failing: the part of the visits that fail, 0 to 1. time: seconds of an average request in which everything waited
    for this node itself; over all nodes these add up to the duration. share_of_excess: the part that this node has of
    all time that bad requests spend longer somewhere, 0 where that is next to nothing. share_of_failures: the part of
    the failed bad requests whose failure starts here. critical: whether it is on the critical path of the bad ones.
    """

    parent: int
    service: str
    operation: str
    kind: str
    callee: str
    requests: tuple[int, int]
    calls: Numbers
    seconds: Known
    failing: Numbers
    time: Numbers
    share_of_excess: float
    share_of_failures: float
    critical: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChange:
    """A call that bad requests make otherwise than good ones: `missing`, `added`, `more` or `fewer`.

    caller, call: the two places in words. requests: how many requests make it; of: how many visit the caller. calls:
    how often a visit of the caller makes it.
    """

    what: str
    caller: str
    call: str
    requests: tuple[int, int]
    of: tuple[int, int]
    calls: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemplar:
    """A request that shows what the numbers say: its trace, the span where it begins, and what it is."""

    trace_id: str
    span_id: str
    service: str
    operation: str
    start: float
    seconds: float
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnatomy:
    """Good and bad requests side by side.

    requests: how many. seconds: their median duration. failing: the part that fails. time: the mean duration of
    requests of the same kinds. nodes: the tree of calls, callers before what they call; `left_out` more were cut, which
    hold `left_out_share` of the excess. bad, good: examples, the clearest bad one first and the one it compares with.
    """

    requests: tuple[int, int]
    seconds: Numbers
    failing: Numbers
    time: Numbers
    nodes: tuple[CallNode, ...]
    left_out: int
    left_out_share: float
    changed_calls: tuple[CallChange, ...]
    bad: tuple[Exemplar, ...]
    good: tuple[Exemplar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSymptom:
    """The numbers of a finding when the evidence was taken, in words too: ratios for errors, seconds for latency,
    requests a second for traffic. None: not known."""

    series: Labels
    family: str
    text: str
    onset: float
    at: float
    score: float | None
    observed: float | None
    expected: float | None
    bad: float | None
    total: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseVotes:
    """How many bad traces speak for a cause, of how many that speak for any; a trace may be divided. confidence: the
    centre of the Wilson interval of their share."""

    cause: Cause
    traces: float
    of: int
    confidence: float
    interval: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceQuestion:
    """Traces that were asked for, and how many came: those with a span of this service and route that ended in the
    window and is of this kind. threshold: seconds that a slow one takes longer than, 0 for none. query: the question in
    the words of the store."""

    service: str
    route: str
    method: str
    callee: str
    kind: PopulationKind
    threshold: float
    window: Window
    limit: int
    traces: int
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentEvidence:
    """The evidence of an incident's cause, taken at a time.

    symptoms: the worst first, `more_symptoms` were left out. votes: of the cause and of what else was considered, best
    first. spans, seconds: the spans at the cause and their median duration. questions: what was asked of the store of
    traces. read: the finding whose traces `anatomy` shows, in words; "" without.
    """

    at: float
    symptoms: tuple[MeasuredSymptom, ...] = ()
    more_symptoms: int = 0
    votes: tuple[CauseVotes, ...] = ()
    spans: tuple[int, int] = (0, 0)
    seconds: Known = (None, None)
    questions: tuple[TraceQuestion, ...] = ()
    read: str = ""
    anatomy: RequestAnatomy | None = None
