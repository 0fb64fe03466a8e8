"""Series: labels, the question to a metric source, and the block that answers it."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops.model import names

Labels = tuple[tuple[str, str], ...]


def labels(**pairs: str) -> Labels:
    """Make a label set, sorted, so that equal sets are equal values; `name=` stands for `__name__`."""
    if "name" in pairs:
        pairs[names.NAME] = pairs.pop("name")
    return tuple(sorted(pairs.items()))


def value_of(of: Labels, key: str, default: str = "") -> str:
    """Return the value of one label, or `default`."""
    for name, value in of:  # a loop, for speed: called a hundred thousand times a cycle
        if name == key:
            return value
    return default


def judged_service(of: Labels) -> str:
    """Return the service that a series is about: of calls, the caller."""
    return value_of(of, names.SERVICE) or value_of(of, names.CALLER)


def group_label(group: Labels) -> str:
    """Write the group of an objective as the value of one label, for alerts."""
    return " ".join(value for _, value in group)


@dataclass(frozen=True, slots=True)
class Selector:
    """One question to a metric source.

    `name` is a structured signal of `names` (REQUESTS, ERRORS, DURATION, BUCKET, TELEMETRY, LOST) or the name of any
    OpenTelemetry metric. `by` are the labels of the answer:

    - (service, route, method), or these and http_status ("0": none): requests served, from the service's metrics
      where it sends such metrics, else from its spans;
    - (caller, callee): requests as their callers saw them, from client spans;
    - (service,) with TELEMETRY: points and spans that arrived from a service;
    - (metric, service) with LOST: 1 in the steps in which so much of a metric was rejected that the rest cannot be used
      as one side of a ratio; service "" stands for all services together;
    - any attribute names, for an OpenTelemetry metric: counters and histograms answer increments (histograms of
      their count), gauges the last value of the step.

    `where` keeps only series with these labels. `unit` is the unit of an OpenTelemetry metric, which Prometheus makes
    part of the name; None where it is not known. `most` limits the answer to so many values (series times steps), and
    the samples read for it to eight times as many (0: any number).
    """

    name: str
    by: tuple[str, ...] = (names.SERVICE, names.ROUTE, names.METHOD)
    where: Labels = ()
    unit: str | None = None
    most: int = 0


@dataclass(frozen=True, slots=True)
class SeriesBlock:
    """Values of many series on one aligned grid.

    labels: one label set per row, `__name__` among them; BUCKET rows carry `le` (seconds, cumulative as in Prometheus).
    ends:   (steps,) end of each step, Unix seconds; a step covers (end - step, end].
    values: (series, steps), float64; NaN where a series had no sample in the step. Absent is neither zero nor bad.
    """

    labels: tuple[Labels, ...]
    ends: NDArray[np.float64]
    step: float
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.labels), len(self.ends)):
            raise ValueError(f"block of {len(self.labels)} series x {len(self.ends)} steps holds {self.values.shape}")

    def without(self, known: Collection[Labels]) -> "SeriesBlock":
        """Return the rows of this block whose labels are not among `known`."""
        rows = [row for row, one in enumerate(self.labels) if one not in known]
        if len(rows) == len(self.labels):
            return self
        return SeriesBlock(tuple(self.labels[row] for row in rows), self.ends, self.step, self.values[rows])

    def joined(self, other: "SeriesBlock") -> "SeriesBlock":
        """Return a block of these rows and the rows of another block on the same grid, in label order."""
        labels, values = (*self.labels, *other.labels), np.concatenate([self.values, other.values])
        order = sorted(range(len(labels)), key=labels.__getitem__)
        return SeriesBlock(tuple(labels[at] for at in order), self.ends, self.step, values[order])
