"""Views of shapes look at the past only, the profile is what its definition says, and the page is what was measured."""

import json

import numpy as np
import pytest

from aiops.backtest.shapes import Intervals, intervals
from bench import shape_faults, shapes_page
from bench.series import Floats
from bench.shape_views import FLOOR, VIEWS, WINDOW, _median_so_far, profile

STEP = 300.0


def of(values: Floats) -> Intervals:
    return intervals(shape_faults.MONDAY + STEP * np.arange(len(values)), values)


def noise(points: int = 2200) -> Floats:
    return np.random.default_rng(1).standard_normal(points).cumsum()


@pytest.mark.parametrize("name", VIEWS)
def test_a_later_point_changes_nothing(name: str) -> None:
    values = noise(1200)
    whole, part = VIEWS[name](of(values)), VIEWS[name](of(values[:900]))
    np.testing.assert_allclose(whole[:900], part, rtol=1e-9)
    assert np.isfinite(part).any()


def test_the_profile_is_the_distance_to_the_nearest_window_before() -> None:
    values = noise()
    found = profile(of(values))
    windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW)
    usual = _median_so_far(windows.std(axis=1))
    for place in (30, 500, 2050):
        spread = np.maximum(windows.std(axis=1), FLOOR * usual[place])
        normal = (windows - windows.mean(axis=1, keepdims=True)) / spread[:, None]
        nearest = np.sqrt(((normal[: place - WINDOW + 1] - normal[place]) ** 2).sum(axis=1)).min()
        assert found[place + WINDOW - 1] == pytest.approx(nearest, rel=1e-6)


def test_own_faults_are_labelled_once_a_week_and_are_of_shape_only() -> None:
    series = list(shape_faults.fleet(1))
    assert [kind for kind, _ in series] == list(shape_faults.KINDS)
    for _, one in series:
        assert len(one.spans) == 6
        healthy = one.values[: shape_faults.HEALTHY * shape_faults.DAY]
        for first, last in one.spans:
            assert healthy.min() - 4 < one.values[first : last + 1].min()
            assert one.values[first : last + 1].max() < healthy.max() + 4
    again = dict(shape_faults.fleet(1))
    assert all(np.array_equal(again[kind].values, one.values) for kind, one in series)


def test_the_page_says_what_was_measured() -> None:
    results = json.loads(shapes_page.SCORES.read_text(encoding="utf-8"))
    text = shapes_page.PAGE.read_text(encoding="utf-8")
    assert shapes_page.page(text, results) == text
    assert len(list(shapes_page.lines(results))) == len(results["views"]) + 1


def test_what_is_shipped_gains_what_the_page_promises() -> None:
    """Movement, beside the detector: faults of shape that it does not find. What that costs is said, and no more."""
    views = json.loads(shapes_page.SCORES.read_text(encoding="utf-8"))["views"]
    alone, both = views["detector"], views["with movement"]
    assert both["nab"] > alone["nab"]
    assert both["clouds"]["f1"] > alone["clouds"]["f1"] - 0.06
    assert both["clouds"]["false_a_day"] < alone["clouds"]["false_a_day"] + 0.02
    for kind in ("heartbeat", "flat-line"):
        assert both["own"][kind]["recall"] > alone["own"][kind]["recall"] + 0.25
