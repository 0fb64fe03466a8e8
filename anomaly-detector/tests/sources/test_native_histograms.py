"""Exponential and native histograms: what lies below a bound, and what is made of damaged ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model import Window, names
from aiops.sources.common.buckets import below, bounds
from aiops.sources.prometheus.native import MARK, classic
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_metrics import decode_metrics

from .conftest import T0, Prometheus
from .otlp import Point, http, points
from .reading import RED, same, served


def test_what_a_bound_cuts_is_told_by_the_logarithm() -> None:
    left, right, count = np.array([0.0, 1.0, 4.0]), np.array([1.0, 4.0, 16.0]), np.array([10.0, 8.0, 4.0])
    got = below(left, right, count, np.array([0.5, 1.0, 2.0, 4.0, 8.0, 100.0]))
    assert got.tolist() == pytest.approx([5, 10, 14, 18, 20, 22])


def test_bounds_of_milliseconds() -> None:
    assert bounds(0.001)[:3] == [5.0, 10.0, 25.0]


@given(
    st.lists(st.integers(0, 2**40), max_size=200),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(0, 100),
)
def test_whatever_the_buckets_are_the_count_is_kept(counts: list[int], scale: int, offset: int, more: int) -> None:
    export = points(Point(T0, T0 - 60, buckets=counts, form="exponential", scale=scale, offset=offset))
    point = export.resource_metrics[0].scope_metrics[0].metrics[0].exponential_histogram.data_points[0]
    point.count += more
    rows = Decoding(T0, 3600.0, lambda _: False)
    decode_metrics(export, rows)
    assert not rows.rejected.count
    ((*_, count, _, kept),) = rows.points
    assert count == sum(kept) == sum(counts) + more
    assert min(kept) >= 0


def test_a_histogram_in_both_forms_counts_once() -> None:
    of = {"job": "api", "__name__": "took_seconds"}
    found = {"count": "3", "sum": "0.6", "buckets": [[0, "0.125", "0.25", "3"]]}
    old = {"metric": {**of, "__name__": "took_seconds_count"}, "values": [[1, "3"]]}
    native = {"metric": of, "histograms": [[1, found]]}
    assert classic([old, native]) == [old]
    made = classic([native])
    assert made[0] == {"metric": {**of, "__name__": "took_seconds_count", MARK: "1"}, "values": [(1, "3")]}
    last = {one["metric"]["le"]: one["values"][0][1] for one in made[2:]}
    assert (last["0.1"], last["0.25"], last["10"]) == (0, 3, 3)
    assert 0 <= last["0.25"] - last["0.1"] <= 3


@pytest.mark.stack
def test_errors_that_were_known_a_day_ago_are_not_new(prometheus: Prometheus) -> None:
    def sample(at: float, count: int, status: int) -> Point:
        made = Point(T0 + at, T0 - 90_000, buckets=(count,), sum=count * 0.1, form="exponential", scale=0, offset=-4)
        return Point(**{**made.__dict__, "attributes": http("/", status)})

    prometheus.feed(points(sample(-1500, 40, 500)))
    for at, count in ((58, 10), (68, 13)):
        prometheus.feed(points(sample(at, count, 200)))
    prometheus.feed(points(sample(68, 44, 500)))
    block = prometheus.metrics.window(RED, Window(T0 + 60, T0 + 70), 10.0)
    same(served(block, names.REQUESTS), [3])
    same(served(block, names.ERRORS), [0])


@pytest.mark.stack
def test_services_whose_metrics_nobody_understands_are_named(prometheus: Prometheus) -> None:
    sdk = {"telemetry.sdk.language": "go"}
    odd = Point(T0 + 3600, T0, buckets=(3,), form="exponential", metric="handled", service="odd", resource=sdk)
    known = Point(T0 + 3600, T0, buckets=(3,), form="exponential", attributes=http("/"), resource=sdk)
    prometheus.feed(points(odd, known))
    (oddity,) = prometheus.metrics.oddities()
    assert (oddity.service, oddity.kind) == ("odd", "not_understood")
    assert "handled_seconds" in oddity.text
