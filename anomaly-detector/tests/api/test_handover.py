"""What helped, shown with later incidents of the same cause, and the hand-over of a shift."""

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.samples import simple
from made_up.world import World

from aiops.model import Incident, IncidentState, Severity
from aiops.presentation.handover import handover_markdown

ONE, TWO, THREE = (f"INC-1795253415-{number}" for number in (1, 2, 3))


def over(number: int, ago: float, **fields: object) -> Incident:
    ended = {"state": IncidentState.RESOLVED, "resolved_at": NOW - ago, "first_detected": NOW - ago - 600}
    return simple(number, **(ended | fields))


def test_what_helped_is_shown_with_later_ones_of_the_same_cause(world: World, client: FlaskClient) -> None:
    world.keep(simple(1, fingerprint="f" * 16), simple(2, fingerprint="f" * 16))
    found = client.post(f"/aiops/incidents/{ONE}/resolve", json={"helped": "more connections in the pool"}).json
    assert found is not None
    assert (found["state"], found["helped"]) == ("resolved", "more connections in the pool")
    assert found["timeline"][-1]["text"] == "what helped, says local: more connections in the pool"
    assert client.get("/aiops/audit?limit=1").json["rows"][0]["after"]["helped"]  # type: ignore[index]
    assert client.get(f"/aiops/incidents/{TWO}").json["alike"][0]["helped"] == found["helped"]  # type: ignore[index]
    assert "What helped: more connections in the pool" in client.get(f"/incidents/{TWO}").text
    with world.store.database.connect() as connection:
        rows = connection.exec_driver_sql("select transition from outbox order by number").all()
    assert [row[0] for row in rows] == ["opened", "opened", "resolved"]


def test_it_may_be_said_afterwards(world: World, client: FlaskClient) -> None:
    world.keep(simple(1))
    assert client.post(f"/aiops/incidents/{ONE}/resolve").status_code == 200
    assert client.post(f"/incidents/{ONE}/resolve", data={"helped": "a  restart"}).status_code == 303
    assert client.get(f"/aiops/incidents/{ONE}").json["helped"] == "a restart"  # type: ignore[index]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"json": {"helped": "x" * 1001}}, "helped"),
        ({"json": {"helped": "a\nb"}}, "helped"),
        ({"json": {"reason": "hm"}}, "`reason` is not known here"),
        ({"json": ["helped"]}, ""),
        ({"data": "nope", "content_type": "application/json"}, "not JSON"),
    ],
)
def test_a_wrong_word_resolves_nothing(world: World, client: FlaskClient, given: dict[str, object], said: str) -> None:
    world.keep(simple(1))
    answer = client.post(f"/aiops/incidents/{ONE}/resolve", **given)  # type: ignore[arg-type]
    assert (answer.status_code, said in answer.text) == (400, True), answer.text
    assert client.get(f"/aiops/incidents/{ONE}").json["state"] == "open"  # type: ignore[index]


def test_a_shift_is_handed_over(world: World, client: FlaskClient) -> None:
    world.keep(
        over(1, 40_000.0, title="long ago"),
        over(2, 600.0, resolution="resolved by ana", helped="a restart"),
        simple(3, severity=Severity.CRITICAL, assignee="bob", first_detected=NOW - 90_000),
        simple(4, title="Slow cart"),
    )
    client.post(f"/aiops/incidents/{THREE}/comments", json={"text": "first"})
    client.post(f"/aiops/incidents/{THREE}/comments", json={"text": "waits for **dba**"})
    client.post("/aiops/silences", json={"service": "cart", "seconds": 3600, "reason": "new disks"})
    client.post("/aiops/silences", json={"service": "shop", "seconds": 86_400, "reason": "new shelves"})
    found = client.get("/aiops/handover").json
    assert found is not None
    assert [one["id"] for one in found["open"]] == [THREE, "INC-1795253415-4"]
    assert [one["id"] for one in found["resolved"]] == [TWO]
    assert {one["id"] for one in found["opened"]} == {TWO, "INC-1795253415-4"}
    assert found["open"][0]["last_comment"]["text"] == "waits for **dba**"
    assert [one["reason"] for one in found["silences"]] == ["new disks"]
    text = handover_markdown(found, "http://aiops.example")
    assert text.startswith("# Hand-over, 2026-11-21T01:35:00Z to 2026-11-21T09:35:00Z\n\n## Still open\n")
    assert f"- [{THREE}](http://aiops.example/incidents/{THREE}) **critical**" in text
    assert "acknowledged" not in text
    assert "bob has it\n  > local, 2026-11-21T09:35:00Z: waits for **dba**" in text
    assert "resolved by ana\n  What helped: a restart" in text
    assert "service cart until 2026-11-21T10:35:00Z, by local: new disks" in text
    page = client.get("/handover").text
    for said in (
        "bob has it",
        "nobody has it",
        "waits for <strong>dba</strong>",
        "What helped: a restart",
        "new disks",
    ):
        assert said in page
    assert "long ago" not in page
    assert [one["id"] for one in client.get("/aiops/handover?hours=24").json["resolved"]] == [ONE, TWO]  # type: ignore[index]


def test_an_empty_shift_says_so_and_a_wrong_length_is_refused(client: FlaskClient) -> None:
    found = client.get("/aiops/handover?hours=1").json
    assert found is not None
    assert "Nothing is open." in handover_markdown(found)
    assert "Nothing is open." in client.get("/handover").text
    for path in ("/aiops/handover?hours=0", "/aiops/handover?hours=200", "/handover?hours=7", "/aiops/handover?days=1"):
        assert client.get(path).status_code == 400, path
