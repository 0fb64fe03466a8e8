"""Metrics alone, at more than 20,000 times the speed of time: counts drawn from what a sample of requests does.

Between two changes every request is drawn from the same distribution. A few thousand requests of it (`requests`, the
same code that makes spans) say how often each counter is hit and which buckets; the counts of all steps between the
changes are then drawn at once, Poisson by the load. So the two fidelities have one truth, and spans over a long time
add up to what is drawn here. What one request does to two services is not drawn together: their counts go up and down
by themselves.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shop.virtual import sums
from shop.virtual.requests import Requests
from shop.virtual.rows import CONSUMER, END, KIND, RESOURCES, SERVER, SPANS, START, table
from shop.virtual.stream import Model, Slice
from shop.virtual.sums import BOUNDS, Key
from shop.virtual.trouble import Timed, Trouble

Floats = NDArray[np.float64]
SAMPLE = 6000  # requests that stand for all of a stretch
RAMP_STRETCH = 600.0  # seconds over which a fault that grows is taken for constant
MOST_STEPS = 20_000  # drawn at once, for memory to stay small


@dataclass(frozen=True, slots=True)
class Shape:
    """What one customer's request adds: (counters, buckets) mean hits; mean and variance of the seconds of a hit."""

    keys: list[Key]
    hits: Floats
    mean: Floats
    variance: Floats


def increments(model: Model, start: float, end: float, step: float, steps: int = MOST_STEPS) -> Iterator[Slice]:
    """Live from `start` to `end` with one export every `step` seconds; slices hold the metrics of `steps` each."""
    rng = np.random.default_rng([model.seed, 2])
    # Whole steps: what changes within a step cannot be told from its counts.
    model = replace(model, faults=[_on_grid(one, start, step) for one in model.faults])
    trouble = Trouble(model.graph, model.faults)
    counters = sums.Counters()
    for since, until in _stretches(trouble, start, end, step):
        processes = model.processes(since, trouble)
        mine = {row[0] for service, found in processes.items() if model.reports(service) for row in found}
        counters.live(since, mine)
        shape = _shape(model, trouble, since, until, mine)
        resources = table(RESOURCES, [row for found in processes.values() for row in found])
        for low in np.arange(since, until - step / 2, step * steps):
            count = round((min(until, low + step * steps) - low) / step)
            ends = low + step * np.arange(1, count + 1)
            drawn = _draw(model, trouble, shape, ends, step, rng)
            series, points = _export(counters, shape, ends, *drawn)
            yield Slice(float(ends[-1]), resources, series, points, SPANS.empty_table())


def _on_grid(fault: Timed, start: float, step: float) -> Timed:
    def rounded(time: float) -> float:
        return start + round((time - start) / step) * step

    return Timed(fault.fault, rounded(fault.start), rounded(fault.end))


def _stretches(trouble: Trouble, start: float, end: float, step: float) -> Iterator[tuple[float, float]]:
    """The time cut where something changes, on the grid of steps."""
    cuts = {start, end}
    cuts |= {time for time in trouble.boundaries if start < time < end}
    if trouble.ramps():
        cuts |= set(np.arange(start, end, max(step, RAMP_STRETCH // step * step)).tolist())
    ordered = sorted(cuts)
    yield from pairwise(ordered)


def _shape(model: Model, trouble: Trouble, since: float, until: float, mine: set[int]) -> Shape:
    """Look at a sample of requests, spread over the stretch at the rate that it has."""
    rng = random.Random(f"history {model.seed} {since}")
    requests = Requests(model.graph, trouble, rng, model.pace)
    keys, shares = [one.path for one in model.graph.entries], [one.share for one in model.graph.entries]
    trouble.at(since)
    length = min(until - since, SAMPLE / max(model.load.rate * trouble.load, 1e-9))
    for number in range(SAMPLE):
        requests.draw(rng.choices(keys, shares)[0], since + length * (number + 0.5) / SAMPLE)
    places: dict[Key, int] = {}
    hits: list[tuple[int, int, float]] = []
    for row in requests.rows:
        if row[KIND] in (SERVER, CONSUMER):
            key = sums.key_of(row)
            if key is not None and key[0] in mine:
                took = (row[END] - row[START]) / 1e9
                hits.append((places.setdefault(key, len(places)), sums.slot(took), took))
    shape = (len(places), len(BOUNDS) + 1)
    count, seconds, squares = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for place, bucket, took in hits:
        count[place, bucket] += 1
        seconds[place, bucket] += took
        squares[place, bucket] += took * took
    mean = seconds / np.maximum(count, 1)
    return Shape(list(places), count / SAMPLE, mean, np.maximum(squares / np.maximum(count, 1) - mean**2, 0.0))


def _draw(
    model: Model, trouble: Trouble, shape: Shape, ends: Floats, step: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    """Counts (steps, counters, buckets) and seconds (steps, counters)."""
    load = replace(model.load, rate=model.load.rate * trouble.load)
    # A share of Poisson arrivals is Poisson again, and those of two outcomes of a request are independent. To draw the
    # customers first and each counter from them would make the counts noisier than what spans add up to.
    customers = load.at(ends - step / 2) * step
    counts = rng.poisson(customers[:, None, None] * shape.hits[None])
    spread = np.sqrt((counts * shape.variance).sum(axis=2)) * rng.standard_normal(counts.shape[:2])
    least = (counts * shape.mean).sum(axis=2)
    return counts, np.maximum(least + spread, 0.2 * least)


def _export(
    counters: sums.Counters, shape: Shape, ends: Floats, counts: NDArray[np.int64], seconds: Floats
) -> tuple[pa.Table, pa.Table]:
    """Cumulative points of all steps, and their series."""
    times = np.round(ends * 1e9).astype(np.int64)
    series, points = [], []
    for place, key in enumerate(shape.keys):
        row = counters.series.setdefault(key, sums.duration_series(key))
        before = counters.buckets.get(key, np.zeros(len(BOUNDS) + 1, np.int64))
        buckets = before + np.cumsum(counts[:, place], axis=0)
        spent = counters.seconds.get(key, 0.0) + np.cumsum(seconds[:, place])
        counters.buckets[key], counters.seconds[key] = buckets[-1], float(spent[-1])
        series.append(row)
        points.append(_points(row[0], times, counters.since[key[0]], buckets, spent))
    for process, since in sorted(counters.since.items()):
        row = sums.uptime_series(process)
        series.append(row)
        points.append(_gauge(row[0], times, ends - since))
    return table(sums.SERIES, series), pa.concat_tables(points)


def _points(series: int, times: NDArray[np.int64], since: float, buckets: NDArray[np.int64], spent: Floats) -> pa.Table:
    size = len(times)
    width = buckets.shape[1]
    offsets = pa.array(np.arange(size + 1, dtype=np.int32) * width)
    return pa.Table.from_arrays(
        [
            pa.array(np.full(size, series, np.uint64)),
            pa.array(times),
            pa.array(np.full(size, round(since * 1e9), np.int64)),
            pa.nulls(size, pa.float64()),
            pa.array(buckets.sum(axis=1).astype(np.uint64)),
            pa.array(spent),
            pa.ListArray.from_arrays(offsets, pa.array(buckets.ravel().astype(np.uint64))),
        ],
        schema=sums.POINTS,
    )


def _gauge(series: int, times: NDArray[np.int64], values: Floats) -> pa.Table:
    size = len(times)
    return pa.Table.from_arrays(
        [
            pa.array(np.full(size, series, np.uint64)),
            pa.array(times),
            pa.array(np.zeros(size, np.int64)),
            pa.array(values),
            pa.nulls(size, pa.uint64()),
            pa.nulls(size, pa.float64()),
            pa.nulls(size, pa.list_(pa.uint64())),
        ],
        schema=sums.POINTS,
    )
