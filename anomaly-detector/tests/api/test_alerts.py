"""Alertmanager's webhook in, and what is answered of its alerts."""

import json
from dataclasses import replace
from typing import Any

import pytest
from examples import share
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up.fakes import NOW
from made_up.samples import sample, simple
from made_up.world import World

from aiops.api.webhook import alert_fingerprint
from aiops.model import IncidentState, iso
from aiops.model.errors import StoreError

URL = "http://vm:29090/graph?g0.expr=x&g0.tab=1"
ONE = "/aiops/incidents/INC-1795253415-1"


def alert(starts_at: float = NOW - 100, ends_at: float | None = None, **more: Any) -> dict[str, Any]:
    """One alert as Alertmanager 0.31 writes it."""
    name, print_of, labels = (
        more.pop("name", "Burn"),
        more.pop("fingerprint", "32c6a473bcfcb167"),
        more.pop("labels", {}),
    )
    made = {
        "status": "firing" if ends_at is None else "resolved",
        "labels": {"alertname": name, "service_name": "payment", "severity": "page", **labels},
        "annotations": {"summary": "payment burns its budget", "value": "6.351%"},
        "startsAt": iso(starts_at),
        "endsAt": "0001-01-01T00:00:00Z" if ends_at is None else iso(ends_at),
        "generatorURL": URL,
        "fingerprint": print_of,
    }
    return {**made, **more}


def hook(*alerts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "receiver": "aiops",
        "status": "firing",
        "alerts": list(alerts),
        "groupLabels": {"alertname": "Burn"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://vm:29093",
        "version": "4",
        "groupKey": '{}:{alertname="Burn"}',
        "truncatedAlerts": 0,
        **more,
    }


def post(client: FlaskClient, *alerts: dict[str, Any]) -> Any:
    answer = client.post("/aiops/alerts", json=hook(*alerts), headers={"User-Agent": "Alertmanager/0.31.1"})
    assert answer.status_code == 200, answer.json
    return answer.json


def listed(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/aiops/alerts?{query}")
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    found: list[dict[str, Any]] = answer.json["alerts"]
    return found


def told(client: FlaskClient, path: str = ONE) -> list[str]:
    found = client.get(path).json
    assert found is not None
    return [one["text"] for one in found["timeline"] if one["what"].startswith("alert")]


def counts(**more: int) -> dict[str, Any]:
    made = {"firing": 0, "resolved": 0, "known": 0, "refused": 0, **more}
    return {"received": sum(made.values()), "dropped": 0, "mended": [], "mended_in_all": 0, **made}


def test_an_episode_fires_and_is_resolved(client: FlaskClient) -> None:
    assert post(client, alert()) == counts(firing=1)
    assert post(client, alert()) == counts(known=1)
    (one,) = listed(client)
    assert one == {
        "name": "Burn",
        "severity": "page",
        "state": "firing",
        "starts_at": iso(NOW - 100),
        "ends_at": None,
        "summary": "payment burns its budget",
        "url": URL,
        "fingerprint": "32c6a473bcfcb167",
        "services": ["payment"],
        "labels": {"alertname": "Burn", "service_name": "payment", "severity": "page"},
        "annotations": {"summary": "payment burns its budget", "value": "6.351%"},
        "incidents": [],
    }
    assert post(client, alert(ends_at=NOW - 40)) == counts(resolved=1)
    assert post(client, alert(), alert(ends_at=NOW - 40)) == counts(known=2)
    (after,) = listed(client)
    assert after == {**one, "state": "resolved", "ends_at": iso(NOW - 40)}


def test_the_body_that_alertmanager_was_seen_to_send(client: FlaskClient) -> None:
    body = alert(startsAt="2026-11-21T09:39:11.276123456Z")
    assert post(client, body) == counts(firing=1)
    assert listed(client)[0]["starts_at"] == "2026-11-21T09:39:11.276Z"


def test_a_resolved_one_that_was_never_told_of_is_kept(client: FlaskClient) -> None:
    assert post(client, alert(ends_at=NOW)) == counts(resolved=1)
    assert post(client, alert(NOW + 60)) == counts(firing=1)
    assert [one["state"] for one in listed(client)] == ["firing", "resolved"]


def test_one_post_may_hold_an_alert_twice(client: FlaskClient) -> None:
    assert post(client, alert(), alert(ends_at=NOW)) == counts(resolved=1, known=1)


def test_the_engine_s_own_incidents_are_refused_and_not_sent_again(client: FlaskClient) -> None:
    own = alert(labels={"source": "aiops"}, fingerprint="b")
    assert post(client, own) == counts(refused=1)
    assert post(client, own, alert()) == counts(refused=1, firing=1)
    assert len(listed(client)) == 1
    text = client.get("/metrics").text
    assert 'aiops_alerts_received_total{outcome="refused"} 2.0' in text
    assert 'aiops_alerts_received_total{outcome="firing"} 1.0' in text


def test_what_alertmanager_left_out_is_counted(client: FlaskClient) -> None:
    assert client.post("/aiops/alerts", json=hook(alert(), truncatedAlerts=7)).status_code == 200
    assert 'aiops_alerts_received_total{outcome="truncated"} 7.0' in client.get("/metrics").text


def test_an_alert_joins_the_incident_that_is_open(world: World, client: FlaskClient) -> None:
    world.keep(sample(), simple(2, affected_services=("cart",)))
    post(client, alert(NOW - 120), alert(NOW - 60, fingerprint="other", name="Slow", annotations={}))
    for _ in range(2):
        post(client, alert(NOW - 120, NOW - 5))
        found = client.get(ONE).json
        assert found is not None
        assert found["alerts"] == [
            {
                "name": "Slow",
                "severity": "page",
                "state": "firing",
                "starts_at": iso(NOW - 60),
                "ends_at": None,
                "summary": None,
                "url": URL,
            },
            {
                "name": "Burn",
                "severity": "page",
                "state": "resolved",
                "starts_at": iso(NOW - 120),
                "ends_at": iso(NOW - 5),
                "summary": "payment burns its budget",
                "url": URL,
            },
        ]
        assert told(client) == ["alert Burn fires", "alert Slow fires", "alert Burn resolved"]
    assert [one["incidents"] for one in listed(client)] == [["INC-1795253415-1"]] * 2
    assert told(client, "/aiops/incidents/INC-1795253415-2") == []


@pytest.mark.parametrize("labels", [{"service": "gateway"}, {"job": "shop/gateway"}, {"service_name": "gateway"}])
def test_who_is_hit_may_be_named_in_several_ways(world: World, client: FlaskClient, labels: dict[str, str]) -> None:
    world.keep(sample())
    post(client, alert(labels={"service_name": "", **labels}))
    assert told(client) == ["alert Burn fires"]


def test_an_incident_that_opens_later_picks_an_alert_up(world: World, client: FlaskClient) -> None:
    post(client, alert(NOW - 3000), alert(NOW - 9000, NOW - 3500, fingerprint="old"))
    world.keep(sample())
    assert told(client) == []
    for _ in range(2):
        client.post("/aiops/analyze")
        assert told(client) == ["alert Burn fires"]
    post(client, alert(NOW - 3000, NOW))
    assert told(client) == ["alert Burn fires", "alert Burn resolved"]


def test_an_alert_after_the_end_joins_only_one_that_reopens(world: World, client: FlaskClient) -> None:
    over = replace(sample(), state=IncidentState.RESOLVED, resolved_at=NOW - 50, resolution="quiet")
    world.keep(over)
    post(client, alert(NOW - 10))
    assert told(client) == []
    world.keep(sample())
    client.post("/aiops/analyze")
    assert told(client) == ["alert Burn fires"]


def test_an_alert_told_of_late_joins_one_that_is_over(world: World, client: FlaskClient) -> None:
    world.keep(replace(sample(), state=IncidentState.RESOLVED, resolved_at=NOW - 50, resolution="quiet"))
    world.clock.at += 7200
    post(client, alert(NOW - 60, NOW - 55))
    assert told(client) == ["alert Burn fires", "alert Burn resolved"]


def test_a_person_s_answer_has_the_alerts_too(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    post(client, alert())
    for what in ("acknowledge", "resolve"):
        assert len(client.post(f"{ONE}/{what}").json["alerts"]) == 1  # type: ignore[index]


def test_lists_are_filtered_newest_first(client: FlaskClient) -> None:
    for number in range(4):
        ends_at = NOW if number % 2 else None
        post(client, alert(NOW - 400 + number, ends_at, fingerprint=f"{number}", name=f"A{number}"))
    post(client, alert(NOW, fingerprint="cart", name="Cart", labels={"service_name": "cart"}))
    for query, expected in (
        ("", ["Cart", "A3", "A2", "A1", "A0"]),
        ("state=firing", ["Cart", "A2", "A0"]),
        ("state=resolved", ["A3", "A1"]),
        ("state=all&service=cart", ["Cart"]),
        ("service=car", []),
        ("service=payment&state=firing&limit=1", ["A2"]),
    ):
        assert [one["name"] for one in listed(client, query)] == expected, query


def without(body: dict[str, Any], *path: str | int) -> dict[str, Any]:
    where: Any = body
    for part in path[:-1]:
        where = where[part]
    del where[path[-1]]
    return body


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param(without(hook(), "alerts"), "alerts", id="no alerts"),
        pytest.param(hook() | {"alerts": "7"}, "alerts", id="alerts are a text"),
        pytest.param(hook(version="3"), "version", id="another version"),
        pytest.param(hook(alerts={}), "alerts", id="alerts are no list"),
    ],
)
def test_what_is_wrong_with_a_body_is_named(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    answer = client.post("/aiops/alerts", json=body)
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")
    assert answer.json is not None
    assert answer.json["parameter"] == field
    assert listed(client) == []


GOOD = alert(NOW - 50, fingerprint="good", name="Good")


@pytest.mark.parametrize(
    ("bad", "field", "kept"),
    [
        pytest.param("x", "alerts.0", {}, id="no object"),
        pytest.param({"labels": {}, "annotations": {}}, "alerts.0", {}, id="nothing to know it by"),
        pytest.param(alert(annotations=None), "alerts.0.annotations", {"annotations": {}}, id="annotations null"),
        pytest.param({**alert(), "labels": None}, "alerts.0.labels", {"labels": {}, "services": []}, id="labels null"),
        pytest.param(alert(labels={"a": 1}), "alerts.0.labels.a", {"name": "Burn"}, id="a number for a text"),
        pytest.param(alert(labels={"a": {}}), "alerts.0.labels.a", {"name": "Burn"}, id="an object for a text"),
        pytest.param(alert(startsAt="now"), "alerts.0.startsAt", {"starts_at": iso(NOW)}, id="start"),
        pytest.param(alert(startsAt="0001-01-01T00:00:00Z"), "alerts.0.startsAt", {"state": "firing"}, id="no start"),
        pytest.param(
            alert(ends_at=NOW, endsAt="2026-11-21T09:30:00"), "alerts.0.endsAt", {"ends_at": iso(NOW)}, id="end"
        ),
        pytest.param(alert(status="pending"), "alerts.0.status", {"state": "firing"}, id="status"),
        pytest.param(alert(ends_at=NOW, status=None), "alerts.0.status", {"state": "resolved"}, id="no status"),
        pytest.param(alert(generatorURL=7), "alerts.0.generatorURL", {"url": None}, id="url"),
        pytest.param(alert(fingerprint=""), "alerts.0.fingerprint", {"name": "Burn"}, id="fingerprint"),
    ],
)
def test_what_is_wrong_with_an_alert_costs_that(
    client: FlaskClient, bad: Any, field: str, kept: dict[str, Any]
) -> None:
    answer = client.post("/aiops/alerts", json=hook(bad, GOOD))
    assert answer.status_code == 200
    assert answer.json is not None
    assert [one["field"] for one in answer.json["mended"]] == [field]
    assert answer.json["received"] == 2
    assert answer.json["dropped"] == (0 if kept else 1)
    assert answer.json["firing"] + answer.json["resolved"] == (2 if kept else 1)
    found = {one["fingerprint"]: one for one in listed(client)}
    assert found.pop("good")["state"] == "firing"
    for one in found.values():
        assert one.items() >= kept.items()
    assert 'aiops_alerts_received_total{outcome="mended"} 1.0' in client.get("/metrics").text


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=9),
    st.just([]),
    st.just({}),
    st.just("\ud800"),
)
ALERT_FIELDS = ["status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint", "news"]


@settings(share(0.6), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.sampled_from([*ALERT_FIELDS, "labels.severity", "annotations.summary", ""]), junk=JUNK)
def test_one_corrupted_leaf_changes_no_other_alert(client: FlaskClient, field: str, junk: Any) -> None:
    bad = alert(NOW - 70, fingerprint="bad", name="Bad")
    name, _, key = field.partition(".")
    hurt = junk if not field else {**bad, name: {**bad[name], key: junk} if key else junk}
    body = json.dumps(hook(hurt, GOOD))
    answer = client.post("/aiops/alerts", data=body, content_type="application/json")
    assert answer.status_code == 200, answer.json
    (good,) = [one for one in listed(client) if one["fingerprint"] == "good"]
    assert good["labels"] == GOOD["labels"]
    assert (good["state"], good["starts_at"]) == ("firing", GOOD["startsAt"])


WHOLE = ["receiver", "status", "groupLabels", "commonLabels", "commonAnnotations", "externalURL", "groupKey", "news"]


@pytest.mark.parametrize("field", [*WHOLE, "truncatedAlerts", "version"])
@pytest.mark.parametrize("junk", [None, [], {}, True, -1.5, "\ud800"])
def test_what_is_wrong_beside_the_alerts_costs_none(client: FlaskClient, field: str, junk: Any) -> None:
    body = json.dumps(hook(GOOD, **{field: junk}))
    answer = client.post("/aiops/alerts", data=body, content_type="application/json")
    assert answer.status_code == 200, answer.json
    assert len(listed(client)) == 1


def test_broken_text_costs_itself(client: FlaskClient) -> None:
    body = json.dumps(hook(alert(annotations={"summary": "MARK"}))).encode().replace(b"MARK", b"a\xffb")
    assert client.post("/aiops/alerts", data=body, content_type="application/json").status_code == 200
    assert listed(client)[0]["summary"] == "a\ufffdb"


def test_a_firing_one_whose_start_is_lost_goes_on(client: FlaskClient) -> None:
    post(client, alert(NOW - 100))
    client.post("/aiops/alerts", json=hook(alert(startsAt=None)))
    assert [one["starts_at"] for one in listed(client)] == [iso(NOW - 100)]


def test_the_fingerprint_is_alertmanager_s() -> None:
    assert alert_fingerprint({}) == "cbf29ce484222325"
    assert alert_fingerprint({"name": "a"}) == alert_fingerprint({"name": "a"}) != alert_fingerprint({"name": "b"})


def test_one_that_fires_on_after_a_wrong_end_is_shown_as_firing(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    post(client, alert(NOW - 200))
    post(client, alert(NOW - 200, NOW - 100))
    for at, state in ((0, "resolved"), (2, "firing"), (300, "firing")):
        world.clock.at = NOW + at
        post(client, alert(NOW - 200))
        assert [one["state"] for one in listed(client)] == [state]
    assert told(client)[-1] == "alert Burn fires again: it was not over, though that was told"


@pytest.mark.parametrize("query", ["state=pending", "limit=0", "limit=201", "severity=page", "service="])
def test_what_is_wrong_with_a_question_is_named(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/aiops/alerts?{query}")
    assert answer.status_code == 400
    assert answer.json["parameter"] == query.partition("=")[0]  # type: ignore[index]


def test_fields_of_a_later_alertmanager_are_passed_over(client: FlaskClient) -> None:
    assert client.post("/aiops/alerts", json=hook(alert(news=1), notificationReason="x")).status_code == 200


def test_large_posts_are_taken_up_to_a_bound(client: FlaskClient) -> None:
    many = [alert(NOW - number, fingerprint=f"{number:x}", name=f"A{number}") for number in range(2000)]
    assert post(client, *many) == counts(firing=2000)
    answer = client.post("/aiops/alerts", json=hook(alert(annotations={"summary": "x" * (4 << 20)})))
    assert answer.status_code == 413
    assert str(4 << 20) in answer.json["detail"]  # type: ignore[index]
    assert client.post("/aiops/changes", json={"text": "x" * 70_000}).status_code == 413


def test_long_values_are_cut(client: FlaskClient) -> None:
    post(client, alert(annotations={"summary": "x" * 5000 + "\x00"}, labels={"a\x00b": "y" * 5000}))
    (one,) = listed(client)
    assert (len(one["summary"]), len(one["labels"]["ab"])) == (4096, 4096)


def test_an_address_that_would_run_is_no_link(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    post(client, alert(generatorURL="javascript:alert(1)", name="<script>alert(2)</script>"))
    assert listed(client)[0]["url"] is None
    page = client.get("/incidents/INC-1795253415-1").text
    assert "javascript:" not in page
    assert "<script>alert" not in page


def test_the_page_of_an_incident_shows_its_alerts(world: World, client: FlaskClient) -> None:
    world.keep(sample(), simple(2, affected_services=("cart",)))
    post(client, alert(NOW - 120, NOW - 60))
    page = client.get("/incidents/INC-1795253415-1").text
    for fact in ("payment burns its budget", "alert Burn fires", 'href="http://vm:29090/graph?', "for 1 min"):
        assert fact in page
    assert 'id="alerts"' not in client.get("/incidents/INC-1795253415-2").text


def test_what_is_long_over_is_forgotten(world: World, client: FlaskClient) -> None:
    month = 30 * 86400.0
    world.keep(sample())
    post(client, alert(NOW - 100, NOW - 50), alert(NOW - 100, fingerprint="b", name="Still"))
    post(client, alert(NOW - 100, fingerprint="c", name="Unheard"))
    world.clock.at += month - 60
    post(client, alert(NOW - 100, fingerprint="b", name="Still"))
    assert world.use_cases.alerts.purge() == 0
    world.clock.at += 120
    assert world.use_cases.alerts.purge() == 2
    assert [one["name"] for one in listed(client)] == ["Still"]
    assert [one["name"] for one in client.get(ONE).json["alerts"]] == ["Still"]  # type: ignore[index]
    assert len(told(client)) == 4, "its timeline stays"


def test_nothing_is_half_stored(world: World, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    world.keep(sample())

    def fail(*_: object) -> None:
        raise StoreError("the incident store does not answer: disk full")

    with monkeypatch.context() as patched:
        patched.setattr("aiops.store.alerts.keep_incident", fail)
        answer = client.post("/aiops/alerts", json=hook(alert()))
        assert answer.status_code == 503, "Alertmanager tries again"
    assert listed(client) == []
    assert told(client) == []
    assert post(client, alert()) == counts(firing=1)
    assert told(client) == ["alert Burn fires"]
