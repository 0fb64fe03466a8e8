"""Generated history in the engine's store: normal is known at once, and the past can be looked at."""

import time
from collections.abc import Iterator

import pytest
import requests

from aiops import bootstrap, detect
from aiops.cli.demo.history import HOUR, ShopHistory, length
from aiops.cli.demo.shop import NoShop, objectives
from aiops.cli.demo.show import BASELINE_POINTS, ROUTES
from aiops.config import Settings
from aiops.engine import Cycle
from aiops.engine.objectives import Budgets
from aiops.testing.waiting import until

from .conftest import OFFSET

PORT = 8300 + OFFSET
STEP = 3.0


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bootstrap.Application]:
    """An engine with two hours of history, which neither receives nor judges anything by itself."""
    folder = tmp_path_factory.mktemp("history")
    (folder / "objectives.yaml").write_text(objectives(), encoding="utf-8")
    settings = Settings(
        port=PORT,
        data_dir=folder,
        cycle_seconds=STEP,
        lateness_seconds=STEP,
        objectives=str(folder / "objectives.yaml"),
    )
    one = bootstrap.embedded(settings)
    said: list[str] = []
    history = ShopHistory(length("2h"), STEP)
    said.append(history.distant(one.source.store, lambda: None))
    assert isinstance(one.use_cases.slos.budgets, Budgets)
    history.counted(one.use_cases.slos.budgets, lambda: None)
    history.recent(one.source.store, lambda: None)
    assert said[0].startswith("history loaded      2 h of generated telemetry in ")
    yield one
    one.stop()


@pytest.fixture(scope="module")
def cycle(engine: bootstrap.Application) -> Cycle:
    return engine.use_cases.engine.cycle()


@pytest.fixture(scope="module")
def url(engine: bootstrap.Application, cycle: Cycle) -> str:
    engine.serve()
    until(lambda: requests.get(f"{engine.url}/health", timeout=2).ok, 10, "the engine answers")
    return engine.url


def test_one_cycle_gives_every_route_and_edge_a_baseline(engine: bootstrap.Application, cycle: Cycle) -> None:
    assert cycle.watermark is not None
    assert time.time() - cycle.watermark < 60.0
    assert not cycle.gaps
    assert not cycle.findings
    latency = engine.use_cases.engine.state.of(detect.LATENCY)
    assert len(latency.index) >= ROUTES
    assert latency.points[: len(latency.index)].min() >= BASELINE_POINTS
    assert not engine.store.active()


def test_budgets_are_of_the_whole_history(url: str) -> None:
    found = requests.get(f"{url}/aiops/slos", timeout=10).json()["slos"]
    assert found
    for one in found:
        assert one["events"] > 0
        assert one["coverage"] == pytest.approx(2 / (30 * 24), rel=0.1), one


def test_nothing_is_missing_where_the_two_parts_meet(url: str) -> None:
    now = time.time()
    answer = requests.get(
        f"{url}/aiops/series",
        {
            "metric": "http.server.request.duration",
            "by": "service",
            "service": "gateway",
            "step": "300",
            "since": str(now - 2 * HOUR),
        },
        timeout=30,
    )
    (series,) = answer.json()["series"]
    values = [value for value in series["values"] if value is not None]
    assert len(values) >= 23
    whole = values[1:-1]
    assert all(300 * 8 * 0.3 * 0.8 < value < 300 * 8 * 1.5 * 1.2 for value in whole), whole
    # The last hour is at the rate of the live shop.
    assert sum(whole[-10:]) == pytest.approx(10 * 300 * 8, rel=0.06)


def test_what_was_judged_covers_the_last_hour(url: str) -> None:
    since = str(time.time() - HOUR)
    answer = requests.get(
        f"{url}/aiops/series", {"service": "payment", "route": "/payment", "since": since}, timeout=30
    )
    points = {one["family"]: one["points"] for one in answer.json()["series"]}
    assert len(points["latency"]) > 1100
    assert {one["life"] for one in points["latency"]} == {"normal"}


def test_it_is_marked_as_generated(engine: bootstrap.Application) -> None:
    resources = engine.source.store.query(lambda _: "SELECT attributes FROM resources").to_pylist()
    assert len(resources) == 5
    assert all('"telemetry.generated":"true"' in row["attributes"] for row in resources)


@pytest.mark.parametrize("text", ["", "2w", "14", "-1d", "30m", "0h", "61d", "1.5d", "14d "])
def test_nonsense_is_refused_with_what_is_right(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a length from 1h to 60d; write it like 36h or 14d"):
        length(text)


def test_a_shop_that_cannot_says_why(engine: bootstrap.Application) -> None:
    history = ShopHistory(1000 * 24 * HOUR, STEP)
    with pytest.raises(NoShop, match=r"could not generate history: .*400d"):
        history.distant(engine.source.store, lambda: None)
