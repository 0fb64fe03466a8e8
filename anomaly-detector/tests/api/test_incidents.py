"""Incidents that come again, are alike, or are normal now, as API, pages and command line have them."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.samples import sample, simple
from made_up.world import World

from aiops.model import Episode, Incident, IncidentState

ONE = "INC-1795253415-1"


def again(**fields: object) -> Incident:
    episodes = (
        Episode(NOW - 2400, NOW - 2390, NOW - 2300),
        Episode(NOW - 1200, NOW - 1190, NOW - 1100, told=False),
        Episode(NOW - 20, NOW - 10),
    )
    return replace(
        sample(),
        fingerprint="f" * 16,
        occurrences=5,
        episodes=episodes,
        first_detected=NOW - 2390,
        onset=NOW - 20,
        **fields,  # type: ignore[arg-type]
    )


def test_one_that_comes_again_says_how_often(world: World, client: FlaskClient) -> None:
    world.keep(again())
    found = client.get(f"/aiops/incidents/{ONE}").json
    assert found is not None
    assert (found["occurrences"], found["recurrence"]) == (5, "5th time in 40 minutes")
    assert [one["told"] for one in found["episodes"]] == [True, False, True]
    for path in ("/", f"/incidents/{ONE}"):
        assert "5th time in 40 minutes" in client.get(path).text


def test_those_alike_are_linked(world: World, client: FlaskClient) -> None:
    over = {"state": IncidentState.RESOLVED, "resolved_at": NOW - 9000, "resolution": "its symptoms are back to normal"}
    world.keep(again(), simple(2, fingerprint="f" * 16, **over), simple(3, fingerprint="e" * 16, **over))
    found = client.get(f"/aiops/incidents/{ONE}").json
    assert found is not None
    assert [one["id"] for one in found["alike"]] == ["INC-1795253415-2"]
    assert 'href="/incidents/INC-1795253415-2"' in client.get(f"/incidents/{ONE}").text
    assert client.get("/aiops/incidents/INC-1795253415-3").json["alike"] == []  # type: ignore[index]


@pytest.mark.parametrize(
    ("incident", "status", "detail"),
    [
        pytest.param(sample(), 409, "none of the symptoms", id="not in trouble"),
        pytest.param(
            simple(1, symptoms=(((("service", "*"),), "no_telemetry"),)), 409, "never taken for normal", id="never"
        ),
        pytest.param(simple(1, state=IncidentState.RESOLVED, resolved_at=NOW), 409, "is resolved since", id="over"),
    ],
)
def test_what_cannot_be_normal_is_refused(
    world: World, client: FlaskClient, incident: Incident, status: int, detail: str
) -> None:
    world.keep(incident)
    for answer in (
        client.get(f"/aiops/incidents/{ONE}/normal"),
        client.post(f"/aiops/incidents/{ONE}/normal", json={"reason": "it is"}),
        client.get(f"/incidents/{ONE}/normal"),
        client.post(f"/incidents/{ONE}/normal", data={"reason": "it is"}),
    ):
        assert answer.status_code == status
        assert detail in answer.text
    assert client.post(f"/aiops/incidents/{ONE}/normal/undo").status_code == 409


@pytest.mark.parametrize(
    "body", [{}, {"reason": ""}, {"reason": "  a "}, {"reason": "x" * 1001}, {"reason": "a\x00bc"}]
)
def test_a_reason_is_wanted(world: World, client: FlaskClient, body: dict[str, str]) -> None:
    world.keep(sample())
    answer = client.post(f"/aiops/incidents/{ONE}/normal", json=body)
    assert (answer.status_code, answer.json["parameter"]) == (400, "reason")  # type: ignore[index]
    assert client.post(f"/incidents/{ONE}/normal", data={"reason": "  "}).status_code == 400
