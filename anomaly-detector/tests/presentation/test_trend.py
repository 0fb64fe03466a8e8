"""Whether a trouble grows, stays or recedes."""

from math import nan

import pytest

from aiops.presentation.numbers import percent
from aiops.presentation.trend import trend

STEP = 15.0


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        pytest.param([0.8] * 20, "steady: 80% in the last 2 min, 80% in the worst", id="steady"),
        pytest.param([0.2] * 12 + [0.8] * 8, "getting worse: 80% in the last 2 min, 80% in the worst", id="worse"),
        pytest.param([0.8] * 12 + [0.1] * 8, "recovering: 10% in the last 2 min, 80% in the worst", id="recovering"),
        pytest.param([nan, 0.8] * 20, "steady: 80% in the last 2 min, 80% in the worst", id="gaps"),
        pytest.param([0.8] * 15, None, id="too young"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_the_last_minutes_stand_beside_the_peak(observed: list[float], expected: str | None) -> None:
    assert trend(observed, [0.0] * len(observed), STEP, percent) == expected


def test_missing_requests_are_a_trouble_by_their_distance_from_what_is_expected() -> None:
    falling = [9.0] * 12 + [1.0] * 8
    assert (trend(falling, [10.0] * 20, STEP, str) or "").startswith("getting worse: 1.0")
