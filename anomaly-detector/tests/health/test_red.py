"""How healthy a service is shown beside its incidents."""

import pytest

from aiops import health
from aiops.health import RouteHealth
from aiops.model import Cause, CauseKind, Incident, IncidentState, RootCause, Severity


def route(service: str, score: int = 99) -> RouteHealth:
    status = "healthy" if score > 70 else "unhealthy"
    return RouteHealth(
        service=service,
        route="/",
        method="GET",
        requests=300.0,
        error_ratio=0.0,
        latency=0.05,
        latency_p95=0.09,
        expected=None,
        expected_range=None,
        statuses={},
        status=status,
        score=score,
    )


def incident(cause: Cause | None, *hit: str) -> Incident:
    root = RootCause(cause=cause, description="because", confidence=0.9, interval=(0.7, 1.0)) if cause else None
    return Incident(
        id="INC-1",
        key="k",
        state=IncidentState.OPEN,
        severity=Severity.HIGH,
        title="Trouble",
        first_detected=1.0,
        onset=1.0,
        last_seen=1.0,
        symptoms=(),
        root_cause=root,
        affected_services=hit,
    )


PAYMENT = Cause("payment", CauseKind.ERRORS, "/")


@pytest.mark.parametrize(
    ("score", "active", "expected"),
    [
        pytest.param(99, (), ("healthy", 99), id="nothing"),
        pytest.param(99, (incident(PAYMENT, "payment", "gateway"),), ("unhealthy", 50), id="the-cause"),
        pytest.param(20, (incident(PAYMENT, "payment", "gateway"),), ("unhealthy", 20), id="a-cause-that-shows-it"),
        pytest.param(99, (incident(Cause("db", CauseKind.LATENCY), "db", "payment"),), ("degraded", 70), id="hit"),
        pytest.param(20, (incident(None, "payment"),), ("unhealthy", 20), id="hit-and-worse"),
        pytest.param(99, (incident(PAYMENT, "gateway"),), ("healthy", 99), id="of-others"),
    ],
)
def test_no_service_is_healthy_beside_its_incident(
    score: int, active: tuple[Incident, ...], expected: tuple[str, int]
) -> None:
    (one,) = health.services([route("payment", score)], [], [], active)
    assert (one.status, one.score) == expected


@pytest.mark.parametrize(
    ("one", "service"),
    [
        pytest.param(incident(PAYMENT, "payment", "gateway"), "payment", id="the-cause"),
        pytest.param(incident(Cause("box", CauseKind.MACHINE), "gateway", "payment"), "gateway", id="a-machine"),
        pytest.param(incident(None, "gateway"), "gateway", id="no-cause"),
        pytest.param(incident(None), "", id="nothing-known"),
    ],
)
def test_the_service_to_look_at_first(one: Incident, service: str) -> None:
    assert one.service == service
