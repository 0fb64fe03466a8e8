"""Every kind of failure is a problem (RFC 9457) that names what is at fault and shows no inside."""

import logging
from typing import Any

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW, Route
from made_up.samples import simple
from made_up.world import World

from aiops.model import IncidentState
from aiops.model.errors import StoreError


def wrong(name: str, detail: str) -> tuple[int, str, str]:
    return 400, name, detail


@pytest.mark.parametrize(
    ("method", "path", "sent", "expected"),
    [
        pytest.param("GET", "/aiops/incidents?stat=open", {}, wrong("stat", "known: `state`"), id="unknown parameter"),
        pytest.param("GET", "/aiops/incidents?state=new", {}, wrong("state", "'open'"), id="unknown state"),
        pytest.param("GET", "/aiops/incidents?state=open&state=all", {}, wrong("state", "2 times"), id="twice"),
        pytest.param("GET", "/aiops/incidents?severity=bad", {}, wrong("severity", "critical"), id="severity"),
        pytest.param("GET", "/aiops/incidents?limit=0", {}, wrong("limit", "1"), id="limit too small"),
        pytest.param("GET", "/aiops/incidents?limit=201", {}, wrong("limit", "200"), id="limit too large"),
        pytest.param("GET", "/aiops/incidents?cursor=x", {}, wrong("cursor", "`next`"), id="made-up cursor"),
        pytest.param("GET", "/aiops/incidents?cursor=%C2%B2", {}, wrong("cursor", "`next`"), id="a digit of sorts"),
        pytest.param(
            "GET", "/aiops/incidents?since=2026-11-21T09:30:00", {}, wrong("since", "needs its zone"), id="no zone"
        ),
        pytest.param(
            "GET", "/aiops/incidents?since=2026-11-21T09:30:00+01:00", {}, wrong("since", "%2B"), id="plus not escaped"
        ),
        pytest.param("GET", "/aiops/incidents?since=yesterday", {}, wrong("since", "RFC 3339"), id="no time"),
        pytest.param("GET", "/aiops/incidents?until=nan", {}, wrong("until", "1970"), id="not a number"),
        pytest.param("GET", "/aiops/incidents?until=1e300", {}, wrong("until", "9999"), id="too late"),
        pytest.param(
            "GET", "/aiops/incidents?since=2&until=1", {}, wrong("since", "later"), id="ends before it starts"
        ),
        pytest.param("GET", "/aiops/incidents/a%20b", {}, wrong("incident_id", "pattern"), id="impossible id"),
        pytest.param("GET", "/aiops/incidents/INC-1?full=1", {}, wrong("full", "no parameters"), id="no parameters"),
        pytest.param("GET", "/aiops/metrics?x=1", {}, wrong("x", "no parameters"), id="no parameters of metrics"),
        pytest.param("GET", "/aiops/series", {}, wrong("service", "or `metric`"), id="series of nothing"),
        pytest.param("GET", "/aiops/series?service=a", {}, wrong("route", "or `metric`"), id="series without route"),
        pytest.param("GET", "/aiops/series?service=a&route=b&by=c", {}, wrong("by", "`metric` only"), id="by alone"),
        pytest.param("GET", "/aiops/series?metric=a&route=b", {}, wrong("route", "alone"), id="metric and route"),
        pytest.param("GET", "/aiops/series?metric=a&step=0", {}, wrong("step", "1"), id="no step"),
        pytest.param(
            "GET", "/aiops/series?metric=a&step=1&since=1", {}, wrong("step", "longer step"), id="too many steps"
        ),
        pytest.param("POST", "/aiops/changes", {"json": {"kind": "flag"}}, wrong("service", "missing"), id="missing"),
        pytest.param(
            "POST",
            "/aiops/changes",
            {"json": {"kind": "flag", "service": "a", "owner": "b"}},
            wrong("owner", "known: `kind`"),
            id="unknown field",
        ),
        pytest.param(
            "POST", "/aiops/changes", {"json": {"kind": "party", "service": "a"}}, wrong("kind", "'flag'"), id="kind"
        ),
        pytest.param(
            "POST", "/aiops/changes", {"json": {"kind": "flag", "service": 1}}, wrong("service", "string"), id="type"
        ),
        pytest.param(
            "POST",
            "/aiops/changes",
            {"json": {"kind": "flag", "service": "a", "at": True}},
            wrong("at", "time"),
            id="a truth is no time",
        ),
        pytest.param(
            "POST",
            "/aiops/incidents/INC-1/acknowledge",
            {"json": {"why": "x"}},
            wrong("why", "no body"),
            id="needless body",
        ),
    ],
)
def test_what_is_wrong_is_named(
    client: FlaskClient, method: str, path: str, sent: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    status, parameter, detail = expected
    answer = client.open(path, method=method, **sent)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    body = answer.json
    assert body is not None
    assert body["parameter"] == parameter
    assert parameter in body["detail"]
    assert detail in body["detail"]
    assert (body["type"], body["title"], body["status"]) == ("about:blank", "Bad Request", 400)


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "detail"),
    [
        pytest.param("GET", "/aiops/nothing", {}, 404, "/aiops/openapi.json", id="no such address"),
        pytest.param("GET", "/aiops/incidents/INC-9", {}, 404, "there is no incident INC-9", id="no such incident"),
        pytest.param("POST", "/aiops/incidents/INC-9/resolve", {}, 404, "INC-9", id="nothing to resolve"),
        pytest.param("GET", "/aiops/series?service=a&route=/b", {}, 404, "'a'", id="never judged"),
        pytest.param("POST", "/aiops/metrics", {}, 405, "GET", id="wrong method"),
        pytest.param(
            "POST", "/aiops/incidents/INC-1795253415-1/acknowledge", {}, 409, "is resolved since", id="too late"
        ),
        pytest.param("POST", "/aiops/changes", {"json": {"text": "x" * 70_000}}, 413, "65536", id="large body"),
        pytest.param("POST", "/aiops/changes", {"data": "kind=flag"}, 415, "application/json", id="not JSON"),
        pytest.param(
            "POST",
            "/aiops/changes",
            {"data": "{", "content_type": "application/json"},
            400,
            "not JSON",
            id="broken JSON",
        ),
        pytest.param("POST", "/aiops/changes", {"json": [1]}, 400, "object", id="a list"),
        pytest.param("POST", "/aiops/analyze", {"data": "x"}, 400, "no body", id="a body for nobody"),
    ],
)
def test_failures_are_problems(
    world: World, client: FlaskClient, method: str, path: str, sent: dict[str, Any], status: int, detail: str
) -> None:
    world.keep(simple(state=IncidentState.RESOLVED, resolved_at=NOW))
    answer = client.open(path, method=method, **sent)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json is not None
    assert answer.json["status"] == status
    assert detail in answer.json["detail"]
    if status == 405:
        assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/aiops/metrics", "/aiops/services"])
def test_a_source_that_fails_is_told_with_its_reason(world: World, client: FlaskClient, path: str) -> None:
    world.metrics.broken = True
    answer = client.get(path)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "disk full; make room" in answer.json["detail"]  # type: ignore[index]


def test_a_store_that_fails_is_told_with_its_reason(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise StoreError("the incident store does not answer: locked")

    monkeypatch.setattr(type(world.store), "page", fail)
    assert client.get("/aiops/incidents").status_code == 503
    page = client.get("/", headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert "locked" in page.text


def test_the_inside_of_a_failure_is_logged_and_not_shown(
    world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr(type(world.metrics), "complete_until", fail)
    world.metrics.routes = [Route("a", "GET", "/")]
    with caplog.at_level(logging.ERROR):
        answer = client.get("/aiops/topology")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "a secret of the inside" in caplog.text
