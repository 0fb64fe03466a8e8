"""Objectives counted in blocks of series, and their windows, against plain arithmetic."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model import Labels, Selector, SeriesBlock, labels, names
from aiops.slo.live.matcher import SliMatcher
from aiops.slo.live.windows import FIVE, MINUTE, SHORT, BurnWindows
from aiops.slo.rules import tiers

from .documents import CHECKOUT, changed, one
from .test_openslo import QUERIES, RATIO, RAW

LATENCY = changed(CHECKOUT, ("checkout-availability", "quick"), ("method: POST", "threshold: 1s"))
GROUPED = changed(CHECKOUT, ("checkout-availability", "grouped"), ("route: /checkout\n", "groupBy: [http.route]\n"))
STEP = 15.0


def block(rows: dict[Labels, list[float]]) -> SeriesBlock:
    values = np.array(list(rows.values()))
    return SeriesBlock(tuple(rows), STEP * (1 + np.arange(values.shape[1])), STEP, values)


def served(name: str, route: str = "/checkout", method: str = "POST", service: str = "gateway", **more: str) -> Labels:
    return labels(name=name, service=service, route=route, method=method, **more)


BLOCK = block(
    {
        served(names.REQUESTS): [10, 20, np.nan],
        served(names.ERRORS): [1, np.nan, np.nan],
        served(names.BUCKET, le="1.0"): [8, 20, np.nan],
        served(names.BUCKET, le="+Inf"): [10, 20, np.nan],
        served(names.REQUESTS, method="GET"): [5, 5, 5],
        served(names.BUCKET, method="GET", le="1.0"): [5, 4, 5],
        served(names.REQUESTS, route="/pay"): [7, 7, 7],
        served(names.ERRORS, route="/pay"): [7, 0, 0],
        served(names.REQUESTS, service="payment"): [9, 9, 9],
    }
)


def counted(text: str, of: SeriesBlock = BLOCK) -> dict[str, tuple[list[float], list[float]]]:
    matcher = SliMatcher([one(text)])
    events, bad = matcher.counted(of)
    return {
        " ".join(value for _, value in group): (events[slot].tolist(), bad[slot].tolist())
        for (_, group), slot in matcher.slots.items()
    }


def test_requests_that_failed_and_that_were_slow() -> None:
    events, bad = counted(CHECKOUT)[""]
    assert (events[:2], bad[:2]) == ([10, 20], [1, 0])
    assert np.isnan([events[2], bad[2]]).all()
    assert counted(LATENCY) == {"": ([15, 25, 5], [2, 1, 0])}


def test_each_group_has_counts_of_its_own() -> None:
    found = counted(GROUPED)
    assert found["/pay"] == ([7, 7, 7], [7, 0, 0])
    assert found["/checkout"][1][:2] == [1, 0]


def test_remote_calls() -> None:
    text = changed(CHECKOUT, ("otel.http.server", "otel.rpc.server"), ("route: /checkout", "route: shop.Pay"))
    text = changed(text, ("method: POST", "method: Charge"))
    rows = {
        served(names.REQUESTS, route="shop.Pay/Charge", method=""): [4.0],
        served(names.ERRORS, route="shop.Pay/Charge", method=""): [3.0],
        served(names.REQUESTS, route="shop.Pay/Refund", method=""): [9.0],
    }
    assert counted(text, block(rows)) == {"": ([4], [3])}


def test_metrics_of_any_name() -> None:
    matcher = SliMatcher([one(changed(CHECKOUT, (RAW, RATIO)))])
    region = "shop.region"
    assert matcher.selectors() == [
        Selector("orders", (region,), (), "{order}"),
        Selector("orders.failed", (region,), ((region, "eu"),), ""),
        Selector(names.LOST, (names.METRIC, names.SERVICE)),
    ]
    rows = {
        labels(name="orders", **{region: "eu"}): [10.0],
        labels(name="orders", **{region: "us"}): [20.0],
        labels(name="orders.failed", **{region: "eu"}): [3.0],
    }
    events, bad = matcher.counted(block(rows))
    assert {group[0][1]: (events[at, 0], bad[at, 0]) for (_, group), at in matcher.slots.items()} == {
        "eu": (10, 3),
        "us": (20, 0),
    }


@pytest.mark.parametrize(
    ("metric", "service", "events"),
    [
        pytest.param("orders", "", [10.0, np.nan], id="total"),
        pytest.param("orders.failed", "", [10.0, np.nan], id="bad"),
        pytest.param("orders.failed", "somebody", [10.0, 10.0], id="a small part of it"),
        pytest.param("others", "", [10.0, 10.0], id="another metric"),
    ],
)
def test_a_metric_that_is_one_sided_counts_nothing(metric: str, service: str, events: list[float]) -> None:
    rows = {
        labels(name="orders", **{"shop.region": "eu"}): [10.0, 10.0],
        labels(name="orders.failed", **{"shop.region": "eu"}): [1.0, np.nan],
        labels(name=names.LOST, metric=metric, service=service): [np.nan, 1.0],
    }
    matcher = SliMatcher([one(changed(CHECKOUT, (RAW, RATIO)))])
    np.testing.assert_equal(matcher.counted(block(rows))[0].tolist(), [events])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (changed(CHECKOUT, (RAW, QUERIES)), "its PromQL is for Prometheus alone"),
        (changed(CHECKOUT, ("method: POST", "groupBy: [user.id]")), "requests cannot be split by user.id here"),
    ],
)
def test_what_cannot_be_counted_says_why(text: str, why: str) -> None:
    matcher = SliMatcher([one(text)])
    assert why in matcher.left_out["checkout-availability"]
    assert matcher.counted(BLOCK)[0].shape == (0, 3)


@given(st.lists(st.tuples(st.integers(1, 4000), st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=60))
def test_windows_are_plain_sums(steps: list[tuple[int, int, int]]) -> None:
    """Steps of any distance, as after a stall: sums over the stretches that a window is made of."""
    windows, at = BurnWindows(), 1_700_000_000
    plain: dict[int, dict[int, int]] = {MINUTE: defaultdict(int), FIVE: defaultdict(int)}
    for later, events, bad in steps:
        at += 15 * later
        windows.add(at, np.array([[float(events), float(min(bad, events)), 15.0]]))
        for width in plain:
            plain[width][-(-at // width)] += min(bad, events)
    for window in tiers.WINDOWS:
        width = MINUTE if window <= SHORT else FIVE
        newest = -(-at // width)
        expected = sum(count for number, count in plain[width].items() if number >= newest - window // width)
        assert windows.counts(window)[0, 1] == expected


def test_what_nobody_sends_has_no_ratio() -> None:
    windows = BurnWindows()
    windows.add(300.0, np.array([[0.0, 0.0, 300.0], [4.0, 1.0, 300.0]]))
    assert np.isnan(windows.ratios(300)[0])
    assert windows.ratios(300)[1] == 0.25
    # Of an hour five minutes are known: the rest is traffic without errors.
    assert windows.ratios(3600)[1] == 0.25 / 12
