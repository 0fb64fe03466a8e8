"""The catalogue agrees with the shop it is about."""

import json
import math
from pathlib import Path

import pytest

from shop import catalogue
from shop.catalogue import SCENARIOS, Scenario
from shop.kinds import KINDS, Acts, Unit
from shop.order import Order, read_fault
from shop.profile import DATABASE, MIX, PROCESSOR, PRODUCTS_STATEMENT, TENANTS, WORK
from shop.topology import ENDPOINTS, GATEWAY, OWNERS, PORTS, callers, endpoint_of

ALL = pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: scenario.name)
HARMLESS = ("gradual", "surge", "deploy")


@ALL
def test_every_fault_can_be_posted_as_it_stands(scenario: Scenario) -> None:
    for fault in scenario.faults:
        assert read_fault(json.dumps(fault.as_json()).encode()) == Order(fault)


@ALL
def test_the_truth_is_one_incident_per_fault_that_does_harm(scenario: Scenario) -> None:
    harmful = [fault for fault in scenario.faults if fault.kind not in HARMLESS]
    assert len(scenario.truth) == len(harmful)
    for fault, expected in zip(harmful, scenario.truth, strict=True):
        if expected.kind == "dependency":
            assert (expected.service, expected.caller) == (PROCESSOR, fault.service)
        elif fault.kind == "query":
            assert (expected.service, expected.endpoint) == (DATABASE, PRODUCTS_STATEMENT)
            assert expected.caller == fault.service
        else:
            assert (expected.service, expected.caller) == (fault.service, fault.caller)
            assert expected.endpoint in (
                fault.endpoint,
                endpoint_of(fault.service).path if fault.kind == "version" else None,
            )


@ALL
def test_nobody_is_blamed_and_affected_by_one_incident(scenario: Scenario) -> None:
    for expected in scenario.truth:
        assert expected.service not in expected.affected
        assert (expected.service == GATEWAY) != (GATEWAY in expected.affected)


def test_every_kind_has_a_scenario() -> None:
    assert {fault.kind for scenario in SCENARIOS.values() for fault in scenario.faults} == set(KINDS)


def test_the_readme_lists_every_kind_with_what_its_strength_counts() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    rows = [row.strip("|").split("|") for row in readme.splitlines() if row.startswith("| `")]
    listed = {row[0].strip(" `"): row[1].strip() for row in rows if row[0].strip(" `") in KINDS}
    assert listed == {kind.name: str(kind.unit) for kind in KINDS.values()}


def test_strengths_have_the_unit_of_their_kind() -> None:
    for fault in (fault for scenario in SCENARIOS.values() for fault in scenario.faults):
        kind = KINDS[fault.kind]
        assert (fault.strength is None) == (kind.unit is Unit.NONE)
        assert (fault.endpoint is None) == (kind.acts in (Acts.PROCESS, Acts.LOAD))


def test_the_json_keeps_its_shape() -> None:
    scenarios = {entry["name"]: entry for entry in catalogue.as_json()["scenarios"]}  # type: ignore[attr-defined]
    assert scenarios["latency-spike"] == {
        "name": "latency-spike",
        "title": "Payment takes two seconds longer",
        "faults": [{"kind": "latency", "endpoint": "/payment", "service": "payment", "strength": 2000.0}],
        "truth": [
            {
                "service": "payment",
                "endpoint": "/payment",
                "kind": "latency",
                "affected": ["checkout", "gateway"],
                "caller": None,
                "dimension": None,
            }
        ],
        "live": True,
    }
    assert scenarios["quiet"]["faults"] == scenarios["quiet"]["truth"] == []
    assert set(scenarios) == {
        "latency-spike",
        "error-storm",
        "cascading-failure",
        "exception",
        "timeout",
        "several-services",
        "service-gone",
        "connection-refused",
        "payment-errors",
        "lost-time",
        "lost-time-everywhere",
        "retry-storm",
        "exhausted-pool",
        "bad-version",
        "bad-tenant",
        "slow-query",
        "n-plus-one",
        "dependency-down",
        "two-at-once",
        "traffic-drop",
        "traffic-surge",
        "deployment",
        "gradual-latency",
        "quiet",
    }


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/inventory", ("checkout", "gateway")),
        ("/payment", ("checkout", "gateway")),
        ("/products", ("gateway",)),
        ("/checkout", ("gateway",)),
    ],
)
def test_callers_are_who_waits(path: str, expected: tuple[str, ...]) -> None:
    assert callers(path) == expected


def test_every_endpoint_has_work_and_load() -> None:
    assert set(WORK) == set(ENDPOINTS) == {share.path for share in MIX}
    assert math.isclose(sum(share.share for share in MIX), 1.0)
    assert math.isclose(sum(TENANTS.values()), 1.0)
    assert set(OWNERS) == set(PORTS) - {GATEWAY}
