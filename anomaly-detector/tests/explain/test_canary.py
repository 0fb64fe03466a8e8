"""A new version beside the old one: what is worse is found, what is not is no alarm, and few requests say nothing."""

import random
from dataclasses import replace

import pytest

from aiops.explain.canary import LEAST, CanaryOutcome, CanaryRequest, canary, canary_requests
from aiops.model import Span, SpanKind


def requests(
    version: str, count: int, failing: float = 0.0, seconds: float = 0.1, seed: int = 1
) -> list[CanaryRequest]:
    chance = random.Random(f"{version} {seed}")
    return [
        CanaryRequest(version, "POST /pay", chance.lognormvariate(0.0, 0.5) * seconds, chance.random() < failing)
        for _ in range(count)
    ]


def test_more_errors_are_worse() -> None:
    found = canary("2", [*requests("2", 100, 0.12), *requests("1", 400, 0.003)], 10.0)
    assert found is not None
    assert (found.outcome, found.reasons) == (CanaryOutcome.WORSE, ("errors",))
    assert (found.new.version, found.old.version, found.since) == ("2", "1", 10.0)
    assert found.new.failing > 0.05


def test_longer_requests_are_worse() -> None:
    found = canary("2", [*requests("2", 200, seconds=0.2), *requests("1", 200)], 0.0)
    assert found is not None
    assert (found.outcome, found.reasons) == (CanaryOutcome.WORSE, ("latency",))
    assert found.new.p95 is not None
    assert found.old.p95 is not None
    assert found.new.p95 > 1.5 * found.old.p95


def test_another_mix_of_routes_is_no_difference() -> None:
    slow = [replace(one, route="GET /report") for one in requests("1", 20, seconds=2.0)]
    more = [replace(one, version="2", route="GET /report") for one in requests("1", 180, seconds=2.0, seed=2)]
    found = canary("2", [*more, *requests("2", 20), *slow, *requests("1", 180)], 0.0)
    assert found is not None
    assert found.outcome == CanaryOutcome.NO_WORSE


def test_versions_that_are_alike_are_hardly_ever_called_worse() -> None:
    worse = 0
    for seed in range(300):
        found = canary("2", [*requests("2", 60, 0.02, seed=seed), *requests("1", 300, 0.02, seed=seed)], 0.0)
        assert found is not None
        worse += found.outcome == CanaryOutcome.WORSE
    assert worse <= 3


def test_a_difference_too_small_to_matter_is_none() -> None:
    new = [replace(one, version="2", seconds=1.03 * one.seconds) for one in requests("1", 5000, seed=3)]
    found = canary("2", [*new, *requests("1", 5000)], 0.0)
    assert found is not None
    assert found.outcome == CanaryOutcome.NO_WORSE


@pytest.mark.parametrize("count", [1, LEAST - 1])
def test_few_requests_say_nothing(count: int) -> None:
    found = canary("2", [*requests("2", count, 1.0), *requests("1", 500)], 0.0)
    assert found is not None
    assert found.outcome == CanaryOutcome.TOO_FEW
    twenty = canary("2", [*requests("2", LEAST), *requests("1", 500)], 0.0)
    assert twenty is not None
    assert twenty.outcome == CanaryOutcome.UNDECIDED


def test_nothing_beside_it_is_no_comparison() -> None:
    assert canary("2", requests("2", 500), 0.0) is None
    assert canary("2", [], 0.0) is None


def test_only_served_requests_with_a_version_count_and_each_once() -> None:
    span = Span(
        trace_id="a" * 32, span_id="b" * 16, parent_id="", service="payment", name="POST", kind=SpanKind.SERVER,
        start=0.0, duration=0.1, route="/pay", method="POST", version="2",
    )  # fmt: skip
    others = [
        replace(span, span_id="c", kind=SpanKind.CLIENT),
        replace(span, span_id="d", version=""),
        replace(span, span_id="e", service="other"),
        replace(span, span_id="f", streams=True),
    ]
    assert list(canary_requests("payment", [span, span, *others]).values()) == [
        CanaryRequest("2", "POST /pay", 0.1, failed=False)
    ]
