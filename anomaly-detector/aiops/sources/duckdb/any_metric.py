"""Any OpenTelemetry metric by its name, and the catalogue of stored metrics."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aiops.model import Labels, names
from aiops.model.arrays import Floats
from aiops.sources.common import attributes, bounds
from aiops.sources.common.grid import Grid
from aiops.sources.common.rows import Key
from aiops.sources.duckdb import schema
from aiops.sources.duckdb.counters import Chosen, choose, count, grown, read_points
from aiops.sources.duckdb.schema import Kind
from aiops.sources.duckdb.store import Store


@dataclass(frozen=True, slots=True)
class Metric:
    """A stored metric: its instrument ("counter", "updown", "gauge", "histogram"), unit and senders."""

    name: str
    kind: str
    unit: str
    services: tuple[str, ...]


def catalog(store: Store) -> list[Metric]:
    """Return the stored metrics, by name."""
    table = store.query(
        lambda _: (
            """
        SELECT se.metric, se.kind, se.monotonic, se.unit, list_sort(list(DISTINCT r.service)) AS services
        FROM series se JOIN resources r ON se.resource = r.id GROUP BY ALL ORDER BY ALL"""
        )
    )
    return [
        Metric(row["metric"], _instrument(row["kind"], row["monotonic"]), row["unit"], tuple(row["services"]))
        for row in table.to_pylist()
    ]


def values(store: Store, metric: str, by: Sequence[str], where: Labels, grid: Grid, most: int = 0) -> dict[Key, Floats]:
    """Return a metric by attributes (or `service`, or resource attributes), `(steps,)` each, summed over the rest.

    Counters and histograms give increments (histograms of their count), gauges and up-down counters the last value of
    each series in the step. Raises TooMuch for more than `most` values.
    """
    quoted = metric.replace("'", "''")
    chosen = choose(store, f"se.metric = '{quoted}'")
    if where:
        wanted = tuple(value for _, value in where)
        chosen = Chosen([row for row in chosen.rows if _key(row, [name for name, _ in where]) == wanted])
    if not chosen.rows:
        return {}
    keys: dict[Key, int] = {}
    rows = np.array([keys.setdefault(_key(row, by), len(keys)) for row in chosen.rows], np.int64)
    bounds.check_size(len(keys), grid.steps, most)
    if most:
        bounds.check_samples(count(store, chosen, grid), most)
    points = read_points(store, chosen, grid, buckets=False)
    added = grown(store, chosen, points, points.numbers[:, :1], grid).added[:, 0]
    level = np.array([_is_level(row) for row in chosen.rows], bool)[points.row]
    # The last sample of a series in a step is the one without a successor in the same series and step.
    last = np.ones(len(points.row), bool)
    last[:-1] = (points.row[1:] != points.row[:-1]) | (points.column[1:] != points.column[:-1])
    shown = np.where(level, np.where(last, points.numbers[:, 0], np.nan), added)
    table = grid.sums(rows[points.row], points.column, shown, len(keys))
    return {key: table[row] for key, row in keys.items() if not np.isnan(table[row]).all()}


def _key(row: dict[str, str], by: Sequence[str]) -> Key:
    found = {
        **attributes.parse(row["resource_attributes"]),
        **attributes.parse(row["attributes"]),
        names.SERVICE: row["service"],
    }
    return tuple(found.get(name, "") for name in by)


def _is_level(row: dict[str, int]) -> bool:
    if row["kind"] == Kind.GAUGE:
        return True
    return row["kind"] == Kind.SUM and not row["monotonic"] and row["temporality"] != schema.DELTA


def _instrument(kind: int, monotonic: bool) -> str:
    if kind == Kind.SUM:
        return "counter" if monotonic else "updown"
    return Kind(kind).name.lower()
