"""Metrics of the virtual shop as the detector takes them, without a store between: months in minutes."""

from collections.abc import Iterable, Iterator

import numpy as np

from aiops.model import Labels, SeriesBlock, labels, names
from shop.virtual.stream import Slice
from shop.virtual.sums import BOUNDS

Sums = dict[Labels, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]


def blocks(slices: Iterable[Slice], step: float) -> Iterator[SeriesBlock]:
    """RED of each service and route, one block a slice; every point of a slice is one step's export."""
    before: dict[int, np.ndarray[tuple[int, ...], np.dtype[np.float64]]] = {}
    for one in slices:
        services = dict(zip(*(one.resources.column(name).to_pylist() for name in ("id", "service")), strict=True))
        series = {row["id"]: row for row in one.series.to_pylist() if row["bounds"]}
        ids = one.points.column("series").to_numpy()
        times = one.points.column("time_ns").to_numpy()
        ends = np.unique(times)
        sums: Sums = {}
        for key, row in series.items():
            mine = np.flatnonzero(ids == key)
            chosen = one.points.take(mine)
            counted = np.array(chosen.column("buckets").to_pylist(), dtype=np.float64)
            whole = np.column_stack([counted, chosen.column("sum").to_numpy()])
            last = before.get(key, np.zeros(whole.shape[1]))
            steps = np.diff(whole, axis=0, prepend=last[None, :])
            before[key] = whole[-1]
            scope = labels(service=services[row["resource"]], route=row["route"], method=row["method"])
            sums[scope] = sums.get(scope, np.zeros((len(ends), len(BOUNDS) + 3)))
            sums[scope][:, :-1] += steps
            sums[scope][:, -1] += steps[:, :-1].sum(axis=1) * row["failed"]
        yield _block(sums, ends / 1e9, step)


def _block(sums: Sums, ends: np.ndarray[tuple[int], np.dtype[np.float64]], step: float) -> SeriesBlock:
    rows: list[Labels] = []
    values = []
    for scope, found in sums.items():
        pairs = dict(scope)
        buckets = np.cumsum(found[:, : len(BOUNDS) + 1], axis=1)
        rows += [labels(name=one, **pairs) for one in (names.REQUESTS, names.ERRORS, names.DURATION)]
        values += [buckets[:, -1], found[:, -1], found[:, -2]]
        rows += [labels(name=names.BUCKET, le=str(bound), **pairs) for bound in BOUNDS]
        values += list(buckets[:, : len(BOUNDS)].T)
    return SeriesBlock(tuple(rows), ends, step, np.array(values))
