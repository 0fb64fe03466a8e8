"""Months of the virtual shop through the detector that the engine runs: see bench/seasons.py."""

import pytest

from aiops.detect import Calendar
from bench import seasons


@pytest.mark.parametrize("scenario", seasons.SCENARIOS)
def test_months_are_judged_as_they_should_be(scenario: str) -> None:
    assert seasons.SCENARIOS[scenario]() == []


def test_without_its_time_zone_a_shop_opens_at_the_wrong_hour_when_clocks_change() -> None:
    seen = seasons.live(seasons.Hours(8.0, noise=0.05), 15, calendar=Calendar())
    assert seen.during(seasons.MONDAY + 14 * seasons.DAY - 2 * seasons.HOUR, seasons.MONDAY + 15 * seasons.DAY)
