"""The line that says what is wrong: the number that matters, and what the trouble is limited to."""

import pytest
from made_up.samples import simple

from aiops.model import (
    Cause,
    CauseKind,
    CauseMeasure,
    Change,
    ChangeVerdict,
    ConsideredChange,
    Dimension,
    Family,
    RootCause,
)
from aiops.presentation.headline import GroupShares, blamed, group_shares, headline

PLACE = ("payment", "/payment", "POST")


def cause(kind: CauseKind, service: str = "payment", endpoint: str = "", method: str = "", caller: str = "") -> Cause:
    return Cause(service, kind, endpoint, method, caller)


def root(what: Cause, measured: CauseMeasure | None, **more: object) -> RootCause:
    return RootCause(cause=what, description="…", confidence=0.9, interval=(0.8, 1.0), measured=measured, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "measured", "expected"),
    [
        pytest.param(
            cause(CauseKind.ERRORS, "payment", "/payment", "POST"),
            CauseMeasure(Family.ERRORS, 0.79, 0.001),
            "79% of requests to payment POST /payment fail (normally 0.1%)",
            id="errors",
        ),
        pytest.param(
            cause(CauseKind.LATENCY, "payment", "/payment", "POST"),
            CauseMeasure(Family.LATENCY, 2.04, 0.042),
            "Requests to payment POST /payment take 2.04 s (normally 42 ms)",
            id="latency",
        ),
        pytest.param(
            cause(CauseKind.LATENCY, "sqlite", "SELECT products", caller="catalog"),
            CauseMeasure(Family.LATENCY, 0.801, 0.001),
            "catalog's calls to sqlite take 801 ms (normally 1 ms): SELECT products",
            id="query",
        ),
        pytest.param(
            cause(CauseKind.TIMEOUT),
            CauseMeasure(Family.LATENCY, 5.0, 0.044),
            "payment does not respond: calls to it time out after 5 s",
            id="timeout",
        ),
        pytest.param(
            cause(CauseKind.TIMEOUT, caller="checkout"),
            CauseMeasure(Family.ERRORS, 0.4, 0.0),
            "payment does not respond: 40% of calls from checkout time out",
            id="timeout by errors",
        ),
        pytest.param(
            cause(CauseKind.DOWN),
            CauseMeasure(Family.ERRORS, 1.0, 0.004),
            "payment is down: 100% of calls to it fail",
            id="down",
        ),
        pytest.param(
            cause(CauseKind.NETWORK, caller="checkout"),
            CauseMeasure(Family.LATENCY, 0.43, 0.044),
            "Calls from checkout to payment lose 386 ms on the way there or back",
            id="network",
        ),
        pytest.param(
            cause(CauseKind.NETWORK),
            CauseMeasure(Family.LATENCY, 0.43, 0.044),
            "Requests to payment lose 386 ms on the way there or back",
            id="network in front",
        ),
        pytest.param(
            cause(CauseKind.DEPENDENCY, "cards", caller="payment"),
            CauseMeasure(Family.ERRORS, 0.95, 0.002),
            "95% of payment's calls to cards fail (normally 0.2%)",
            id="dependency",
        ),
        pytest.param(
            cause(CauseKind.TRAFFIC, "gateway"),
            CauseMeasure(Family.TRAFFIC, 1.2, 8.0),
            "85% fewer requests reach gateway: 1.2 per second (normally 8)",
            id="traffic",
        ),
        pytest.param(
            cause(CauseKind.MACHINE, "node-7"),
            CauseMeasure(Family.LATENCY, 3.14, 1.0),
            "Everything that runs on node-7: 3.1 times as slow as usual",
            id="machine",
        ),
    ],
)
def test_each_kind_has_its_number(what: Cause, measured: CauseMeasure, expected: str) -> None:
    assert headline(simple(root_cause=root(what, measured))) == expected


@pytest.mark.parametrize("kind", list(CauseKind))
def test_without_a_number_it_still_says_what_and_where(kind: CauseKind) -> None:
    said = headline(simple(root_cause=root(cause(kind, caller="checkout"), None)))
    assert "payment" in said
    assert "None" not in said
    assert "nan" not in said


def test_without_a_cause_it_is_the_title() -> None:
    assert (
        headline(simple(title="28% of requests to gateway fail", root_cause=None)) == "28% of requests to gateway fail"
    )


def shared(attribute: str, value: str, bad: float = 1.0, good: float = 0.1) -> Dimension:
    return Dimension(attribute, value, bad, good)


@pytest.mark.parametrize(
    ("dimensions", "expected"),
    [
        pytest.param(
            (shared("service.instance.id", "p-1"), shared("service.version", "1.5.0")), "payment 1.5.0", id="version"
        ),
        pytest.param(
            (shared("service.instance.id", "p-1"), shared("tenant.id", "globex")), "tenant.id globex", id="tenant"
        ),
        pytest.param((shared("host.name", "node-7"),), "host.name node-7", id="host"),
        pytest.param((shared("tenant.id", "globex", bad=0.3),), "", id="not all of the bad"),
        pytest.param((shared("tenant.id", "globex", good=0.8),), "", id="most of the good, too"),
        pytest.param((), "", id="nothing"),
    ],
)
def test_what_alone_is_hit_is_named(dimensions: tuple[Dimension, ...], expected: str) -> None:
    one = root(cause(CauseKind.ERRORS), CauseMeasure(Family.ERRORS, 0.5, 0.0), dimensions=dimensions)
    assert blamed(one) == expected
    assert expected in headline(simple(root_cause=one))


def accepted(new: tuple[int, int], old: tuple[int, int]) -> ConsideredChange:
    change = Change(at=0.0, who="ci", kind="deployment", service="payment", version="1.5.0", text="")
    return ConsideredChange(change=change, verdict=ChangeVerdict.ACCEPTED, why="", new=new, old=old)


PAYMENT = cause(CauseKind.ERRORS, "payment", "/payment", "POST")
THIRD = CauseMeasure(Family.ERRORS, 0.36, 0.004)


def test_a_version_has_the_share_of_its_own_requests() -> None:
    """0.36 of all fail, all of them of the version, which has 17 of 60 of the good ones: 0.36 / (0.36 + 0.64 17/60)."""
    one = root(PAYMENT, THIRD, changes_considered=(accepted((60, 17), (0, 43)),))
    assert headline(simple(root_cause=one)) == (
        "About 67% of requests to payment 1.5.0 POST /payment fail, no failure of other versions seen "
        "(together 36%, normally 0.4%)"
    )
    some = root(PAYMENT, THIRD, changes_considered=(accepted((50, 17), (10, 43)),))
    assert group_shares(some) == GroupShares(pytest.approx(0.623, abs=1e-3), pytest.approx(0.116, abs=1e-3))
    assert "about 12% of other versions" in headline(simple(root_cause=some))


def test_a_tenant_has_the_share_of_its_own_requests() -> None:
    one = root(PAYMENT, CauseMeasure(Family.ERRORS, 0.225, 0.0), dimensions=(shared("tenant.id", "globex", 1.0, 0.25),))
    assert "About 90% of requests to payment POST /payment with tenant.id globex fail" in headline(
        simple(root_cause=one)
    )


def test_what_cannot_be_estimated_is_said_of_the_failing_requests_alone() -> None:
    grown = root(PAYMENT, THIRD, dimensions=(shared("tenant.id", "globex", 1.0, 0.1),))
    assert headline(simple(root_cause=grown)).endswith("· all failing ones are of tenant.id globex")
    new = root(PAYMENT, THIRD, dimensions=(shared("service.version", "1.5.0", 0.95, 0.0),))
    assert headline(simple(root_cause=new)).endswith("· 95% of the failing ones are of payment 1.5.0")
    slow = root(
        cause(CauseKind.LATENCY), CauseMeasure(Family.LATENCY, 2.0, 0.1), dimensions=(shared("host.name", "n"),)
    )
    assert headline(simple(root_cause=slow)).endswith("· all slow ones are of host.name n")
    nothing = root(PAYMENT, THIRD, changes_considered=(accepted((0, 0), (0, 0)),))
    assert headline(simple(root_cause=nothing)).startswith("36% of requests")


def test_an_accepted_change_names_its_version() -> None:
    change = Change(at=0.0, who="ci", kind="deployment", service="payment", version="1.5.0", text="")
    for verdict, expected in ((ChangeVerdict.ACCEPTED, "payment 1.5.0"), (ChangeVerdict.POSSIBLE, "")):
        considered = (ConsideredChange(change=change, verdict=verdict, why=""),)
        assert blamed(root(cause(CauseKind.LATENCY), None, changes_considered=considered)) == expected
