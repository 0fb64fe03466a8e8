"""Raw points of selected series, with all that is needed for their increments."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aiops.model.arrays import Floats, Ints
from aiops.sources.common.grid import Grid
from aiops.sources.common.increments import Order, Samples, increments, newborn, order
from aiops.sources.common.processes import FIRST, LOOKBACK_NS
from aiops.sources.duckdb import schema
from aiops.sources.duckdb.columns import floats, ids, ints
from aiops.sources.duckdb.partitions import POINTS
from aiops.sources.duckdb.store import Store

ANY: Final = -1
"""Stands for any start time of a point."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The series that answer a question: one dict of columns each (schema.SERIES and the columns of the resource)."""

    rows: list[dict[str, Any]]

    def table(self) -> pa.Table:
        """Return the ids of the series, and which of them are counters, as a table."""
        return pa.table(
            {
                "series": pa.array([row["id"] for row in self.rows], pa.uint64()),
                "rises": pa.array([rises(row) for row in self.rows], pa.bool_()),
            }
        )


def rises(row: dict[str, Any]) -> bool:
    """Return whether a series is a counter, whose values fall only at a restart."""
    return bool(row["monotonic"]) and row["temporality"] == schema.CUMULATIVE


@dataclass(frozen=True, slots=True)
class Grown:
    """Increments `(samples, counters)`; the resources that several processes share, and those among them whose start
    times do not tell the processes apart: their increments are a lower bound."""

    added: Floats
    shared: frozenset[int]
    lost: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Samples in the window and the needed ones before it, sorted by series and time.

    row: `(samples,)` index into the selected series. numbers: `(samples, 2)` value or count, and sum (NaN where there
    is none).
    """

    row: Ints
    column: Ints
    series: NDArray[np.uint64]
    time_ns: Ints
    start_ns: Ints
    numbers: Floats
    buckets: "pa.ChunkedArray[Any]"


def choose(store: Store, where: str) -> Chosen:
    """Find series by an SQL condition on `se` (series) and `r` (resources)."""
    table = store.query(
        lambda _: (
            "SELECT se.*, r.service, r.instance, r.version, r.attributes AS resource_attributes "
            f"FROM series se JOIN resources r ON se.resource = r.id WHERE {where} ORDER BY se.id"
        )
    )
    return Chosen(table.to_pylist())


def read_points(store: Store, chosen: Chosen, grid: Grid, buckets: bool) -> Points:
    """Read the points of selected series in the window, and the last point of each within the lookback before it; for
    counters that fell or whose start time moved, the whole lookback, to tell processes apart.

    Without `buckets` these are null: they are most of the data, and two weeks of them do not fit into memory.
    """
    table = store.query(
        lambda partitions: (
            f"""
        WITH near AS (
            SELECT p.series, p.time_ns, p.start_ns, coalesce(p.value, p.count) AS number, p.sum,
                {"p.buckets" if buckets else "NULL::UBIGINT[] AS buckets"}
            FROM {partitions.relation(POINTS, grid.start_ns - LOOKBACK_NS, grid.end_ns)} p
            SEMI JOIN chosen USING (series)
        ), earlier AS (
            SELECT series, time_ns, number < lag(number) OVER (PARTITION BY series ORDER BY time_ns) AS fell
            FROM near WHERE time_ns <= {grid.start_ns}
        ), told AS (
            SELECT series, max(time_ns) AS time_ns, bool_or(fell) AS fell FROM earlier GROUP BY series
        ), last AS (
            SELECT series, any_value(told.time_ns) AS time_ns, bool_or(rises) AND (
                min(start_ns) <> max(start_ns) OR max(number) > arg_max(number, near.time_ns) OR bool_or(fell)
            ) AS odd
            FROM near JOIN chosen USING (series) LEFT JOIN told USING (series) GROUP BY series
        )
        SELECT n.* FROM near n JOIN last USING (series)
        WHERE n.time_ns > {grid.start_ns} OR n.time_ns = last.time_ns OR last.odd
        ORDER BY n.series, n.time_ns, n.start_ns"""
        ),
        chosen=chosen.table(),
    )
    series, times = ids(table, "series"), ints(table, "time_ns")
    known = np.array([row["id"] for row in chosen.rows], dtype=np.uint64)
    numbers = np.column_stack([floats(table, "number"), floats(table, "sum")])
    return Points(
        row=np.searchsorted(known, series).astype(np.int64),
        column=grid.columns(times),
        series=series,
        time_ns=times,
        start_ns=ints(table, "start_ns"),
        numbers=numbers,
        buckets=table.column("buckets"),
    )


def count(store: Store, chosen: Chosen, grid: Grid) -> int:
    """Return how many points of selected series are in the window."""
    table = store.query(
        lambda partitions: (
            "SELECT count(*) AS count FROM "
            f"{partitions.relation(POINTS, grid.start_ns, grid.end_ns)} SEMI JOIN chosen USING (series)"
        ),
        chosen=chosen.table(),
    )
    return int(ints(table, "count")[0])


def grown(store: Store, chosen: Chosen, points: Points, values: Floats, grid: Grid) -> Grown:
    """Return the increments of `values` `(samples, counters)`, which belong to the points; NaN for baselines."""
    groups: dict[tuple[int, str], int] = {}
    numbers = [groups.setdefault((row["resource"], row["metric"]), len(groups)) for row in chosen.rows]
    counts = np.array([rises(row) for row in chosen.rows], dtype=bool)
    delta = np.array([row["temporality"] == schema.DELTA for row in chosen.rows], dtype=bool)
    samples = Samples(
        series=points.series,
        group=np.array(numbers, dtype=np.int64)[points.row],
        time_ns=points.time_ns,
        start_ns=points.start_ns,
        values=values,
        delta=delta[points.row],
    )
    told = order(samples, counts[points.row])
    senders = {resource: number for (resource, _), number in groups.items() if number in told.shared}
    whole = _newborn(store, samples, told, grid)
    return Grown(
        increments(samples, told, whole),
        frozenset(senders),
        frozenset(resource for resource, number in senders.items() if number in told.lost),
    )


def _newborn(store: Store, samples: Samples, told: Order, grid: Grid) -> NDArray[np.bool_]:
    """Return which first samples are those of new series. Where processes share a resource, each one is a separate
    sender."""
    shared = np.isin(samples.group, list(told.shared))
    if shared.any():
        _, process = np.unique(np.where(shared, samples.start_ns, 0), return_inverse=True)
        _, group = np.unique(np.column_stack([samples.group, process]), axis=0, return_inverse=True)
        samples = replace(samples, group=group.reshape(-1).astype(np.int64))
    whole = newborn(samples, told.before == FIRST)
    if whole.any():
        at = np.flatnonzero(whole)
        start = np.where(shared[at], samples.start_ns[at], ANY)
        whole[at] = ~_stored_before(store, samples.series[at], start, grid)
    return whole


def _stored_before(store: Store, series: NDArray[np.uint64], start_ns: Ints, grid: Grid) -> NDArray[np.bool_]:
    """Return which of these series have points before the lookback, with this start time or with `ANY`: they are known
    and were silent, not new."""
    table = store.query(
        lambda partitions: (
            "SELECT DISTINCT wanted.number FROM "
            f"{partitions.relation(POINTS, 0, grid.start_ns - LOOKBACK_NS - 1)} p JOIN wanted USING (series) "
            f"WHERE wanted.start_ns = {ANY} OR wanted.start_ns = p.start_ns"
        ),
        wanted=pa.table(
            {
                "number": pa.array(np.arange(len(series)), pa.int64()),
                "series": pa.array(series, pa.uint64()),
                "start_ns": pa.array(start_ns, pa.int64()),
            }
        ),
    )
    return np.isin(np.arange(len(series)), ints(table, "number"))
