"""How long the live shop takes, read from its spans."""

from dataclasses import replace

import pytest

from aiops.cli.demo.measuring import ENOUGH, durations, measured_requests
from aiops.model import Span, SpanKind


def span(number: int, parent: int, service: str, kind: SpanKind, start: float, took: float, route: str = "") -> Span:
    return Span(
        trace_id="t1",
        span_id=f"{number:016x}",
        parent_id=f"{parent:016x}" if parent else "",
        service=service,
        name=route or "call",
        kind=kind,
        start=start,
        duration=took,
        route=route,
    )


def request() -> list[Span]:
    """Gateway calls catalog, which asks its database: 10 ms gateway, 20 the way, 40 catalog, 30 database."""
    return [
        span(1, 0, "gateway", SpanKind.SERVER, 50.0, 0.1, "/products"),
        span(2, 1, "gateway", SpanKind.CLIENT, 50.005, 0.09),
        span(3, 2, "catalog", SpanKind.SERVER, 50.01, 0.07, "/products"),
        replace(span(4, 3, "catalog", SpanKind.CLIENT, 50.02, 0.03), attributes={"db.system.name": "sqlite"}),
    ]


def test_each_part_of_a_request_is_measured() -> None:
    found = durations(request())
    assert found["work"].keys() == {"gateway /products", "catalog /products"}
    assert found["work"]["gateway /products"] == [(50.0, pytest.approx(0.01))]
    assert found["work"]["catalog /products"] == [(50.01, pytest.approx(0.04))]
    assert found["ways"] == {"catalog /products": [(50.005, pytest.approx(0.02))]}
    assert found["dependencies"] == {"sqlite": [(50.02, pytest.approx(0.03))]}


def test_a_foreign_service_has_the_name_that_its_caller_gives_it() -> None:
    *others, call = request()
    found = durations([*others, replace(call, attributes={}, peer="card-processor")])
    assert list(found["dependencies"]) == ["card-processor"]


def test_a_request_that_failed_somewhere_tells_nothing() -> None:
    first, *others = request()
    assert not any(durations([*others, replace(first, failed=True)]).values())


def test_the_rarest_route_says_how_many_are_known() -> None:
    many = [replace(one, trace_id=f"t{n}", span_id=f"{n}{one.span_id}") for n in range(ENOUGH + 5) for one in request()]
    assert measured_requests(durations(many[:12]), routes=2) == 3
    assert measured_requests(durations(many), routes=2) == ENOUGH
    assert measured_requests(durations(many), routes=3) == 0
