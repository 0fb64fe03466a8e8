"""Spans, traces, edges, and how to ask for populations of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from aiops.model import names
from aiops.model.window import Window


class SpanKind(IntEnum):
    """OTLP numbers."""

    UNSPECIFIED = 0
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class Status(IntEnum):
    """OTLP numbers."""

    UNSET = 0
    OK = 1
    ERROR = 2


@dataclass(frozen=True, slots=True)
class Span:
    """One span, its well-known attributes read out under either convention.

    `failed` follows the conventions: a server failed with a 5xx or an ERROR status; a client also when nobody answered,
    but neither with a code that is the caller's own doing, such as a 4xx. `links` are the spans of other traces that
    it goes on from: trace and span ids. `streams`: it lasted for as long as somebody listened.
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

    @property
    def end(self) -> float:
        return self.start + self.duration

    @property
    def operation(self) -> str:
        """The name people know the work by: `POST /payment`, else the span's own name."""
        return f"{self.method} {self.route}".strip() if self.route else self.name

    def goes_by(self, route: str) -> bool:
        """Whether a metric may name this work by a route: by the span's own, or where it has none by its name
        (`GET /items`); and a router that is mounted under a prefix may tell only one of them of it."""
        if route in ("", self.route):
            return True
        if not self.route:
            return self.name == route or self.name.endswith(f" {route}")
        mine, its = (f"/{one.strip('/')}" for one in (self.route, route))
        return "/" not in (mine, its) and (mine.endswith(its) or its.endswith(mine))

    def calls(self, callee: str) -> bool:
        """Whether a metric may name the callee of this call so: as it goes here, or a database by its host, address,
        namespace or system, as a graph of services in Tempo does."""
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
    """The stored spans of one trace, by start time; of a huge one `left_out` are not here, which took least time and
    did not fail."""

    trace_id: str
    spans: tuple[Span, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """What to search for: traces with a span that fits every field given."""

    service: str = ""
    route: str = ""
    failed: bool | None = None
    min_duration: float = 0.0


@dataclass(frozen=True, slots=True)
class TraceSummary:
    trace_id: str
    root_service: str
    root_name: str
    start: float
    duration: float
    spans: int
    failed: bool


class PopulationKind(StrEnum):
    FAILED = "failed"
    SLOW = "slow"
    GOOD = "good"


@dataclass(frozen=True, slots=True)
class Population:
    """Which traces to draw: those with a span of this service and route (or of this caller to this callee, when
    `callee` is given: its client spans) that ended in the window and is of this kind.

    FAILED: the span failed. SLOW: it took longer than `threshold` seconds. GOOD: it did not fail and took no longer
    than `threshold` (0: any duration). An empty route or method matches every one.
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
    """A population that was not read: `why` in a sentence, "" where its turn has not come. `down`: its store does not
    answer; else the one question was refused."""

    why: str = ""
    down: bool = False


VIRTUAL = "virtual"


@dataclass(frozen=True, slots=True)
class Edge:
    """One service calling another, over a window: rates per second, mean latency in seconds as the caller saw it.

    `connection` is "" between services that both send spans, VIRTUAL where the callee sends none.
    """

    caller: str
    callee: str
    rate: float = 0.0
    error_ratio: float = 0.0
    latency: float = 0.0
    connection: str = ""
