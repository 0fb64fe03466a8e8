"""How a series moves: by its own past only, and whatever its points are like."""

import numpy as np
import pytest

from aiops.backtest import TableSeries
from aiops.backtest.shapes import WINDOW, as_moving, intervals, movement
from aiops.model import labels

START = 1_700_000_000.0 - 1_700_000_000.0 % 86_400


def moving(values: np.ndarray, step: float = 300.0) -> np.ndarray:
    times = START + step * np.arange(len(values))
    return np.array(as_moving(TableSeries(labels(host="a"), times.tolist(), values.tolist())).values)


def noise(points: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(points)


def test_it_is_the_mean_step_of_the_window() -> None:
    values = noise(100)
    found = moving(values)
    assert np.isnan(found[: WINDOW - 1]).all()
    for place in range(WINDOW - 1, 100):
        assert found[place] == pytest.approx(np.abs(np.diff(values[place - WINDOW + 1 : place + 1])).mean())


def test_a_later_point_changes_nothing() -> None:
    values = noise(100)
    np.testing.assert_array_equal(moving(values)[:60], moving(values[:60]))


def test_points_of_a_minute_are_taken_together() -> None:
    values = np.repeat(noise(60), 5)
    times = START + 60.0 * np.arange(len(values))
    flags = [11 <= at < 16 for at in range(len(values))]
    found = as_moving(TableSeries((), times.tolist(), values.tolist(), flags))
    assert np.flatnonzero(found.labelled).tolist() == [2, 3]
    assert found.times == times[4::5].tolist(), "the last point of each interval"
    assert found.labels == (("shape", "movement"),)
    np.testing.assert_allclose(found.values, moving(noise(60)), rtol=1e-12)


def test_a_gap_is_not_known_and_no_movement() -> None:
    values = noise(100)
    values[50:60] = np.nan
    found = moving(values)
    assert np.isnan(found[50 : 60 + WINDOW - 4]).all()
    assert np.isfinite(found[60 + WINDOW :]).all()
    one = noise(100)
    one[50] = np.nan
    assert np.isfinite(moving(one)[52:]).all(), "one of a window may be missing"


def test_thousands_of_years_are_no_large_array() -> None:
    times = [*(START + 300.0 * np.arange(50)).tolist(), 253402300799.0]
    assert len(as_moving(TableSeries((), times, [1.0] * 51)).values) == 51


def test_a_single_point_and_none() -> None:
    assert np.isnan(moving(np.array([1.0]))).all()
    of = intervals(np.array([START, START + 86_400.0]), np.array([1.0, 2.0]))
    assert (of.seconds, len(of.values)) == (86_400.0, 2)
    assert np.isnan(movement(of)).all()
