"""Spans as the metrics that their services would export: request durations, cumulative, and the time a process ran."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shop import names
from shop.virtual.rows import (
    CONSUMER,
    END,
    KIND,
    METHOD,
    RESOURCE,
    ROUTE,
    SERVER,
    START,
    STATUS,
    Row,
    attributes,
    hash64,
    schema,
    table,
)

SERIES = schema(
    ("id", pa.uint64()),
    ("resource", pa.uint64()),
    ("metric", pa.string()),
    ("kind", pa.uint8()),
    ("unit", pa.string()),
    ("temporality", pa.uint8()),
    ("monotonic", pa.bool_()),
    ("bounds", pa.list_(pa.float64())),
    ("attributes", pa.string()),
    ("route", pa.string()),
    ("method", pa.string()),
    ("http_status", pa.uint16()),
    ("failed", pa.bool_()),
)
POINTS = schema(
    ("series", pa.uint64()),
    ("time_ns", pa.int64()),
    ("start_ns", pa.int64()),
    ("value", pa.float64()),
    ("count", pa.uint64()),
    ("sum", pa.float64()),
    ("buckets", pa.list_(pa.uint64())),
)
DURATION = "http.server.request.duration"
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
GAUGE, HISTOGRAM, NO_TEMPORALITY, CUMULATIVE = 1, 3, 0, 2

Ints = NDArray[np.int64]
# What a process counts requests by: resource, route, method, status.
Key = tuple[int, str, str, int]


def key_of(row: Row) -> Key | None:
    """Where a span is counted; None if it is not a request served."""
    if row[KIND] not in (SERVER, CONSUMER):
        return None
    return (row[RESOURCE], row[ROUTE], row[METHOD], row[STATUS])


def slot(seconds: float) -> int:
    """The bucket that a duration falls into."""
    return int(np.searchsorted(BOUNDS, seconds))


def duration_series(key: Key) -> Row:
    """The series row of one key; its id is a hash of what makes it itself."""
    resource, route, method, status = key
    texts = attributes(
        ("http.request.method", method), ("http.response.status_code", str(status)), ("http.route", route)
    )
    identity = hash64(f"{resource:x}\0{DURATION}\0{texts}")
    return (
        identity, resource, DURATION, HISTOGRAM, "s", CUMULATIVE, True, list(BOUNDS), texts, route, method, status,
        status >= 500,
    )  # fmt: skip


def uptime_series(resource: int) -> Row:
    """The series row of the gauge that a process sends from its first moment on, idle or not."""
    identity = hash64(f"{resource:x}\0{names.UPTIME}\0")
    return (identity, resource, names.UPTIME, GAUGE, "s", NO_TEMPORALITY, False, [], "{}", "", "", 0, False)


@dataclass(slots=True)
class Counters:
    """Counters of all processes, each since it came, and their exports. A process that comes again starts anew."""

    since: dict[int, float] = field(default_factory=dict)
    series: dict[Key, Row] = field(default_factory=dict)
    buckets: dict[Key, Ints] = field(default_factory=dict)
    seconds: dict[Key, float] = field(default_factory=dict)

    def add(self, rows: Iterable[Row]) -> None:
        """Count the requests served among these spans."""
        for row in rows:
            key = key_of(row)
            if key is None:
                continue
            if key not in self.series:
                self.series[key] = duration_series(key)
                self.buckets[key] = np.zeros(len(BOUNDS) + 1, np.int64)
                self.seconds[key] = 0.0
            took = (row[END] - row[START]) / 1e9
            self.buckets[key][slot(took)] += 1
            self.seconds[key] += took

    def live(self, since: float, processes: Iterable[int]) -> None:
        """Say which processes (ids of their resources) live from a Unix time on."""
        alive = set(processes)
        for process in alive - self.since.keys():
            self.since[process] = since
        for process in self.since.keys() - alive:
            del self.since[process]
            for key in [key for key in self.series if key[0] == process]:
                del self.series[key], self.buckets[key], self.seconds[key]

    def export(self, at: float) -> tuple[pa.Table, pa.Table]:
        """SERIES and POINTS of one export of every process that lives."""
        time_ns = round(at * 1e9)
        series: list[Row] = []
        points: list[Row] = []
        for key, row in self.series.items():
            counts = self.buckets[key].tolist()
            series.append(row)
            points.append(
                (row[0], time_ns, round(self.since[key[0]] * 1e9), None, sum(counts), self.seconds[key], counts)
            )
        for process, since in sorted(self.since.items()):
            row = uptime_series(process)
            series.append(row)
            points.append((row[0], time_ns, 0, at - since, None, None, None))
        return table(SERIES, series), table(POINTS, points)
