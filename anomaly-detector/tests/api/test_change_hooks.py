"""Webhooks of GitHub, Argo CD and flags: who may call them, what becomes of messages, and that nothing is double."""

import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.world import World
from werkzeug.test import TestResponse

from aiops.config import ConfigError
from aiops.model import Role, iso

SECRET = "a-secret-of-the-webhook"
TOKEN = "the-token-of-a-pipeline-01"


@pytest.fixture
def client(world: World, tmp_path: Path) -> FlaskClient:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    return world.client(
        host="0.0.0.0",
        tokens={"ci": TOKEN},
        token_roles={"ci": Role.INGEST},
        github_secret_file=str(file),
        flags_secret_file=str(file),
    )


def deployment(**of: Any) -> dict[str, Any]:
    """As GitHub sends it (Webhook events and payloads, deployment_status), shortened."""
    return {
        "action": "created",
        "deployment_status": {"state": "success", "created_at": iso(NOW - 60), "creator": {"login": "octocat"}},
        "deployment": {
            "id": 145988746,
            "sha": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e",
            "ref": "v1.5.0",
            "environment": "production",
            "description": "new cards",
            "payload": {},
            "creator": {"login": "octocat"},
            "created_at": iso(NOW - 90),
            **of,
        },
        "repository": {"name": "payment", "full_name": "shop/payment", "private": True},
        "sender": {"login": "octocat"},
    }


def sent(
    client: FlaskClient, message: Any, event: str = "deployment_status", secret: str = SECRET, path: str = "github"
) -> TestResponse:
    body = json.dumps(message).encode()
    digest = hmac.digest(secret.encode(), body, "sha256").hex()
    signed = {"X-Hub-Signature-256": f"sha256={digest}"} if path.startswith("github") else {"X-LD-Signature": digest}
    return client.post(
        f"/aiops/changes/{path}",
        data=body,
        headers={"Content-Type": "application/json", "X-GitHub-Event": event, **signed},
    )


def stored(world: World) -> list[Any]:
    found = world.client().get("/aiops/changes").json
    assert found is not None
    return list(found["changes"])


def test_a_deployment_of_github_is_stored_once_however_often_it_is_told(world: World, client: FlaskClient) -> None:
    first = sent(client, deployment())
    assert first.status_code == 200, first.text
    assert first.json is not None
    assert first.json["stored"] is True
    again = sent(client, deployment())
    assert again.json is not None
    assert (again.json["stored"], again.json["why"]) == (False, "it is known already")
    assert sent(client, deployment(), "deployment").status_code == 200
    assert stored(world) == [
        {
            "at": iso(NOW - 60),
            "who": "octocat",
            "kind": "deployment",
            "service": "payment",
            "version": "v1.5.0",
            "text": "production: new cards (shop/payment@f95f852bd8fc)",
            "source": "github",
            "comparison": None,
            "verdict": None,
        }
    ]
    rows = world.use_cases.audit.page("payment", None, None, 10)[0]
    assert [(row.entry.by.name, str(row.entry.by.how)) for row in rows] == [("github", "signature")]


def test_a_deployment_says_its_service_and_version_where_the_repository_does_not(
    world: World, client: FlaskClient
) -> None:
    sent(client, deployment(ref="main", payload='{"service": "checkout", "version": "2026.11.3"}'))
    sent(client, deployment(id=2, ref="main", payload=""), path="github?service=billing")
    sent(client, deployment(id=3), path="github?environment=staging")
    assert [(one["service"], one["version"]) for one in stored(world)] == [
        ("checkout", "2026.11.3"),
        ("billing", "f95f852bd8fc"),
    ]


@pytest.mark.parametrize("event", ["ping", "push", ""])
def test_other_events_of_github_are_answered_and_left_out(world: World, client: FlaskClient, event: str) -> None:
    answer = sent(client, {"zen": "Keep it logically awesome.", "repository": None}, event)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["stored"] is False
    assert stored(world) == []


def test_a_state_in_which_nothing_has_changed_is_left_out(world: World, client: FlaskClient) -> None:
    message = deployment()
    message["deployment_status"]["state"] = "queued"
    assert sent(client, message).json == {
        "stored": False,
        "why": "the state 'queued' changes nothing",
        "change": None,
    }
    assert stored(world) == []


def test_a_wrong_or_missing_signature_is_refused(world: World, client: FlaskClient) -> None:
    wrong = sent(client, deployment(), secret="another-secret-of-many")
    assert wrong.status_code == 401
    assert wrong.json is not None
    assert "signature in X-Hub-Signature-256 is wrong" in wrong.json["detail"]
    missing = client.post("/aiops/changes/github", json=deployment())
    assert missing.status_code == 401
    assert stored(world) == []
    by_token = client.post(
        "/aiops/changes/github",
        json=deployment(),
        headers={"X-GitHub-Event": "deployment", "Authorization": f"Bearer {TOKEN}"},
    )
    assert by_token.status_code == 200
    assert len(stored(world)) == 1


def test_a_signature_opens_its_own_webhook_and_nothing_else(world: World, client: FlaskClient) -> None:
    body = b"{}"
    digest = hmac.digest(SECRET.encode(), body, "sha256").hex()
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
    for path in ("/aiops/changes", "/aiops/changes/argocd", "/aiops/changes/flags", "/aiops/analyze"):
        assert client.post(path, data=body, headers=headers).status_code == 401, path
    assert client.get("/aiops/changes/github", headers=headers).status_code in (401, 405)


def test_a_secret_that_cannot_be_used_is_said_at_the_start(world: World, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"github_secret_file: .*none cannot be read"):
        world.client(github_secret_file=str(tmp_path / "none"))
    short = tmp_path / "short"
    short.write_text("abc")
    with pytest.raises(ConfigError, match=r"flags_secret_file: the secret in .* needs 16 characters"):
        world.client(flags_secret_file=str(short))


def test_a_message_that_makes_no_sense_names_its_field(client: FlaskClient) -> None:
    answer = sent(client, deployment(created_at="yesterday"))
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["parameter"].startswith("deployment.created_at")
    assert sent(client, [1]).status_code == 400


def argo(client: FlaskClient, path: str = "argocd", **of: Any) -> TestResponse:
    message = {
        "app": "shop-payment",
        "service": "payment",
        "revision": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e",
        "images": ["registry.example/shop/payment:1.5.0", "registry.example/proxy@sha256:12"],
        "phase": "Succeeded",
        "finished_at": iso(NOW - 30),
        **of,
    }
    return client.post(f"/aiops/changes/{path}", json=message, headers={"Authorization": f"Bearer {TOKEN}"})


def test_a_sync_of_argo_cd_is_a_deployment(world: World, client: FlaskClient) -> None:
    assert argo(client).status_code == 200
    assert argo(client).json["stored"] is False  # type: ignore[index]
    assert argo(client, phase="Running").json["stored"] is False  # type: ignore[index]
    [one] = stored(world)
    assert (one["service"], one["version"], one["source"]) == ("payment", "1.5.0", "argocd")
    assert one["text"] == "sync of shop-payment to f95f852bd8fc"
    unknown = argo(client, image="x")
    assert unknown.status_code == 400
    assert "`image` is not known here" in unknown.json["detail"]  # type: ignore[index]


def flag(**of: Any) -> dict[str, Any]:
    """As LaunchDarkly's webhooks send an entry of the audit log, shortened."""
    return {
        "_id": "65f2a1",
        "_accountId": "a",
        "date": int((NOW - 20) * 1000),
        "accesses": [{"action": "updateOn", "resource": "proj/shop:env/production:flag/new-cards"}],
        "kind": "flag",
        "name": "new cards",
        "description": "",
        "comment": "for all",
        "member": {"email": "ana@example.org"},
        "titleVerb": "turned on the flag",
        "target": {"name": "new cards", "resources": ["proj/shop:env/production:flag/new-cards"]},
        **of,
    }


def test_a_flag_is_a_change_of_the_service_that_the_address_names(world: World, client: FlaskClient) -> None:
    path = "flags?service=payment&environment=production"
    assert sent(client, flag(), path=path).json["stored"] is True  # type: ignore[index]
    assert sent(client, flag(), path=path).json["stored"] is False  # type: ignore[index]
    elsewhere = flag(_id="2", target={"name": "x", "resources": ["proj/shop:env/test:flag/x"]})
    assert "environment test" in sent(client, elsewhere, path=path).json["why"]  # type: ignore[index]
    assert "not about a flag" in sent(client, flag(_id="3", kind="project"), path=path).json["why"]  # type: ignore[index]
    [one] = stored(world)
    assert (one["kind"], one["service"], one["who"]) == ("flag", "payment", "ana@example.org")
    assert one["text"] == "turned on the flag new cards in production: for all"
    assert sent(client, flag(), path=path, secret="another-secret-of-many").status_code == 401
