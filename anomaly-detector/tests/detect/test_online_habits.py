"""The detector of any metric and what comes again: jobs, and values that stand still."""

import numpy as np

from aiops.model.arrays import Floats

from .online import MONDAY, STEP, watch

DAYS, EVERY = 21, 288
NIGHT = 60


def job(seed: int = 11) -> Floats:
    """Three weeks of a job of ten minutes at 05:00 each day."""
    values = 20 + 1.5 * np.random.default_rng(seed).standard_normal(DAYS * EVERY)
    for day in range(DAYS):
        values[day * EVERY + NIGHT : day * EVERY + NIGHT + 2] += 60
    return values


def told_by_day(values: Floats) -> dict[int, list[int]]:
    """The points of each day at which somebody was told."""
    found: dict[int, list[int]] = {}
    for place in watch(values, times=MONDAY + STEP * np.arange(len(values))).told():
        found.setdefault(place // EVERY, []).append(place % EVERY)
    return found


def test_a_daily_job_is_told_on_two_or_three_days_and_then_expected() -> None:
    told = told_by_day(job())
    days = [day for day, places in told.items() if any(NIGHT <= one <= NIGHT + 1 for one in places)]
    assert days in ([0, 1], [0, 1, 2])
    assert sum(map(len, told.values())) <= len(days) + 2, "hardly anything else in three weeks"


def test_a_job_teaches_nothing_about_other_times() -> None:
    """The same spike at noon, a night without the job, and an hour of ten deviations are told."""
    values = job()
    values[15 * EVERY + 156 : 15 * EVERY + 158] += 60
    values[16 * EVERY + NIGHT : 16 * EVERY + NIGHT + 2] -= 60
    values[17 * EVERY + 156 : 17 * EVERY + 168] += 15
    told = told_by_day(values)
    assert 156 in told[15]
    assert NIGHT in told[16]
    assert any(156 <= one < 168 for one in told[17])


def test_far_more_than_a_recurrence_is_told() -> None:
    values = job()
    values[18 * EVERY + NIGHT] += 240
    assert NIGHT in told_by_day(values)[18]


def test_single_values_apart_from_one_that_stands_still_are_told_once_they_are_known() -> None:
    rng = np.random.default_rng(3)
    values = np.where(rng.random(4000) < 0.01, 1.0, 0.0)
    assert len(watch(values).told()) <= 3
    values[3500:3504] = 40.0
    assert any(3500 <= one <= 3501 for one in watch(values).told())


def test_dips_hide_no_rises() -> None:
    values = 100 + 5 * np.random.default_rng(2).standard_normal(3000)
    values[np.arange(200, 2600, 160)] = 0.0
    values[2800] = 145.0
    found = watch(values)
    assert 2800 in found.told()
    assert (found.score[0, np.arange(1800, 2600, 160)] < 2).any(), "what came often is nearly expected"
