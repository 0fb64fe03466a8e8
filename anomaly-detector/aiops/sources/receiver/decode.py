"""What the decoders of spans, metrics and logs share: the resource, the limits of time, the reasons to reject."""

from collections.abc import Callable, Sized
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeVar

from google.protobuf.message import Message
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from aiops.model import names
from aiops.sources.common import attributes
from aiops.sources.common.caps import Roll
from aiops.sources.common.spans import UNKNOWN_SERVICE
from aiops.sources.duckdb import schema
from aiops.sources.duckdb.lost import Losses
from aiops.sources.receiver import wire
from aiops.sources.receiver.batch import Rejections
from aiops.sources.receiver.overflow import Sums

NANO: Final = 1_000_000_000
AHEAD_SECONDS: Final = 3600.0
TRIMMED: Final = f"attributes beyond the first {attributes.MAX_ATTRIBUTES} of a span, point or resource"
UNREADABLE: Final = "a text that is not UTF-8, or a field that cannot be read"
M = TypeVar("M", bound=Message)


class Sender(NamedTuple):
    """A resource: the id of its row, the name under which its service is counted, and whether it is told apart from
    other processes."""

    id: int
    service: str
    alone: bool


@dataclass(slots=True)
class Decoding:
    """One export being decoded at `now` (Unix seconds): its rows so far, what was rejected, and what was stored without
    its invalid parts.

    `known` returns whether the store already has a resource or series row; such rows are left out. `roll` has the names
    that are told apart.
    """

    now: float
    retention_seconds: float
    known: Callable[[int], bool]
    roll: Roll = field(default_factory=Roll)
    resources: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    series: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    points: list[tuple[Any, ...]] = field(default_factory=list)
    spans: list[tuple[Any, ...]] = field(default_factory=list)
    logs: list[tuple[Any, ...]] = field(default_factory=list)
    rejected: Rejections = field(default_factory=Rejections)
    repaired: Rejections = field(default_factory=Rejections)
    lost: Losses = field(default_factory=Losses)
    service: str = UNKNOWN_SERVICE  # whose telemetry is being read
    sums: Sums = field(init=False)

    def __post_init__(self) -> None:
        self.sums = Sums(self.points)

    def read(self, of: type[M], data: bytes) -> M:
        """Build a message from its bytes, without the parts that cannot be read. Raises wire.MessageTooLarge."""
        message, count = wire.read_message(of, data)
        if count:
            self.repaired.add(UNREADABLE, count)
        return message

    def trims(self, given: Sized) -> None:
        """Count the attributes that are dropped, because there are too many."""
        if len(given) > attributes.MAX_ATTRIBUTES:
            self.repaired.add(TRIMMED, len(given) - attributes.MAX_ATTRIBUTES)

    def said(self) -> str:
        """Return what was rejected and repaired, for OTLP's partial success; "" when nothing was."""
        parts = (self.rejected.message("rejected"), self.repaired.message("repaired or left out"))
        return "; ".join(part for part in parts if part)

    def reasons(self) -> dict[str, int]:
        """Return how often what was wrong."""
        return {**self.rejected.reasons, **self.repaired.reasons}

    def resource(self, of: Resource) -> Sender:
        """Take in a resource. Beyond the limit of processes, those of one service count as one."""
        self.trims(of.attributes)
        pairs = attributes.mapping(of.attributes)
        self.service = service = self.roll.service(pairs.get(names.SERVICE_NAME) or UNKNOWN_SERVICE)
        text = attributes.canonical(pairs)
        key = schema.resource_id(text)
        alone = self.roll.process(key)
        if not alone:
            pairs = {names.SERVICE_NAME: service}
            text = attributes.canonical(pairs)
            key = schema.resource_id(text)
        if not self.known(key):
            self.resources[key] = (
                key,
                service,
                pairs.get(names.SERVICE_INSTANCE, ""),
                pairs.get(names.SERVICE_VERSION, ""),
                text,
            )
        return Sender(key, service, alone)

    def oldest_ns(self) -> int:
        """Return the oldest accepted time, Unix nanoseconds."""
        return int((self.now - self.retention_seconds) * NANO)

    def newest_ns(self) -> int:
        """Return the newest accepted time, Unix nanoseconds."""
        return int((self.now + AHEAD_SECONDS) * NANO)
