"""Peculiarities of the way in which a service sends its telemetry."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class OddityKind(StrEnum):
    """What is peculiar about the telemetry of a service."""

    SHARED_IDENTITY = "shared_identity"
    NOT_UNDERSTOOD = "not_understood"
    REJECTED = "rejected"
    TOO_MANY_SERIES = "too_many_series"


@dataclass(frozen=True, slots=True, order=True)
class Oddity:
    """A peculiarity of a service. `text` is one clause that a person can act on; it continues a sentence that begins
    with the service's name."""

    service: str
    kind: OddityKind
    text: str


NAMED = 3
"""How many of the metrics that are not understood are named."""
# Namespaces of the semantic conventions for machines and for outgoing calls, of a Collector and of a scrape itself. A
# sender of nothing else serves no requests, so that nothing is missing.
_OF_AGENTS = re.compile(
    r"(system|hw|container|k8s|process|otelcol|http_client|rpc_client|db_client|promhttp|scrape|up|target)(_|$)"
)
_PART = re.compile(r"_(bucket|count|sum)$")


def shared_identity(service: str, lost: bool) -> Oddity:
    """Report that several processes send under one identity; `lost`: they cannot be told apart."""
    text = "several processes send under one identity; set service.instance.id"
    if lost:
        text += ". Until then fewer requests are counted than there are"
    return Oddity(service, OddityKind.SHARED_IDENTITY, text)


def not_understood(service: str, metrics: Sequence[str]) -> Oddity | None:
    """Report that a service sends only these metrics, none of which counts requests served. Return None where none
    could, because an agent sent them. Names are OpenTelemetry's or Prometheus'."""
    told = list(dict.fromkeys(_PART.sub("", one) for one in metrics if not _OF_AGENTS.match(one.replace(".", "_"))))
    if not told:
        return None
    more = f" and {len(told) - NAMED} more" if len(told) > NAMED else ""
    named = ", ".join(told[:NAMED])
    text = f"sends metrics that are not understood: {named}{more}; no request of it is counted"
    return Oddity(service, OddityKind.NOT_UNDERSTOOD, text)


def much_rejected(service: str, reasons: Sequence[str]) -> Oddity:
    """Report that so many of the service's requests are rejected, for these reasons, that the rest is not judged."""
    text = f"sends much that has to be rejected: {'; '.join(reasons)}. What is left of those requests is not judged"
    return Oddity(service, OddityKind.REJECTED, text)


def too_many_series(service: str) -> Oddity:
    """Report that there is no room for all series of a service. A part of them could be only one side of a ratio, so
    none is counted."""
    text = "has more series than are read beside those of others (series_limit); none of them is counted"
    return Oddity(service, OddityKind.TOO_MANY_SERIES, text)
