"""Two populations of requests compared: what is wrong with the bad ones, where, how sure, and why we think so."""

from pydantic import Field

from aiops.presentation.documents.base import Cause, Document
from aiops.presentation.documents.evidence import Anatomy, TraceQuestion


class ComparedRequests(Document):
    requests: int
    which: str = Field(description="in words")


class Ratios(Document):
    good: float
    bad: float


class SlowRatios(Ratios):
    """The part of the requests that does not fail, and takes longer than a length that few good ones take."""

    longer_than_seconds: float


class KnownRatios(Document):
    """Null where there is nothing to measure."""

    good: float | None
    bad: float | None


class SlowerPlace(Document):
    """What a place takes longer than in good requests."""

    seconds_a_request: float
    standard_error: float
    of_it_by_more_calls: float = Field(description="seconds of a request in calls beyond the usual number")
    median_seconds_a_visit: KnownRatios
    requests: int = Field(description="bad ones that visit the place")


class OtherCalls(Document):
    """What a place calls otherwise than in good requests, in visits that did not fail."""

    share_of_visits: Ratios
    interval: tuple[float, float] = Field(description="95 % Wilson interval of the share in bad requests")
    visits: int
    missing: list[str]
    added: list[str]


class CauseCandidate(Cause):
    """A cause that is considered, with what speaks for it."""

    title: str
    named: bool = Field(description="chance does not explain it; else it is a suspect")
    share: float = Field(description="the part of the trouble that it holds")
    failing: float = Field(description="the part of the requests that fail more than usual, and start to fail there")
    slower: SlowerPlace | None
    shape: OtherCalls | None
    evidence: list[str] = Field(description="the same in sentences")
    traces: list[str] = Field(description="ids of bad requests that show it, the clearest first")


class Explanation(Document):
    """Good and bad requests compared."""

    good: ComparedRequests
    bad: ComparedRequests
    failing: Ratios
    slow: SlowRatios
    median_seconds: Ratios
    cause: str | None
    no_cause: str | None = Field(description="why none is named")
    services: list[str] = Field(description="the most suspected first")
    candidates: list[CauseCandidate] = Field(description="the most likely first")
    anatomy: Anatomy
    store: str | None = Field(description="that was asked; null for files")
    questions: list[TraceQuestion] = Field(description="that the store was asked; empty for files")
    notes: list[str] = Field(description="what could not be read, or was left out")
