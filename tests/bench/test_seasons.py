"""Days of the virtual shop through the detector that the engine runs: see bench/seasons.py, which also lives weeks."""

import pytest

from aiops.detect import Calendar
from bench import seasons

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]  # days, lived through step by step


@pytest.mark.parametrize("scenario", ["contamination", "clocks", "rebaseline"])
def test_days_are_judged_as_they_should_be(scenario: str) -> None:
    assert seasons.SCENARIOS[scenario]() == []


def test_without_its_time_zone_a_shop_opens_at_the_wrong_hour_when_clocks_change() -> None:
    wrong = seasons.clocks(Calendar(), seasons.MONDAY + 10 * seasons.DAY)
    assert wrong
    assert all("EDT" in one for one in wrong), "only after the change"
