"""The detector of any metric and trouble: found at once, told once, and forgotten as it should be."""

import numpy as np
import pytest

from aiops.detect.univariate import Tuning
from aiops.model.arrays import Floats

from .online import DAY, MONDAY, noise, watch

MINUTE = 60.0
LONGEST, QUIET = Tuning().longest_points, Tuning().quiet_points


def test_one_spike_is_told_once_and_over_soon() -> None:
    values = noise(1500)
    values[1000] = 300
    found = watch(values)
    assert found.told() == [1000]
    assert not found.alarm[0, 1000 + QUIET + 3 :].any()


@pytest.mark.parametrize("by", [60.0, -60.0, 1000.0])
def test_a_new_level_is_told_once_then_normal_and_nobody_hears_of_the_return(by: float) -> None:
    values = noise(2500)
    values[1000:1600] += by
    found = watch(values)
    assert found.told() == [1000]
    assert found.alarm[0, 1000 : 1000 + LONGEST].all()
    assert not found.alarm[0, 1000 + LONGEST + 1 :].any()
    np.testing.assert_allclose(found.expected[0, 1590], 100 + by, rtol=0.05)
    np.testing.assert_allclose(found.expected[0, 1700], 100, rtol=0.05)


def test_a_level_that_stays_is_judged_like_the_one_before() -> None:
    values = noise(3000)
    values[1000:] += 60
    values[2500:] += 60
    assert watch(values).told() == [1000, 2500]


def test_half_of_the_way_back_is_no_return() -> None:
    values = noise(2500)
    values[1000:1600] += 200
    values[1600:] += 110
    assert watch(values).told() == [1000, 1600]


@pytest.mark.parametrize("slope", [0.0005, 0.005, 0.02])
def test_a_slow_ramp_tells_at_most_once_for_as_long_as_an_alarm_may_last(slope: float) -> None:
    """By up to 0.02 deviations a point; nobody hears of a drift of one deviation in seven days of five minutes."""
    points = 3000
    values = noise(points)
    values[1000:] += 5 * slope * np.arange(points - 1000)
    told = watch(values).told()
    assert len(told) <= (0 if slope <= 0.0005 else 2000 / LONGEST)


def minutes(days: int, series: int) -> tuple[Floats, Floats]:
    """Times of minutes, and series with a day."""
    times = MONDAY + MINUTE * np.arange(round(days * 1440))
    usual = 100 * (1 + 0.4 * np.sin(2 * np.pi * times / DAY))
    return times, usual + 5 * np.random.default_rng(5).standard_normal((series, len(times)))


def test_an_incident_spoils_nothing_for_the_next() -> None:
    """Six hours of trouble, eight of calm, then less of it, on a series with a day: both are found, the band is back
    within an hour, and no more than chance is told between and after. Contamination is what rules on a moving
    mean and deviation suffer from."""
    times, calm = minutes(8, 6)
    begin = 6 * 1440 + 300
    first, second = slice(begin, begin + 360), slice(begin + 840, begin + 900)
    hurt = calm.copy()
    hurt[:3, first] += np.array([[60], [100], [-80]])
    hurt[:3, second] += np.array([[35], [50], [-45]])
    hurt[3, first], hurt[3, second] = 0, 0.4 * hurt[3, second]
    hurt[4:, first] += np.linspace(0, 120, 360)
    hurt[4:, second] += 40
    found = watch(np.concatenate([hurt, calm]), step=MINUTE, times=times)
    hit = found.score[:6] >= 1
    assert hit[:, first].any(axis=1).all()
    assert hit[:, second].any(axis=1).all()
    assert hit[:4, [first.start, second.start]].all()
    between, after = slice(first.stop, second.start), slice(second.stop + QUIET, None)
    assert (hit[:, between].mean(axis=1) < 0.01).all()
    assert (hit[:, after].mean(axis=1) < 0.01).all()
    back = first.stop + 60
    band = found.band[:6, back] / found.band[6:, back]
    assert (np.abs(band[:3] - 1) < 0.1).all()
    assert (band < 2).all()  # what went on changing was told of several times, and each of them is remembered
    np.testing.assert_allclose(found.expected[:6, back], found.expected[6:, back], rtol=0.05)
