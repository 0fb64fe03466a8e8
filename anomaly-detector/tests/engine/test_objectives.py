"""Objectives in a running engine: budgets kept over restarts, burns told once, and what API and pages say of them."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from made_up.notifying import Heard, to_all
from werkzeug.serving import make_server

from aiops.api import create_app
from aiops.bootstrap.objectives import load_objectives
from aiops.cli.main import main
from aiops.config import Settings
from aiops.detect import Tuning
from aiops.engine.objectives import Budgets, NoBudgets
from aiops.model import (
    Family,
    IncidentState,
    Selector,
    SeriesBlock,
    Severity,
    Window,
    iso,
    labels,
    names,
)
from aiops.model.errors import SourceError, StoreError
from aiops.service.use_cases import UseCases
from aiops.web import add_pages

from .world import AT_ONCE, STEP, T0, World

SLO = "gateway-pays"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    one = World(tmp_path)
    yield one
    one.close()


def client(world: World) -> FlaskClient:
    use_cases, settings = UseCases(world.engine, world.store, T0), Settings(grafana_url="http://grafana")
    app = create_app(use_cases, settings)
    add_pages(app, use_cases, settings)
    return app.test_client()


class Told(Heard):
    """Somebody who is told."""

    def hear(self, world: World) -> None:
        while to_all(world.store, self).round(world.clock.now()):
            pass


def test_an_incident_says_which_objectives_it_hits_and_speaks_for_them(world: World) -> None:
    told = Told()
    world.live(40, every=AT_ONCE)
    world.failing = 0.9
    world.live(6)
    (incident,) = world.incidents()
    (impact,) = incident.slo_impact
    assert (impact.slo, incident.severity) == (SLO, Severity.CRITICAL)
    assert impact.burn_rate > 100
    body = client(world).get(f"/aiops/incidents/{incident.id}").json
    assert body["slo_impact"][0]["slo"] == SLO
    assert body["slo_impact"][0]["exhausted_in"].startswith("PT")
    page = client(world).get(f"/incidents/{incident.id}").text
    assert "Objectives it hits" in page
    told.hear(world)
    assert {who for who, _ in told.all} == {incident.id}
    world.failing = 0.0
    world.live(30, every=3)
    told.hear(world)
    assert [one for one in told.all if one[0] == SLO] == []
    (burn,) = client(world).get(f"/aiops/slos/{SLO}").json["burns"]
    assert (burn["incident"], burn["urgency"]) == (incident.id, "page")


def test_a_burn_that_is_no_incident_is_told_with_its_first_failing_span(world: World) -> None:
    """Too few failures to stand out, and more than was promised."""
    told = Told()
    world.failing = 0.06
    world.live(60, every=AT_ONCE)
    told.hear(world)
    assert world.incidents() == []
    assert told.all == [(SLO, "burns")]
    body = client(world).get(f"/aiops/slos/{SLO}").json
    (burn,) = body["burns"]
    assert burn["first_failing_span"]["service"] == "payment"
    assert burn["until"] is None
    assert body["groups"][0]["state"] == "burns_fast"
    page = client(world).get(f"/slos/{SLO}").text
    assert burn["first_failing_span"]["trace_id"] in page
    assert f'href="http://grafana/d/{names.DASHBOARD_SLO}?var-slo={SLO}"' in page
    world.failing = 0.0
    world.live(300, every=AT_ONCE)
    told.hear(world)
    assert told.all == [(SLO, "burns"), (SLO, "burns_no_more")]


def test_pages_say_since_when_there_are_data(world: World) -> None:
    world.live(6)
    (one,) = client(world).get("/aiops/slos").json["slos"]
    assert (one["state"], one["data_since"]) == ("ok", iso(T0))
    assert one["coverage"] < 0.001
    page = client(world).get("/slos").text
    assert "since data began" in page
    one = client(world).get(f"/slos/{SLO}").text
    assert "There are data for &lt; 0.1% of the period" in one
    assert "Time without data counts as without errors" in one


def test_stored_history_fills_budgets(world: World) -> None:
    world.failing = 0.02
    world.live(300, judge=False)  # more than the 200 that an engine judges after an absence
    budgets = world.engine.budgets
    assert isinstance(budgets, Budgets)
    assert list(budgets.look_back(Window(T0, T0 + 250 * STEP), STEP)) == [250 * STEP]
    world.live(1)
    (one,) = client(world).get("/aiops/slos").json["slos"]
    lately = 15 * 299  # the last step is not complete
    assert one["events"] == pytest.approx(lately, rel=0.01)
    world.engine = world.started()
    world.live(1)
    (again,) = client(world).get("/aiops/slos").json["slos"]
    assert again["events"] == one["events"] + 15


def test_budgets_outlive_a_restart_and_lost_counts_of_burns(world: World, tmp_path: Path) -> None:
    world.failing = 0.02
    world.live(40, every=AT_ONCE)
    before = client(world).get("/aiops/slos").json["slos"][0]
    assert before["events"] == 15 * 38
    world.engine = world.started()
    world.live(1)
    after = client(world).get("/aiops/slos").json["slos"][0]
    assert after["events"] == before["events"] + 15
    (tmp_path / "objectives.npz").write_bytes(b"nonsense")
    world.engine = world.started()
    world.live(1)
    again = client(world).get("/aiops/slos").json["slos"][0]
    assert again["events"] == after["events"] + 15
    assert again["burn_rates"]["5m"] == pytest.approx(before["burn_rates"]["5m"], rel=0.2)


def test_a_save_that_failed_counts_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.live(10)

    def full(*_: object) -> None:
        raise StoreError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "save_cycle", full)
        with pytest.raises(StoreError):
            world.live(1)
    world.live(2)
    assert client(world).get("/aiops/slos").json["slos"][0]["events"] == 15 * 11


def test_numbers_say_where_they_are_from_and_metrics_carry_them(world: World) -> None:
    world.live(10)
    body = client(world).get(f"/aiops/slos/{SLO}").json
    assert (body["target"], body["period"], body["written"]) == ("0.9999", "30d", "objectives.yaml:16:16")
    queries = {one["number"]: one for one in body["queries"]}
    assert queries["events"]["exact"]
    assert "http_server_request_duration_seconds_count" in queries["events"]["promql"]
    (group,) = body["groups"]
    assert (group["burn_rates_from"], group["events"]) == ("counts", 15 * 8)
    metrics = client(world).get("/metrics").text
    assert f'aiops_slo_events{{service_name="gateway",slo="{SLO}",slo_group=""}} {15 * 8}.0' in metrics
    assert "aiops_slo_exhausted_in_seconds{" not in metrics
    assert "Payments work" in client(world).get("/slos").text


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/aiops/slos/none", 404, "there is no objective 'none'"),
        ("/slos/none", 404, "there is no objective"),
        ("/aiops/slos?state=ok", 400, "state"),
    ],
)
def test_asked_wrongly(world: World, path: str, status: int, said: str) -> None:
    answer = client(world).get(path)
    assert (answer.status_code, said in answer.text) == (status, True)


def test_without_objectives_the_page_says_how_to_begin(world: World) -> None:
    world.engine.budgets = NoBudgets()
    web = client(world)
    assert web.get("/aiops/slos").json["slos"] == []
    assert "aiops up --objectives" in web.get("/slos").text


def test_rules_that_do_not_answer_leave_the_counts(world: World) -> None:
    class Away:
        def burn_rates(self, at: float) -> dict[object, object]:
            raise SourceError(f"Prometheus does not answer at {at}")

    assert isinstance(world.engine.budgets, Budgets)
    world.engine.budgets.ruled = Away()  # type: ignore[assignment]
    world.live(10)
    assert world.engine.last is not None
    assert any("Prometheus does not answer" in gap for gap in world.engine.last.gaps)
    assert client(world).get("/aiops/slos").json["slos"][0]["burn_rates_from"] == "counts"


def test_a_metric_that_is_not_there_costs_its_own_objective_only(world: World) -> None:
    budgets = world.engine.budgets
    assert isinstance(budgets, Budgets)
    asked = budgets.metrics

    class Partly:
        def window(self, selectors: list[object], window: Window, step: float) -> SeriesBlock:
            if any(one.name == "orders" for one in selectors):  # type: ignore[attr-defined]
                raise SourceError("no series of orders has the label region")
            return asked.window(selectors, window, step)  # type: ignore[arg-type]

    from aiops.model import Query, Ratio

    orders = replace(
        budgets.objectives.slos[0], name="orders", indicator=Ratio(Query(metric="orders"), Query(metric="failed"))
    )
    budgets.objectives = replace(budgets.objectives, slos=(*budgets.objectives.slos, orders))
    budgets.metrics = Partly()  # type: ignore[assignment]
    budgets.__post_init__()
    world.live(5)
    states = {one["slo"]: one["state"] for one in client(world).get("/aiops/slos").json["slos"]}
    assert states == {SLO: "ok", "orders": "no_data"}
    assert np.isfinite(world.engine.last.at if world.engine.last else np.nan)


def test_the_command_line_reads_a_running_engine(world: World) -> None:
    world.live(40, every=AT_ONCE)
    world.failing = 0.9
    world.live(6)
    use_cases, settings = UseCases(world.engine, world.store, T0), Settings(grafana_url="http://grafana")
    server = make_server("127.0.0.1", 0, create_app(use_cases, settings), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        report = CliRunner().invoke(main, ["slo", "report", "--url", url])
        whole = CliRunner().invoke(main, ["slo", "report", "--url", url, "--format", "json"])
        shown = CliRunner().invoke(main, ["incidents", "show", world.incidents()[0].id, "--url", url])
    finally:
        server.shutdown()
        server.server_close()
    assert report.exit_code == whole.exit_code == 0, report.output
    assert SLO in report.output or "Payments work" in report.output
    assert json.loads(whole.stdout)["slos"][0]["state"] == "burns_fast"
    assert f"promise   {SLO} burns" in shown.output


def test_a_mistake_in_objectives_does_not_end_detection(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.live(40, every=AT_ONCE)
    before = client(world).get("/aiops/slos").json["slos"][0]["events"]

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a mistake")

    with monkeypatch.context() as patch:
        patch.setattr("aiops.engine.objectives.statuses", broken)
        world.failing = 0.9
        world.live(6)
        assert world.engine.last is not None
        assert any("objectives were not counted: ZeroDivisionError" in gap for gap in world.engine.last.gaps)
        assert "a mistake" in client(world).get("/slos").text
        assert len(world.incidents()) == 1
    world.live(1)
    assert client(world).get("/aiops/slos").json["slos"][0]["events"] == before + 15 * 7
    with monkeypatch.context() as patch:
        patch.setattr("aiops.engine.objectives.followed", broken)
        world.live(2)
        assert any("ZeroDivisionError" in gap for gap in world.engine.last.gaps if world.engine.last)
    world.live(1)
    assert world.engine.last.gaps == ()
    assert client(world).get("/aiops/slos").json["slos"][0]["events"] == before + 15 * 10


def test_a_save_that_did_happen_though_it_failed_is_not_told_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a database goes away between its commit and its answer."""
    save, told = world.store.save_cycle, Told()

    def unsure(*of: object) -> None:
        save(*of)  # type: ignore[arg-type]
        raise StoreError("the connection was lost")

    world.failing = 0.06
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "save_cycle", unsure)
        for _ in range(8):
            with pytest.raises(StoreError):
                world.live(5, every=5)
    world.live(20, every=5)
    told.hear(world)
    assert told.all == [(SLO, "burns")]
    body = client(world).get(f"/aiops/slos/{SLO}").json
    assert (len(body["burns"]), body["groups"][0]["events"]) == (1, 15 * 58)


def test_counts_are_kept_though_the_last_save_failed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "save_cycle", full)
        with pytest.raises(StoreError):
            world.live(6)
        UseCases(world.engine, world.store, T0).slos.keep()
    world.engine = world.started()
    assert isinstance(world.engine.budgets, Budgets)
    world.live(6)
    assert client(world).get("/aiops/slos").json["slos"][0]["state"] == "ok"


def test_telemetry_that_stops_is_no_data(world: World) -> None:
    world.live(20, every=AT_ONCE)
    assert client(world).get("/aiops/slos").json["slos"][0]["state"] == "ok"
    world.sending = False
    world.clock.time += 1801.0
    world.live(1)
    found = client(world).get("/aiops/slos").json["slos"][0]
    assert (found["state"], found["events"]) == ("no_data", 15 * 18)


@pytest.mark.parametrize("seconds", [3600.0, 86_400.0])
def test_clocks_that_are_set_back_lose_no_burn_and_no_count(world: World, seconds: float) -> None:
    world.live(45, every=AT_ONCE)
    world.clock.time -= seconds
    world.life += 1
    world.live(24)
    before = client(world).get("/aiops/slos").json["slos"][0]["events"]
    world.failing = 0.06
    world.live(40, every=4)
    found = client(world).get("/aiops/slos").json["slos"][0]
    assert (found["state"], found["events"]) == ("burns_fast", before + 15 * 40)
    world.engine = world.started()
    world.live(1)
    assert client(world).get("/aiops/slos").json["slos"][0]["events"] == before + 15 * 41


def test_objectives_that_ask_for_the_same_series_count_it_once_each(world: World) -> None:
    from aiops.model import Query, Ratio

    budgets = world.engine.budgets
    assert isinstance(budgets, Budgets)
    asked = budgets.metrics

    class Orders:
        """As every source: a selector without labels to choose by answers all, one with them its part."""

        def window(self, selectors: list[Selector], window: Window, step: float) -> SeriesBlock:
            if selectors[0].name != "orders":
                return asked.window(selectors, window, step)
            wanted = dict(selectors[0].where).get("region")
            regions = [one for one in ("eu", "us") if wanted in (None, one)]
            ends = np.arange(window.start + step, window.end + step / 2, step)
            rows = tuple(labels(name="orders", region=one) for one in regions)
            return SeriesBlock(rows, ends, step, np.full((len(rows), len(ends)), 10.0))

    slo, none = budgets.objectives.slos[0], Query(metric="orders", where=(("region", "none"),))
    both = replace(slo, name="both", group_by=("region",), indicator=Ratio(Query(metric="orders"), none))
    europe = replace(slo, name="eu", indicator=Ratio(Query(metric="orders", where=(("region", "eu"),)), none))
    budgets.objectives = replace(budgets.objectives, slos=(both, europe))
    budgets.metrics = Orders()  # type: ignore[assignment]
    budgets.__post_init__()
    world.live(5)
    found = client(world).get("/aiops/slos").json["slos"]
    assert len(found) == 3
    assert len({one["events"] for one in found}) == 1


def test_steps_are_the_ledgers(world: World) -> None:
    world.live(5)
    assert isinstance(world.engine.budgets, Budgets)
    assert world.engine.budgets.counter.ledger_at == world.engine.state.at == T0 + 3 * STEP


@pytest.mark.parametrize("failing", [0.0, 0.05])
def test_what_stays_slow_is_the_new_normal_unless_an_objective_burns(world: World, failing: float) -> None:
    world.engine.detector.tuning = Tuning(settle_seconds=120.0)
    world.live(40, every=AT_ONCE)
    world.slower, world.failing = 0.5, failing
    world.live(60, every=3)
    slow = [one for one in world.incidents() if any(family == Family.LATENCY for _, family in one.symptoms)]
    assert slow
    settled = [one for one in slow if one.resolution.startswith("new normal")]
    if failing:
        assert not settled
        assert [one for one in slow if one.state == IncidentState.OPEN]
    else:
        assert settled == slow


def test_operators_see_what_is_wrong_in_files_of_objectives(world: World, tmp_path: Path) -> None:
    file = tmp_path / "slo.yaml"
    file.write_text("apiVersion: openslo/v1\nkind: SLO\n")
    budgets = world.engine.budgets
    assert isinstance(budgets, Budgets)
    broken = load_objectives([file])
    assert broken.problems
    budgets.objectives = replace(budgets.objectives, problems=broken.problems)
    found = client(world).get("/aiops/system").json
    assert found is not None
    assert found["objective_problems"] == [str(one) for one in broken.problems]
    page = client(world).get("/system", headers={"Accept": "text/html"}).text
    assert "Objectives that cannot be used" in page
    assert "slo.yaml" in page
