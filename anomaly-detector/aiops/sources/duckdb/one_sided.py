"""The requests of which so much was rejected that the rest cannot be judged: one side of the ratio may be missing.

If a share s of the requests is missing, a ratio is off by a factor of at most 1 / (1 - s): a small share does no harm,
and a few rejected spans do not stop the judgement. Losses are searched around each step and for some time before it,
because of senders that export once a minute. After the last rejection judging resumes when that time is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Final

import numpy as np
import pyarrow as pa

from aiops.model import names
from aiops.model.arrays import Bools, Floats
from aiops.sources.common.grid import NANO, Grid
from aiops.sources.common.rows import Key
from aiops.sources.duckdb.columns import floats, ints, numbers, texts
from aiops.sources.duckdb.lost import Told
from aiops.sources.duckdb.partitions import LOST_TABLE, POINTS, SPANS, Partitions
from aiops.sources.duckdb.schema import Kind
from aiops.sources.duckdb.store import Store

SMALL: Final = 0.05
"""The share of the received data that may be rejected."""
WHILE_SECONDS: Final = 120.0
"""Twice the default interval of metric exports in SDKs."""
_METRICS: Final = ", ".join(f"'{metric}'" for metric in names.SERVER_DURATION_METRICS)
_KINDS: Final = {Told.SERVED: "2, 5", Told.CALLED: "3, 4"}


@dataclass(frozen=True, slots=True)
class OneSided:
    """Where requests must not be judged: `(steps,)` by service, route and method, or by service where no more is known;
    `reasons` by service."""

    steps: dict[Key, Bools] = field(default_factory=dict)
    reasons: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, key: Sequence[str]) -> Bools | None:
        """Return the steps of a key that begins with service, route and method, or with the caller."""
        found = [one for one in (self.steps.get(tuple(key[:1])), self.steps.get(tuple(key[:3]))) if one is not None]
        return np.logical_or.reduce(found) if found else None


def one_sided(store: Store, told: Told, grid: Grid, lateness_seconds: float) -> OneSided:
    """Check each step of a grid, including data that came late by `lateness_seconds`. Raises SourceError."""
    wide, before, after = _widened(grid, lateness_seconds)
    found = store.query(lambda partitions: _lost(partitions, told, wide))
    if not found.num_rows:
        return OneSided()
    services = texts(found, "service")
    whole = numbers(found, "whole")
    lost: dict[Key, Floats] = {}
    why: dict[str, dict[str, None]] = {}
    columns = zip(services, texts(found, "route"), texts(found, "method"), whole, strict=True)
    parts = zip(columns, ints(found, "step"), floats(found, "count"), texts(found, "reason"), strict=True)
    for (service, route, method, anywhere), column, count, reason in parts:
        key: Key = (service,) if anywhere else (service, route, method)
        lost.setdefault(key, np.zeros(wide.steps))[column] += count
        why.setdefault(service, {})[reason] = None
    kept = _kept(store, told, wide, sorted(set(services)))
    steps: dict[Key, Bools] = {}
    for key, rejected in lost.items():
        taken = kept.get(key, np.zeros(wide.steps))
        odd = _too_much(rejected, taken, before, after)
        if odd.any():
            steps[key] = odd
    return OneSided(steps, {key[0]: tuple(sorted(why[key[0]])) for key in steps})


def metrics_one_sided(store: Store, grid: Grid, lateness_seconds: float) -> dict[tuple[str, str], Bools]:
    """Check counters and histograms in the same way: `(steps,)` by metric and service, and by metric and "" for all
    services together. Raises SourceError."""
    wide, before, after = _widened(grid, lateness_seconds)
    found = store.query(lambda partitions: _lost_points(partitions, wide))
    lost = _by_metric(found, wide)
    if not lost:
        return {}
    metrics = pa.table({"metric": pa.array(sorted({metric for metric, _ in lost}), pa.string())})
    kept = _by_metric(store.query(lambda partitions: _kept_points(partitions, wide), asked=metrics), wide)
    nothing = np.zeros(wide.steps)
    odd = {key: _too_much(rejected, kept.get(key, nothing), before, after) for key, rejected in lost.items()}
    return {key: steps for key, steps in odd.items() if steps.any()}


def _widened(grid: Grid, lateness_seconds: float) -> tuple[Grid, int, int]:
    """Return the grid extended by the times searched before and after it, and the steps of both."""
    step = grid.step_ns / NANO
    before, after = ceil(WHILE_SECONDS / step), ceil(lateness_seconds / step)
    return Grid(grid.start_ns - before * grid.step_ns, grid.step_ns, before + grid.steps + after), before, after


def _by_metric(found: pa.Table, grid: Grid) -> dict[tuple[str, str], Floats]:
    out: dict[tuple[str, str], Floats] = {}
    keys = zip(texts(found, "metric"), texts(found, "service"), strict=True)
    for (metric, service), column, count in zip(keys, ints(found, "step"), floats(found, "count"), strict=True):
        for key in ((metric, service), (metric, "")):
            out.setdefault(key, np.zeros(grid.steps))[column] += count
    return out


def _lost_points(partitions: Partitions, grid: Grid) -> str:
    return f"""
        SELECT metric, service, {grid.sql(LOST_TABLE.time)} AS step, sum(count)::DOUBLE AS count
        FROM {partitions.relation(LOST_TABLE, grid.start_ns + 1, grid.end_ns)}
        WHERE told = {int(Told.POINT)} AND metric <> '' GROUP BY ALL"""


def _kept_points(partitions: Partitions, grid: Grid) -> str:
    return f"""
        SELECT se.metric, r.service, {grid.sql("p.time_ns")} AS step, count(*)::DOUBLE AS count
        FROM {partitions.relation(POINTS, grid.start_ns + 1, grid.end_ns)} p JOIN series se ON p.series = se.id
        JOIN resources r ON se.resource = r.id SEMI JOIN asked ON se.metric = asked.metric GROUP BY ALL"""


def _too_much(rejected: Floats, taken: Floats, before: int, after: int) -> Bools:
    """Return whether more than a small share is missing in each step and its late data, or in these and the time
    before."""
    found: list[Bools] = []
    for back in (0, before - 1):
        span = np.ones(back + 1 + after)
        lost, kept = (np.convolve(one, span, "valid")[before - back :] for one in (rejected, taken))
        found.append((lost > SMALL * (lost + kept)) & (lost > 0.5))
    odd: Bools = found[0] | found[1]
    return odd


def _lost(partitions: Partitions, told: Told, grid: Grid) -> str:
    mine = f"AND (metric IN ({_METRICS}) OR (whole AND metric = ''))" if told == Told.POINT else ""
    return f"""
        SELECT service, route, method, whole, reason, {grid.sql(LOST_TABLE.time)} AS step, sum(count)::DOUBLE AS count
        FROM {partitions.relation(LOST_TABLE, grid.start_ns + 1, grid.end_ns)} WHERE told = {int(told)} {mine}
        GROUP BY ALL"""


def _kept(store: Store, told: Told, grid: Grid, services: list[str]) -> dict[Key, Floats]:
    """Return what was stored of the same services: by service, route and method, and by service alone."""

    def sql(partitions: Partitions) -> str:
        if told == Told.POINT:
            rows = f"""
                SELECT se.resource, se.route, se.method, {grid.sql("p.time_ns")} AS step
                FROM {partitions.relation(POINTS, grid.start_ns + 1, grid.end_ns)} p JOIN series se ON p.series = se.id
                WHERE se.metric IN ({_METRICS}) AND se.kind = {int(Kind.HISTOGRAM)}"""
        else:
            rows = f"""
                SELECT resource, route, method, {grid.sql("end_ns")} AS step
                FROM {partitions.relation(SPANS, grid.start_ns + 1, grid.end_ns)} WHERE kind IN ({_KINDS[told]})"""
        return f"""
            SELECT r.service, route, method, step, count(*)::DOUBLE AS count
            FROM ({rows}) sent JOIN resources r ON sent.resource = r.id SEMI JOIN asked ON r.service = asked.service
            GROUP BY ALL"""

    found = store.query(sql, asked=pa.table({"service": pa.array(services, pa.string())}))
    out: dict[Key, Floats] = {}
    keys = zip(texts(found, "service"), texts(found, "route"), texts(found, "method"), strict=True)
    for key, column, count in zip(keys, ints(found, "step"), floats(found, "count"), strict=True):
        for one in (key, key[:1]):
            out.setdefault(one, np.zeros(grid.steps))[column] += count
    return out
