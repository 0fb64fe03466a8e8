"""Customers come as the load says: by the hour, by the day of the week, with noise, the same for the same seed."""

import numpy as np
import pytest

from shop.virtual.load import DAY, KNOT, Floats, Load, arrivals

MONDAY = 1_763_337_600.0  # 00:00 UTC
HOUR = 3600.0


def day(load: Load, number: int) -> Floats:
    """The rate at every minute of a day after MONDAY."""
    return load.at(MONDAY + number * DAY + np.arange(0, DAY, 60.0))


def test_the_mean_of_a_weekday_is_the_rate() -> None:
    assert day(Load(8.0, daily=0.5, weekend=0.6), 2).mean() == pytest.approx(8.0, rel=1e-6)


def test_peak_and_trough() -> None:
    rates = day(Load(8.0, daily=0.5), 0)
    assert rates.max() / rates.min() == pytest.approx(1.5 / 0.5, rel=1e-3)
    assert rates.argmax() == 15 * 60
    assert rates.argmin() == 3 * 60


def test_a_weekend_has_its_factor() -> None:
    load = Load(8.0, daily=0.5, weekend=0.6)
    for number in (5, 6):
        assert day(load, number).mean() == pytest.approx(0.6 * 8.0, rel=0.02)
    assert day(load, 7).mean() == pytest.approx(8.0, rel=0.02)


def test_the_rate_nowhere_leaps() -> None:
    load = Load(8.0, daily=0.5, weekend=0.6)
    rates = load.at(MONDAY + np.arange(0, 7 * DAY, 60.0))
    assert np.abs(np.diff(rates)).max() < 0.01 * 8.0


def test_the_noise_has_its_sigma() -> None:
    times = MONDAY + np.arange(0, 20_000 * KNOT, KNOT / 3)
    logs = np.log(Load(8.0, noise=0.05, seed=3).at(times) / 8.0)
    assert logs.std() == pytest.approx(0.05, rel=0.03)
    assert abs(logs.mean()) < 0.002
    assert np.abs(logs).max() <= 4 * 0.05 + 1e-12


def test_the_seed_decides() -> None:
    times = MONDAY + np.arange(0, DAY, 60.0)
    one = Load(8.0, noise=0.05, seed=1)
    assert (one.at(times) == Load(8.0, noise=0.05, seed=1).at(times)).all()
    assert (one.at(times) != Load(8.0, noise=0.05, seed=2).at(times)).any()
    assert (one.at(times)[100:] == one.at(times[100:])).all(), "the rate at a time does not depend on what is asked"


@pytest.mark.parametrize("load", [Load(8.0), Load(8.0, daily=0.5, weekend=1.4, noise=0.1)])
def test_no_rate_passes_the_bound(load: Load) -> None:
    assert load.at(MONDAY + np.arange(0, 14 * DAY, 120.0)).max() <= load.most


def test_arrivals_are_a_poisson_process_of_that_rate() -> None:
    rng = np.random.default_rng(1)
    load = Load(8.0, daily=0.5)
    times = arrivals(load, MONDAY, MONDAY + HOUR, rng)
    expected = load.at(MONDAY + np.arange(0, HOUR, 1.0)).sum()
    assert (len(times) - expected) / expected**0.5 == pytest.approx(0.0, abs=4.5)
    assert (np.diff(times) >= 0).all()
    assert MONDAY <= times.min() <= times.max() < MONDAY + HOUR
    gaps = np.diff(times)
    assert gaps.std() / gaps.mean() == pytest.approx(1.0, rel=0.05)
