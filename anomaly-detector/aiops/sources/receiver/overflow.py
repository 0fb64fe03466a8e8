"""Series beyond the limit, summed up: the same as a Collector does that removes attributes.

The counters of one process are exported together, so that their sum within an export is a counter again. Values that
are no counts cannot be summed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiops.model import names
from aiops.sources.common import conventions

# value, count, sum, buckets
PointMessage = tuple[float | None, int | None, float | None, Sequence[int] | None]

# The methods that the HTTP convention allows.
METHODS: Final = frozenset(["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"])


def attributes(pairs: Mapping[str, str], metric: str) -> dict[str, str]:
    """Return the attributes of the sum that a series is added to. Failed requests are summed separately, with an error
    type."""
    out = {names.OVERFLOW: "true"}
    if metric not in names.SERVER_DURATION_METRICS:
        return out
    request = conventions.request(pairs)
    if request.http:
        out[names.HTTP_ROUTE] = names.OTHER
        out[names.HTTP_METHOD[0]] = request.method if request.method in METHODS else names.OTHER
        if request.http_status:
            out[names.HTTP_STATUS[0]] = str(request.http_status)
    else:
        out[names.RPC_METHOD] = names.OTHER
    if conventions.served_failed(request):
        out[names.ERROR_TYPE] = names.OTHER
    return out


@dataclass(slots=True)
class Sums:
    """Sums among the points of an export, rows in the shape of `schema.POINTS`: one for each series and time."""

    points: list[tuple[Any, ...]]
    _places: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, series: int, time_ns: int, start_ns: int, sample: PointMessage) -> None:
        """Add a sample; buckets of one series have the same bounds."""
        place = self._places.setdefault((series, time_ns), len(self.points))
        if place == len(self.points):
            self.points.append((series, time_ns, start_ns, *sample))
            return
        *_, before, value, count, total, buckets = self.points[place]
        start = min(before, start_ns) if before and start_ns else before or start_ns
        more = sample[3]
        self.points[place] = (
            series,
            time_ns,
            start,
            _plus(value, sample[0]),
            _plus(count, sample[1]),
            _plus(total, sample[2]),
            more if buckets is None else [a + b for a, b in zip(buckets, more or [0] * len(buckets), strict=True)],
        )


def _plus(one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else one + other
