"""Every route, by every role: refused or allowed as the policy says, through HTTP."""

import re
from typing import Final

import pytest
from flask import Flask
from flask.testing import FlaskClient
from made_up.world import World

from aiops.access.policy import POLICY
from aiops.api import create_app, refuse_unlisted
from aiops.config import Settings
from aiops.model import Role

TOKENS: Final = {role: f"the-token-of-{role}-0123456789" for role in Role}
WHO: Final = (None, *Role)
ENOUGH: Final = {
    None: set(WHO),
    Role.INGEST: {Role.INGEST, Role.ADMIN},
    Role.VIEWER: {Role.VIEWER, Role.RESPONDER, Role.ADMIN},
    Role.RESPONDER: {Role.RESPONDER, Role.ADMIN},
    Role.ADMIN: {Role.ADMIN},
}
"""Who may do what needs a role, written down a second time."""


def client_of(world: World, **settings: object) -> FlaskClient:
    return world.client(tokens=TOKENS, token_roles={role: role for role in Role}, **settings)


def ask(client: FlaskClient, path: str, method: str, who: Role | None) -> tuple[int, str]:
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {TOKENS[who]}"} if who else {})
    answer = client.open(path, method=method, headers=headers)
    return answer.status_code, str((answer.get_json(silent=True) or {}).get("detail"))


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Endpoint, method, and a path of every route."""
    return [
        (rule.endpoint, method, re.sub(r"<[^>]+>", "some", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("who", WHO, ids=str)
def test_every_route_is_as_the_policy_says(world: World, who: Role | None, host: str) -> None:
    client = client_of(world, host=host)
    app = client.application
    assert isinstance(app, Flask)
    asked = 0
    for endpoint, method, path in routes(app):
        role = POLICY[endpoint, method]
        status, said = ask(client, path, method, who)
        reading = who is None and role == Role.VIEWER and host == "127.0.0.1"  # there it needs no token
        if who in ENOUGH[role] or reading:
            assert status not in (401, 403), (endpoint, method, said)
        elif who is None:
            assert status == 401, (endpoint, method)
            assert f"needs the role {role}" in said
        else:
            assert (status, said) == (403, f"{who} has the role {who}, and this needs the role {role}")
        asked += 1
    assert asked == len(POLICY)


def test_the_policy_names_what_is_there_and_no_more(world: World) -> None:
    app = client_of(world).application
    assert isinstance(app, Flask)
    assert {(endpoint, method) for endpoint, method, _ in routes(app)} == set(POLICY)


def test_a_new_route_without_a_role_cannot_start_and_is_refused(world: World) -> None:
    app = create_app(world.use_cases, Settings())
    app.add_url_rule("/aiops/new", "new", lambda: "here", methods=["POST"])
    with pytest.raises(LookupError, match="POST new"):
        refuse_unlisted(app)
    assert app.test_client().post("/aiops/new").status_code == 403


def test_the_document_says_the_role_of_each_operation(world: World) -> None:
    client = client_of(world)
    app = client.application
    assert isinstance(app, Flask)
    described = client.get("/aiops/openapi.json").json
    assert described is not None
    endpoints = {(path, method): endpoint for endpoint, method, path in routes(app)}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            endpoint = endpoints[re.sub(r"{[^}]+}", "some", path), method.upper()]
            role = POLICY[endpoint, method.upper()]
            assert operation.get("x-aiops-role") == role, path
            assert operation.get("security") == _security(role, method), path


def _security(role: Role | None, method: str) -> object:
    if role is None:
        return None
    return [{"token": []}, *([{"session": []}] if method == "get" else [])]


def test_other_methods_are_judged_as_what_they_show(world: World) -> None:
    client = client_of(world)
    ingest = {"Authorization": f"Bearer {TOKENS[Role.INGEST]}"}
    assert client.head("/aiops/incidents", headers=ingest).status_code == 403
    assert client.options("/aiops/incidents", headers=ingest).status_code == 403
    assert client.options("/aiops/analyze", headers=ingest).status_code == 403
    assert client.options("/aiops/alerts").status_code == 200
