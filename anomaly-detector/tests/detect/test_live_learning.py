"""Live families: a bad beginning, few requests and troubles that nobody was told of do not make them blind."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from aiops import detect
from aiops.detect import Outcome, State, Tuning, step
from aiops.model import Family, Labels, SeriesBlock, Tier, labels, names

SCOPE = {"service": "search", "route": "/find", "method": "GET"}
MINUTE = 60.0
Chance = np.random.Generator
Minute = Callable[[Chance, int], tuple[np.ndarray, int]]
"""Durations of the requests of a step, and how many of them failed, by the number of the step."""


def normal(rng: Chance, requests: float, median: float = 0.1, sigma: float = 0.5) -> np.ndarray:
    return median * np.exp(sigma * rng.standard_normal(rng.poisson(requests)))


def blocks(life: Minute, steps: int, seconds: float = MINUTE, seed: int = 1, at: float = 0.0) -> Iterator[SeriesBlock]:
    rng = np.random.default_rng(seed)
    rows = tuple(
        [labels(name=one, **SCOPE) for one in (names.REQUESTS, names.ERRORS, names.DURATION)]
        + [labels(name=names.BUCKET, le=str(bound), **SCOPE) for bound in names.DURATION_BOUNDS]
    )
    for number in range(steps):
        took, bad = life(rng, number)
        values = [len(took), bad, took.sum(), *((took <= bound).sum() for bound in names.DURATION_BOUNDS)]
        yield SeriesBlock(rows, np.array([at + (number + 1) * seconds]), seconds, np.array(values, float)[:, None])


def play(life: Minute, steps: int, seconds: float = MINUTE, seed: int = 1, state: State | None = None) -> list[Outcome]:
    state = state or State()
    return [step(state, one, Tuning()) for one in blocks(life, steps, seconds, seed, state.at or 0.0)]


def found(outcomes: list[Outcome], family: Family) -> list[int]:
    return [at for at, one in enumerate(outcomes) if any(each.family == family for each in one.findings)]


def upper(outcomes: list[Outcome]) -> float:
    """The last upper bound of the latency, in seconds."""
    return next(one.upper for one in reversed(outcomes[-1].verdicts) if one.family == Family.LATENCY)


def noisy_then_few(rng: Chance, number: int) -> tuple[np.ndarray, int]:
    """A minute of requests that wait for all that has to start, in steps of three seconds; then one in 30 seconds."""
    if number < 20:
        return 0.1 * np.exp(rng.normal(0, 2.5)) * np.ones(10), 0
    return 0.1 * np.exp(0.5 * rng.standard_normal(int(number % 10 == 0))), 0


@pytest.mark.parametrize("seed", range(4))
def test_a_noisy_first_minute_does_not_widen_the_bounds_for_hours(seed: int) -> None:
    stream = [one for one in blocks(noisy_then_few, 20 + 1200, 3.0, seed) if one.values[0, 0] > 0]
    state = State()
    outcomes = [step(state, one, Tuning()) for one in stream]
    assert upper(outcomes) < 10.0, "an hour after that minute"


@pytest.mark.parametrize("seed", range(4))
def test_a_fault_is_found_within_an_hour_after_a_noisy_first_minute(seed: int) -> None:
    def life(rng: Chance, number: int) -> tuple[np.ndarray, int]:
        if number < 5:
            return 0.1 * np.exp(rng.normal(0, 2.5)) * np.ones(10), 2
        return normal(rng, 10) * (1.0 if number < 60 else 5.0), 0

    at = [one for one in found(play(life, 90, seed=seed), Family.LATENCY) if one >= 20]
    assert at
    assert 60 <= at[0] <= 66


@pytest.mark.parametrize("seed", range(3))
def test_the_scale_of_few_requests_does_not_grow(seed: int) -> None:
    state = State()
    outcomes = play(lambda rng, _: (normal(rng, 2, sigma=1.0), 0), 800, seed=seed, state=state)
    latency = state.of(detect.LATENCY)
    assert found(outcomes, Family.LATENCY) == []
    assert 0.4 < latency.scale[0] < 1.1, "one deviation of the mean of one to four"


def test_a_fault_that_was_not_told_does_not_widen_the_scale() -> None:
    """One minute of twenty is ten times as slow: never for long enough to be told."""
    state = State()
    play(lambda rng, number: (normal(rng, 60) * (10.0 if number % 20 == 0 else 1.0), 0), 500, state=state)
    assert state.of(detect.LATENCY).scale[0] < 0.15


def test_counts_of_a_bad_beginning_do_not_hide_that_requests_stay_away() -> None:
    def life(rng: Chance, number: int) -> tuple[np.ndarray, int]:
        rate = 60 if number >= 10 else 3000 * (number % 2)
        return normal(rng, rate if number < 120 else rate * 0.1), 0

    assert found(play(life, 140), Family.TRAFFIC)


def test_errors_of_a_bad_beginning_do_not_hide_others() -> None:
    def life(rng: Chance, number: int) -> tuple[np.ndarray, int]:
        took = normal(rng, 400 if number < 15 else 4)
        share = 0.18 if number < 15 else 0.0 if number < 75 else 0.4
        return took, int(rng.binomial(len(took), share))

    at = [one for one in found(play(life, 110), Family.ERRORS) if one >= 75]
    assert at
    assert at[0] <= 95


@pytest.mark.parametrize("seed", range(8))
def test_a_young_service_with_few_requests_is_in_no_trouble_by_chance(seed: int) -> None:
    """A request in 15 seconds; every eighth fails, and some take very long."""

    def life(rng: Chance, _: int) -> tuple[np.ndarray, int]:
        took = normal(rng, 1.0, sigma=1.5)
        return took, int(rng.binomial(len(took), 0.12))

    assert not any(one.findings for one in play(life, 60, 15.0, seed))


def test_of_a_young_series_overwhelming_evidence_is_told_with_little_confidence() -> None:
    def life(rng: Chance, number: int) -> tuple[np.ndarray, int]:
        took = normal(rng, 30)
        return took * (1.0 if number < 30 else 20.0), len(took) if number >= 30 else 0

    outcomes = play(life, 40, 15.0)
    assert found(outcomes, Family.ERRORS)[0] <= 31
    assert found(outcomes, Family.LATENCY)[0] <= 33
    assert {one.confidence for one in outcomes[-1].findings} == {0.3}


def test_history_counts_as_age() -> None:
    """The same steps in one block, as a back-fill judges them, make a series as old as live ones do."""
    stream = list(blocks(lambda rng, _: (normal(rng, 30), 0), 61, 15.0))
    ends = np.concatenate([one.ends for one in stream])
    whole = SeriesBlock(stream[0].labels, ends, 15.0, np.hstack([one.values for one in stream]))
    tiers = {one.at: one.tier for one in step(State(), whole, Tuning()).verdicts if one.family == Family.ERRORS}
    assert [tiers[at] for at in (60.0, 75.0, 885.0, 900.0, 915.0)] == [
        Tier.WARMUP,
        Tier.WARMUP,
        Tier.DEFAULTS,
        Tier.LEVEL,
        Tier.LEVEL,
    ]


def _silent(signals: list[float], calls: list[float]) -> list[bool]:
    rows: tuple[Labels, ...] = (
        labels(name=names.TELEMETRY, service="payment"),
        labels(name=names.REQUESTS, caller="checkout", callee="payment"),
    )
    state, out = State(), []
    for number, pair in enumerate(zip(signals, calls, strict=True)):
        values = np.array([[pair[0]], [pair[1]]])
        outcome = step(state, SeriesBlock(rows, np.array([(number + 1) * 3.0]), 3.0, values), Tuning())
        out.append(bool(outcome.findings))
    return out


@pytest.mark.parametrize("seed", range(5))
def test_a_young_service_that_is_seldom_called_is_not_down(seed: int) -> None:
    rng = np.random.default_rng(seed)
    signals = [float(one) for one in rng.poisson(0.3, 280)]
    assert not any(_silent(signals, signals))
