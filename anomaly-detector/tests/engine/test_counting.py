"""What clients send, and in which ways, against what the engine then counts and finds."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aiops.model import Family

from ..sources.otlp import CONSUMER, Call, Point, http, points, spans
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
    watched.play(4 * HALF_A_MINUTE, mixed(failing=False))
    assert watched.incidents() == []
    watched.play(HALF_A_MINUTE, mixed(failing=True))
    (incident,) = watched.incidents()
    assert {(dict(series)["route"], family) for series, family in incident.symptoms} == {
        ("orders process", Family.ERRORS)
    }
    assert incident.root_cause is not None
    assert incident.root_cause.cause.service == "mixed"
