"""The detector of any metric and time: points that are missing, hours that come twice, clocks that leap."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from examples import share
from hypothesis import given
from hypothesis import strategies as st

from aiops.detect.univariate import Tuning
from aiops.detect.univariate.season import monday
from aiops.model.arrays import Floats

from .online import DAY, MONDAY, START, STEP, noise, watch


@given(st.integers(0, 10**6), st.floats(0.1, 0.6))
@share(0.05)
def test_points_that_are_missing_tell_nobody(seed: int, missing: float) -> None:
    values = noise(400, seed)
    values[np.random.default_rng(seed).random(400) < missing] = np.nan
    assert len(watch(values).told()) <= 1  # a healthy series may, once in five days; this is a day and a half


@pytest.mark.parametrize("days", [1, 3, 20])
def test_who_was_away_is_known_again(days: int) -> None:
    values = noise(2500)
    times = START + STEP * np.arange(2500)
    times[2000:] += days * DAY
    found = watch(values, times=times)
    assert not [one for one in found.told() if one >= 2000]
    assert np.isfinite(found.score[0, 2000])
    np.testing.assert_allclose(found.band[0, 2000], found.band[0, 1999], rtol=0.1)


def test_who_was_away_for_too_long_begins_anew() -> None:
    values = noise(600)
    values[500:] += 1000
    times = START + STEP * np.arange(600)
    times[500:] += Tuning().forget_after + STEP
    found = watch(values, times=times)
    assert found.told() == []
    assert np.isnan(found.score[0, 500:520]).all()
    assert np.isfinite(found.score[0, 520:]).all()


def test_a_clock_that_leaps_ten_years_tells_nobody() -> None:
    times = START + STEP * np.arange(600)
    times[300:] += 10 * 365.25 * DAY
    found = watch(noise(600), times=times)
    assert found.told() == []
    assert np.isnan(found.score[0, 300:320]).all()
    assert np.isfinite(found.score[0, 320:]).all()


def _local(times: Floats, zone: str) -> Floats:
    """Seconds since Monday 00:00 of clocks there."""
    there = ZoneInfo(zone)
    offsets = [datetime.fromtimestamp(at, UTC).astimezone(there).utcoffset() for at in times]
    return monday(times + np.array([one.total_seconds() for one in offsets if one is not None]))


@pytest.mark.parametrize(
    ("zone", "change"),
    [("America/New_York", "2026-11-01"), ("Europe/Berlin", "2026-03-29"), ("Australia/Lord_Howe", "2026-04-05")],
    ids=["an hour comes twice", "an hour is left out", "half an hour comes twice"],
)
def test_clocks_that_change_tell_nobody(zone: str, change: str) -> None:
    days, step = 24, 900.0
    begins = datetime.fromisoformat(change).replace(tzinfo=UTC).timestamp() - 21 * DAY
    times = begins + step * np.arange(days * 96)
    local = _local(times, zone)
    rng = np.random.default_rng(1)
    angle = 2 * np.pi * local / DAY
    values = 100 + 50 * np.sin(angle) + 30 * np.sin(2 * angle) + 2 * rng.standard_normal(len(times))
    known = watch(values, times=times, local=local, step=step)
    after = 18 * 96
    assert known.tier[0, after] > 2
    assert not [one for one in known.told() if one >= after]
    utc = watch(values, times=times, step=step)
    assert [one for one in utc.told() if one >= after], "the case is one that only local time explains"


def test_a_gauge_that_falls_to_zero_time_and_again_is_normal() -> None:
    values = np.arange(3000) % 97 * 10.0
    found = watch(values, times=MONDAY + STEP * np.arange(3000))
    assert not [one for one in found.told() if one >= 1500]
    values[2500:] = 5000.0
    assert 2500 in watch(values, times=MONDAY + STEP * np.arange(3000)).told()
