"""The page that lets the detector judge stored history: what it says, its limits, and that it gives way to cycles."""

import html
import re
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from flask.testing import FlaskClient
from made_up.fakes import Route
from made_up.world import World

from aiops import detect
from aiops.backtest import Choice, Steps
from aiops.model import Family, Selector, SeriesBlock, Window
from aiops.service.backtest import BacktestService, stretches

HTML = {"Accept": "text/html"}
ASKED = "/backtest?service=payment&route=POST+%2Fpayment&range=15m"


@pytest.fixture(autouse=True)
def routes(world: World) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment"), Route("checkout", "POST", "/checkout")]


def get(client: FlaskClient, path: str) -> tuple[int, str]:
    answer = client.get(path, headers=HTML)
    return answer.status_code, " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_without_a_service_it_asks_for_one_and_runs_nothing(world: World, client: FlaskClient) -> None:
    status, page = get(client, "/backtest")
    assert status == 200
    assert world.metrics.asked != list(detect.family_selectors())
    assert "Choose a service" in page
    assert "payment" in page


@pytest.mark.parametrize("family", ["errors", "latency", "traffic"])
def test_it_shows_one_family_of_one_route(client: FlaskClient, family: str) -> None:
    answer = client.get(f"{ASKED}&family={family}", headers=HTML)
    assert answer.status_code == 200
    titles = re.findall(r'<div class="titled"><h2>([^<]*)</h2>', answer.text)
    assert len(titles) == 1
    assert "payment POST /payment" in titles[0]
    assert 'class="observed" d="M' in answer.text
    assert "style=" not in answer.text, "the content security policy forbids it"


def test_it_is_the_replay_of_the_command(world: World) -> None:
    step, metrics = world.use_cases.engine.pace.step, world.metrics
    now = world.clock.at
    found = world.use_cases.backtest.run(Choice("payment"), Family.ERRORS, Window(now - 900, now))
    steps = Steps(found.window, step, Choice("payment"))
    for stretch in stretches(found.window, step, world.use_cases.engine.pace.backfill):
        for _ in steps.take(metrics.window(detect.family_selectors(), stretch, step)):
            pass
    wanted = [one for one in steps.results() if one.family == Family.ERRORS]
    assert [(one.series, one.points, one.judged, one.alarms) for one in found.series] == [
        (one.series, one.points, one.judged, one.alarms) for one in wanted
    ]
    assert found.series[0].judged > 0


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/backtest?service=payment&range=1d", 422, "are judged at once (1,440 steps of"),
        (
            "/backtest?service=nobody",
            404,
            "There is no history of nobody in that time; services that are there: checkout",
        ),
        ("/backtest?service=payment&route=%2Fnone", 404, "There is no history of payment /none in that time"),
        ("/backtest?route=%2Fpayment", 400, "`route` needs `service`"),
        (f"{ASKED}&family=silence", 400, "`route` goes with requests only"),
        ("/backtest?service=payment&family=noise", 400, "`family` must be one of errors, latency, traffic, silence"),
    ],
)
def test_what_cannot_be_judged_is_one_sentence(client: FlaskClient, path: str, status: int, said: str) -> None:
    answered, page = get(client, path)
    assert answered == status
    assert said in page


def test_without_telemetry_there_is_no_history(world: World, client: FlaskClient) -> None:
    world.metrics.routes = []
    status, page = get(client, "/backtest?service=payment")
    assert status == 404
    assert "No telemetry has arrived yet" in page


def test_a_source_that_does_not_answer(world: World, client: FlaskClient) -> None:
    world.metrics.broken = True
    status, page = get(client, "/backtest?service=payment")
    assert status == 503
    assert "The telemetry store does not answer" in page


def test_one_runs_at_a_time(world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    window, seen = world.metrics.window, []

    def meanwhile(selectors: Sequence[Selector], over: Window, step: float) -> SeriesBlock:
        if selectors == detect.family_selectors() and not seen:
            seen.append(get(world.client(), ASKED))
        return window(selectors, over, step)

    monkeypatch.setattr(world.metrics, "window", meanwhile)
    assert get(client, ASKED)[0] == 200
    assert seen[0][0] == 409
    assert "Another backtest is running" in seen[0][1]
    assert get(client, ASKED)[0] == 200


def test_a_run_that_takes_too_long_is_given_up(world: World, client: FlaskClient) -> None:
    seconds = iter(range(0, 10_000, 3))
    world.use_cases.backtest = BacktestService(world.use_cases.engine, lambda: float(next(seconds)))
    status, page = get(client, ASKED)
    assert status == 422
    assert "This takes longer than 20 s on this machine" in page


def test_it_stands_still_while_a_cycle_runs_and_never_keeps_the_lock(world: World, client: FlaskClient) -> None:
    class Watched:
        """The lock of the engine: how often it was taken, and for how long."""

        def __init__(self) -> None:
            self.lock, self.taken, self.held = threading.RLock(), 0, 0

        def acquire(self, timeout: float = -1) -> bool:
            self.taken += 1
            self.held += 1
            return self.lock.acquire(timeout=timeout)

        def release(self) -> None:
            self.held -= 1
            self.lock.release()

        def __enter__(self) -> bool:
            return self.acquire()

        def __exit__(self, *_: Any) -> None:
            self.release()

    lock = Watched()
    world.use_cases.engine.lock = lock  # type: ignore[assignment]
    window = world.metrics.window

    def read(selectors: Sequence[Selector], over: Window, step: float) -> SeriesBlock:
        assert not (lock.held and selectors == detect.family_selectors())
        return window(selectors, over, step)

    world.metrics.window = read  # type: ignore[method-assign]
    now = world.clock.at
    found = world.use_cases.backtest.run(Choice("payment"), Family.ERRORS, Window(now - 900, now))
    steps = (found.window.seconds + world.use_cases.engine.pace.backfill) / world.use_cases.engine.pace.step
    assert lock.taken >= steps
    assert lock.held == 0


def test_a_series_leads_to_its_backtest(world: World, client: FlaskClient) -> None:
    world.use_cases.operation.analyze()
    page = client.get("/services/payment/series?family=latency&route=/payment&method=POST", headers=HTML).text
    found = re.search(r'id="backtest" href="([^"]+)"', page)
    assert found
    assert get(client, html.unescape(found[1]))[0] == 200
