"""The way from users to a cause, and the symptom that shows the cause best."""

import random

import pytest

from aiops.explain.measured import measured, telling
from aiops.explain.way import LONGEST, entrances, way_to
from aiops.model import Cause, CauseKind, CauseMeasure, Edge, Family, Finding, labels

SHOP = [
    Edge(caller="gateway", callee="checkout", rate=3.1, error_ratio=0.35, latency=0.07),
    Edge(caller="gateway", callee="payment", rate=1.4, error_ratio=0.38, latency=0.04),
    Edge(caller="gateway", callee="catalog", rate=1.6, error_ratio=0.0, latency=0.01),
    Edge(caller="checkout", callee="payment", rate=3.1, error_ratio=0.35, latency=0.04),
    Edge(caller="checkout", callee="inventory", rate=3.1, error_ratio=0.0, latency=0.01),
    Edge(caller="payment", callee="cards", rate=3.0, error_ratio=0.0, latency=0.005),
]


def way(cause: Cause, edges: list[Edge], *affected: str) -> list[str]:
    found = way_to(cause, edges, affected)
    return [one.caller for one in found] + [found[-1].callee] if found else []


def test_the_way_is_that_of_most_of_the_trouble() -> None:
    errors = Cause("payment", CauseKind.ERRORS)
    for seed in range(5):
        edges = random.Random(seed).sample(SHOP, len(SHOP))
        assert way(errors, edges, "payment", "checkout", "gateway") == ["gateway", "checkout", "payment"]
        assert way(errors, edges, "payment", "gateway") == ["gateway", "payment"]
    assert way(Cause("cards", CauseKind.DEPENDENCY, caller="payment"), SHOP, "payment") == [
        *("gateway", "checkout", "payment", "cards")
    ]


def test_a_way_ends_where_calls_go_in_a_circle_and_is_never_long() -> None:
    circle = [Edge(caller="a", callee="b", rate=1.0), Edge(caller="b", callee="a", rate=1.0)]
    assert way(Cause("a", CauseKind.ERRORS), circle, "a", "b") == ["b", "a"]
    line = [Edge(caller=str(number), callee=str(number + 1), rate=1.0) for number in range(50)]
    assert len(way_to(Cause("50", CauseKind.ERRORS), line, [])) == LONGEST
    assert way_to(Cause("nobody", CauseKind.ERRORS), line, []) == ()
    assert way_to(Cause("50", CauseKind.MACHINE), line, []) == ()


def test_users_come_in_where_no_service_calls() -> None:
    assert entrances(SHOP, ["payment", "batch"]) == {"gateway", "batch"}


SERVED = labels(service="payment", route="/payment", method="POST")
OTHER = labels(service="payment", route="/refund", method="POST")
CALL = labels(caller="checkout", callee="payment")
ELSE = labels(service="checkout", route="/checkout", method="POST")
SYMPTOMS = [(series, family) for series in (ELSE, OTHER, SERVED, CALL) for family in ("latency", "errors")]


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (Cause("payment", CauseKind.ERRORS, "/payment", "POST"), (SERVED, "errors")),
        (Cause("payment", CauseKind.LATENCY, "/refund", "POST"), (OTHER, "latency")),
        (Cause("payment", CauseKind.TIMEOUT), (CALL, "latency")),
        (Cause("payment", CauseKind.DOWN), (CALL, "errors")),
        (Cause("payment", CauseKind.NETWORK, caller="checkout"), (CALL, "latency")),
        (Cause("cart", CauseKind.ERRORS), None),
    ],
)
def test_the_symptom_that_shows_a_cause_best(cause: Cause, expected: object) -> None:
    for seed in range(5):
        assert telling(cause, random.Random(seed).sample(SYMPTOMS, len(SYMPTOMS))) == expected


def finding(observed: float, expected: float, family: Family = Family.LATENCY) -> Finding:
    return Finding(
        series=CALL,
        family=family,
        onset=0.0,
        at=60.0,
        score=3.0,
        observed=observed,
        expected=expected,
        bad=1.0,
        total=2.0,
        confidence=0.9,
    )


def test_what_sends_no_telemetry_is_measured_by_its_calls() -> None:
    query = Cause("sqlite", CauseKind.LATENCY, "SELECT", caller="catalog")
    assert measured(query, [finding(0.4, 0.1)], 0.8, 0.001) == CauseMeasure(Family.LATENCY, 0.8, 0.001)
    network = Cause("payment", CauseKind.NETWORK, caller="checkout")
    assert measured(network, [finding(0.43, 0.044)], 0.04, 0.04) == CauseMeasure(Family.LATENCY, 0.43, 0.044)
    assert measured(Cause("payment", CauseKind.DOWN), [finding(0, 1, Family.SILENCE)]) is None
