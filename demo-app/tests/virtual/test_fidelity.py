"""Both fidelities have one truth: what `history` draws at once agrees with what the spans of `stream` add up to.

z-scores from Poisson and binomial statistics, with seeds that do not change; the bound of 4.5 is passed by chance once
in 150,000 draws.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from shop.catalogue import Fault
from shop.virtual.graph import shop
from shop.virtual.history import increments
from shop.virtual.load import Load
from shop.virtual.stream import Model, Slice
from shop.virtual.trouble import Timed

START = 1_763_712_000.0
SECONDS = 2 * 3600.0
BOUND = 4.5
SEEN = 30  # hits a counter needs for its shares to be compared
SAMPLE_SHARE = 6000 / (8.0 * SECONDS)  # requests that `history` looks at, of those that `stream` makes

Key = tuple[str, str, int]


@dataclass(frozen=True)
class Total:
    """What a counter has come to."""

    count: int
    seconds: float
    buckets: NDArray[np.float64]


def totals(slices: Iterable[Slice]) -> dict[Key, Total]:
    """The last point of each counter, by service, route and status."""
    *_, last = slices
    services = dict(zip(*(last.resources.column(name).to_pylist() for name in ("id", "service")), strict=True))
    keys = {
        row["id"]: (services[row["resource"]], row["route"], row["http_status"])
        for row in last.series.to_pylist()
        if row["kind"] == 3
    }
    newest = round(last.end * 1e9)
    return {
        keys[row["series"]]: Total(row["count"], row["sum"], np.array(row["buckets"], np.float64))
        for row in last.points.to_pylist()
        if row["series"] in keys and row["time_ns"] == newest
    }


@pytest.fixture(scope="module", params=[(), (Fault("errors", "payment", "/payment", 0.4),)], ids=["quiet", "errors"])
def both(request: pytest.FixtureRequest) -> tuple[dict[Key, Total], dict[Key, Total]]:
    faults = [Timed(fault, START, START + SECONDS) for fault in request.param]
    model = Model(shop(), Load(8.0), faults, seed=3)
    spans = totals(model.slices(START, START + SECONDS, 60.0))
    return spans, totals(increments(model, START, START + SECONDS, 60.0))


def noise(expected: float) -> float:
    """Sigma of the difference of two counts: the spans', and one drawn by rates that a sample has estimated."""
    return float(np.sqrt(expected + expected * (1 + 1 / SAMPLE_SHARE)))


def test_counts(both: tuple[dict[Key, Total], dict[Key, Total]]) -> None:
    spans, drawn = both
    for key in spans.keys() | drawn.keys():
        one, other = (of[key].count if key in of else 0 for of in both)
        assert abs(one - other) / noise(max(one, other, 1)) < BOUND, (key, one, other)
    assert {key for key in spans if spans[key].count > 100} == {key for key in drawn if drawn[key].count > 100}


def test_mean_durations(both: tuple[dict[Key, Total], dict[Key, Total]]) -> None:
    for key, one, other in compared(both):
        # The log-normal work of the shop has a coefficient of variation below 0.5.
        sigma = 0.5 * (1 / one.count + 1 / other.count + 1 / (other.count * SAMPLE_SHARE)) ** 0.5
        ratio = (other.seconds / other.count) / (one.seconds / one.count)
        assert abs(ratio - 1) / sigma < BOUND, (key, ratio)


def test_bucket_shares(both: tuple[dict[Key, Total], dict[Key, Total]]) -> None:
    for key, one, other in compared(both):
        pooled = (one.buckets + other.buckets) / (one.count + other.count)
        variance = pooled * (1 - pooled) * (1 / one.count + 1 / other.count + 1 / (other.count * SAMPLE_SHARE))
        z = (one.buckets / one.count - other.buckets / other.count) / np.sqrt(np.maximum(variance, 1e-12))
        often = (one.buckets + other.buckets) >= 10
        assert np.abs(z[often]).max() < BOUND, (key, z)


def test_every_export_has_the_rate_of_its_time() -> None:
    load = Load(8.0, daily=0.5)
    (one,) = increments(Model(shop(), load, seed=3), START, START + 24 * 3600.0, 600.0)
    gateway = next(row["id"] for row in one.resources.to_pylist() if row["service"] == "gateway")
    mine = {row["id"] for row in one.series.to_pylist() if row["resource"] == gateway and row["kind"] == 3}
    counts: dict[int, int] = {}
    for row in one.points.to_pylist():
        if row["series"] in mine:
            counts[row["time_ns"]] = counts.get(row["time_ns"], 0) + row["count"]
    times = sorted(counts)
    added = np.diff([0, *(counts[time] for time in times)])
    expected = load.at(np.array(times) / 1e9 - 300.0) * 600.0
    z = (added - expected) / np.sqrt(expected)
    assert np.abs(z).max() < BOUND
    assert z.std() == pytest.approx(1.0, abs=4.5 / np.sqrt(2 * len(z))), "as noisy as Poisson arrivals, not more"


def compared(both: tuple[dict[Key, Total], dict[Key, Total]]) -> list[tuple[Key, Total, Total]]:
    """Counters that both have hit often enough."""
    spans, drawn = both
    found = [(key, spans[key], drawn[key]) for key in spans.keys() & drawn.keys()]
    kept = [(key, one, other) for key, one, other in found if min(one.count, other.count) >= SEEN]
    assert len(kept) >= 8
    return kept
