"""What is odd about the way in which a service sends its telemetry."""

from dataclasses import dataclass
from enum import StrEnum


class OddityKind(StrEnum):
    SHARED_IDENTITY = "shared_identity"
    NOT_UNDERSTOOD = "not_understood"


@dataclass(frozen=True, slots=True, order=True)
class Oddity:
    """`text` is one clause that a person can act on; it goes on from the service's name."""

    service: str
    kind: OddityKind
    text: str


NAMED = 3
"""Metrics that are named of those that are not understood."""


def shared_identity(service: str, lost: bool) -> Oddity:
    """Several processes send under one identity; `lost` says that they are not told apart."""
    text = "several processes send under one identity; set service.instance.id"
    if lost:
        text += ". Until then fewer requests are counted than there are"
    return Oddity(service, OddityKind.SHARED_IDENTITY, text)


def not_understood(service: str, metrics: list[str]) -> Oddity:
    """All that a service sends are these metrics, none of which tells of requests served."""
    more = f" and {len(metrics) - NAMED} more" if len(metrics) > NAMED else ""
    named = ", ".join(metrics[:NAMED])
    text = f"sends metrics that are not understood: {named}{more}; no request of it is counted"
    return Oddity(service, OddityKind.NOT_UNDERSTOOD, text)
