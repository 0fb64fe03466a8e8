"""Incidents are merged and taken apart by API and pages."""

from dataclasses import replace

from flask.testing import FlaskClient
from made_up.samples import sample, simple
from made_up.world import World

from aiops.model import Severity, labels

ONE, TWO = "INC-1795253415-1", "INC-1795253415-2"


def test_one_is_merged_into_another_and_taken_out(world: World, client: FlaskClient) -> None:
    world.keep(simple(1, severity=Severity.LOW, affected_services=("cart",), fingerprint="e" * 16), simple(2))
    assert f'value="{TWO}"' in client.get(f"/incidents/{ONE}").text
    found = client.post(f"/aiops/incidents/{TWO}/merge", json={"into": ONE}).json
    assert found is not None
    assert (found["id"], found["merged"], found["severity"]) == (ONE, [TWO], "high")
    other = client.get(f"/aiops/incidents/{TWO}").json
    assert other is not None
    assert (other["state"], other["ending"], other["merged_into"]) == ("resolved", "merged", ONE)
    assert f'href="/incidents/{TWO}"' in client.get(f"/incidents/{ONE}").text
    assert f'href="/incidents/{ONE}"' in client.get(f"/incidents/{TWO}").text
    row = client.get("/aiops/audit?limit=1").json["rows"][0]  # type: ignore[index]
    assert (row["what"], row["subject"]) == ("merge", TWO)
    assert ONE in row["text"]
    assert client.post(f"/aiops/incidents/{TWO}/reopen").status_code == 409
    assert client.post(f"/aiops/incidents/{TWO}/unmerge").json["state"] == "open"  # type: ignore[index]
    assert client.get(f"/aiops/incidents/{ONE}").json["merged"] == []  # type: ignore[index]
    assert client.post(f"/incidents/{TWO}/merge", data={"into": ONE}).status_code == 303
    assert client.post(f"/incidents/{TWO}/unmerge").status_code == 303


def test_what_is_wrong_is_refused(world: World, client: FlaskClient) -> None:
    world.keep(sample(), simple(2))
    for path, body, status in (
        (f"{ONE}/merge", {"into": ONE}, 409),
        (f"{ONE}/merge", {"into": "INC-9"}, 404),
        ("INC-9/merge", {"into": ONE}, 404),
        (f"{ONE}/merge", {}, 400),
        (f"{ONE}/unmerge", {}, 409),
    ):
        assert client.post(f"/aiops/incidents/{path}", json=body).status_code == status, path
    client.post(f"/aiops/incidents/{TWO}/merge", json={"into": ONE})
    client.post(f"/aiops/incidents/{ONE}/resolve")
    answer = client.post(f"/aiops/incidents/{TWO}/unmerge")
    assert (answer.status_code, "has ended" in answer.text) == (409, True)


def test_services_are_split_off_by_api_and_page(world: World, client: FlaskClient) -> None:
    cart = (labels(service="cart", route="/cart", method="GET"), "errors")
    with_cart = replace(sample(), symptoms=(*sample().symptoms, cart), affected_services=("payment", "cart"))
    world.keep(with_cart)
    assert 'name="service" value="cart"' in client.get(f"/incidents/{ONE}").text
    new = client.post(f"/aiops/incidents/{ONE}/split", json={"services": ["cart"]}).json
    assert new is not None
    assert (new["split_from"], new["affected_services"], new["state"]) == (ONE, ["cart"], "open")
    assert f'href="/incidents/{ONE}"' in client.get(f"/incidents/{new['id']}").text
    assert "cart" not in client.get(f"/aiops/incidents/{ONE}").json["affected_services"]  # type: ignore[index]
    row = client.get("/aiops/audit?limit=1").json["rows"][0]  # type: ignore[index]
    assert (row["what"], row["subject"], new["id"] in row["text"]) == ("split", ONE, True)
    for body, status in (({"services": ["payment"]}, 409), ({"services": []}, 400), ({}, 400)):
        assert client.post(f"/aiops/incidents/{ONE}/split", json=body).status_code == status
    assert client.post(f"/incidents/{ONE}/split", data={"service": "cart"}).status_code == 409
