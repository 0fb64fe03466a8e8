"""Metric slices as OpenMetrics text with timestamps, named as Prometheus names them.

    promtool tsdb create-blocks-from openmetrics history.om data/

The text has all samples of a family together, and within it those of one label set: so everything is kept until the
last slice has come, about 60 MB for two weeks of the shop at one export a minute (the text itself is twenty times as
long).
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shop.virtual.stream import Slice
from shop.virtual.sums import HISTOGRAM

UNITS = {"s": "seconds"}
Row = dict[str, Any]


@dataclass(slots=True)
class Family:
    """A metric with all its series: their rows by id."""

    name: str
    unit: str
    histogram: bool
    series: dict[int, Row] = field(default_factory=dict)

    def head(self) -> str:
        """The lines that describe it."""
        return f"# TYPE {self.name} {'histogram' if self.histogram else 'gauge'}\n# UNIT {self.name} {self.unit}\n"


def text(slices: Iterable[Slice]) -> Iterator[str]:
    """The whole text in pieces, `# EOF` last. Slices come in order of time."""
    families: dict[str, Family] = {}
    resources: dict[int, Row] = {}
    points = []
    for one in slices:
        resources |= {row["id"]: row for row in one.resources.to_pylist()}
        for row in one.series.to_pylist():
            unit = UNITS[row["unit"]]
            name = f"{row['metric'].replace('.', '_')}_{unit}"
            family = families.setdefault(name, Family(name, unit, row["kind"] == HISTOGRAM))
            family.series.setdefault(row["id"], row)
        points.append(one.points)
    chosen = _by_series(pa.concat_tables(points)) if points else {}
    for _, family in sorted(families.items()):
        yield family.head()
        for number, row in family.series.items():
            yield from _samples(family, row, resources[row["resource"]], chosen[number])
    yield "# EOF\n"


def _by_series(points: pa.Table) -> dict[int, pa.Table]:
    """The points of each series, in order of time."""
    ordered = points.combine_chunks().sort_by([("series", "ascending"), ("time_ns", "ascending")])
    ids, starts = np.unique(ordered.column("series").to_numpy(), return_index=True)
    ends = [*starts[1:].tolist(), ordered.num_rows]
    return {
        number: ordered.slice(start, end - start)
        for number, start, end in zip(ids.tolist(), starts.tolist(), ends, strict=True)
    }


def _samples(family: Family, row: Row, resource: Row, points: pa.Table) -> Iterator[str]:
    """All samples of one series."""
    labels = _labels(row, resource)
    times = [f"{time:.3f}" for time in (points.column("time_ns").to_numpy() / 1e9).tolist()]
    if not family.histogram:
        values = points.column("value").to_pylist()
        yield "".join(f"{family.name}{{{labels}}} {value:.12g} {at}\n" for value, at in zip(values, times, strict=True))
        return
    bounds = [*(repr(float(bound)) for bound in row["bounds"]), "+Inf"]
    buckets = [f'{family.name}_bucket{{{labels},le="{bound}"}}' for bound in bounds]
    counted, summed = f"{family.name}_count{{{labels}}}", f"{family.name}_sum{{{labels}}}"
    for counts, total, at in zip(
        _cumulative(points, len(bounds)), points.column("sum").to_pylist(), times, strict=True
    ):
        yield "".join(f"{name} {count} {at}\n" for name, count in zip(buckets, counts, strict=True))
        yield f"{counted} {counts[-1]} {at}\n{summed} {total:.12g} {at}\n"


def _cumulative(points: pa.Table, width: int) -> list[list[int]]:
    flat: NDArray[np.uint64] = pc.list_flatten(points.column("buckets")).to_numpy()
    rows: list[list[int]] = np.cumsum(flat.reshape(-1, width), axis=1).tolist()
    return rows


def _labels(row: Row, resource: Row) -> str:
    pairs = {"job": resource["service"], "instance": resource["instance"], "service_name": resource["service"]}
    pairs["telemetry_generated"] = "true"  # so that it can be told apart, and deleted, where real telemetry is
    pairs |= {name.replace(".", "_"): value for name, value in json.loads(row["attributes"]).items()}
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
