"""What clients send, and in which ways, against what the engine then counts and finds."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sources.otlp import CONSUMER, Call, Point, http, points, spans

from aiops.model import Family, Selector, Window, names

from .world import STEP, T0, Export, Watched

HALF_A_MINUTE = 10  # steps


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path)
    yield one
    one.close()


def served(at: float, each: int, since: float = T0 - 600.0, **more: object) -> Point:
    """Requests of a process that serves `each` a step since long ago, as counted up to a time."""
    count = round((at - since) / STEP) * each
    point = Point(at, since, buckets=(count, 0, 0, 0), sum=count * 0.005, attributes=http("/a"))
    return replace(point, **more)  # type: ignore[arg-type]


def mixed(failing: bool) -> Callable[[float], Iterable[Export]]:
    """A service with metrics of its HTTP work, and spans of that and of the messages that it takes."""

    def sent(at: float) -> Iterable[Export]:
        number, end = int(at - T0) * 100 + 1, at + 1.0
        calls = []
        for one in range(5):
            calls.append(Call(number + one, number + one, end, service="mixed", attributes=http("/a")))
            message = Call(number + 50 + one, number + 50 + one, end, service="mixed", name="orders process")
            calls.append(replace(message, kind=CONSUMER, error=failing, message="cannot render" if failing else ""))
        return [points(served(at + 1.0, 5, service="mixed")), spans(*calls)]

    return sent


def test_consumers_of_a_service_with_http_metrics_are_judged(watched: Watched) -> None:
    watched.play(4 * HALF_A_MINUTE, mixed(failing=False), every=4)
    assert watched.incidents() == []
    watched.play(HALF_A_MINUTE, mixed(failing=True))
    (incident,) = watched.incidents()
    assert {(dict(series)["route"], family) for series, family in incident.symptoms} == {
        ("orders process", Family.ERRORS)
    }
    assert incident.root_cause is not None
    assert incident.root_cause.cause.service == "mixed"


def workers(*since: float) -> Callable[[float], Iterable[Export]]:
    """Processes of one server that name no instance: each serves five requests a step."""

    def sent(at: float) -> Iterable[Export]:
        return [
            points(served(at + 0.5 + number * 0.3, 5, T0 - one, service="workers", instance=""))
            for number, one in enumerate(since)
        ]

    return sent


def said(watched: Watched, service: str) -> tuple[str, ...]:
    """What is said of how a service sends."""
    (found,) = [one for one in watched.use_cases.health.services() if one.service == service]
    return found.oddities


def test_workers_under_one_identity_count_once_each_and_are_named(watched: Watched) -> None:
    watched.play(3 * HALF_A_MINUTE, workers(600.0, 603.0, 609.0), every=2)
    minute = Window(watched.clock.time - 60.0, watched.clock.time)
    block = watched.source.metrics.window([Selector(names.REQUESTS)], minute, STEP)
    assert block.values.tolist() == [[3 * 5.0] * 20]
    assert said(watched, "workers") == ("several processes send under one identity; set service.instance.id",)
    exposed = watched.engine.telemetry.exposition().decode()
    assert 'aiops_sender_oddity{kind="shared_identity",service="workers"} 1.0' in exposed
    assert watched.incidents() == []


def test_what_nobody_understands_is_named(watched: Watched) -> None:
    def sent(at: float) -> Iterable[Export]:
        odd = served(at + 1.0, 5, service="odd", metric="handled.requests")
        calling = Call(int(at) % 10**6 + 1, 1, at + 1.0, service="spans-only", kind=CONSUMER)
        # They serve nobody: a program that watches a host, and a Collector.
        host = served(at + 1.0, 5, service="host", metric="system.cpu.time")
        collector = served(at + 1.0, 5, service="collector", metric="otelcol_receiver_accepted_spans")
        return [points(odd, served(at + 1.0, 5), host, collector), spans(calling)]

    watched.play(HALF_A_MINUTE, sent)
    assert said(watched, "odd") == (
        "sends metrics that are not understood: handled.requests; no request of it is counted",
    )
    assert [one.service for one in watched.engine.oddities] == ["odd"]
