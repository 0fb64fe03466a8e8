"""Generated history in the engine's store: normal is known at once, and the past can be looked at."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import requests

from aiops import bootstrap, detect
from aiops.cli.demo.history import DENSE_SECONDS, SHORTEST, ShopHistory, length
from aiops.cli.demo.shop import NoShop, objectives
from aiops.cli.demo.stage import BASELINE_POINTS, ROUTES
from aiops.config import Settings
from aiops.engine import Cycle
from aiops.engine.objectives import Budgets
from aiops.sources.duckdb.partitions import SPANS
from aiops.sources.duckdb.store import Store
from aiops.testing.waiting import until

from .conftest import OFFSET

PORT = 8300 + OFFSET
STEP = 3.0
HOUR = 3600.0
SLOW = 0.2


def measured(folder: Path) -> Path:
    """A machine on which payment takes 200 ms; nothing else was measured."""
    file = folder / "measured.json"
    work = {"payment /payment": [(float(second), SLOW) for second in range(20)]}
    file.write_text(json.dumps({"work": work, "ways": {}, "dependencies": {}}), encoding="utf-8")
    return file


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
    history = ShopHistory(length("2h"), time.time(), STEP, measured(folder))
    history.load(one.source.store, lambda: None)
    assert isinstance(one.use_cases.slos.budgets, Budgets)
    history.count(one.use_cases.slos.budgets, lambda: None)
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
        began = datetime.fromisoformat(one["period_start"]).timestamp()
        seconds = time.time() - began  # a month may have begun just now
        if seconds > 600:
            assert one["events"] > 0
            assert one["coverage"] == pytest.approx(min(2 * HOUR / seconds, 1.0), rel=0.1), one


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


def test_it_takes_as_long_as_was_measured(url: str) -> None:
    since = str(time.time() - HOUR)
    answer = requests.get(
        f"{url}/aiops/series", {"service": "payment", "route": "/payment", "since": since}, timeout=30
    )
    (points,) = [one["points"] for one in answer.json()["series"] if one["family"] == "latency"]
    # The card processor takes another 5 ms, and the way to it 2 ms.
    assert points[-1]["expected"] == pytest.approx(SLOW + 0.007, rel=0.05)


def test_the_pages_say_until_when_it_was_generated(engine: bootstrap.Application, url: str) -> None:
    addresses = [f"{url}/", f"{url}/slos"]
    assert not [page for page in addresses if "was generated" in requests.get(page, timeout=30).text]
    engine.use_cases.generated_until = 1_763_712_000.0
    for page in addresses:
        text = requests.get(page, timeout=30).text
        assert 'telemetry from before <time datetime="2025-11-21T08:00:00' in text
        assert "was generated; what came later is live" in text


def test_a_short_one_has_every_span(tmp_path: Path) -> None:
    history = ShopHistory(SHORTEST, 1_763_712_001.0, STEP, measured(tmp_path))
    assert history.sparse is None
    assert history.end == 1_763_712_000.0
    store = Store(":memory:", time.time)
    history.load(store, lambda: None)
    (found,) = store.query(
        lambda tables: (
            f"SELECT count(*) AS spans, min(end_ns) AS first, max(end_ns) AS last FROM {tables.relation(SPANS)}"
        )
    ).to_pylist()
    store.close()
    assert found["spans"] > 8 * SHORTEST * 3
    assert found["first"] / 1e9 == pytest.approx(history.end - SHORTEST, abs=STEP)
    assert found["last"] / 1e9 == pytest.approx(history.end, abs=STEP)


def test_a_long_one_has_every_span_of_the_last_hour_alone(tmp_path: Path) -> None:
    sparse = ShopHistory(length("36h"), 1_763_712_001.0, STEP, measured(tmp_path)).sparse
    assert sparse is not None
    assert sparse.end == pytest.approx(1_763_712_000.0 - DENSE_SECONDS, abs=60.0)
    assert sparse.seconds == pytest.approx(35 * HOUR, abs=60.0)


@pytest.mark.parametrize("text", ["", "2w", "14", "-1d", "4m", "0h", "61d", "1.5d", "14d "])
def test_nonsense_is_refused_with_what_is_right(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a length from 5m to 60d; write it like 5m, 36h or 14d"):
        length(text)


def test_a_shop_that_cannot_says_why(engine: bootstrap.Application, tmp_path: Path) -> None:
    history = ShopHistory(1000 * 24 * HOUR, time.time(), STEP, measured(tmp_path))
    with pytest.raises(NoShop, match=r"could not generate history: .*400d"):
        history.load(engine.source.store, lambda: None)
