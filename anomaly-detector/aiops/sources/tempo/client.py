"""The HTTP API of Tempo: one method per call; foreign formats and refusals are translated here."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import quote

import orjson

from aiops.http import Client, Endpoint, RequestRejected, Unavailable
from aiops.model import Labels, Trace, Window
from aiops.sources.common.spans import NANO
from aiops.sources.tempo import decode

T = TypeVar("T")

SPANS_EACH: Final = 20
"""The number of matching spans per trace that a search returns."""
SERVICE_TAG: Final = "resource.service.name"
# Tempo moves an end within its cut-off back, and then refuses a range that has become empty.
_EMPTY: Final = "start must be before end"


@dataclass(frozen=True, slots=True)
class Match:
    """A trace that a search found: `ends` of its matching spans in Unix seconds; `more` when there are further ones."""

    trace_id: str
    start: float
    ends: tuple[float, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class MetricsSeries:
    """One series of a metrics query: its labels, and a value at each time (Unix seconds); 0 where nothing was
    counted."""

    labels: Labels
    times: tuple[float, ...]
    values: tuple[float, ...]


class TempoClient:
    """One Tempo; every thread may use it. Every method raises SourceError: Unavailable or RequestRejected."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._client = Client(endpoint)

    def search(self, query: str, start: int, end: int, limit: int, spans_each: int = SPANS_EACH) -> list[Match]:
        """Find traces with a part in [start, end] (whole Unix seconds, at most 168 h) by TraceQL.

        Traces that ended within Tempo's cut-off (`query_end_cutoff`) are not found yet.
        """
        parameters = {
            "q": query,
            "start": str(start),
            "end": str(end),
            "limit": str(limit),
            "spss": str(spans_each),
        }
        try:
            body = self._client.ask("/api/search", parameters)
        except RequestRejected as refusal:
            if start < end and _EMPTY in str(refusal):
                return []
            raise
        return self._read(body, lambda answer: [_match(one) for one in answer.get("traces") or ()])

    def trace(self, trace_id: str) -> tuple[Trace | None, str]:
        """Read a trace by its 32 digits: None if unknown; also why it is not complete, "" if it is."""
        try:
            body = self._client.ask(f"/api/v2/traces/{trace_id}", accept="application/protobuf")
        except RequestRejected as refusal:
            if refusal.status == 404:
                return None, ""
            raise
        try:
            return decode.trace(body)
        except ValueError as problem:
            raise self._nonsense(problem) from None

    def values(self, tag: str, window: Window, where: str = "") -> list[str]:
        """Return the values of a tag such as `resource.service.name` on spans in the window that TraceQL selects."""
        parameters = _seconds(window) | ({"q": where} if where else {})
        body = self._client.ask(f"/api/v2/search/tag/{quote(tag, safe='')}/values", parameters)
        return self._read(body, lambda answer: sorted({str(one["value"]) for one in answer.get("tagValues") or ()}))

    def measure(self, query: str, window: Window, step: float) -> list[MetricsSeries]:
        """Return a TraceQL metrics query (`{ kind = server } | rate() by (resource.service.name)`) over at most 24 h.

        Tempo aligns the times to the step; they reach from before the start of the window to its end.
        """
        parameters = {"q": query, **_seconds(window), "step": f"{step:.3f}".rstrip("0").rstrip(".") + "s"}
        body = self._client.ask("/api/metrics/query_range", parameters)
        return self._read(body, lambda answer: [_measured(one) for one in answer.get("series") or ()])

    def ready(self) -> None:
        """Return when Tempo answers queries; otherwise raise the reason."""
        self._client.ask("/api/echo")

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _read(self, body: bytes, parse: Callable[[Mapping[str, Any]], T]) -> T:
        try:
            return parse(orjson.loads(body))
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as problem:
            raise self._nonsense(problem) from None

    def _nonsense(self, problem: Exception) -> Unavailable:
        return Unavailable(f"{self.endpoint} answers nonsense: {problem!r:.300}")


def _seconds(window: Window) -> dict[str, str]:
    """Return a window in whole seconds that covers it, never empty."""
    start = math.floor(window.start)
    return {"start": str(start), "end": str(max(math.ceil(window.end), start + 1))}


def _match(found: Mapping[str, Any]) -> Match:
    sets = found.get("spanSets") or [found.get("spanSet") or {}]
    spans = [span for one in sets for span in one.get("spans") or ()]
    ends = [int(span["startTimeUnixNano"]) + int(span.get("durationNanos", 0)) for span in spans]
    return Match(
        str(found["traceID"]).zfill(32),  # Tempo omits leading zeros
        int(found["startTimeUnixNano"]) / NANO,
        tuple(sorted(end / NANO for end in ends)),
        sum(int(one.get("matched", 0)) for one in sets) > len(spans),
    )


def _measured(found: Mapping[str, Any]) -> MetricsSeries:
    labels = {str(one["key"]): _value(one.get("value") or {}) for one in found.get("labels") or ()}
    samples = found.get("samples") or ()
    return MetricsSeries(
        tuple(sorted(labels.items())),
        tuple(int(one["timestampMs"]) / 1000 for one in samples),
        tuple(float(one.get("value", 0.0)) for one in samples),
    )


def _value(typed: Mapping[str, Any]) -> str:
    """Return the value of a label: `{"stringValue": "web"}`."""
    return "".join(str(value) for value in typed.values())
