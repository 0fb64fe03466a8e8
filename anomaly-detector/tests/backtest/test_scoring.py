"""Events and alerts: what is found, what is false, and what figures come of it."""

import math

import numpy as np
import pytest
from examples import share
from hypothesis import given
from hypothesis import strategies as st

from aiops.backtest.scoring import APART, RULES, EventRules, Tally, tally
from aiops.model.arrays import Bools

ROWS = 100
FLAGS = st.lists(st.booleans(), min_size=1, max_size=60).map(np.array)


def at(*places: int) -> Bools:
    return np.isin(np.arange(ROWS), places)


def spans(*spans: tuple[int, int]) -> Bools:
    return at(*(row for first, last in spans for row in range(first, last + 1)))


def count(labelled: Bools, detected: Bools, rules: EventRules = RULES) -> Tally:
    return tally(labelled, detected, 1.0, rules)


@pytest.mark.parametrize(
    ("detected", "found", "in_time", "false"),
    [
        ((40,), 1, 1, 0),
        ((47,), 1, 1, 0),
        ((50,), 1, 0, 0),
        ((39,), 0, 0, 1),
        ((38, 39, 40, 41), 0, 0, 0),  # was already there when it began
        ((51,), 0, 0, 1),
        ((40, 41, 60, 80), 1, 1, 2),
        ((40, 49), 1, 1, 0),  # a second alert about the same
        ((60, 67, 74), 0, 0, 1),  # one alert
        ((60, 68, 76), 0, 0, 3),
        ((), 0, 0, 0),
    ],
)
def test_an_event_is_found_by_an_alert_that_begins_in_it(
    detected: tuple[int, ...], found: int, in_time: int, false: int
) -> None:
    got = count(spans((40, 50)), at(*detected))
    assert (got.events, got.found, got.in_time, got.false) == (1, found, in_time, false)


def test_a_short_event_may_be_found_until_7_points_after_its_beginning() -> None:
    assert count(at(40), at(47)).found == 1
    late = count(at(40), at(48))
    assert (late.found, late.false) == (0, 1)
    assert count(at(40), at(48), EventRules(within=8)).found == 1


def test_labelled_runs_close_to_each_other_are_one_event_unless_they_are_kept_apart() -> None:
    labelled = spans((40, 42), (45, 46), (60, 61))
    assert count(labelled, at(40, 60)).recall == 1
    apart = count(labelled, at(40, 60), APART)
    assert (apart.events, apart.found, apart.false) == (3, 2, 0)


def test_who_always_alerts_finds_nothing() -> None:
    got = count(spans((40, 50), (80, 81)), np.ones(ROWS, dtype=bool))
    assert (got.found, got.f1, got.alerting) == (0, 0, 1)


def test_tallies_are_added() -> None:
    sheets = [
        (spans((40, 50)), at(42)),
        (spans((20, 30), (60, 70)), at(26, 50, 80)),
        (spans(), at(5)),
    ]
    got = sum((count(*one) for one in sheets), Tally())
    assert (got.precision, got.recall, got.recall_in_time) == (2 / 5, 2 / 3, 2 / 3)
    assert got.f1 == pytest.approx(2 / (1 / got.precision + 1 / got.recall))
    assert (got.false_a_day, got.delay) == (1, 4)


def test_a_program_reads_no_number_where_there_is_none() -> None:
    assert math.isnan(Tally().delay)
    assert Tally().document()["delay"] is None


@given(FLAGS, st.integers(0, 2**32))
@share(0.5)
def test_counts_fit_together(labelled: Bools, seed: int) -> None:
    detected = np.random.default_rng(seed).random(len(labelled)) < 0.2
    got = count(labelled, detected)
    assert got.in_time <= got.found == len(got.delays) <= got.events
    assert got.found + got.false <= got.alerts
    assert all(delay >= 0 for delay in got.delays)
    perfect = count(labelled, labelled)
    assert (perfect.found, perfect.false) == (perfect.events, 0)
    assert set(perfect.delays) <= {0}
