"""The HTTP API of Prometheus: instant queries, and the raw samples of a time range."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from aiops.http import Client, Endpoint, Unavailable
from aiops.model.arrays import Floats, Ints
from aiops.sources.prometheus import native

log = logging.getLogger(__name__)

MILLI_NS: Final = 1_000_000
SHORTEST_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Raw:
    """Raw samples of many series: `series` are their labels; for each sample the index of its series, its time and
    value, `(samples,)`, sorted by series, then time."""

    series: list[dict[str, str]]
    row: Ints
    time_ns: Ints
    value: Floats


@dataclass(frozen=True, slots=True)
class Point:
    """One element of an instant vector."""

    labels: dict[str, str]
    value: float


class PrometheusClient:
    """One Prometheus. Every method raises SourceError: Unavailable when another attempt may succeed, else
    RequestRejected."""

    def __init__(self, endpoint: Endpoint, otlp_url: str = "") -> None:
        """Connect to a Prometheus. `otlp_url` is its address for OTLP, without /v1/metrics, where that is not its
        standard path."""
        self._client = Client(endpoint)
        self._writer = Client(replace(endpoint, url=otlp_url or f"{endpoint.url.rstrip('/')}/api/v1/otlp"))
        self._said: frozenset[str] = frozenset()

    def instant(self, expression: str, at: float) -> list[Point]:
        """Evaluate an expression that gives a vector, at a time in Unix seconds."""
        data = self._query(expression, at, "vector")
        try:
            return [Point(one["metric"], float(one["value"][1])) for one in data]
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise self._nonsense(error) from None

    def samples(self, selector: str, start_ns: int, end_ns: int, slice_ns: int = 0) -> Raw:
        """Read the stored samples in (start, end], to the millisecond; native histograms become classic ones. With a
        slice, only the last sample of each series in each slice of that length, dated at the end of the slice."""
        start, end, each = start_ns // MILLI_NS, end_ns // MILLI_NS, slice_ns // MILLI_NS
        thinned = f"last_over_time({selector}[{each}ms])[{end - start}ms:{each}ms]"
        data = self._query(thinned if each else f"{selector}[{end - start}ms]", end / 1000, "matrix")
        try:
            return _raw(native.classic(data))
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise self._nonsense(error) from None

    def ready(self) -> None:
        """Return when Prometheus answers queries."""
        self.instant("vector(1)", 0.0)

    def write_otlp(self, body: bytes) -> None:
        """Send an OTLP export of metrics, in protobuf, to its receiver."""
        self._writer.post("/v1/metrics", body, "application/x-protobuf")

    def close(self) -> None:
        """Close all connections."""
        self._client.close()
        self._writer.close()

    def _query(self, expression: str, at: float, kind: str) -> list[Any]:
        return self._result("/api/v1/query", {"query": expression, "time": f"{at:.3f}"}, kind)

    def _result(self, path: str, parameters: dict[str, str], kind: str) -> list[Any]:
        seconds = max(SHORTEST_SECONDS, self._client.endpoint.timeout_seconds - 0.5)
        # When a part of Thanos is unavailable it would give a partial answer; a count must be complete or an error.
        more = {"timeout": f"{seconds * 1000:.0f}ms", "partial_response": "false"}
        document = self._client.json(path, {**parameters, **more}, form=True)
        try:
            data = document["data"]
            result: list[Any] = data["result"]
            if document["status"] != "success" or data["resultType"] != kind or not isinstance(result, list):
                raise ValueError(f"a {data['resultType']} with status {document['status']}, not a {kind}")
            self._warn(document.get("warnings") or ())
        except (KeyError, TypeError, ValueError) as error:
            raise self._nonsense(error) from None
        return result

    def _warn(self, warnings: Sequence[str]) -> None:
        """Log the warnings of Prometheus, once until they change."""
        said = frozenset(str(one) for one in warnings)
        if said - self._said:
            log.warning("%s warns: %s", self._client.endpoint, "; ".join(sorted(said)))
        self._said = said

    def _nonsense(self, error: Exception) -> Unavailable:
        return Unavailable(f"{self._client.endpoint} answers nonsense: {type(error).__name__} {error}")


def _raw(data: Sequence[Any]) -> Raw:
    series = [one["metric"] for one in data]
    lists = [one.get("values") or () for one in data]
    pairs = [pair for values in lists for pair in values]
    row = np.repeat(np.arange(len(lists)), [len(values) for values in lists])
    # Milliseconds as Prometheus stores them: seconds as a float, times a thousand, are off by less than 0.1 ms.
    times = np.rint(np.array([pair[0] for pair in pairs], np.float64) * 1000).astype(np.int64) * MILLI_NS
    value = np.array([float(pair[1]) for pair in pairs], np.float64)
    return Raw(series, row.astype(np.int64), times, value)
