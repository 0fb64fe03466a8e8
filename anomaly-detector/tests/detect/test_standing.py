"""Why a series alerts or not: every sentence is held against what the detector does with made-up series."""

from collections.abc import Iterator, Sequence
from copy import deepcopy

import numpy as np
import pytest

from aiops.detect import State, Tuning, confirmation, standing, step
from aiops.model import Family, SeriesBlock, SeriesState, Standing, Verdict, labels, names
from aiops.presentation.why import why_now, why_then

SCOPE = {"service": "payment", "route": "/pay", "method": "POST"}
SERIES = labels(**SCOPE)
STEP = 15.0
REQUESTS = 120.0
TUNING = Tuning()

Sample = tuple[float, float, float]
"""Requests, failed ones, mean seconds of a step."""
GOOD: Sample = (REQUESTS, 0.0, 0.040)


def feed(state: State, *samples: Sample) -> list[Verdict]:
    rows = tuple(labels(name=name, **SCOPE) for name in (names.REQUESTS, names.ERRORS, names.DURATION))
    out: list[Verdict] = []
    for total, bad, mean in samples:
        at = (state.at or 0.0) + STEP
        values = np.array([[total], [bad], [total * mean]])
        out += step(state, SeriesBlock(rows, np.array([at]), STEP, values), TUNING).verdicts
    return out


def grown(steps: int = 120) -> State:
    """A series that is well known: it varies a little, and one request in 240 fails."""
    state = State()
    chance = np.random.default_rng(3)
    feed(
        state,
        *((REQUESTS, float(at % 2), float(0.04 * np.exp(0.05 * chance.standard_normal()))) for at in range(steps)),
    )
    return state


def stands(state: State, family: Family = Family.ERRORS) -> Standing:
    found = standing(state, SERIES, family, TUNING)
    assert found is not None
    return found


def said(state: State, family: Family = Family.ERRORS, last: Verdict | None = None) -> str:
    return why_now(stands(state, family), last)


def outcome(state: State, *samples: Sample) -> list[Verdict]:
    """What the detector would say next; the state is as before."""
    return feed(deepcopy(state), *samples)


def of(verdicts: Sequence[Verdict], family: Family) -> list[Verdict]:
    return [one for one in verdicts if one.family == family]


def test_as_many_errors_as_it_says_are_needed_and_one_less_is_not_enough() -> None:
    for total in (20.0, 37.0, 120.0, 900.0):
        state = grown()
        feed(state, (total, 0.0, 0.04), *[(total, 0.0, 0.04)] * 20)
        enough = stands(state).enough
        assert enough is not None
        bad = round(enough * total)
        assert 1 < bad < total
        [[just], [under]] = (of(outcome(state, (total, x, 0.04)), Family.ERRORS) for x in (bad, bad - 1))
        assert just.score >= 1 > under.score
        assert said(state).startswith("Not alerted: 0.0 of the boundary; a step like the last one would need ")


def test_a_step_of_few_requests_cannot_be_abnormal_by_itself() -> None:
    state = grown()
    feed(state, (2.0, 0.0, 0.04))
    assert "so few requests cannot be abnormal by itself" in said(state)
    [found] = of(outcome(state, (2.0, 2.0, 0.04)), Family.ERRORS)
    assert not found.score >= 1


def test_the_latency_that_the_last_step_would_have_needed_is_the_boundary() -> None:
    state = grown()
    [last] = of(feed(state, GOOD), Family.LATENCY)
    assert "or more" in said(state, Family.LATENCY, last)
    for factor, abnormal in ((1.05, True), (0.95, False)):
        [found] = of(outcome(state, (REQUESTS, 0.0, factor * last.upper)), Family.LATENCY)
        assert (found.score >= 1) == abnormal


def test_two_of_three_steps_must_be_abnormal_and_it_says_how_many_were() -> None:
    state = grown()
    bad = round((stands(state).enough or 0.0) * REQUESTS)
    feed(state, (REQUESTS, bad, 0.04))
    assert stands(state).state == SeriesState.SUSPECT
    assert said(state) == ("Not alerted: 2 of the last 3 steps must be abnormal, or one by far; 1 of 3 was.")
    [found] = of(outcome(state, (REQUESTS, bad, 0.04)), Family.ERRORS)
    assert found.state == SeriesState.INCIDENT
    verdicts = feed(state, GOOD, GOOD, GOOD)
    assert of(verdicts, Family.ERRORS)[-1].state == SeriesState.NORMAL


def test_one_step_by_far_alerts_alone() -> None:
    state = grown()
    verdicts = feed(state, (REQUESTS, 60.0, 0.04))
    assert of(verdicts, Family.ERRORS)[0].state == SeriesState.INCIDENT
    assert said(state).startswith("Alerted: abnormal since 00:30:15 UTC; 50% of its requests failed since then, ")


def test_it_recovers_and_says_how_many_calm_steps_end_it() -> None:
    state = grown()
    feed(state, *[(REQUESTS, 0.0, 0.4)] * 8)
    assert said(state, Family.LATENCY).startswith("Alerted: ")
    for calm in (1, 2, 3):
        feed(state, GOOD)
        assert f"Recovering: {calm} step{'s' * (calm > 1)} calm; 4 calm steps" in said(state, Family.LATENCY)
    feed(state, GOOD)
    assert stands(state, Family.LATENCY).state == SeriesState.NORMAL
    assert said(state, Family.LATENCY).startswith("Not alerted: ")


def test_a_new_series_says_what_it_learns() -> None:
    state = State()
    feed(state, GOOD, GOOD)
    assert said(state) == "Learning: 2 of 5 steps; nothing is judged before."
    assert said(state, Family.TRAFFIC) == "Learning: 30 s of 1 h; nothing is judged before."
    feed(state, *[GOOD] * 28)
    assert "it is watched for 7 min 30 s, and in its first 15 min only clear evidence counts" in said(state)
    feed(state, *[GOOD] * 130)
    assert said(state, Family.TRAFFIC) == "Learning: 40 min of 1 h; nothing is judged before."
    feed(state, *[GOOD] * 81)
    assert said(state, Family.TRAFFIC).startswith("Not alerted: ")


def test_what_is_not_heard_any_more_is_not_judged() -> None:
    state = grown()
    rows = (labels(name=names.REQUESTS, service="other", route="/", method="GET"),)
    for _ in range(45):
        step(state, SeriesBlock(rows, np.array([(state.at or 0.0) + STEP]), STEP, np.array([[1.0]])), TUNING)
    assert said(state) == "Not judged: nothing was heard of it since 00:30:00 UTC."


def troubles() -> Iterator[tuple[str, list[Sample]]]:
    yield "nothing", [GOOD] * 12
    yield "one bad step", [GOOD, (REQUESTS, 8.0, 0.04), *[GOOD] * 10]
    yield "two bad steps apart", [(REQUESTS, 8.0, 0.04), *[GOOD] * 5, (REQUESTS, 8.0, 0.04), *[GOOD] * 5]
    yield "many bad steps", [GOOD, *[(REQUESTS, 12.0, 0.04)] * 5, *[GOOD] * 10]
    yield "slow once", [GOOD, (REQUESTS, 0.0, 0.08), *[GOOD] * 10]
    yield "slow", [GOOD, *[(REQUESTS, 0.0, 0.12)] * 8, *[GOOD] * 10]
    yield "some fail always", [(REQUESTS, 3.0, 0.045)] * 12


@pytest.mark.parametrize("family", [Family.ERRORS, Family.LATENCY])
@pytest.mark.parametrize("samples", [pytest.param(one, id=name) for name, one in troubles()])
def test_what_is_said_of_a_time_is_what_the_detector_did(samples: list[Sample], family: Family) -> None:
    verdicts = of(feed(grown(), *samples), family)
    text = why_then(verdicts, confirmation(family, TUNING))
    alerted = [one for one in verdicts if one.state >= SeriesState.INCIDENT]
    abnormal = [one for one in verdicts if one.score >= 1]
    assert text.startswith("Alerted in this time") == bool(alerted)
    if alerted:
        assert f"in {len(alerted)} of {len(verdicts)} steps" in text
    elif abnormal:
        assert " is abnormal, but " in text
    else:
        assert f"at most {max(one.score for one in verdicts):.1f} of the boundary" in text


def test_of_a_time_without_a_judgement_it_says_so() -> None:
    assert why_then([], confirmation(Family.ERRORS, TUNING)).startswith("Not judged in this time")
    verdicts = of(feed(State(), GOOD, GOOD), Family.ERRORS)
    assert why_then(verdicts, confirmation(Family.ERRORS, TUNING)).startswith("Not judged in this time")


def test_every_sentence_of_a_long_life_agrees_with_the_state() -> None:
    """Whatever happens, it says that it alerts if and only if it does."""
    chance, state, seen = np.random.default_rng(11), grown(), set()
    for _ in range(400):
        bad = float(chance.choice([0, 0, 0, 1, 4, 8, 20, 60]))
        feed(state, (REQUESTS, bad, float(0.04 * chance.choice([1.0, 1.0, 1.1, 1.6, 3.0]))))
        for family in (Family.ERRORS, Family.LATENCY, Family.TRAFFIC):
            one = stands(state, family)
            text = why_now(one)
            seen.add((family, text.split()[0]))
            assert text.startswith("Alerted") == (one.state == SeriesState.INCIDENT), text
            assert text.startswith("Recovering") == (one.state == SeriesState.RECOVERING), text
            assert text.startswith("Not alerted") or one.state != SeriesState.SUSPECT, text
    assert {word for family, word in seen if family == Family.ERRORS} == {"Alerted:", "Recovering:", "Not"}
    assert {word for family, word in seen if family == Family.LATENCY} == {"Alerted:", "Recovering:", "Not"}
