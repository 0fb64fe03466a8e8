"""What is found, how soon, and that it ends."""

import pytest

from aiops.model import Family

from .traffic import Fault, blocks, only, play, troubled

START, END = 30, 50


@pytest.mark.parametrize(
    ("fault", "family", "within"),
    [
        pytest.param(Fault(START, END, slower=2.0), Family.LATENCY, 2, id="two-seconds-slower"),
        pytest.param(Fault(START, END, slower=0.1), Family.LATENCY, 4, id="a-tenth-slower"),
        pytest.param(Fault(START, END, fails=1.0), Family.ERRORS, 2, id="all-fail"),
        pytest.param(Fault(START, END, fails=0.8), Family.ERRORS, 2, id="most-fail"),
        pytest.param(Fault(START, END, fails=0.2), Family.ERRORS, 12, id="a-fifth-fails"),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_a_fault_is_found_and_ends(fault: Fault, family: Family, within: int, seed: int) -> None:
    outcomes = play(blocks(110, fault, seed=seed))
    found = troubled(outcomes)
    assert found, "never found"
    assert START <= found[0] <= START + within
    assert {finding.family for number in found for finding in outcomes[number].findings} == {family}
    assert found == list(range(found[0], found[-1] + 1)), "one stretch, without a gap"
    assert END <= found[-1] + 1 <= END + 20


@pytest.mark.parametrize("requests", [1.0, 4.0, 15.0, 60.0])
@pytest.mark.parametrize("seed", range(2))
def test_forty_ordinary_minutes_are_quiet(requests: float, seed: int) -> None:
    assert troubled(play(blocks(800, requests=requests, seed=seed))) == []


def test_a_finding_counts_since_onset() -> None:
    outcomes = play(blocks(40, Fault(30, 40, fails=1.0)))
    finding = only(outcomes[-1])
    assert finding.onset == 31 * 3.0
    assert finding.bad == finding.total > 100
    assert finding.observed == 1.0
    assert finding.expected < 0.02


def test_one_stall_of_a_machine_is_no_incident() -> None:
    assert troubled(play(blocks(60, Fault(30, 31, slower=1.5)))) == []


def test_the_return_is_no_trouble() -> None:
    outcomes = play(blocks(200, Fault(30, 130, slower=2.0)))
    found = troubled(outcomes)
    assert max(found) < 140
    assert found == list(range(found[0], found[-1] + 1))


def test_a_young_series_is_judged_by_the_fixed_rules() -> None:
    outcomes = play(blocks(16, Fault(10, 16, fails=0.6)))
    assert troubled(outcomes)
    assert only(outcomes[-1]).confidence == 0.3


def test_nothing_is_said_before_five_points() -> None:
    outcomes = play(blocks(5, Fault(0, 5, fails=1.0)))
    assert troubled(outcomes) == []
    assert all(verdict.score != verdict.score for one in outcomes for verdict in one.verdicts)
