"""Tokens, foreign pages, foreign names."""

import pytest
from flask.testing import FlaskClient
from made_up.samples import simple
from made_up.world import World
from sqlalchemy import create_engine, text

TOKENS = {"maria": "0123456789abcdef-maria", "ci": "0123456789abcdef-ci"}
ACK = "/aiops/incidents/INC-1795253415-1/acknowledge"
POSTS = (ACK, "/aiops/incidents/INC-1795253415-1/resolve", "/aiops/analyze", "/aiops/changes", "/aiops/alerts")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def locked(world: World) -> FlaskClient:
    world.keep(simple())
    return world.client(tokens=TOKENS)


@pytest.mark.parametrize("path", [*POSTS, "/incidents/INC-1795253415-1/resolve"])
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="none"),
        pytest.param(bearer("0123456789abcdef-wrong"), id="wrong"),
        pytest.param(bearer("0123456789abcdef-mari"), id="beginning of one"),
        pytest.param(bearer("grüße"), id="not ASCII"),
        pytest.param({"Authorization": f"Basic {TOKENS['ci']}"}, id="other scheme"),
    ],
)
def test_changes_need_a_token(locked: FlaskClient, path: str, headers: dict[str, str]) -> None:
    answer = locked.post(path, headers=headers)
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    found = locked.get("/aiops/incidents/INC-1795253415-1").json
    assert found is not None
    assert found["state"] == "open"


def test_who_acts_is_the_name_of_the_token(world: World, locked: FlaskClient) -> None:
    assert locked.post(ACK, headers=bearer(TOKENS["maria"])).json["acknowledged_by"] == "maria"  # type: ignore[index]
    sent = {"kind": "flag", "service": "payment"}
    assert locked.post("/aiops/changes", json=sent, headers=bearer(TOKENS["ci"])).json["who"] == "ci"  # type: ignore[index]
    engine = create_engine(str(world.store._engine.url))
    with engine.connect() as connection:
        rows = connection.execute(text("select who, how, address, what from audit")).all()
    assert rows == [("maria", "token", "127.0.0.1", "acknowledge"), ("ci", "token", "127.0.0.1", "record change")]
    engine.dispose()


def test_on_loopback_reading_needs_no_token(locked: FlaskClient) -> None:
    assert locked.get("/aiops/incidents").status_code == 200
    page = locked.get("/incidents/INC-1795253415-1").text
    assert "to act on this incident" in page
    assert "<button" not in page
    assert TOKENS["maria"] not in page


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="a program"),
        pytest.param({"Origin": "http://localhost"}, 200, id="own page"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, 200, id="own page by metadata"),
        pytest.param({"Origin": "https://evil.example"}, 403, id="foreign page"),
        pytest.param({"Origin": "http://localhost:3000"}, 403, id="another port"),
        pytest.param({"Origin": "null"}, 403, id="hidden origin"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="foreign page by metadata"),
    ],
)
def test_only_own_pages_change_an_open_engine(
    world: World, client: FlaskClient, headers: dict[str, str], status: int
) -> None:
    world.keep(simple())
    assert client.post(ACK, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1:8000", 200, id="address"),
        pytest.param("localhost:9999", 200, id="name through a tunnel"),
        pytest.param("[::1]:8000", 200, id="IPv6"),
        pytest.param("evil.example", 403, id="rebound name"),
        pytest.param("localhost.evil.example:8000", 403, id="looks local"),
        pytest.param("127.0.0.1@evil.example", 403, id="user part"),
        pytest.param("10.0.0.1:8000", 403, id="other address"),
    ],
)
def test_on_loopback_only_loopback_names_are_answered(client: FlaskClient, host: str, status: int) -> None:
    for path in ("/aiops/incidents", "/"):
        assert client.get(path, headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("aiops.example.com", 200),
        ("further.example.com:8000", 200),
        ("10.0.0.7:8000", 200),
        ("[fd00::7]:8000", 200),
        ("engine:8000", 200),
        ("engine.monitoring.svc:8000", 200),
        ("engine.monitoring.svc.cluster.local", 200),
        ("rebound.example.org", 403),
        ("aiops.example.com.example.org", 403),
        ("a b", 403),
    ],
)
def test_elsewhere_chosen_and_private_names_are_answered(world: World, host: str, status: int) -> None:
    exposed = world.client(
        host="0.0.0.0",
        tokens=TOKENS,
        public_url="https://AIOPS.example.com/",
        allowed_hosts="else.example.com, further.example.com",
    )
    headers = {"Host": host, **bearer(TOKENS["ci"])}
    assert exposed.get("/aiops/incidents", headers=headers).status_code == status


@pytest.mark.parametrize(
    "path",
    ["/", "/aiops/incidents", "/nothing", "/aiops/openapi.json", "/sign-in", "/static/aiops.css", "/static/none"],
)
def test_answers_are_hardened(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        headers = answer.headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "DENY")
    assert headers["Cache-Control"] == ("no-cache" if path == "/static/aiops.css" else "no-store")


@pytest.mark.parametrize(
    ("public_url", "asked"),
    [
        ("https://aiops.example.com", True),
        ("https://aiops.example.com:443/", True),
        ("https://tools.example.com:8443", False),
        ("https://localhost", False),
        ("http://aiops.example.com", False),
        ("", False),
    ],
)
def test_browsers_come_by_tls_alone_where_the_name_is_the_engine_s(world: World, public_url: str, asked: bool) -> None:
    answer = world.client(public_url=public_url).get("/health")
    assert ("Strict-Transport-Security" in answer.headers) == asked
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
