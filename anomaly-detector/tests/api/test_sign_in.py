"""Sign in and out on the pages: sessions, their end, their cookie and their forms."""

import re
from typing import Any, Final

import pytest
from flask.testing import FlaskClient
from made_up.samples import simple
from made_up.world import World
from sqlalchemy import create_engine, text
from werkzeug.test import TestResponse

from aiops.model import Actor, Role
from aiops.web.pages.sign_in import following

TOKENS: Final = {"maria": "0123456789abcdef-maria", "eve": "0123456789abcdef-eve", "ci": "0123456789abcdef-ci"}
ROLES: Final = {"eve": "viewer", "ci": "ingest"}
HTML: Final = {"Accept": "text/html"}
INCIDENT: Final = "/incidents/INC-1795253415-1"


@pytest.fixture
def exposed(world: World) -> FlaskClient:
    world.keep(simple())
    return client_of(world)


def client_of(world: World, **settings: Any) -> FlaskClient:
    return world.client(**({"host": "0.0.0.0", "tokens": TOKENS, "token_roles": ROLES} | settings))


def sign_in(client: FlaskClient, token: str, following: str = "/", **headers: str) -> TestResponse:
    return client.post("/sign-in", data={"token": token, "next": following}, headers=HTML | headers)


def csrf(client: FlaskClient, path: str = "/") -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', client.get(path, headers=HTML).text)
    assert found
    return found[1]


def secret_in(answer: TestResponse) -> str:
    found = re.match(r"[^=]+=([^;]+)", answer.headers["Set-Cookie"])
    assert found
    return found[1]


def test_a_page_asks_to_sign_in_and_leads_back(exposed: FlaskClient) -> None:
    asked = exposed.get(f"{INCIDENT}?each=1", headers=HTML)
    assert (asked.status_code, asked.headers["Location"]) == (
        303,
        "/sign-in?next=/incidents/INC-1795253415-1?each%3D1",
    )
    page = exposed.get(asked.headers["Location"], headers=HTML).text
    assert 'type="password" name="token"' in page
    assert f'name="next" value="{INCIDENT}?each=1"' in page
    answer = sign_in(exposed, TOKENS["maria"], f"{INCIDENT}?each=1")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{INCIDENT}?each=1")
    assert "Acknowledge" in exposed.get(INCIDENT, headers=HTML).text
    assert exposed.get("/aiops/incidents").status_code == 200, "a session reads the API too"


def test_a_program_is_not_led_to_a_page(exposed: FlaskClient) -> None:
    assert exposed.get("/aiops/incidents", headers=HTML).status_code == 401
    assert exposed.get("/", headers={"Accept": "*/*"}).mimetype == "application/problem+json"
    assert exposed.get("/no-such-page").status_code == 401, "who may not read learns not even what is there"


def test_acting_needs_the_form_of_the_session(exposed: FlaskClient) -> None:
    sign_in(exposed, TOKENS["maria"])
    for data in ({}, {"csrf": "0" * 64}, {"csrf": "ü"}):
        answer = exposed.post(f"{INCIDENT}/acknowledge", data=data)
        assert (answer.status_code, "not of your session" in answer.text) == (403, True)
    foreign = exposed.post(
        f"{INCIDENT}/acknowledge", data={"csrf": csrf(exposed)}, headers={"Origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
    assert exposed.post("/aiops/incidents/INC-1795253415-1/acknowledge").status_code == 403
    answer = exposed.post(
        f"{INCIDENT}/acknowledge", data={"csrf": csrf(exposed)}, headers={"Origin": "http://localhost"}
    )
    assert answer.status_code == 303
    assert "acknowledged by maria" in exposed.get(INCIDENT, headers=HTML).text


def test_the_form_of_one_session_is_not_that_of_another(world: World, exposed: FlaskClient) -> None:
    other = client_of(world)
    sign_in(exposed, TOKENS["maria"])
    sign_in(other, TOKENS["maria"])
    assert other.post(f"{INCIDENT}/acknowledge", data={"csrf": csrf(exposed)}).status_code == 403


def test_a_viewer_reads_and_does_not_act(exposed: FlaskClient) -> None:
    sign_in(exposed, TOKENS["eve"])
    page = exposed.get(INCIDENT, headers=HTML).text
    assert "Your role is viewer" in page
    assert "Acknowledge" not in page
    assert exposed.post(f"{INCIDENT}/acknowledge", data={"csrf": csrf(exposed)}).status_code == 403


@pytest.mark.parametrize(
    ("token", "status", "said"),
    [
        pytest.param("", 400, "Give a token", id="none"),
        pytest.param("0123456789abcdef-wrong", 401, "does not know the token", id="wrong"),
        pytest.param(TOKENS["ci"], 403, "may only send", id="no reader"),
    ],
)
def test_who_may_not_read_cannot_sign_in(exposed: FlaskClient, token: str, status: int, said: str) -> None:
    answer = sign_in(exposed, token, INCIDENT)
    assert (answer.status_code, said in answer.text, "Set-Cookie" in answer.headers) == (status, True, False)
    assert f'name="next" value="{INCIDENT}"' in answer.text, "what was asked for is kept"
    assert token not in answer.text or not token


def test_a_foreign_page_cannot_sign_somebody_in(exposed: FlaskClient) -> None:
    assert sign_in(exposed, TOKENS["maria"], Origin="https://evil.example").status_code == 403


@pytest.mark.parametrize(
    ("settings", "name", "more"),
    [
        pytest.param({}, "aiops", {"HttpOnly", "SameSite=Lax", "Path=/"}, id="http"),
        pytest.param(
            {"public_url": "https://aiops.example.com"},
            "__Host-aiops",
            {"HttpOnly", "SameSite=Lax", "Path=/", "Secure"},
            id="https",
        ),
    ],
)
def test_the_cookie_is_for_this_host_alone(world: World, settings: dict[str, str], name: str, more: set[str]) -> None:
    answer = sign_in(client_of(world, **settings), TOKENS["maria"])
    first, *rest = answer.headers["Set-Cookie"].split("; ")
    assert first.startswith(f"{name}=")
    assert {one for one in rest if not one.startswith(("Max-Age", "Expires"))} == more


def test_the_id_changes_at_each_sign_in_and_the_one_before_ends(world: World, exposed: FlaskClient) -> None:
    first = secret_in(sign_in(exposed, TOKENS["maria"]))
    second = secret_in(sign_in(exposed, TOKENS["maria"]))
    assert first != second
    other = client_of(world)
    other.set_cookie("aiops", first)
    assert other.get("/aiops/incidents").status_code == 401
    other.set_cookie("aiops", "chosen-by-somebody-else")
    chosen = secret_in(sign_in(other, TOKENS["maria"]))
    assert chosen != "chosen-by-somebody-else"


def test_only_hashes_are_stored(world: World, exposed: FlaskClient) -> None:
    secret = secret_in(sign_in(exposed, TOKENS["maria"]))
    engine = create_engine(str(world.store.database.url))
    with engine.connect() as connection:
        stored = repr(connection.execute(text("select * from sessions")).all())
        audited = repr(connection.execute(text("select * from audit")).all())
    engine.dispose()
    assert secret not in stored + audited
    assert TOKENS["maria"] not in stored + audited
    assert "sign in" in audited


def test_a_session_ends_by_time(world: World, exposed: FlaskClient) -> None:
    def signed_in() -> bool:
        return exposed.get("/aiops/incidents").status_code == 200

    sign_in(exposed, TOKENS["maria"])
    for _ in range(12):
        world.clock.at += 55 * 60
        assert signed_in(), "each request keeps it"
    world.clock.at += 61 * 60
    assert not signed_in(), "twelve hours are over"
    sign_in(exposed, TOKENS["maria"])
    world.clock.at += 60 * 60
    assert not signed_in(), "an hour without a request"
    gate_lengths = (12 * 3600.0, 3600.0)
    assert world.use_cases.access.store.purge_sessions(*(world.clock.at - one for one in gate_lengths)) == 2


def test_signing_out_ends_one_session_or_all(world: World, exposed: FlaskClient) -> None:
    others = [client_of(world) for _ in range(2)]
    for one in (exposed, *others):
        sign_in(one, TOKENS["maria"])
    eve = client_of(world)
    sign_in(eve, TOKENS["eve"])

    def inside() -> list[bool]:
        return [one.get("/aiops/incidents").status_code == 200 for one in (exposed, *others, eve)]

    left = exposed.post("/sign-out", data={"csrf": csrf(exposed)})
    assert (left.status_code, left.headers["Location"]) == (303, "/sign-in")
    assert inside() == [False, True, True, True]
    others[0].post("/sign-out", data={"csrf": csrf(others[0]), "everywhere": "1"})
    assert inside() == [False, False, False, True]


def test_a_session_ends_with_its_token(world: World, exposed: FlaskClient) -> None:
    sign_in(exposed, TOKENS["maria"])
    fewer = client_of(world, tokens={name: token for name, token in TOKENS.items() if name != "maria"})
    fewer.set_cookie("aiops", exposed.get_cookie("aiops").value)  # type: ignore[union-attr]
    assert fewer.get("/aiops/incidents").status_code == 401
    access = world.use_cases.access
    token, secret = access.add_token("ben", Role.RESPONDER, None, Actor("maria"))
    ben = client_of(world)
    sign_in(ben, secret)
    assert ben.get("/aiops/incidents").status_code == 200
    access.revoke_token(token.id, Actor("maria"))
    assert ben.get("/aiops/incidents").status_code == 401


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil",
        "",
        "/sign-out",
        "/%0d%0aSet-Cookie: x=1 ",
        "/ü",
        "http:///evil.example",
        "/" + "a" * 3000,
    ],
)
def test_a_sign_in_leads_only_inside(exposed: FlaskClient, asked: str) -> None:
    assert following(asked) == "/"
    assert sign_in(exposed, TOKENS["maria"], asked).headers["Location"] == "/"


def test_an_open_engine_asks_nobody(client: FlaskClient) -> None:
    page = client.get("/", headers=HTML).text
    assert "/sign-in" not in page
    assert "nobody has to sign in" in client.get("/sign-in", headers=HTML).text
