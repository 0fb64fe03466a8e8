"""Slow requests are chosen for being slow: any requests of their time say whether that is new."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from aiops.explain import KnownServices, attribute, beside, explain
from aiops.explain.attribution import Attribution
from aiops.model import CauseKind, Family, PopulationKind, Trace

from .shop import Call, finding, population, trace

WORLD = KnownServices(frozenset({"gateway", "payment"}), frozenset({"gateway", "payment"}))
WANTED = replace(population("gateway", "/buy"), kind=PopulationKind.SLOW, threshold=0.1)
SLOW = finding("gateway", "/buy", Family.LATENCY, 0.2, 0.05)
Draw = Callable[[random.Random], Trace]


def usual(rng: random.Random) -> Trace:
    """One of ten requests takes long in the gateway itself, at any time."""
    own = rng.uniform(0.15, 0.3) if rng.random() < 0.1 else rng.uniform(0.01, 0.03)
    return trace(Call("gateway", "/buy", own, calls=[Call("payment", "/pay", rng.uniform(0.01, 0.02))]))


def slower(part: float, seconds: float = 0.5) -> Draw:
    """The payment is slow in a part of the requests."""

    def draw(rng: random.Random) -> Trace:
        more = seconds if rng.random() < part else 0.0
        own, pays = rng.uniform(0.01, 0.03), rng.uniform(0.01, 0.02) + more
        return trace(Call("gateway", "/buy", own, calls=[Call("payment", "/pay", pays)]))

    return draw


def many(part: float) -> Draw:
    """In a part of the requests the gateway pays six times."""

    def draw(rng: random.Random) -> Trace:
        times = 6 if rng.random() < part else 1
        calls = [Call("payment", "/pay", rng.uniform(0.03, 0.04)) for _ in range(times)]
        return trace(Call("gateway", "/buy", rng.uniform(0.01, 0.03), calls=calls))

    return draw


def said(before: Draw, now: Draw, *, any_: int = 60) -> Attribution:
    """What the traces say: 60 slow requests of the bad time, so many of any, and 60 of before."""
    rng = random.Random(5)
    good = [before(rng) for _ in range(60)]
    bad: list[Trace] = []
    for _ in range(2000):
        one = now(rng)
        if max(span.duration for span in one.spans) > WANTED.threshold:
            bad.append(one)
        if len(bad) == 60:
            break
    return attribute(SLOW, WANTED, bad, good, WORLD, [now(rng) for _ in range(any_)])


def test_as_slow_as_before_names_nobody() -> None:
    assert said(usual, usual, any_=0).votes, "the slow ones alone do not say it"
    found = said(usual, usual)
    assert not found.votes
    (group,) = explain([found], [])
    assert group.root_cause is None
    assert "60 requests of that time took no longer than 60 before" in group.no_cause


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(0.9, id="most"),
        pytest.param(0.2, id="some"),
        pytest.param(0.01, id="so few that none of them is among any requests"),
    ],
)
def test_a_slow_part_is_named_however_many_requests_it_hits(part: float) -> None:
    found = said(slower(0.0), slower(part))
    assert found.votes[0].cause.service == "payment"
    assert found.votes[0].share > 0.9


def test_a_place_that_only_slow_requests_visit_weighs_nothing_where_slow_ones_are_no_more_common() -> None:
    def reading(seconds: float) -> Trace:
        return trace(Call("gateway", "/buy", 0.02, calls=[Call("archive", "/read", seconds)]))

    now = [trace(Call("gateway", "/buy", 0.02)) for _ in range(60)]
    good = [*now[:54], *(reading(0.01) for _ in range(5)), trace(Call("gateway", "/buy", 0.3))]
    found = attribute(SLOW, WANTED, [reading(0.2) for _ in range(8)], good, WORLD, now)
    assert not found.votes


def test_no_trace_counts_twice() -> None:
    found = said(slower(0.0), slower(0.5))
    (vote,) = found.votes
    assert vote.traces == len(found.traces) == 60
    assert vote.held <= frozenset(found.traces)


def test_calls_beyond_the_usual_number_are_the_callers_though_some_of_the_good_are_bad_already() -> None:
    found = said(many(0.1), many(1.0))
    assert found.votes[0].cause.service == "gateway"
    assert found.votes[0].cause.kind == CauseKind.LATENCY


def test_no_more_failures_than_usual_name_nobody() -> None:
    wanted = population("gateway", "/buy")
    bad = [trace(Call("gateway", "/buy", failed=True)) for _ in range(8)]
    good = [trace(Call("gateway", "/buy")) for _ in range(8)]
    one = finding("gateway", "/buy", Family.ERRORS)
    told, usual_ = (
        attribute(one, wanted, bad, good, WORLD),
        attribute(replace(one, expected=0.7), wanted, bad, good, WORLD),
    )
    assert told.votes
    (group,) = explain([usual_], [])
    assert group.no_cause == "no cause found in telemetry: no more requests fail than usual"


def test_what_is_asked_for_is_any_request_of_the_same_time() -> None:
    asked = beside(WANTED)
    assert asked is not None
    assert (asked.kind, asked.threshold, asked.window) == (PopulationKind.GOOD, 0.0, WANTED.window)
    assert beside(population("gateway", "/buy")) is None, "failed requests are counted by the metrics"
