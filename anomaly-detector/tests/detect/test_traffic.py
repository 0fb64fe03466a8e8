"""Requests that stay away, and what only looks like it."""

from collections.abc import Sequence

import numpy as np
import pytest

from aiops.detect import State, Tuning, rebaseline, step
from aiops.model import Family, SeriesBlock, labels, names

SCOPE = {"service": "gateway", "route": "/", "method": "GET"}
STEP = 15.0


def play(rates: Sequence[float], seed: int = 0, burst: float = 0.0, state: State | None = None) -> list[bool]:
    """Whether traffic was found missing, step by step; `rates` are mean requests a step, `burst` the sigma of their
    logarithm."""
    return plays(rates, [seed], burst, state)[0]


def plays(
    rates: Sequence[float], seeds: Sequence[int], burst: float = 0.0, state: State | None = None
) -> list[list[bool]]:
    """The same for services that know nothing of each other, one for each seed: judged together, which takes the time
    of one."""
    chances = [np.random.default_rng(seed) for seed in seeds]
    scopes = [SCOPE, *({**SCOPE, "service": f"gateway-{seed}"} for seed in seeds[1:])]
    rows = tuple(
        labels(name=name, **scope) for scope in scopes for name in (names.REQUESTS, names.ERRORS, names.DURATION)
    )
    state, out = state or State(), []
    for rate in rates:
        counts = [float(rng.poisson(rate * np.exp(burst * rng.standard_normal()))) for rng in chances]
        values = np.array([[value] for count in counts for value in (count, 0.0, 0.02 * count)])
        at = (state.at or 0.0) + STEP
        outcome = step(state, SeriesBlock(rows, np.array([at]), STEP, values), Tuning())
        missed = {dict(one.series)["service"] for one in outcome.findings if one.family == Family.TRAFFIC}
        out.append([scope["service"] in missed for scope in scopes])
    return [list(one) for one in zip(*out, strict=True)]


@pytest.mark.parametrize(
    ("rates", "within"),
    [
        pytest.param([60.0] * 260 + [6.0] * 20, 6, id="nine-of-ten-stay-away"),
        pytest.param([60.0] * 260 + [20.0] * 30, 16, id="two-of-three"),
        pytest.param([60.0] * 260 + [0.0] * 20, 6, id="all"),
    ],
)
def test_missing_requests_are_found(rates: list[float], within: int) -> None:
    for found in plays(rates, range(3)):
        assert not any(found[:260])
        assert any(found[260 : 260 + within])


@pytest.mark.parametrize(
    "rates",
    [
        pytest.param([60.0] * 400, id="nothing-happens"),
        pytest.param([60.0] * 260 + [42.0] * 100, id="a-third-less"),
        pytest.param([60.0] * 260 + [180.0] * 40 + [60.0] * 100, id="a-rush-and-its-end"),
        pytest.param([60 + 20 * np.sin(2 * np.pi * n / 1440) for n in range(1440)], id="a-short-day-and-night"),
        pytest.param([30.0] * 40 + [0.0] * 400, id="a-try-of-ten-minutes"),
        pytest.param(([300.0] * 40 + [0.0] * 200) * 4, id="a-batch-every-hour"),
        pytest.param([1.0] * 260 + [0.0] * 20, id="too-few-to-tell"),
    ],
)
def test_what_is_usual_is_not(rates: list[float]) -> None:
    assert not any(any(found) for found in plays(rates, range(3)))


def test_what_comes_in_bursts_may_pause() -> None:
    rng = np.random.default_rng(1)
    assert not any(play([60.0 * (rng.random() < 0.5) for _ in range(600)]))


def test_it_is_over_when_they_come_again() -> None:
    found = play([60.0] * 260 + [6.0] * 20 + [60.0] * 20)
    assert found[279]
    assert not any(found[290:])


def test_who_stays_away_for_an_hour_is_not_coming() -> None:
    found = play([60.0] * 260 + [6.0] * 300)
    assert found[300]
    assert not any(found[-20:])


def test_less_traffic_can_be_taken_for_normal() -> None:
    state = State()
    assert play([60.0] * 260 + [6.0] * 20, state=state)[-1]
    rebaseline(state, labels(**SCOPE), Family.TRAFFIC, Tuning())
    assert not any(play([6.0] * 60, state=state))
