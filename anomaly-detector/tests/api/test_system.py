"""The engine itself, as its API and its page show it: the same facts, and no secret."""

import html
import re

from flask.testing import FlaskClient
from made_up.fakes import Route
from made_up.world import World

from aiops import __version__
from aiops.config import load_settings
from aiops.model import iso

HTML = {"Accept": "text/html"}
SECRET = "s3cr3t"


def text(client: FlaskClient) -> str:
    page = client.get("/system", headers=HTML)
    assert page.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def test_before_anything_arrived(client: FlaskClient) -> None:
    found = client.get("/aiops/system").json
    assert found is not None
    assert found["ready"] is True
    assert found["cycle"]["ended"] is None
    assert found["telemetry"]["newest"] is None
    assert found["versions"]["engine"] == __version__
    assert "not yet" in text(client)


def test_after_cycles(world: World, client: FlaskClient) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment")]
    for _ in range(3):
        world.clock.at += 15
        world.use_cases.operation.analyze()
    found = client.get("/aiops/system").json
    assert found is not None
    cycle = found["cycle"]
    assert (cycle["measured"], cycle["overruns"], cycle["failures"], cycle["gaps"]) == (3, 0, 0, [])
    assert [one["name"] for one in cycle["phases"]] == [
        *("collect", "detect", "explain", "objectives", "reconcile", "save")
    ]
    assert 0 < sum(one["seconds"] for one in cycle["phases"]) <= cycle["seconds"] + 0.01
    assert cycle["behind_seconds"] == world.clock.at - world.use_cases.engine.last.watermark  # type: ignore[union-attr]
    assert found["telemetry"]["services"] == 1
    assert {one["source"]: one["answers"] for one in found["sources"]} == dict.fromkeys(
        ("metrics", "traces", "topology", "verdicts"), True
    )
    files = {one["name"]: one["bytes"] for one in found["storage"]["files"]}
    assert files["incident store (SQLite)"] > 0
    assert found["storage"]["free_bytes"] > 0
    page = text(client)
    assert "The engine works" in page
    assert "none took longer than 15.00 s" in page
    assert "collect" in page


def test_a_source_that_does_not_answer(world: World, client: FlaskClient) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment")]
    world.use_cases.operation.analyze()
    world.metrics.broken = True
    since = world.clock.at = world.clock.at + 15
    world.use_cases.operation.analyze()
    world.clock.at += 15
    world.use_cases.operation.analyze()
    found = client.get("/aiops/system").json
    assert found is not None
    assert found["ready"] is False
    assert any("disk full" in one for one in found["reasons"])
    assert any("disk full" in one for one in found["cycle"]["gaps"])
    [metrics] = [one for one in found["sources"] if one["source"] == "metrics"]
    assert metrics["answers"] is False
    assert metrics["failing_since"] == iso(since)
    assert found["telemetry"]["services"] is None
    page = text(client)
    assert "The engine does not work as it should" in page
    assert "no answer" in page
    world.metrics.broken = False
    world.clock.at += 15
    world.use_cases.operation.analyze()
    assert "no answer" not in text(client)


def test_limits_that_were_exceeded(world: World, client: FlaskClient) -> None:
    world.use_cases.operation.overflow.add("routes", 12, world.clock.at)
    found = client.get("/aiops/system").json
    assert found is not None
    [routes] = [one for one in found["caps"] if one["setting"] == "routes_limit"]
    assert (routes["most"], routes["exceeded"]) == (200, 12)
    assert "a service has more routes than are told apart" in text(client)


def test_settings_say_where_they_came_from_and_hide_secrets(world: World) -> None:
    given = load_settings(
        {
            "AIOPS_TOKEN": f"{SECRET}-and-long-enough",
            "AIOPS_PROMETHEUS_URL": f"http://ana:{SECRET}@prometheus:9090",
            "AIOPS_WEBHOOK_URL": f"https://hooks.example.org/{SECRET}",
            "AIOPS_ALERTMANAGER_URL": f"http://ana:{SECRET}@one:9093",
        },
        overrides={"log_level": "debug"},
    )
    client = world.client_of(given)
    answer = client.get("/aiops/system")
    assert answer.json is not None
    shown = {one["key"]: (one["value"], one["origin"]) for one in answer.json["settings"]}
    assert shown["prometheus_url"] == ("http://***@prometheus:9090", "environment")
    assert shown["log_level"] == ("debug", "command line")
    assert shown["port"] == (8000, "default")
    page = client.get("/system", headers=HTML).text
    assert SECRET not in answer.text + page
    assert "http://***@prometheus:9090" in page


def test_it_takes_no_parameters(client: FlaskClient) -> None:
    assert client.get("/aiops/system?a=1").status_code == 400
