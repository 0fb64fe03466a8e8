"""Sampled traces: each stands for as many requests as its sampler passed over."""

import random
from dataclasses import replace

import pytest

from aiops.explain import attribute
from aiops.explain.attribution import Attribution
from aiops.explain.sampling import MOST, stands_for
from aiops.model import Trace, names
from aiops.sources.common.spans import sampling_threshold

from .shop import Call, trace
from .test_any_requests import SLOW, WANTED, WORLD, usual

ONE_IN_EIGHT = "e"  # 14/16: of 16 random numbers the last two are kept


@pytest.mark.parametrize(
    ("state", "threshold", "requests"),
    [
        ("ot=th:0", "0", 1.0),
        ("ot=th:8", "8", 2.0),
        ("ot=rv:1234567890abcd;th:c", "c", 4.0),
        ("congo=t61rcWkgMzE, ot=th:e;p:3 ,rojo=00f067aa0ba902b7", "e", 8.0),
        ("ot=th:fffffffffffff", "fffffffffffff", MOST),
        ("ot=th:ffffffffffffff", "ffffffffffffff", MOST),
        ("ot=th:xyz", "xyz", 1.0),
        ("ot=th:123456789012345", "", 1.0),
        ("ot=th", "", 1.0),
        ("other=th:8", "", 1.0),
        ("", "", 1.0),
    ],
)
def test_the_threshold_of_a_trace_state(state: str, threshold: str, requests: float) -> None:
    assert sampling_threshold(state) == threshold
    (span,) = trace(Call("gateway", "/buy", 0.1)).spans
    assert stands_for(replace(span, attributes={names.SAMPLING_THRESHOLD: threshold})) == requests


def said(threshold: str) -> Attribution:
    """Requests as ever; of the bad time the quick ones are kept one in eight, and the slow ones all."""
    rng = random.Random(5)
    good = [usual(rng) for _ in range(120)]
    now: list[Trace] = []
    while len(now) < 120:
        one = usual(rng)
        if _took(one) > WANTED.threshold:
            now.append(one)
        elif rng.random() < 1 / 8:
            now.append(_marked(one, threshold))
    slow = [one for one in now if _took(one) > WANTED.threshold]
    return attribute(SLOW, WANTED, slow, good, WORLD, now)


def test_a_sampler_that_keeps_the_slow_ones_does_not_make_them_more_common() -> None:
    assert said("").votes, "without their thresholds the slow ones look more common than before"
    assert not said(ONE_IN_EIGHT).votes


def _took(one: Trace) -> float:
    return max(span.duration for span in one.spans)


def _marked(one: Trace, threshold: str) -> Trace:
    spans = tuple(replace(span, attributes={names.SAMPLING_THRESHOLD: threshold}) for span in one.spans)
    return Trace(one.trace_id, spans)
