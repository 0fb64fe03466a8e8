"""A weak cause beside a strong one of its time is an alternative, not an incident."""

from dataclasses import replace
from itertools import permutations

import pytest

from aiops.explain.certainty import beside_others
from aiops.model import Cause, CauseKind, Explained, Family, RootCause, TraceCorrelation

from .shop import finding


def group(service: str, confidence: float, findings: int, at: float = 90.0) -> Explained:
    """A cause that accounts for so many findings, each on a route of its own."""
    found = [replace(finding(service, f"/{number}", Family.ERRORS), onset=at) for number in range(findings)]
    return Explained(
        title=f"{service} fails",
        findings=tuple(found),
        texts=tuple(f"{service} /{number}" for number in range(findings)),
        root_cause=RootCause(
            cause=Cause(service, CauseKind.ERRORS),
            description="",
            confidence=confidence,
            interval=(confidence / 2, 1.0),
        ),
        no_cause="",
        first_failing_span=None,
        correlation=TraceCorrelation(),
        affected_services=(service, "gateway"),
        affected_endpoints=(f"/of-{service}",),
    )


def test_what_is_more_likely_wrong_than_right_belongs_to_the_cause_of_its_time() -> None:
    strong, weak = group("payment", 0.95, 10), group("search", 0.6, 2)
    (one,) = beside_others([weak, strong])
    assert one.root_cause is not None
    assert one.root_cause.cause.service == "payment"
    ((cause, sure),) = one.root_cause.alternatives
    assert cause.service == "search"
    assert sure < 0.5
    assert len(one.findings) == len(one.texts) == 12
    assert dict(zip(one.texts, one.findings, strict=True))["search /1"] == weak.findings[1], (
        "a text stays with its finding"
    )
    assert one.affected_services == ("payment", "gateway", "search")
    assert set(one.affected_endpoints) == {"/of-payment", "/of-search"}


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(group("search", 0.95, 8), id="both account for many findings"),
        pytest.param(group("search", 0.6, 2, 400.0), id="another time"),
    ],
)
def test_a_second_trouble_stays_one(other: Explained) -> None:
    assert len(beside_others([group("payment", 0.95, 10), other])) == 2


def test_weak_causes_alone_stay() -> None:
    found = beside_others([group("payment", 0.4, 3), group("search", 0.3, 2)])
    assert len(found) == 2
    assert not any(one.root_cause and one.root_cause.alternatives for one in found)


def test_the_order_decides_nothing() -> None:
    groups = [group("payment", 0.95, 10), group("search", 0.5, 2), group("mail", 0.5, 2), group("cart", 0.9, 9)]
    said = {frozenset(map(str, beside_others(order))) for order in permutations(groups)}
    assert len(said) == 1
