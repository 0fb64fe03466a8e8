"""The evidence of an incident: what bad requests do otherwise than good ones, place by place, and where it was read."""

from typing import Literal

from pydantic import Field

from aiops.presentation.documents.base import Cause, Document, Time


class NodeSide(Document):
    """A node in good or in bad requests."""

    requests: int = Field(description="that visit it")
    calls: float = Field(description="visits of an average request")
    median_ms: float | None = Field(description="of a visit; null without visits")
    failing: float = Field(description="the part of the visits that fail")
    time_ms: float = Field(
        description="of an average request, in which everything waited for this node itself; over all nodes of the "
        "tree these add up to `mean_ms`"
    )


class CallNode(Document):
    """A place in the tree of calls: a request that a service serves, or a call that it makes."""

    parent: int | None = Field(description="position of the caller in `nodes`; null where requests begin")
    service: str
    operation: str
    kind: str = Field(description="of its spans: server, client, consumer, producer, internal or unspecified")
    callee: str | None = Field(description="who is called, where it is a call")
    good: NodeSide
    bad: NodeSide
    excess_ms: float = Field(description="`time_ms` of the bad requests less that of the good ones")
    share_of_excess: float = Field(
        description="of all time that bad requests spend longer somewhere; 0 where that is under 5 % of the time of "
        "good ones"
    )
    share_of_failures: float = Field(description="the part of the failed bad requests that start to fail here")
    critical: bool = Field(description="it is on the critical path of the bad requests")


class CallCount(Document):
    requests: int = Field(description="that make the call")
    of: int = Field(description="that visit the caller")
    calls: float = Field(description="of a visit of the caller, on average")


class CallChange(Document):
    """A call that bad requests make otherwise than good ones."""

    what: Literal["missing", "added", "more", "fewer"]
    caller: str
    call: str
    good: CallCount
    bad: CallCount


class Exemplar(Document):
    """A request to look at."""

    trace_id: str
    span_id: str | None = Field(description="where it begins; null where spans have no ids")
    service: str
    operation: str
    start: Time
    duration_ms: float
    failed: bool


class Exemplars(Document):
    bad: list[Exemplar] = Field(description="the clearest first")
    good: list[Exemplar] = Field(description="usual ones of the same operations, to compare them with")


class RequestSide(Document):
    requests: int
    median_ms: float
    mean_ms: float = Field(description="of good ones as if each kind of them were as common as among the bad ones")
    failing: float = Field(description="the part of them that fails")


class Anatomy(Document):
    """Good and bad requests side by side."""

    good: RequestSide
    bad: RequestSide
    nodes: list[CallNode] = Field(description="callers before what they call, the most telling first; 40 at most")
    left_out: int = Field(description="nodes that were cut")
    left_out_share: float = Field(description="of the excess, in nodes that were cut")
    changed_calls: list[CallChange] = Field(description="the clearest first; 10 at most")
    exemplars: Exemplars


class MeasuredSymptom(Document):
    """A finding when the evidence was taken: ratios for errors, seconds for latency, requests a second for traffic."""

    labels: dict[str, str]
    family: str
    text: str
    onset: Time
    at: Time
    score: float | None = Field(description="1 is the boundary")
    observed: float | None
    expected: float | None
    bad: float | None
    total: float | None


class CauseVotes(Cause):
    """How many bad traces speak for a cause. A trace may speak for several."""

    traces: float
    of: int = Field(description="traces that speak for any cause")
    confidence: float = Field(
        description="centre of the interval; `root_cause` may be less sure beside other causes, or of a late engine"
    )
    interval: tuple[float, float] = Field(description="95 % Wilson interval of the share")


class SpanSide(Document):
    spans: int
    median_ms: float | None


class SpansAtCause(Document):
    """Spans of the service and endpoint of the cause."""

    good: SpanSide
    bad: SpanSide


class TraceQuestion(Document):
    """Traces that were asked for."""

    kind: Literal["failed", "slow", "good", "any"]
    service: str
    route: str | None
    method: str | None
    callee: str | None = Field(description="they call this service, and the route is not asked for")
    since: Time
    until: Time
    slower_than_ms: float | None
    limit: int = Field(description="drawn evenly over the time at most")
    traces: int = Field(description="that came")
    text: str = Field(description="the question in words")
    query: str = Field(
        description="in words of the store: TraceQL for Tempo, a call of this API for the embedded store"
    )


class Evidence(Document):
    """The numbers behind the cause, as they were when its traces were last read."""

    at: Time
    symptoms: list[MeasuredSymptom] = Field(description="the worst first")
    more_symptoms: int = Field(description="that were left out")
    votes: list[CauseVotes] = Field(description="of the cause, and of others that were considered")
    at_cause: SpansAtCause | None
    read: str | None = Field(description="the finding whose traces `anatomy` shows")
    anatomy: Anatomy | None = Field(description="null where no bad or no good traces were read")
    questions: list[TraceQuestion]
