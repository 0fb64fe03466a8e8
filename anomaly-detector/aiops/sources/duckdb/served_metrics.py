"""Requests served, from the duration histograms of services that send them."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from aiops.model import names
from aiops.model.arrays import Bools, Floats, Ints
from aiops.sources.common import conventions
from aiops.sources.common.attributes import parse
from aiops.sources.common.buckets import SECONDS_PER_UNIT
from aiops.sources.common.grid import NANO, Grid
from aiops.sources.common.rows import UNKNOWN, Key, Requests, plus
from aiops.sources.common.work import METRICS, Work
from aiops.sources.duckdb.columns import texts
from aiops.sources.duckdb.counters import Chosen, Points, choose, grown, read_points
from aiops.sources.duckdb.schema import Kind
from aiops.sources.duckdb.senders import StoreSenders
from aiops.sources.duckdb.store import Store

# A service that sends both names of a metric while it migrates is counted by the current one.
_RENAMED: Final = {
    "http.server.duration": "http.server.request.duration",
    "rpc.server.duration": "rpc.server.call.duration",
}
_METRICS: Final = ", ".join(f"'{metric}'" for metric in names.SERVER_DURATION_METRICS)
REPORTING: Final = f"(SELECT resource FROM series WHERE metric IN ({_METRICS}) AND kind = {int(Kind.HISTOGRAM)})"
"""SQL for the processes that have sent such histograms."""


def reporters(store: Store) -> frozenset[tuple[str, Work]]:
    """Return the services that have sent server durations within the retention, with the kind of operation that these
    count: their spans of that kind are not counted."""
    table = store.query(
        lambda _: (
            "SELECT DISTINCT r.service, se.metric FROM series se JOIN resources r ON se.resource = r.id "
            f"WHERE se.metric IN ({_METRICS}) AND se.kind = {int(Kind.HISTOGRAM)}"
        )
    )
    return frozenset(
        (service, METRICS[metric])
        for service, metric in zip(texts(table, "service"), texts(table, "metric"), strict=True)
    )


def served(store: Store, by: Sequence[str], grid: Grid, buckets: bool, senders: StoreSenders) -> Requests:
    """Count requests by `by`, a choice of service, route, method and http_status (0: none)."""
    chosen = _current(choose(store, f"se.metric IN ({_METRICS}) AND se.kind = {int(Kind.HISTOGRAM)}"))
    out = Requests()
    if not chosen.rows:
        return out
    points = read_points(store, chosen, grid, buckets)
    keys: dict[Key, int] = {}
    rows = np.array([keys.setdefault(tuple(str(row[name]) for name in by), len(keys)) for row in chosen.rows], np.int64)
    steps = (rows[points.row], points.column)
    counted = grown(store, chosen, points, points.numbers, grid)
    senders.saw(counted, {row["resource"]: row["service"] for row in chosen.rows}, grid.end_ns / NANO)
    numbers = counted.added
    numbers[_streaming(chosen)[points.row], 1:] = np.nan
    scale = np.array([_scale(row) for row in chosen.rows])[points.row]
    failed = np.array([row["failed"] for row in chosen.rows], bool)[points.row]
    total = grid.sums(*steps, numbers[:, 0], len(keys))
    bad = grid.sums(*steps, np.where(failed, numbers[:, 0], 0.0), len(keys))
    bad[np.isnan(total)] = np.nan
    bad[~np.isnan(total) & np.isnan(bad)] = 0.0
    seconds = _known(grid.sums(*steps, numbers[:, 1] * scale, len(keys)), steps, numbers[:, 0], numbers[:, 1:])
    for key, row in keys.items():
        if not np.isnan(total[row]).all():
            out.total[key], out.bad[key], out.seconds[key] = total[row], bad[row], seconds[row]
    if buckets:
        _buckets(store, chosen, points, rows, list(keys), grid, out)
    return out


def _known(sums: Floats, steps: tuple[Ints, Ints], counted: Floats, parts: Floats) -> Floats:
    """Set UNKNOWN in the steps in which requests were counted whose other parts `(samples, n)` are unknown."""
    rows, columns = steps
    lacking = ~np.isnan(counted) & np.isnan(parts).any(axis=1) & (columns >= 0)
    sums[rows[lacking], columns[lacking]] = UNKNOWN
    return sums


def _buckets(
    store: Store, chosen: Chosen, points: Points, rows: Ints, keys: list[Key], grid: Grid, out: Requests
) -> None:
    """Add cumulative buckets. Where senders have different bounds, only the bounds that all share are exact, and are
    kept."""
    bounds_of = [tuple(np.array(row["bounds"] or []) * _scale(row)) for row in chosen.rows]
    layouts = sorted(set(bounds_of))
    layout = np.array([layouts.index(bounds) for bounds in bounds_of], np.int64)[points.row]
    inside = points.column >= 0
    shared: dict[int, set[float]] = {}
    for at in np.unique(points.row[inside]).tolist():
        mine = {round(bound, 12) for bound in bounds_of[at]}
        shared[rows[at]] = shared[rows[at]] & mine if rows[at] in shared else mine
    sums: dict[tuple[int, float], Floats] = {}
    for number, bounds in enumerate(layouts):
        of_layout = np.flatnonzero(layout == number)
        if not len(of_layout) or not bounds:
            continue
        part = _part(points, of_layout)
        counts = _matrix(points.buckets.take(of_layout), len(bounds) + 1)
        values = np.column_stack([points.numbers[of_layout, 0], np.cumsum(counts, axis=1)[:, :-1]])
        numbers = grown(store, chosen, part, values, grid).added
        numbers[_streaming(chosen)[part.row], 1:] = np.nan
        counted, added = numbers[:, 0], numbers[:, 1:]
        for place, bound in enumerate(round(float(one), 12) for one in bounds):
            steps = (rows[part.row], part.column)
            table = _known(grid.sums(*steps, added[:, place], len(keys)), steps, counted, added[:, place : place + 1])
            for row in np.flatnonzero(~np.isnan(table).all(axis=1)).tolist():
                if bound in shared.get(row, ()):
                    before = sums.get((row, bound))
                    sums[row, bound] = table[row] if before is None else plus(before, table[row])
    for (row, bound), values in sums.items():
        out.buckets[keys[row], bound] = values
    for key, total in out.total.items():
        out.buckets[key, np.inf] = total


def _part(points: Points, mine: Ints) -> Points:
    return Points(
        row=points.row[mine],
        column=points.column[mine],
        series=points.series[mine],
        time_ns=points.time_ns[mine],
        start_ns=points.start_ns[mine],
        numbers=points.numbers[mine],
        buckets=points.buckets,
    )


def _matrix(buckets: "pa.ChunkedArray[Any]", width: int) -> Floats:
    """Return bucket counts as `(samples, width)`, NaN for a sample without buckets."""
    if buckets.null_count:
        return np.array([one if one is not None else [np.nan] * width for one in buckets.to_pylist()], np.float64)
    flat = pc.list_flatten(buckets)
    return np.asarray(flat.to_numpy(), dtype=np.float64).reshape(-1, width)


def _scale(row: dict[str, Any]) -> float:
    return SECONDS_PER_UNIT.get(row["unit"], names.SERVER_DURATION_METRICS[row["metric"]])


def _streaming(chosen: Chosen) -> Bools:
    """Return which series count streams, whose durations must not be used, `(series,)`."""
    return np.array([conventions.request(parse(row["attributes"])).streams for row in chosen.rows], bool)


def _current(chosen: Chosen) -> Chosen:
    have = {(row["service"], row["metric"]) for row in chosen.rows}
    return Chosen([row for row in chosen.rows if (row["service"], _RENAMED.get(row["metric"], "")) not in have])
