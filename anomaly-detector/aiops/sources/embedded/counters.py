"""Raw points of chosen series, read so that their increments can be told."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aiops.sources.common.grid import Floats, Grid, Ints
from aiops.sources.common.increments import LOOKBACK_NS, Samples, increments, newborn
from aiops.sources.embedded import schema
from aiops.sources.embedded.columns import floats, ids, ints
from aiops.sources.embedded.partitions import POINTS
from aiops.sources.embedded.store import Store


@dataclass(frozen=True, slots=True)
class Chosen:
    """Series that answer a question: one dict of columns each (schema.SERIES and the resource's)."""

    rows: list[dict[str, Any]]

    def table(self) -> pa.Table:
        return pa.table({"series": pa.array([row["id"] for row in self.rows], pa.uint64())})


@dataclass(frozen=True, slots=True)
class Points:
    """Samples inside the window and the last one before it, sorted by series and time.

    row: `(samples,)` index into the chosen series. numbers: `(samples, 2)` value or count, and sum (0 for numbers).
    """

    row: Ints
    column: Ints
    series: NDArray[np.uint64]
    time_ns: Ints
    start_ns: Ints
    numbers: Floats
    buckets: "pa.ChunkedArray[Any]"


def choose(store: Store, where: str) -> Chosen:
    """Find series by a condition in SQL over `se` (series) and `r` (resources)."""
    table = store.query(
        lambda _: (
            "SELECT se.*, r.service, r.instance, r.version, r.attributes AS resource_attributes "
            f"FROM series se JOIN resources r ON se.resource = r.id WHERE {where} ORDER BY se.id"
        )
    )
    return Chosen(table.to_pylist())


def read(store: Store, chosen: Chosen, grid: Grid, buckets: bool) -> Points:
    """Read the points of chosen series in the window, and the last of each within the lookback before it.

    Without `buckets` theirs are null: they are most of what is read, and two weeks of them are not for this memory.
    """
    table = store.query(
        lambda partitions: (
            f"""
        WITH near AS (
            SELECT p.series, p.time_ns, p.start_ns, coalesce(p.value, p.count) AS number, coalesce(p.sum, 0) AS sum,
                {"p.buckets" if buckets else "NULL::UBIGINT[] AS buckets"}
            FROM {partitions.relation(POINTS, grid.start_ns - LOOKBACK_NS, grid.end_ns)} p
            SEMI JOIN chosen USING (series)
        ), last AS (SELECT series, max(time_ns) AS time_ns FROM near WHERE time_ns <= {grid.start_ns} GROUP BY series)
        SELECT n.* FROM near n LEFT JOIN last USING (series)
        WHERE n.time_ns > {grid.start_ns} OR n.time_ns = last.time_ns
        ORDER BY n.series, n.time_ns"""
        ),
        chosen=chosen.table(),
    )
    series, times = ids(table, "series"), ints(table, "time_ns")
    known = np.array([row["id"] for row in chosen.rows], dtype=np.uint64)
    numbers = np.column_stack([floats(table, "number"), floats(table, "sum")])
    return Points(
        np.searchsorted(known, series).astype(np.int64),
        grid.columns(times),
        series,
        times,
        ints(table, "start_ns"),
        numbers,
        table.column("buckets"),
    )


def grown(store: Store, chosen: Chosen, points: Points, values: Floats, grid: Grid) -> Floats:
    """Increments of `values` `(samples, counters)` that belong to the points; NaN for baselines."""
    groups: dict[tuple[int, str], int] = {}
    numbers = [groups.setdefault((row["resource"], row["metric"]), len(groups)) for row in chosen.rows]
    delta = np.array([row["temporality"] == schema.DELTA for row in chosen.rows], dtype=bool)
    samples = Samples(
        points.series,
        np.array(numbers, dtype=np.int64)[points.row],
        points.time_ns,
        points.start_ns,
        values,
        delta[points.row],
    )
    whole = newborn(samples)
    if whole.any():
        whole &= ~np.isin(points.series, _stored_before(store, points.series[whole], grid))
    return increments(samples, whole)


def _stored_before(store: Store, series: NDArray[np.uint64], grid: Grid) -> NDArray[np.uint64]:
    """Of these series, those with points from before the lookback: known and silent, not new."""
    table = store.query(
        lambda partitions: (
            "SELECT DISTINCT series FROM "
            f"{partitions.relation(POINTS, 0, grid.start_ns - LOOKBACK_NS - 1)} SEMI JOIN chosen USING (series)"
        ),
        chosen=pa.table({"series": pa.array(series, pa.uint64())}),
    )
    return ids(table, "series")
