"""People with a password: they sign in, guess too often, and are removed; and an engine without the extra."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from made_up.samples import simple
from made_up.world import World
from werkzeug.test import TestResponse

from aiops.access import Limit
from aiops.cli.main import main
from aiops.model import Actor, Role
from aiops.model.errors import NotPossible
from aiops.service import passwords

ADMIN: Final = "0123456789abcdef-admin"
HEAD: Final = {"Authorization": f"Bearer {ADMIN}"}
PASSWORD: Final = "correct horse battery"
OTHER: Final = "another horse battery"


@pytest.fixture
def exposed(world: World) -> FlaskClient:
    world.keep(simple())
    world.use_cases.users.add("ana", Role.RESPONDER, PASSWORD, Actor("root"))
    return client_of(world)


def client_of(world: World) -> FlaskClient:
    return world.client(host="0.0.0.0", tokens={"root": ADMIN})


def sign_in(client: FlaskClient, name: str, password: str, address: str = "10.0.0.1") -> TestResponse:
    data, environ = {"name": name, "password": password}, {"REMOTE_ADDR": address}
    return client.post("/sign-in", data=data, environ_base=environ)


def reads(client: FlaskClient) -> bool:
    return client.get("/aiops/incidents").status_code == 200


def test_somebody_signs_in_with_name_and_password(world: World, exposed: FlaskClient) -> None:
    page = exposed.get("/sign-in").text
    assert 'name="password"' in page
    assert sign_in(exposed, "ana", PASSWORD).status_code == 303
    assert "Acknowledge" in exposed.get("/incidents/INC-1795253415-1", headers={"Accept": "text/html"}).text
    rows = exposed.get("/aiops/audit", headers=HEAD).json["rows"]  # type: ignore[index]
    assert (rows[0]["what"], rows[0]["who"], rows[0]["how"], rows[0]["address"]) == (
        "sign in",
        "ana",
        "password",
        "10.0.0.1",
    )
    with world.store.database.connect() as connection:
        stored = repr(connection.exec_driver_sql("select * from users").all())
        stored += repr(connection.exec_driver_sql("select * from audit").all())
    assert PASSWORD not in stored
    assert "$argon2id$" in stored


@pytest.mark.parametrize(("name", "password"), [("ana", OTHER), ("nobody", PASSWORD), ("ana", ""), ("ana", "x" * 5000)])
def test_what_does_not_fit_is_refused_in_the_same_words(exposed: FlaskClient, name: str, password: str) -> None:
    answer = sign_in(exposed, name, password)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (401, False)
    assert "does not know this name with this password" in answer.text


def test_a_name_that_is_not_there_takes_a_hash_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    real = passwords._nobody
    monkeypatch.setattr(passwords, "_nobody", lambda hasher: hashed.append(real(hasher)) or hashed[-1])
    assert world.use_cases.users.sign_in("nobody", PASSWORD) is None
    assert len(hashed) == 1


def test_another_password_role_or_removal_ends_the_sessions(world: World, exposed: FlaskClient) -> None:
    sign_in(exposed, "ana", PASSWORD)
    assert reads(exposed)
    answer = client_of(world).post("/aiops/users/ana/password", json={"password": OTHER}, headers=HEAD)
    assert (answer.status_code, reads(exposed)) == (200, False)
    assert sign_in(exposed, "ana", PASSWORD).status_code == 401
    assert sign_in(exposed, "ana", OTHER).status_code == 303
    assert client_of(world).post("/aiops/users/ana/remove", headers=HEAD).status_code == 200
    assert not reads(exposed)
    assert sign_in(exposed, "ana", OTHER, "10.0.0.2").status_code == 401


def test_who_guesses_waits(world: World, exposed: FlaskClient) -> None:
    codes = [sign_in(exposed, f"name{number}", OTHER).status_code for number in range(6)]
    assert codes == [401] * 5 + [429]
    refused = sign_in(exposed, "ana", PASSWORD)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "10")
    assert "too many attempts" in refused.text
    assert sign_in(exposed, "ana", PASSWORD, "10.0.0.2").status_code == 303, "another address may"
    world.clock.at += 10
    assert sign_in(exposed, "ana", PASSWORD).status_code == 303


def test_a_name_is_not_guessed_from_many_addresses(exposed: FlaskClient) -> None:
    codes = [sign_in(exposed, "ana", OTHER, f"10.0.1.{number}").status_code for number in range(6)]
    assert codes == [401] * 5 + [429]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"name": "ben", "role": "viewer", "password": "short"}, 400, "password"),
        ({"name": "ben", "role": "ingest", "password": PASSWORD}, 400, "role"),
        ({"name": "ana", "role": "viewer", "password": PASSWORD}, 409, "there is a user ana already"),
        ({"name": "a/b", "role": "viewer", "password": PASSWORD}, 409, "no name of a user"),
    ],
)
def test_what_is_wrong_is_said(exposed: FlaskClient, body: dict[str, Any], status: int, said: str) -> None:
    answer = exposed.post("/aiops/users", json=body, headers=HEAD)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert [one["name"] for one in exposed.get("/aiops/users", headers=HEAD).json["users"]] == ["ana"]  # type: ignore[index]


def test_by_command(world: World, tmp_path: Path) -> None:
    env = {"AIOPS_DATA_DIR": str(tmp_path), "AIOPS_PORT": "1"}

    def run(*arguments: str, given: str = "") -> Result:
        return CliRunner().invoke(main, ["users", *arguments], env=env, input=given)

    added = run("add", "ben", "--role", "viewer", given=f"{PASSWORD}\n")
    assert added.exit_code == 0, added.output
    (told,) = json.loads(run("list", "--json").stdout)
    assert (told["name"], told["role"]) == ("ben", "viewer")
    assert "ben" in run("list").stdout
    assert world.use_cases.users.sign_in("ben", PASSWORD) is not None
    assert run("password", "ben", given=f"{OTHER}\n").exit_code == 0
    assert world.use_cases.users.sign_in("ben", PASSWORD) is None
    assert run("remove", "ben").exit_code == 0
    again = run("remove", "ben")
    assert (again.exit_code, "there is no user ben" in again.stderr) == (1, True)


def test_without_the_extra_a_sentence_names_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "argon2", None)
    with pytest.raises(NotPossible, match=r"pip install 'aiops\[auth\]'"):
        world.use_cases.users.add("ben", Role.VIEWER, PASSWORD, Actor("root"))
    client = client_of(world)
    assert client.get("/sign-in").status_code == 200
    answer = client.post("/aiops/users", json={"name": "b", "role": "viewer", "password": PASSWORD}, headers=HEAD)
    assert (answer.status_code, "aiops[auth]" in answer.text) == (409, True)
    assert client.post("/sign-in", data={"token": ADMIN}).status_code == 303


def test_an_engine_needs_nothing_of_the_extra() -> None:
    code = (
        "import sys; sys.modules['argon2'] = None; import aiops.bootstrap, aiops.cli.main, aiops.web, aiops.cli.demo; "
        "assert not {'_cffi_backend', 'cffi'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_limit_lets_some_at_once_and_then_one_each_time() -> None:
    limit = Limit(2, 10.0, every=2, most_keys=2)
    assert [limit.wait("a", 100.0) for _ in range(3)] == [0, 0, 10]
    assert (limit.wait("a", 105.0), limit.wait("a", 110.0), limit.wait("a", 110.0)) == (5, 0, 10)
    assert (limit.wait("a", 50.0), limit.wait("b", 110.0)) == (10, 0)
    for key in ("c", "d", "e"):
        limit.wait(key, 110.0)
    assert limit.wait("a", 110.0) > 0, "what was forgotten counts for all together"
