"""Programs that show a token of the OpenID provider."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, RSAKey
from made_up.issuer import Issuer, base64url, issuing
from made_up.samples import simple
from made_up.world import World

from aiops.api import door
from aiops.config import Settings

AUDIENCE: Final = "https://aiops.example.com/api"
INCIDENT: Final = "/aiops/incidents/INC-1795253415-1"


@pytest.fixture
def issuer(world: World) -> Iterator[Issuer]:
    with issuing(world.clock.now) as made:
        yield made


def settings(issuer: Issuer, **oidc: Any) -> Settings:
    given = {"issuer": issuer.url, "client_id": "aiops", "audience": AUDIENCE, "roles": {"sre": "responder"}}
    return Settings.model_validate({"oidc": given | oidc, "port": 0})


@pytest.fixture
def client(world: World, issuer: Issuer) -> FlaskClient:
    world.keep(simple())
    return world.client_of(settings(issuer))


def shown(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def read(client: FlaskClient, token: str) -> int:
    return client.get("/aiops/incidents", headers=shown(token)).status_code


def right(issuer: Issuer, **claims: Any) -> dict[str, Any]:
    return issuer.claims(AUDIENCE, **({"groups": ["sre"]} | claims))


def test_a_program_acts_and_is_in_the_audit(world: World, client: FlaskClient, issuer: Issuer) -> None:
    token = issuer.signed(right(issuer, preferred_username="deployer"))
    assert client.post(f"{INCIDENT}/acknowledge", headers=shown(token)).status_code == 200
    rows, _ = world.use_cases.audit.page(None, None, None, 5)
    assert [(one.entry.by.name, str(one.entry.by.how)) for one in rows] == [("deployer", "jwt")]
    assert client.get("/aiops/incidents").status_code == 401, "with a provider, reading on loopback needs a role too"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "aiops"},
        {"aud": None},
        {"aud": []},
        {"exp": 1},
        {"exp": None},
        {"exp": "4102444800"},
        {"nbf": 4102444800},
        {"sub": None},
        {"groups": ["other"]},
        {"groups": None},
    ],
    ids=str,
)
def test_a_token_that_is_not_right_is_refused(client: FlaskClient, issuer: Issuer, claims: dict[str, Any]) -> None:
    changed = {key: one for key, one in (right(issuer) | claims).items() if one is not None}
    assert read(client, issuer.signed(right(issuer))) == 200
    assert read(client, issuer.signed(changed)) == 401


def test_only_the_issuers_own_keys_sign(client: FlaskClient, issuer: Issuer) -> None:
    claims = right(issuer)
    assert read(client, issuer.unsigned(claims)) == 401
    assert read(client, issuer.with_public_key_as_secret(claims)) == 401
    assert read(client, issuer.signed(claims, RSAKey.generate_key(2048), kid="first")) == 401
    assert read(client, issuer.signed(claims, ECKey.generate_key("P-256"), "ES256", kid="first")) == 401
    head, body, signature = issuer.signed(claims).split(".")
    assert read(client, f"{head}.{base64url(b'{}')}.{signature}") == 401
    assert read(client, f"{head}.{body}.") == 401
    assert read(client, f"{head}.{body}.{'A' * 40_000}") == 401
    assert read(client, "eyJ.." + "é") == 401


@pytest.mark.parametrize("key", [ECKey.generate_key("P-256", {"kid": "first"})], ids=["ES256"])
def test_other_asymmetric_keys_sign_too(client: FlaskClient, issuer: Issuer, key: Any) -> None:
    issuer.keys = [key]
    assert read(client, issuer.signed(right(issuer), alg="ES256")) == 200


def test_audiences_may_be_several(client: FlaskClient, issuer: Issuer) -> None:
    assert read(client, issuer.signed(right(issuer, aud=["account", AUDIENCE]))) == 200


def test_clocks_may_differ_a_little(client: FlaskClient, issuer: Issuer) -> None:
    now = int(issuer.now())
    assert read(client, issuer.signed(right(issuer, exp=now - 20, nbf=now - 60))) == 200
    assert read(client, issuer.signed(right(issuer, exp=now - 31))) == 401


def test_a_new_key_is_read_when_it_is_met(world: World, client: FlaskClient, issuer: Issuer) -> None:
    old = issuer.signed(right(issuer, exp=int(issuer.now()) + 9000))
    assert read(client, old) == 200
    issuer.rotate("second")
    new = issuer.signed(right(issuer))
    assert read(client, old) == 200, "it does not know yet"
    world.clock.at += 11
    assert read(client, new) == 200
    assert read(client, old) == 401, "the key was withdrawn"


def test_unknown_keys_do_not_make_it_ask_again_and_again(world: World, client: FlaskClient, issuer: Issuer) -> None:
    assert read(client, issuer.signed(right(issuer))) == 200
    before = issuer.asked.count("/keys")
    for number in range(200):
        assert read(client, issuer.signed(right(issuer), kid=f"unknown-{number}")) == 401
    assert issuer.asked.count("/keys") == before
    world.clock.at += 11
    for number in range(200):
        assert read(client, issuer.signed(right(issuer), kid=f"unknown-{number}")) == 401
    assert issuer.asked.count("/keys") == before + 1


def test_known_keys_count_while_the_provider_is_down(world: World, client: FlaskClient, issuer: Issuer) -> None:
    issuer.down = True
    assert read(client, issuer.signed(right(issuer))) == 503
    issuer.down = False
    world.clock.at += 11
    assert read(client, issuer.signed(right(issuer))) == 200
    issuer.down = True
    world.clock.at += 7200
    assert read(client, issuer.signed(right(issuer))) == 200


def test_keys_that_cannot_be_used_are_left_out(client: FlaskClient, issuer: Issuer) -> None:
    odd = [{"kty": "ML-DSA"}, {"kty": "RSA", "n": "!", "e": 1}, 7, {"kty": "oct", "k": "c2VjcmV0"}]
    issuer.change["/keys"] = lambda said: {"keys": [*odd, *said["keys"]]}
    assert read(client, issuer.signed(right(issuer))) == 200


def test_without_an_audience_no_token_counts(world: World, issuer: Issuer) -> None:
    client = world.client_of(settings(issuer, audience=""))
    assert read(client, issuer.signed(issuer.claims("aiops", groups=["sre"]))) == 401


def test_a_token_of_a_program_is_no_way_to_the_pages(client: FlaskClient, issuer: Issuer) -> None:
    assert client.post("/sign-in", data={"token": issuer.signed(right(issuer))}).status_code == 401


def test_bodies_of_strangers_are_not_read(world: World, issuer: Issuer) -> None:
    wanted = door(world.use_cases, settings(issuer)).wanted

    def is_wanted(token: str) -> bool:
        return wanted("POST", "/aiops/changes", {"AUTHORIZATION": f"Bearer {token}"})

    good = issuer.signed(right(issuer))
    assert is_wanted(good), "no key is known yet"
    assert issuer.asked == [], "the thread that reads requests asks nobody"
    world.client_of(settings(issuer)).get("/aiops/incidents", headers=shown(good))
    assert is_wanted(good)
    assert not is_wanted(issuer.signed(right(issuer, aud="another")))
    assert not is_wanted(issuer.signed(right(issuer), kid="unknown"))
    assert not is_wanted(issuer.unsigned(right(issuer)))
