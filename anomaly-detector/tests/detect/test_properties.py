"""What holds for every input."""

from copy import deepcopy

import numpy as np
import pytest
from examples import share
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.tsa.api import SimpleExpSmoothing

from aiops import detect
from aiops.detect import DoesNotFit, State, Tuning, proposed, rebaseline, restore, step
from aiops.model import Family, SeriesBlock, SeriesState

from .traffic import PAYMENT, STEP, Fault, block, blocks, play, troubled

FAULTS = st.one_of(
    st.none(),
    st.builds(Fault, st.integers(5, 40), st.integers(41, 60), slower=st.floats(0, 3), fails=st.floats(0, 1)),
)


@given(fault=FAULTS, seed=st.integers(0, 1000), cut=st.integers(1, 59))
@share(0.3)
def test_later_points_never_change_a_verdict(fault: Fault | None, seed: int, cut: int) -> None:
    stream = list(blocks(60, fault, seed=seed))
    whole = [one.verdicts for one in play(iter(stream))]
    prefix = [one.verdicts for one in play(iter(stream[:cut]))]
    assert repr(whole[:cut]) == repr(prefix)


@given(fault=FAULTS, seed=st.integers(0, 1000), parts=st.integers(2, 7))
@share(0.3)
def test_steps_judged_together_or_alone_are_the_same(fault: Fault | None, seed: int, parts: int) -> None:
    stream = list(blocks(42, fault, seed=seed))
    alone, together = State(), State()
    for one in stream:
        step(alone, one, Tuning())
    for start in range(0, 42, parts):
        some = stream[start : start + parts]
        joined = SeriesBlock(
            some[0].labels, np.concatenate([one.ends for one in some]), STEP, np.hstack([one.values for one in some])
        )
        step(together, joined, Tuning())
    assert repr(alone) == repr(together)


def test_a_replay_changes_nothing() -> None:
    stream, state = list(blocks(40, Fault(30, 40, fails=0.8))), State()
    outcomes = play(iter(stream), state)
    before = repr(state)
    again = [step(state, one, Tuning()) for one in stream]
    assert repr(state) == before
    assert all(one.verdicts == () for one in again)
    assert again[-1].findings == outcomes[-1].findings


@pytest.mark.parametrize("factor", [1.0, 10.0, 100.0], ids=["35ms", "350ms", "3.5s"])
def test_latency_is_judged_alike_at_every_scale(factor: float) -> None:
    fault = Fault(30, 45, slower=0.05 * factor)
    found = troubled(play(blocks(60, fault, median=0.035 * factor)))
    assert found
    assert found[0] == troubled(play(blocks(60, Fault(30, 45, slower=0.05), median=0.035)))[0]


def test_a_constant_series_that_changes_alerts() -> None:
    state = State()
    for number in range(40):
        took = np.full(10, 0.2 if number < 30 else 0.3)
        outcome = step(state, block((number + 1) * STEP, took, 0, PAYMENT), Tuning())
    assert [finding.family for finding in outcome.findings] == [Family.LATENCY]


def test_absent_steps_neither_teach_nor_alarm() -> None:
    stream = list(blocks(120))
    gap = [
        SeriesBlock(one.labels, one.ends, one.step, np.full_like(one.values, np.nan)) if 40 <= number < 100 else one
        for number, one in enumerate(stream)
    ]
    state = State()
    play(iter(gap[:40]), state)
    level = state.of(detect.LATENCY).level[0]
    play(iter(gap[40:100]), state)
    assert state.of(detect.LATENCY).level[0] == level
    assert troubled(play(iter(gap[100:]), state)) == []


def test_trouble_without_any_more_data_ends_and_says_so() -> None:
    stream = list(blocks(400, Fault(30, 400, fails=1.0)))
    absent = [
        SeriesBlock(one.labels, one.ends, one.step, np.full_like(one.values, np.nan)) if number >= 40 else one
        for number, one in enumerate(stream)
    ]
    outcomes = play(iter(absent))
    assert outcomes[200].findings
    assert not outcomes[-1].findings
    assert [pair for one in outcomes for pair in one.no_data] == [(PAYMENT, Family.ERRORS)]


def test_trouble_is_not_learned() -> None:
    state = State()
    play(blocks(30), state)
    before = deepcopy(state)
    play(blocks(200, Fault(0, 200, slower=2.0), seed=1), state)
    # Only the step or two before suspicion may move the level, and these are clipped.
    assert abs(state.of(detect.LATENCY).level[0] - before.of(detect.LATENCY).level[0]) < 0.05


def test_an_operator_may_call_it_normal() -> None:
    state = State()
    stream = list(blocks(120, Fault(30, 120, slower=0.5)))
    play(iter(stream[:40]), state)
    assert state.of(detect.LATENCY).status[0] == SeriesState.INCIDENT
    rebaseline(state, PAYMENT, Family.LATENCY, Tuning())
    assert troubled(play(iter(stream[40:]), state)) == []
    assert 0.4 < np.exp(state.of(detect.LATENCY).level[0]) < 0.7


def test_what_was_called_normal_can_be_taken_back() -> None:
    state = State()
    stream = list(blocks(120, Fault(30, 120, slower=0.5)))
    play(iter(stream[:40]), state)
    level = float(state.of(detect.LATENCY).level[0])
    before, after = proposed(state, PAYMENT, Family.LATENCY, Tuning())
    assert before.expected == pytest.approx(np.exp(level))
    assert state.of(detect.LATENCY).status[0] == SeriesState.INCIDENT, "a proposal changes nothing"
    learned = rebaseline(state, PAYMENT, Family.LATENCY, Tuning())
    assert after.expected == pytest.approx(np.exp(state.of(detect.LATENCY).level[0]))
    play(iter(stream[40:60]), state)
    restore(state, PAYMENT, Family.LATENCY, learned)
    assert float(state.of(detect.LATENCY).level[0]) == level
    assert troubled(play(iter(stream[60:64]), state)), "it is slow still"
    with pytest.raises(DoesNotFit):
        restore(state, PAYMENT, Family.LATENCY, {**learned, "level": np.zeros(2)})


def test_the_level_is_simple_exponential_smoothing_where_nothing_is_clipped() -> None:
    state, tuning = State(), Tuning(huber=1e9, z_boundary=1e9)
    means = []
    for number, one in enumerate(blocks(200, sigma=0.1, fails=0.0)):
        step(state, one, tuning)
        means.append(np.log(one.values[2, 0] / one.values[0, 0]))
        if number == tuning.defaults_points - 1:
            start = state.of(detect.LATENCY).level[0]
    gain = 1 - 0.5 ** (STEP / tuning.half_life)
    oracle = SimpleExpSmoothing(
        np.array(means[tuning.defaults_points :]), initialization_method="known", initial_level=start
    ).fit(smoothing_level=gain, optimized=False)
    assert state.of(detect.LATENCY).level[0] == pytest.approx(oracle.forecast(1)[0], abs=1e-8)
