"""A search for traces: those found, and what selected ones have in common."""

from pydantic import Field

from aiops.presentation.documents.base import Document, Time


class FoundTrace(Document):
    """A trace, by the longest of its spans that matches the search."""

    trace_id: str
    span_id: str
    service: str
    operation: str
    at: Time = Field(description="when the span ended")
    duration_ms: float
    failed: bool
    http_status: int | None
    selected: bool
    root_service: str
    root_operation: str
    began: Time = Field(description="when the trace began")
    trace_duration_ms: float
    spans: int
    any_failed: bool = Field(description="whether any span of the trace failed")


class ValueDifference(Document):
    """A value of an attribute that is more common in the selected traces than in the rest."""

    service: str
    attribute: str
    value: str
    share_of_selection: float
    share_of_rest: float


class TraceComparison(Document):
    """The selected traces beside the rest, of each of which some were read whole."""

    selected: int
    rest: int
    selected_read: int
    rest_read: int
    differences: list[ValueDifference] = Field(description="the widest gap first")


class TracesFound(Document):
    """Traces that match a search, newest first."""

    store: str
    since: Time
    until: Time
    most: int = Field(description="how many traces a search finds at most")
    complete: bool = Field(description="false: there may be more, and these are drawn evenly over the time")
    traces: list[FoundTrace]
    comparison: TraceComparison | None = Field(description="null where nothing is selected")


class SpanMoment(Document):
    """Something that a span recorded, such as an exception."""

    name: str
    at: Time
    attributes: dict[str, str]


class OneSpan(Document):
    """One span of a trace."""

    span_id: str
    parent_id: str | None = Field(description="null for the first span, or where the caller sends no telemetry")
    service: str
    operation: str = Field(description="method and route, such as POST /payment, else the name of the span")
    kind: str
    start: Time
    duration_ms: float
    failed: bool
    status_message: str
    http_status: int | None
    attributes: dict[str, str]
    resource: dict[str, str]
    events: list[SpanMoment]


class WholeTrace(Document):
    """All spans of a trace, by their start."""

    trace_id: str
    spans: list[OneSpan]
    left_out: int = Field(description="spans of a huge trace that were not read")
