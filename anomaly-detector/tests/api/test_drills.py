"""Drills: what the API takes, how the engine judges them, and where the results are shown."""

from dataclasses import replace
from typing import Any, Final

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.samples import sample, simple
from made_up.world import World

from aiops.model import Incident

DRILL: Final = {"name": "payment-errors", "service": "payment", "within_seconds": 120, "lasts_seconds": 300}


def begin(client: FlaskClient, **fields: Any) -> dict[str, Any]:
    answer = client.post("/aiops/drills", json={**DRILL, **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json)  # type: ignore[arg-type]


def after_cycle(world: World, at: float, *incidents: Incident) -> None:
    world.clock.at = at
    if incidents:
        world.keep(*incidents)
    world.use_cases.operation.after_cycle()


def of(client: FlaskClient, drill: dict[str, Any]) -> dict[str, Any]:
    return dict(client.get(f"/aiops/drills/{drill['id']}").json)  # type: ignore[arg-type]


def opened(at: float, number: int = 1, **fields: Any) -> Incident:
    return simple(number, onset=at - 10, first_detected=at, **fields)


def test_an_incident_in_time_is_found_and_says_that_it_is_a_drill(world: World, client: FlaskClient) -> None:
    drill = begin(client)
    assert (drill["result"], drill["incident"], drill["ended_at"]) == ("running", None, None)
    after_cycle(world, NOW + 45, opened(NOW + 40))
    found = of(client, drill)
    assert (found["result"], found["incident"], found["took_seconds"]) == ("found", "INC-1795253415-1", 40.0)
    told = client.get("/aiops/incidents/INC-1795253415-1").json["timeline"][-1]  # type: ignore[index]
    assert (told["what"], told["text"]) == ("drill", "expected by the drill payment-errors, which local began")
    assert client.post(f"/aiops/drills/{drill['id']}/end", json={}).json["ended_at"]  # type: ignore[index]
    assert of(client, drill)["result"] == "found"
    metrics = client.get("/metrics").text
    assert 'aiops_drill_runs_total{drill="payment-errors",result="found"} 1.0' in metrics
    assert 'aiops_drill_detection_seconds{drill="payment-errors"} 40.0' in metrics
    assert "aiops_drill_last_found_timestamp_seconds" in metrics


def test_an_incident_that_comes_later_is_late(world: World, client: FlaskClient) -> None:
    drill = begin(client)
    after_cycle(world, NOW + 205, opened(NOW + 200))
    assert (of(client, drill)["result"], of(client, drill)["took_seconds"]) == ("late", 200.0)


def test_an_incident_from_before_is_not_the_drills_and_a_new_episode_of_it_is(
    world: World, client: FlaskClient
) -> None:
    world.keep(simple())
    drill = begin(client)
    after_cycle(world, NOW + 60)
    assert of(client, drill)["result"] == "running"
    before = world.use_cases.incidents.get("INC-1795253415-1")
    again = replace(before.episode, onset=NOW + 70, detected=NOW + 80)
    after_cycle(world, NOW + 90, replace(before, episodes=(before.episode, again)))
    assert (of(client, drill)["result"], of(client, drill)["took_seconds"]) == ("found", 80.0)


def test_the_wrong_cause_is_missed_and_named(world: World, client: FlaskClient) -> None:
    drill = begin(client, kind="latency")
    after_cycle(world, NOW + 45, replace(sample(), onset=NOW + 30, first_detected=NOW + 40))
    assert of(client, drill)["result"] == "running"
    client.post(f"/aiops/drills/{drill['id']}/end", json={})
    after_cycle(world, NOW + 45 + 121)
    found = of(client, drill)
    assert (found["result"], found["text"]) == ("missed", "instead: INC-1795253415-1, errors of payment")


def test_without_an_end_it_is_missed_when_the_fault_should_be_gone(world: World, client: FlaskClient) -> None:
    drill = begin(client)
    after_cycle(world, NOW + 300 + 300 + 120)
    assert of(client, drill)["result"] == "running"
    after_cycle(world, NOW + 300 + 300 + 121)
    assert of(client, drill)["result"] == "missed"
    assert of(client, drill)["text"] == (
        "no incident opened; its end was not reported, so the fault may still be there"
    )


def test_what_could_not_be_caused_failed_and_what_was_not_tried_is_skipped(world: World, client: FlaskClient) -> None:
    drill = begin(client)
    sent = {"failed": "POST http://shop/fault answered 500"}
    assert client.post(f"/aiops/drills/{drill['id']}/end", json=sent).json["result"] == "failed"  # type: ignore[index]
    skipped = begin(client, skipped="INC-1 is open")
    assert (skipped["result"], skipped["text"]) == ("skipped", "INC-1 is open")
    assert skipped["ended_at"] == skipped["started_at"]
    rows = world.use_cases.audit.page(drill["id"], None, None, 10)[0]
    assert [(one.entry.what, one.entry.by.name) for one in rows] == [("end drill", "local"), ("begin drill", "local")]


def test_one_runs_at_a_time_and_ends_once(client: FlaskClient) -> None:
    drill = begin(client)
    other = client.post("/aiops/drills", json={**DRILL, "name": "other"})
    assert (other.status_code, other.json["detail"]) == (  # type: ignore[index]
        409,
        f"the drill payment-errors ({drill['id']}) runs; one runs at a time",
    )
    assert client.post(f"/aiops/drills/{drill['id']}/end", json={}).status_code == 200
    assert client.post(f"/aiops/drills/{drill['id']}/end", json={}).status_code == 409
    assert client.post("/aiops/drills/drill-00000000/end", json={}).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("service", 1), ("within_seconds", 0), ("lasts_seconds", 1e9), ("kind", "fire"), ("other", 1)],
)
def test_a_wrong_field_is_named(client: FlaskClient, field: str, value: object) -> None:
    answer = client.post("/aiops/drills", json={**DRILL, field: value})
    assert (answer.status_code, answer.json["parameter"]) == (400, field)  # type: ignore[index]


def test_the_page_says_whether_each_was_found_last_time(world: World, client: FlaskClient) -> None:
    assert "No drill was tried yet" in client.get("/drills").text
    drill = begin(client)
    assert "The drill payment-errors runs" in client.get("/drills").text
    after_cycle(world, NOW + 45, opened(NOW + 40))
    client.post(f"/aiops/drills/{drill['id']}/end", json={})
    assert "The drill payment-errors was found last time, after 40 s" in client.get("/drills").text
    begin(client, name="slow-inventory", service="inventory")
    after_cycle(world, NOW + 5000)
    page = client.get("/drills").text
    assert "1 of 2 drills did not end well last time" in page
    assert 'href="/incidents/INC-1795253415-1"' in page
