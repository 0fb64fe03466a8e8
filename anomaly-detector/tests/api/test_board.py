"""Pages and API ask how everything does again and again: it is worked out once a cycle, and in proportion to routes."""

import sys
import threading
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from made_up.fakes import Route
from made_up.world import World

from aiops import health
from aiops.model import Selector, SeriesBlock, Window
from aiops.sources.common.caps import LATELY

PATHS = ("/", "/aiops/metrics", "/aiops/services")


@pytest.fixture
def asked(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Window]:
    """The windows that pages and API ask for."""
    seen: list[Window] = []
    window = world.metrics.window

    def noted(selectors: list[Selector], over: Window, step: float) -> SeriesBlock:
        if step == health.RECENT:
            seen.append(over)
        return window(selectors, over, step)

    monkeypatch.setattr(world.metrics, "window", noted)
    return seen


def test_all_who_ask_share_one_reading_of_a_cycle(world: World, client: FlaskClient, asked: list[Window]) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment", rate=8)]
    world.use_cases.operation.analyze()
    for _ in range(5):
        for path in PATHS:
            assert client.get(path).status_code == 200
    assert len(asked) == 1
    world.clock.at += 15
    world.use_cases.operation.analyze()
    client.get("/")
    assert len(asked) == 2


def test_what_stands_there_is_read_again_when_cycles_stay_away(
    world: World, client: FlaskClient, asked: list[Window]
) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment", rate=8)]
    world.use_cases.operation.analyze()
    client.get("/")
    world.clock.at += 3600
    client.get("/")
    assert len(asked) == 2


def test_a_page_does_not_wait_for_a_cycle_that_is_under_way(world: World, client: FlaskClient) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment", rate=8)]
    world.use_cases.operation.analyze()
    before = client.get("/aiops/metrics").json
    world.clock.at += 3600
    held, done = threading.Event(), threading.Event()

    def cycle() -> None:
        with world.use_cases.engine.lock:
            held.set()
            done.wait()

    thread = threading.Thread(target=cycle)
    thread.start()
    held.wait()
    try:
        assert client.get("/aiops/metrics").json == before
    finally:
        done.set()
        thread.join()


def test_limits_that_were_met_are_said_for_a_while(world: World, client: FlaskClient) -> None:
    world.metrics.routes = [Route("payment", "POST", "other", rate=8)]
    world.use_cases.operation.analyze()
    client.get("/")
    world.use_cases.operation.overflow.add("routes", 12, world.clock.at)
    answer = client.get("/ready")
    assert answer.status_code == 200
    first, second = answer.json["notes"]  # type: ignore[index]
    assert "routes_limit" in first
    assert second == "routes counted as `other` are of payment"
    assert "routes_limit" in client.get("/").text
    world.clock.at += LATELY
    world.use_cases.operation.analyze()
    assert client.get("/ready").json == {"ready": True, "notes": []}


def test_ten_times_the_routes_are_ten_times_the_work(world: World) -> None:
    few, many = (_calls(world, count) for count in (40, 400))
    assert many < 12 * few


def _calls(world: World, count: int) -> int:
    """How many Python functions it takes to answer for so many routes, after the source has."""
    world.metrics.routes = [Route(f"s{one % 7}", "GET", f"/{one}") for one in range(count)]
    world.clock.at += 3600
    world.use_cases.operation.analyze()
    block = world.metrics.window(health.SELECTORS, Window(world.clock.at - 300, world.clock.at), 300)
    world.metrics.window = lambda *_: block  # type: ignore[method-assign]
    try:
        return _counted(world.use_cases.health.services)
    finally:
        del world.metrics.window


def _counted(work: Callable[[], object]) -> int:
    calls = 0

    def tick(_frame: object, event: str, _what: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(tick)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls
