"""What is found, how soon, and that it ends."""

from dataclasses import replace

import numpy as np
import pytest

from aiops.model import Family, SeriesBlock, labels

from .traffic import STEP, Fault, beside, blocks, only, play, troubled

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


def test_forty_ordinary_minutes_are_quiet() -> None:
    streams = [
        blocks(800, requests=requests, seed=seed, scope=labels(service=f"{requests}-{seed}", route="/", method="GET"))
        for requests in (1.0, 4.0, 15.0, 60.0)
        for seed in range(2)
    ]
    outcomes = play(beside(*streams))
    assert troubled(outcomes) == []
    assert len({verdict.series for verdict in outcomes[-1].verdicts}) == 8


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


@pytest.mark.parametrize("seed", range(10))
def test_a_quiet_route_is_found_and_ends_as_well(seed: int) -> None:
    outcomes = play(blocks(140, Fault(60, 68, fails=0.8), requests=5, seed=seed))
    found = troubled(outcomes)
    assert found
    assert 60 <= found[0] <= 65
    assert found[-1] <= 95


@pytest.mark.parametrize("seed", range(5))
def test_a_fault_that_is_over_before_it_was_found_stays_unsaid(seed: int) -> None:
    outcomes = play(blocks(140, Fault(60, 61, fails=0.6), requests=5, seed=seed))
    assert troubled(outcomes) == []


def test_a_service_that_fails_from_its_first_request_is_found() -> None:
    outcomes = play(blocks(40, Fault(0, 40, fails=1.0), requests=1000))
    found = troubled(outcomes)
    assert found
    assert 5 <= found[0] <= 8
    assert all(finding.onset == finding.onset for one in outcomes for finding in one.findings)
    assert only(outcomes[-1]).expected < 0.05


def test_trouble_does_not_come_back_after_a_night_without_traffic() -> None:
    day = list(blocks(60, Fault(40, 60, fails=0.8)))
    night = [SeriesBlock((), np.array([180.0 + (n + 1) * STEP]), STEP, np.zeros((0, 1))) for n in range(300)]
    morning = [replace(one, ends=one.ends + 180.0 + 900.0) for one in blocks(30, seed=1)]
    outcomes = play(iter([*day, *night, *morning]))
    assert outcomes[60].findings
    assert not any(one.findings for one in outcomes[-30:])


def test_nothing_is_said_before_five_points() -> None:
    outcomes = play(blocks(5, Fault(0, 5, fails=1.0)))
    assert troubled(outcomes) == []
    assert all(verdict.score != verdict.score for one in outcomes for verdict in one.verdicts)
