"""Spans, traces, edges, and populations of traces to ask for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from aiops.model import names
from aiops.model.window import Window


class SpanKind(IntEnum):
    """Kind of a span, with the numbers of OTLP."""

    UNSPECIFIED = 0
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class Status(IntEnum):
    """Status of a span, with the numbers of OTLP."""

    UNSET = 0
    OK = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that a span recorded at a time (Unix seconds), such as an exception with its stack trace."""

    name: str
    at: float
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One span, its well-known attributes already read, whichever version of the conventions they follow.

    `failed` follows the conventions: a server span failed with a 5xx or an ERROR status; a client span also when nobody
    answered, but not with a code that the caller is responsible for, such as a 4xx. `links` are spans of other traces
    that this one continues: trace and span ids. `streams`: the request lasted for as long as its client listened.
    """

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: SpanKind
    start: float
    duration: float
    status: Status = Status.UNSET
    status_message: str = ""
    failed: bool = False
    route: str = ""
    method: str = ""
    http_status: int = 0
    error_type: str = ""
    peer: str = ""
    version: str = ""
    instance: str = ""
    exception_type: str = ""
    exception_message: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    resource: Mapping[str, str] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()
    streams: bool = False
    events: tuple[SpanEvent, ...] = ()

    @property
    def end(self) -> float:
        """The end, Unix seconds."""
        return self.start + self.duration

    @property
    def nanoseconds(self) -> int:
        """The duration as stores keep it."""
        return round(1e9 * self.duration)

    @property
    def operation(self) -> str:
        """The name of the operation: method and route, such as `POST /payment`, else the span's own name."""
        return f"{self.method} {self.route}".strip() if self.route else self.name

    def goes_by(self, route: str) -> bool:
        """Whether a metric may name this operation by a route: by the route of the span, or where it has none by its
        name (`GET /items`). A router that is mounted under a prefix may report the prefix in one of the two only."""
        if route in ("", self.route):
            return True
        if not self.route:
            return self.name == route or self.name.endswith(f" {route}")
        mine, its = (f"/{one.strip('/')}" for one in (self.route, route))
        return "/" not in (mine, its) and (mine.endswith(its) or its.endswith(mine))

    def calls(self, callee: str) -> bool:
        """Whether a metric may name the callee of this call like this: by its name here, or a database by its host,
        address, namespace or system, as the service graph of Tempo does."""
        if callee in ("", self.peer):
            return True
        if not any(key in self.attributes for key in names.DB_SYSTEM):
            return False
        keys = (*names.SERVER_ADDRESS, *names.NETWORK_ADDRESS, *names.DB_NAMESPACE, *names.DB_SYSTEM)
        ports = [self.attributes[key] for key in (*names.SERVER_PORT, *names.NETWORK_PORT) if key in self.attributes]
        known = {self.attributes[key] for key in keys if key in self.attributes}
        return callee in known or callee in {f"{one}:{port}" for one in known for port in ports}


@dataclass(frozen=True, slots=True)
class Trace:
    """The stored spans of one trace, by start time. Of a huge trace `left_out` spans are missing here: the shortest
    that did not fail."""

    trace_id: str
    spans: tuple[Span, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceQuery:
    """What to search for: traces with a span that matches every given field.

    `route` is the route of the span, its name, or its operation. `attributes` are names and values, of the span or of
    its resource. `text` is a part of its name, status message or exception message, in any case of letters. `failed`:
    True for a matching span that failed, False where none of the matching spans did. The longest matching span must
    take from `min_duration` to `max_duration` seconds (0: any).
    """

    service: str = ""
    route: str = ""
    failed: bool | None = None
    min_duration: float = 0.0
    max_duration: float = 0.0
    attributes: tuple[tuple[str, str], ...] = ()
    text: str = ""

    def holds(self, span: Span) -> bool:
        """Whether a span matches, leaving aside its duration, and that it must not have failed."""
        if self.service not in ("", span.service) or (self.failed and not span.failed):
            return False
        if self.route not in ("", span.route, span.name, span.operation):
            return False
        if any(value not in (span.attributes.get(key), span.resource.get(key)) for key, value in self.attributes):
            return False
        told = (span.name, span.status_message, span.exception_message)
        return not self.text or any(self.text.lower() in one.lower() for one in told)

    def found(self, spans: Iterable[Span]) -> Span | None:
        """Return the span by which a trace is found, of some of its spans: the longest that matches, of equals the
        earliest; None where the trace does not match."""
        matching = [one for one in spans if self.holds(one)]
        longest = min(matching, key=lambda one: (-one.nanoseconds, one.start, one.span_id), default=None)
        if longest is None or (self.failed is False and any(one.failed for one in matching)):
            return None
        took, (least, most) = longest.nanoseconds, (round(1e9 * at) for at in (self.min_duration, self.max_duration))
        return longest if least <= took <= (most or took) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSpan:
    """The longest span of a trace that matches a search. Times in seconds, `start` since the epoch."""

    span_id: str
    service: str
    operation: str
    start: float
    duration: float
    failed: bool
    http_status: int = 0

    @property
    def end(self) -> float:
        """The end, Unix seconds."""
        return self.start + self.duration


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSummary:
    """One line about a trace: its root, start and duration, number of spans, whether any of them failed, and the span
    by which a search found it. `failed` counts what failed in any way, also what its caller made up for."""

    trace_id: str
    root_service: str
    root_name: str
    start: float
    duration: float
    spans: int
    failed: bool
    found: FoundSpan


class PopulationKind(StrEnum):
    """Which traces a population holds: failed, slow or good ones, or any."""

    FAILED = "failed"
    SLOW = "slow"
    GOOD = "good"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Which traces to draw: traces with a span of this service and route that ended in the window and is of this kind.
    With `callee`, the span is a client span of the service that called the callee.

    FAILED: the span failed. SLOW: it took longer than `threshold` seconds. GOOD: it did not fail and took no longer
    than `threshold` (0: any duration). ANY: whatever it did. An empty route or method matches all.
    """

    service: str
    window: Window
    kind: PopulationKind
    route: str = ""
    method: str = ""
    callee: str = ""
    threshold: float = 0.0
    limit: int = 60


@dataclass(frozen=True, slots=True)
class Unread:
    """A population that was not read: `why` is a sentence, "" where it still waits for its turn. `down`: the store does
    not answer; otherwise this one question was refused."""

    why: str = ""
    down: bool = False


VIRTUAL = "virtual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One service calling another over a window: requests per second, and mean latency in seconds as the caller saw it.

    `connection` is "" where both services send spans, VIRTUAL where the callee sends none.
    """

    caller: str
    callee: str
    rate: float = 0.0
    error_ratio: float = 0.0
    latency: float = 0.0
    connection: str = ""
