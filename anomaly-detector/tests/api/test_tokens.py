"""Tokens that admins make: by API, page and command; what they open, and how they end."""

import json
import re
import threading
from collections.abc import Iterator
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from made_up.samples import simple
from made_up.world import World
from werkzeug.serving import make_server

from aiops.cli.main import main
from aiops.model import Actor, Role
from aiops.service.access import AccessService
from aiops.store import SqlAccess

ADMIN: Final = "0123456789abcdef-admin"
DAY: Final = 86_400


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def exposed(world: World) -> FlaskClient:
    world.keep(simple())
    return world.client(host="0.0.0.0", tokens={"root": ADMIN})


@pytest.fixture
def url(exposed: FlaskClient) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, exposed.application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def make(client: FlaskClient, **body: Any) -> dict[str, Any]:
    answer = client.post("/aiops/tokens", json=body, headers=bearer(ADMIN))
    assert answer.status_code == 201, answer.text
    return dict(answer.json)  # type: ignore[arg-type]


def reads(client: FlaskClient, token: str) -> int:
    return client.get("/aiops/incidents", headers=bearer(token)).status_code


def run(*arguments: str, **env: str) -> Result:
    return CliRunner().invoke(main, arguments, env=env)


def test_a_token_opens_what_its_role_may_until_it_expires(world: World, exposed: FlaskClient) -> None:
    made = make(exposed, name="grafana", role="viewer", days=1)
    assert re.fullmatch(r"aiops_[\w-]{43}", made["token"])
    assert made["token"].startswith(made["start"])
    assert reads(exposed, made["token"]) == 200
    refused = exposed.post("/aiops/analyze", headers=bearer(made["token"]))
    assert (refused.status_code, "grafana has the role viewer" in refused.text) == (403, True)
    world.clock.at += DAY - 1
    assert reads(exposed, made["token"]) == 200
    world.clock.at += 1
    assert reads(exposed, made["token"]) == 401
    (listed,) = exposed.get("/aiops/tokens", headers=bearer(ADMIN)).json["tokens"]  # type: ignore[index]
    assert listed["state"] == "expired"


def test_only_its_hash_is_kept_and_it_is_told_once(world: World, exposed: FlaskClient) -> None:
    made = make(exposed, name="grafana", role="viewer")
    with world.store.database.connect() as connection:
        rows = connection.exec_driver_sql("select * from api_tokens").all()
        rows += connection.exec_driver_sql("select * from audit").all()
    assert made["token"] not in repr(rows)
    for path in ("/aiops/tokens", "/aiops/audit", "/tokens", "/audit"):
        answer = exposed.get(path, headers=bearer(ADMIN))
        assert (answer.status_code, made["token"] in answer.text) == (200, False), path


def test_a_revoked_one_is_refused_at_once(exposed: FlaskClient) -> None:
    made = make(exposed, name="ci", role="responder", days=None)
    assert made["expires_at"] is None
    path = f"/aiops/tokens/{made['id']}/revoke"
    assert exposed.post(path, headers=bearer(made["token"])).status_code == 403, "not by itself"
    revoked = exposed.post(path, headers=bearer(ADMIN)).json
    assert revoked is not None
    assert (revoked["state"], revoked["revoked_by"]) == ("revoked", "root")
    assert reads(exposed, made["token"]) == 401
    assert exposed.post(path, headers=bearer(ADMIN)).status_code == 409
    assert exposed.post("/aiops/tokens/00000000/revoke", headers=bearer(ADMIN)).status_code == 404


def test_it_outlives_the_process_and_its_use_is_noted(world: World, exposed: FlaskClient) -> None:
    made = make(exposed, name="grafana", role="viewer")
    world.clock.at += 1000
    assert reads(exposed, made["token"]) == 200
    used = world.clock.at
    world.clock.at += 100
    assert reads(exposed, made["token"]) == 200
    again = AccessService(SqlAccess(world.store.database), world.clock)
    assert again.holder(made["token"]) is not None
    (token,) = again.tokens()
    assert token.last_used_at == used, "to five minutes"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "role": "boss"}, "role"),
        ({"role": "viewer"}, "name"),
        ({"name": "", "role": "viewer"}, "name"),
        ({"name": "x", "role": "viewer", "days": 0}, "days"),
        ({"name": "x", "role": "viewer", "token": "mine"}, "token"),
    ],
)
def test_what_is_wrong_is_named(exposed: FlaskClient, body: dict[str, Any], field: str) -> None:
    answer = exposed.post("/aiops/tokens", json=body, headers=bearer(ADMIN))
    assert (answer.status_code, answer.json["parameter"]) == (400, field)  # type: ignore[index]
    assert exposed.get("/aiops/tokens", headers=bearer(ADMIN)).json == {"tokens": []}


def test_a_name_is_readable(exposed: FlaskClient) -> None:
    answer = exposed.post("/aiops/tokens", json={"name": "a\nb", "role": "viewer"}, headers=bearer(ADMIN))
    assert (answer.status_code, "no name of a token" in answer.text) == (409, True)


def test_who_may_send_is_told_after_each_change(world: World) -> None:
    access, told = world.use_cases.access, []
    access.changed = lambda: told.append(sorted(access.senders().values()))  # type: ignore[type-var]
    sender, _ = access.add_token("collector", Role.INGEST, DAY, Actor("root"))
    access.add_token("reader", Role.VIEWER, None, Actor("root"))
    access.revoke_token(sender.id, Actor("root"))
    assert told == [[world.clock.at + DAY], [world.clock.at + DAY], []]


def test_an_admin_makes_and_ends_one_on_the_page(exposed: FlaskClient) -> None:
    html = {"Accept": "text/html"}
    exposed.post("/sign-in", data={"token": ADMIN})
    page = exposed.get("/tokens", headers=html).text
    assert "No token was made yet" in page
    assert 'href="/audit"' in page
    csrf = re.search(r'name="csrf" value="(\w+)"', page)
    assert csrf
    form = {"csrf": csrf[1], "name": "ana", "role": "responder", "days": "30"}
    made = exposed.post("/tokens", data=form, headers=html)
    found = re.search(r'id="secret">(aiops_[\w-]+)<', made.text)
    assert found
    assert made.headers["Cache-Control"] == "no-store"
    assert reads(exposed, found[1]) == 200
    assert found[1] not in exposed.get("/tokens", headers=html).text
    for wrong in ({"days": "7"}, {"role": "boss"}, {"name": ""}):
        assert exposed.post("/tokens", data=form | wrong, headers=html).status_code in (400, 409)
    path = re.search(r'action="(/tokens/[0-9a-f]{8}/revoke)"', exposed.get("/tokens", headers=html).text)
    assert path
    assert exposed.post(path[1], data={"csrf": csrf[1]}, headers=html).status_code == 303
    assert exposed.get("/aiops/incidents", headers=bearer(found[1])).status_code == 401
    audit = exposed.get("/audit", headers=html).text
    assert all(what in audit for what in ("sign in", "add token", "revoke token"))


def test_by_command_on_an_engine_that_runs(url: str, exposed: FlaskClient) -> None:
    def ask(*arguments: str) -> Result:
        return run(*arguments, "--url", url, "--token", ADMIN)

    made = ask("tokens", "add", "grafana", "--role", "viewer")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert "not shown again" in made.stderr
    assert reads(exposed, secret) == 200
    (one,) = json.loads(ask("tokens", "list", "--json").stdout)
    assert (one["name"], one["role"], one["state"]) == ("grafana", "viewer", "active")
    assert "grafana" in ask("tokens", "list").stdout
    assert ask("tokens", "revoke", one["id"]).exit_code == 0
    assert reads(exposed, secret) == 401
    twice = ask("tokens", "revoke", one["id"])
    assert (twice.exit_code, "was revoked before" in twice.stderr) == (1, True)
    refused = run("tokens", "list", "--url", url)
    assert (refused.exit_code, "needs the role admin" in refused.stderr) == (1, True)


def test_by_command_on_the_folder_of_an_engine_that_does_not_run(world: World, tmp_path: Any) -> None:
    env = {"AIOPS_DATA_DIR": str(tmp_path), "AIOPS_PORT": "1"}
    made = run("tokens", "add", "first", "--role", "admin", "--forever", "--json", **env)
    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    assert told["expires_at"] is None
    assert AccessService(SqlAccess(world.store.database), world.clock).holder(told["token"]) is not None
    shown = run("audit", "show", "--subject", told["id"], **env)
    assert "add token" in shown.stdout
    assert "command line" in shown.stdout
    nowhere = run("tokens", "list", **{**env, "AIOPS_DATA_DIR": str(tmp_path / "none")})
    assert (nowhere.exit_code, "no engine runs" in nowhere.stderr) == (1, True)
