"""Sign in by way of an OpenID provider: what leads in, and everything that does not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from api.test_sign_in import HTML, INCIDENT, secret_in
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from made_up.issuer import Issuer, issuing
from made_up.samples import simple
from made_up.world import World
from werkzeug.test import TestResponse

from aiops.config import ConfigError
from aiops.model import Actor, Role

ROLES: Final = {"sre": "responder", "platform": "admin", "robots": "ingest"}
CALLBACK: Final = "/sign-in/oidc/callback"


@pytest.fixture
def issuer(world: World) -> Iterator[Issuer]:
    with issuing(world.clock.now) as made:
        yield made


def engine(world: World, issuer: Issuer, **oidc: Any) -> FlaskClient:
    given = {"issuer": issuer.url, "client_id": "aiops", "client_secret": "a secret:1", "name": "Login", "roles": ROLES}
    return world.client(host="0.0.0.0", public_url="https://aiops.example.com", oidc=given | oidc)


@pytest.fixture
def client(world: World, issuer: Issuer) -> FlaskClient:
    world.keep(simple())
    return engine(world, issuer)


def begin(client: FlaskClient, following: str = "/") -> TestResponse:
    return client.get("/sign-in/oidc", query_string={"next": following}, headers=HTML, base_url="https://localhost")


def finish(client: FlaskClient, answer: dict[str, str]) -> TestResponse:
    return client.get(CALLBACK, query_string=answer, headers=HTML, base_url="https://localhost")


def sign_in(client: FlaskClient, issuer: Issuer, following: str = "/", **claims: Any) -> TestResponse:
    asked = begin(client, following)
    assert asked.status_code == 303, asked.text
    return finish(client, issuer.granted(asked.headers["Location"], **({"groups": ["sre"]} | claims)))


def is_inside(client: FlaskClient) -> bool:
    return client.get("/aiops/incidents", base_url="https://localhost").status_code == 200


def test_somebody_signs_in_acts_and_is_in_the_audit(world: World, client: FlaskClient, issuer: Issuer) -> None:
    page = client.get("/sign-in", query_string={"next": INCIDENT}, headers=HTML).text
    assert f'href="/sign-in/oidc?next={INCIDENT}">Sign in with Login</a>' in page
    asked = begin(client, INCIDENT)
    sent = parse_qs(urlsplit(asked.headers["Location"]).query)
    assert sent["redirect_uri"] == ["https://aiops.example.com/sign-in/oidc/callback"]
    assert (sent["response_type"], sent["scope"]) == (["code"], ["openid profile email"])
    back = issuer.granted(asked.headers["Location"], groups=["sre", "other"], preferred_username="ana")
    answer = finish(client, back)
    assert (answer.status_code, answer.headers["Location"]) == (303, INCIDENT)
    first, *flags = answer.headers["Set-Cookie"].split("; ")
    assert first.startswith("__Host-aiops=")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(flags)
    page = client.get(INCIDENT, headers=HTML, base_url="https://localhost").text
    field = page.partition('name="csrf" value="')[2][:64]
    done = client.post(f"{INCIDENT}/acknowledge", data={"csrf": field}, base_url="https://localhost")
    assert done.status_code == 303
    rows, _ = world.use_cases.audit.page(None, "ana", None, 10)
    assert {(one.entry.what, str(one.entry.by.how)) for one in rows} == {("sign in", "oidc"), ("acknowledge", "oidc")}
    assert rows[-1].entry.after == {"source": f"oidc:{issuer.url}:ana-1"}


@pytest.mark.parametrize(
    ("claims", "settings", "role"),
    [
        pytest.param({"groups": ["sre", "platform"]}, {}, "admin", id="the highest of two"),
        pytest.param({"groups": "sre"}, {}, "responder", id="one group as a text"),
        pytest.param({"groups": []}, {"default_role": "viewer"}, "viewer", id="the default"),
        pytest.param(
            {"realm_access": {"roles": ["platform"]}}, {"groups_claim": "realm_access.roles"}, "admin", id="nested"
        ),
        pytest.param({"https://a.b/g": ["sre"]}, {"groups_claim": "https://a.b/g"}, "responder", id="with dots"),
    ],
)
def test_groups_give_a_role(
    world: World, issuer: Issuer, claims: dict[str, Any], settings: dict[str, Any], role: str
) -> None:
    client = engine(world, issuer, **settings)
    assert sign_in(client, issuer, **({"groups": None} | claims)).status_code == 303
    assert (
        f"You are signed in as <strong>ana-1</strong>, {role}"
        in client.get("/sign-in", headers=HTML, base_url="https://localhost").text
    )


def test_groups_may_be_where_the_provider_tells_about_people(client: FlaskClient, issuer: Issuer) -> None:
    issuer.change["/userinfo"] = lambda said: said | {"groups": ["sre"], "preferred_username": "ana"}
    assert sign_in(client, issuer, groups=None).status_code == 303
    issuer.change["/userinfo"] = lambda _: {"sub": "eve", "groups": ["platform"]}
    refused = sign_in(client, issuer, groups=None)
    assert (refused.status_code, "somebody else" in refused.text) == (403, True)


@pytest.mark.parametrize("groups", [None, [], ["other"], ["robots"], {"sre": 1}, 7])
def test_who_is_in_no_group_with_a_role_is_told_so(client: FlaskClient, issuer: Issuer, groups: object) -> None:
    refused = sign_in(client, issuer, groups=groups, preferred_username="<b>ana")
    assert refused.status_code == 403
    assert "Login knows you as &lt;b&gt;ana, but none of your groups may read here" in refused.text
    assert not is_inside(client)


WRONG: Final = {
    "issuer": {"iss": "https://evil.example"},
    "audience": {"aud": "another"},
    "no audience": {"aud": None},
    "one of several audiences, not for us": {"aud": ["aiops", "another"]},
    "for another client": {"azp": "another"},
    "expired": {"exp": 1},
    "not yet": {"nbf": 4102444800},
    "without an end": {"exp": None},
    "without a subject": {"sub": None},
    "nonce": {"nonce": "of-another-sign-in"},
    "no nonce": {"nonce": None},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_an_id_token_that_is_not_right_is_refused(client: FlaskClient, issuer: Issuer, wrong: str) -> None:
    changed = WRONG[wrong]
    issuer.change["/token"] = lambda claims: {
        key: value for key, value in (claims | changed).items() if value is not None
    }
    refused = sign_in(client, issuer)
    assert (refused.status_code, "cannot be trusted" in refused.text) == (403, True)
    assert not is_inside(client)


@pytest.mark.parametrize("how", ["none", "HS256", "a key of somebody else", "no token", "nonsense"])
def test_an_id_token_with_a_wrong_signature_is_refused(
    client: FlaskClient, issuer: Issuer, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Issuer.signed
    other = Issuer(issuer.now, keys=[RSAKey.generate_key(2048, {"kid": "first"})])

    def signed(self: Issuer, claims: dict[str, Any], *more: Any, **given: Any) -> Any:
        made = {
            "none": issuer.unsigned,
            "a key of somebody else": lambda said: real(other, said),
            "HS256": issuer.with_public_key_as_secret,
            "no token": lambda _: None,
            "nonsense": lambda _: "eyJh.eyJh.eyJh",
        }
        if more or given:
            return real(self, claims, *more, **given)
        return made[how](claims)

    monkeypatch.setattr(Issuer, "signed", signed)
    assert sign_in(client, issuer).status_code == 403
    assert not is_inside(client)


def test_the_answer_belongs_to_the_browser_that_asked(world: World, client: FlaskClient, issuer: Issuer) -> None:
    back = issuer.granted(begin(client).headers["Location"], groups=["platform"])
    victim = client.application.test_client()
    refused = finish(victim, back)
    assert (refused.status_code, "did not begin in this browser" in refused.text) == (400, True)
    assert not is_inside(victim)
    assert finish(client, back | {"state": "another"}).status_code == 400
    assert finish(client, {}).status_code == 400
    assert finish(client, back).status_code == 303, "an attempt of somebody else spoils nothing"


def test_two_sign_ins_in_one_browser_do_not_disturb_each_other(client: FlaskClient, issuer: Issuer) -> None:
    first, second = (begin(client, path).headers["Location"] for path in ("/slos", "/services"))
    assert finish(client, issuer.granted(first, groups=["sre"])).headers["Location"] == "/slos"
    assert finish(client, issuer.granted(second, groups=["sre"])).headers["Location"] == "/services"


def test_an_answer_counts_once(client: FlaskClient, issuer: Issuer) -> None:
    back = issuer.granted(begin(client).headers["Location"], groups=["sre"])
    assert finish(client, back).status_code == 303
    assert finish(client, back).status_code == 400
    again = begin(client).headers["Location"]
    state = parse_qs(urlsplit(again).query)["state"][0]
    refused = finish(client, back | {"state": state})
    assert (refused.status_code, "does not accept the code" in refused.text) == (403, True)


def test_a_sign_in_takes_ten_minutes_at_most(world: World, client: FlaskClient, issuer: Issuer) -> None:
    back = issuer.granted(begin(client).headers["Location"], groups=["sre"])
    world.clock.at += 601
    assert finish(client, back).status_code == 400


@pytest.mark.parametrize("iss", ["https://evil.example", ""])
def test_an_answer_of_another_provider_is_refused(client: FlaskClient, issuer: Issuer, iss: str) -> None:
    back = issuer.granted(begin(client).headers["Location"], groups=["sre"])
    assert finish(client, back | {"iss": iss}).status_code == 400


def test_a_refusal_of_the_provider_is_told(client: FlaskClient, issuer: Issuer) -> None:
    back = issuer.granted(begin(client).headers["Location"])
    said = {"error": "access_denied", "error_description": "<script>", "state": back["state"], "iss": issuer.url}
    refused = finish(client, said)
    assert (refused.status_code, "did not sign you in" in refused.text) == (403, True)
    assert "<script>" not in refused.text


@pytest.mark.parametrize("asked", ["https://evil.example/", "//evil.example", "/sign-in/oidc", "/\\evil"])
def test_a_sign_in_leads_only_inside(client: FlaskClient, issuer: Issuer, asked: str) -> None:
    assert sign_in(client, issuer, asked).headers["Location"] == "/"


def test_without_the_provider_other_ways_in_work(world: World, issuer: Issuer) -> None:
    issuer.down = True
    client = engine(world, issuer)
    _, secret = world.use_cases.access.add_token("ben", Role.ADMIN, None, Actor("x"))
    answer = begin(client)
    assert (answer.status_code, "Login does not answer as it should" in answer.text) == (503, True)
    asked = len(issuer.asked)
    assert begin(client).status_code == 503
    assert len(issuer.asked) == asked, "it is not asked again at once"
    inside = client.post("/sign-in", data={"token": secret}, headers=HTML, base_url="https://localhost")
    assert inside.status_code == 303
    issuer.down = False
    world.clock.at += 11
    assert begin(client).status_code == 303


def test_the_secret_is_read_at_each_sign_in(world: World, issuer: Issuer, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("an old secret\n")
    client = engine(world, issuer, client_secret="", client_secret_file=str(file))
    assert sign_in(client, issuer).status_code == 403
    file.write_text("a secret:1\n")
    assert sign_in(client, issuer).status_code == 303
    file.unlink()
    assert sign_in(client, issuer).status_code == 503
    with pytest.raises(ConfigError, match="oidc_client_secret_file"):
        engine(world, issuer, client_secret_file=str(tmp_path / "nowhere"))


def test_a_secret_may_be_sent_in_the_body(world: World, issuer: Issuer) -> None:
    issuer.change["/.well-known/openid-configuration"] = lambda said: (
        said | {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    )
    assert sign_in(engine(world, issuer), issuer).status_code == 303


def test_a_provider_that_calls_itself_otherwise_is_not_asked(world: World, issuer: Issuer) -> None:
    issuer.change["/.well-known/openid-configuration"] = lambda said: said | {"issuer": "https://other.example"}
    assert begin(engine(world, issuer)).status_code == 503


def test_sessions_end_at_once_everywhere_and_with_the_provider(
    world: World, client: FlaskClient, issuer: Issuer
) -> None:
    others = [client.application.test_client() for _ in range(2)]
    for one in (client, *others):
        sign_in(one, issuer)
    eve = client.application.test_client()
    sign_in(eve, issuer, sub="eve-2")
    field = client.get("/", headers=HTML, base_url="https://localhost").text.partition('name="csrf" value="')[2][:64]
    out = client.post("/sign-out", data={"csrf": field, "everywhere": "1"}, base_url="https://localhost")
    assert out.headers["Location"] == "/sign-in?out=1"
    assert [is_inside(one) for one in (client, *others, eve)] == [False, False, False, True]
    page = client.get("/sign-in?out=1", headers=HTML).text
    assert "sign out of Login too" in page
    led = client.get("/sign-out/oidc").headers["Location"]
    assert led == (
        f"{issuer.url}/end?x=1&client_id=aiops&post_logout_redirect_uri=https%3A%2F%2Faiops.example.com%2Fsign-in"
    )
    elsewhere = world.client(
        host="0.0.0.0",
        public_url="https://aiops.example.com",
        oidc={"issuer": "https://b.example", "client_id": "a", "default_role": "admin"},
    )
    elsewhere.set_cookie("__Host-aiops", eve.get_cookie("__Host-aiops").value, secure=True)  # type: ignore[union-attr]
    assert not is_inside(elsewhere), "the provider is another one now"


def test_a_new_id_ends_the_session_before(world: World, client: FlaskClient, issuer: Issuer) -> None:
    first = secret_in(sign_in(client, issuer))
    sign_in(client, issuer)
    other = client.application.test_client()
    other.set_cookie("__Host-aiops", first, secure=True)
    assert not is_inside(other)


def test_an_address_may_not_begin_without_end(client: FlaskClient) -> None:
    answers = [begin(client).status_code for _ in range(25)]
    assert answers[:20] == [303] * 20
    assert answers[-1] == 429


def test_without_a_provider_there_is_nothing(world: World) -> None:
    client = world.client(host="0.0.0.0", tokens={"a": "0123456789abcdef"})
    for path in ("/sign-in/oidc", CALLBACK, "/sign-out/oidc"):
        assert client.get(path).status_code == 404
    assert "oidc" not in client.get("/sign-in", headers=HTML).text
