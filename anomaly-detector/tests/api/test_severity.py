"""An incident that a person opens again, and one whose severity a person gives."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.samples import sample, simple
from made_up.world import World

from aiops.incidents import ResolutionPolicy, Surroundings, reconcile
from aiops.incidents.carrying import _as_bad_as
from aiops.model import Ending, Incident, IncidentState, Severity

ONE = "INC-1795253415-1"
PATH = f"/aiops/incidents/{ONE}"


def told(world: World) -> list[str]:
    with world.store.database.connect() as connection:
        return [row[0] for row in connection.exec_driver_sql("select transition from outbox order by number")]


def over(**fields: object) -> Incident:
    ended = {"state": IncidentState.RESOLVED, "resolved_at": NOW - 60, "ending": Ending.CALM}
    return replace(sample(), **(ended | fields))  # type: ignore[arg-type]


def test_what_is_opened_again_stays_open_until_somebody_resolves_it(world: World, client: FlaskClient) -> None:
    world.keep(over())
    assert 'id="reopen"' in client.get(f"/incidents/{ONE}").text
    found = client.post(f"{PATH}/reopen").json
    assert found is not None
    assert (found["state"], found["held_by"], found["resolved_at"]) == ("open", "local", None)
    assert told(world) == ["opened", "reopened"]
    (one,) = world.store.active()
    around = Surroundings(public=(), find=world.store.get, past=world.store.latest)
    assert reconcile([one], [], NOW + 9000, 1, ResolutionPolicy(), around) == []
    assert client.post(f"{PATH}/resolve").json["held_by"] is None  # type: ignore[index]
    assert client.post(f"/incidents/{ONE}/reopen").status_code == 303


@pytest.mark.parametrize(
    ("incident", "said"),
    [
        (sample(), "is open, so that it cannot be opened again"),
        (over(resolved_at=NOW - 90_000), "ended more than 24 h ago"),
        (over(ending=Ending.MERGED, resolution="merged into INC-3: the same cause"), "merged into INC-3"),
        (over(fingerprint="f" * 16), "INC-1795253415-2 is open for the same cause"),
    ],
)
def test_what_cannot_be_opened_again_says_why(world: World, client: FlaskClient, incident: Incident, said: str) -> None:
    world.keep(incident, simple(2, fingerprint="f" * 16))
    answer = client.post(f"{PATH}/reopen")
    assert (answer.status_code, said in answer.text) == (409, True), answer.text
    assert client.post("/aiops/incidents/INC-9/reopen").status_code == 404


def test_a_severity_is_lowered_and_left_to_the_engine_again(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    found = client.post(f"{PATH}/severity", json={"severity": "low", "reason": "a test account"}).json
    assert found is not None
    assert found["severity"] == "low"
    assert found["severity_set"] == {
        "own": "critical",
        "by": "local",
        "reason": "a test account",
        "at": "2026-11-21T09:35:00Z",
    }
    assert "low by the word of local: a test account; the engine says critical" in client.get(f"/incidents/{ONE}").text
    assert client.get("/aiops/incidents?severity=low").json["active_incidents"][0]["id"] == ONE  # type: ignore[index]
    assert told(world) == ["opened"]
    row = client.get("/aiops/audit?limit=1").json["rows"][0]  # type: ignore[index]
    assert (row["before"]["severity"], row["after"]["severity"]) == ("critical", "low")
    cleared = client.post(f"{PATH}/severity/clear").json
    assert cleared is not None
    assert (cleared["severity"], cleared["severity_set"]) == ("critical", None)
    assert client.post(f"{PATH}/severity/clear").status_code == 409
    form = {"severity": "high", "reason": "few customers"}
    assert client.post(f"/incidents/{ONE}/severity", data=form).status_code == 303
    assert client.post(f"/incidents/{ONE}/severity", data={"severity": ""}).status_code == 303
    assert client.post(f"/incidents/{ONE}/severity", data={"severity": "bad"}).status_code == 400


def test_people_are_told_when_it_is_raised(world: World, client: FlaskClient) -> None:
    world.keep(simple())
    client.post(f"{PATH}/severity", json={"severity": "critical", "reason": "our largest customer"})
    assert told(world) == ["opened", "changed"]


def test_the_engine_goes_on_judging_beside_it(world: World, client: FlaskClient) -> None:
    world.keep(simple())
    client.post(f"{PATH}/severity", json={"severity": "low", "reason": "a test account"})
    (one,) = world.store.active()
    worse = _as_bad_as(one, Severity.CRITICAL, NOW + 15, ResolutionPolicy())
    assert (worse.severity, worse.own_severity) == (Severity.LOW, Severity.CRITICAL)
    assert worse.timeline[-1].text == "severity is critical now, by the engine; local says low"
    milder = _as_bad_as(worse, Severity.MEDIUM, NOW + 30, ResolutionPolicy(ease_seconds=0.0))
    assert (milder.severity, milder.own_severity) == (Severity.LOW, Severity.MEDIUM)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"severity": "low"}, "reason"),
        ({"severity": "low", "reason": "no"}, "reason"),
        ({"severity": "low", "reason": "x" * 1001}, "reason"),
        ({"severity": "worst", "reason": "why not"}, "severity"),
        ({"reason": "why not"}, "severity"),
    ],
)
def test_a_wrong_severity_is_refused(world: World, client: FlaskClient, body: dict[str, str], said: str) -> None:
    world.keep(over(), simple(2))
    answer = client.post("/aiops/incidents/INC-1795253415-2/severity", json=body)
    assert (answer.status_code, said in answer.text) == (400, True)
    right = {"severity": "low", "reason": "why not"}
    assert client.post(f"{PATH}/severity", json=right).status_code == 409
    assert client.post("/aiops/incidents/INC-9/severity", json=right).status_code == 404
