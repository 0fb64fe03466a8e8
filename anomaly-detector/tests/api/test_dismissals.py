"""*Not an incident* by API and pages."""

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.samples import simple
from made_up.world import World

from aiops.model import Incident, IncidentState

ONE = "INC-1795253415-1"
PATH = f"/aiops/incidents/{ONE}"


def failing(**fields: object) -> Incident:
    return simple(1, **({"fingerprint": "f" * 16, "worst": (("errors", 0.4),)} | fields))


def test_it_is_said_listed_and_taken_back(world: World, client: FlaskClient) -> None:
    world.keep(failing())
    found = client.post(f"{PATH}/dismiss", json={"reason": "a load test"}).json
    assert found is not None
    assert (found["state"], found["ending"]) == ("resolved", "dismissed")
    assert found["resolution"].startswith("not an incident, says local: a load test; it opens again when 70% of")
    assert client.get("/aiops/audit?limit=1").json["rows"][0]["what"] == "dismiss"  # type: ignore[index]
    (one,) = client.get("/aiops/dismissals").json["dismissals"]  # type: ignore[index]
    assert one["levels"] == [{"family": "errors", "then": 0.4, "opens_at": 0.7}]
    assert (one["state"], one["until"], one["incident"]) == ("active", "2026-12-05T09:35:00Z", ONE)
    assert len(world.store.dismissals(NOW)) == 1
    assert "Opens again when 70% of requests fail (40% when it was said)" in client.get("/silences").text
    assert client.post(f"/dismissals/{one['id']}/end").status_code == 303
    assert world.store.dismissals(NOW) == []
    assert client.post(f"/aiops/dismissals/{one['id']}/end").status_code == 409
    assert client.post("/aiops/dismissals/0/end").status_code == 404
    assert 'id="dismissed"' not in client.get("/silences").text


def test_it_ends_by_itself(world: World, client: FlaskClient) -> None:
    world.keep(failing())
    client.post(f"{PATH}/dismiss", json={"reason": "a load test", "days": 1})
    assert world.store.dismissals(NOW + 86_401) == []
    world.clock.at += 86_401
    assert client.get("/aiops/dismissals").json["dismissals"][0]["state"] == "expired"  # type: ignore[index]


@pytest.mark.parametrize(
    ("incident", "body", "status", "said"),
    [
        (failing(), {}, 400, "reason"),
        (failing(), {"reason": "no"}, 400, "reason"),
        (failing(), {"reason": "x" * 1001}, 400, "reason"),
        (failing(), {"reason": "a load test", "days": 0}, 400, "days"),
        (failing(), {"reason": "a load test", "days": 91}, 400, "days"),
        (failing(state=IncidentState.RESOLVED, resolved_at=NOW), {"reason": "a load test"}, 409, "is resolved since"),
        (failing(symptoms=(((("service", "*"),), "no_telemetry"),)), {"reason": "a test"}, 409, "always an incident"),
        (failing(worst=()), {"reason": "a load test"}, 409, "was not measured"),
    ],
)
def test_what_is_wrong_is_refused(
    world: World, client: FlaskClient, incident: Incident, body: dict[str, object], status: int, said: str
) -> None:
    world.keep(incident)
    answer = client.post(f"{PATH}/dismiss", json=body)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert client.get("/aiops/dismissals").json == {"dismissals": []}
    assert client.post("/aiops/incidents/INC-9/dismiss", json={"reason": "a load test"}).status_code == 404
