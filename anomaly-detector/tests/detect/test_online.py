"""Any metric, judged online: what it must see, what it must not, and that nothing later is looked at."""

import numpy as np
import pytest
from examples import share
from hypothesis import given
from hypothesis import strategies as st

from aiops.detect.univariate import Model
from aiops.detect.univariate.season import best_forecast

from .online import daily, judged, noise


def test_an_outage_a_spike_and_a_lull_stand_out() -> None:
    healthy = noise(4000)
    for place, value in ((3000, 0.0), (3000, 200.0), (3500, 160.0)):
        hurt = healthy.copy()
        hurt[place] = value
        scores = judged(hurt)[0]
        assert scores[place] >= 1
        assert (scores[place - 1000 : place] >= 1).sum() <= 1, "a healthy series may, by chance"


def test_a_healthy_year_of_series_tells_little() -> None:
    scores = judged(np.stack([noise(2016, seed) for seed in range(50)]))
    assert (scores >= 1).sum() <= 50 * 7 / 5


def test_what_comes_every_day_is_expected_once_it_was_learned() -> None:
    model = Model()
    values = daily(14)
    values[13 * 288 + 72] -= 100  # at the peak of the day: a value that the night has always
    scores = judged(values, model)[0]
    assert scores[13 * 288 + 72] >= 1
    assert (scores[7 * 288 : 13 * 288 + 72] < 1).all()
    assert best_forecast(model.state.season, np.array([0]), model.state.points[:1]) >= 1


def test_spikes_that_come_all_the_time_are_normal() -> None:
    values = noise(4000)
    values[::97] += 300
    scores = judged(values)[0]
    assert (scores[2000:] < 1).all()
    values[3990] += 1500
    assert judged(values)[0][3990] >= 1


def test_a_constant_that_changes_is_seen() -> None:
    values = np.full(500, 7.0)
    values[400:] = 9.0
    scores = judged(values)[0]
    assert scores[401] >= 1, "one point that is away from a value that never changed is no alarm yet, two are"
    assert np.nanmax(scores[:401]) < 1


@given(st.lists(st.floats(-1e6, 1e6), min_size=30, max_size=120), st.integers(1, 60))
@share(0.5)
def test_no_later_point_changes_a_verdict(values: list[float], cut: int) -> None:
    table = np.array(values)
    np.testing.assert_array_equal(judged(table)[0][:-cut], judged(table[:-cut])[0] if len(table) > cut else [])


@given(st.integers(0, 10**6))
@share(0.2)
def test_series_are_judged_together_as_alone(seed: int) -> None:
    table = np.random.default_rng(seed).lognormal(3, 1, (5, 120))
    together = judged(table)
    for row, values in enumerate(table):
        np.testing.assert_array_equal(together[row], judged(values)[0])


@pytest.mark.parametrize("factor", [2.0**-10, 2.0**10])
def test_the_unit_of_a_metric_does_not_matter(factor: float) -> None:
    np.testing.assert_allclose(judged(noise(500) * factor), judged(noise(500)), rtol=1e-6)


def test_what_is_no_number_is_not_judged_and_teaches_nothing() -> None:
    values = noise(300)
    holes = np.insert(values, [100, 200, 200, 250], [np.nan, np.inf, -np.inf, np.nan])
    scores = judged(holes)[0]
    assert np.isnan(scores[[100, 201, 202, 253]]).all()
    assert np.isfinite(scores[254:]).all()
    assert (scores[254:] < 1).all()
