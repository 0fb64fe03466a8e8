"""How often somebody may ask pages and API."""

from collections.abc import Mapping
from typing import Final

import pytest
from flask.testing import FlaskClient
from made_up.world import World

from aiops.access import address_key

TOKENS: Final = {"maria": "0123456789abcdef-maria", "eve": "0123456789abcdef-eve"}
MOST: Final = 30


@pytest.fixture
def client(world: World) -> FlaskClient:
    return world.client(host="0.0.0.0", tokens=TOKENS, limit={"requests": MOST})


def read(
    client: FlaskClient, path: str = "/aiops/incidents", token: str = "", address: str = "10.0.0.1"
) -> tuple[int, Mapping[str, str]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = client.get(path, headers=headers, environ_overrides={"REMOTE_ADDR": address})
    return answer.status_code, answer.headers


def test_who_asks_too_often_is_told_when_to_ask_again(world: World, client: FlaskClient) -> None:
    token = TOKENS["maria"]
    assert [read(client, token=token)[0] for _ in range(MOST)] == [200] * MOST
    status, headers = read(client, token=token)
    assert (status, headers["Retry-After"]) == (429, "2")
    assert read(client, token=token, address="10.0.0.2")[0] == 429, "the holder counts, wherever they ask from"
    assert read(client, token=TOKENS["eve"])[0] == 200, "others are not concerned"
    assert "aiops_requests_limited_total 2.0" in client.get("/metrics").text
    world.clock.at += 2
    assert read(client, token=token)[0] == 200


def test_strangers_count_by_their_address(client: FlaskClient) -> None:
    assert [read(client)[0] for _ in range(MOST)] == [401] * MOST
    assert read(client)[0] == 429
    assert read(client, token="nobody-has-this-token")[0] == 429, "guessing tokens counts too"
    assert read(client, "/sign-in")[0] == 429
    assert read(client, "/static/aiops.css")[0] == 429
    assert read(client, address="10.0.0.2")[0] == 401
    assert read(client, token=TOKENS["maria"])[0] == 200, "who is known does not suffer from others at the address"


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
def test_probes_may_be_asked_without_end(client: FlaskClient, path: str) -> None:
    assert 429 not in [read(client, path)[0] for _ in range(2 * MOST)]


@pytest.mark.parametrize("settings", [{"host": "0.0.0.0", "tokens": TOKENS, "limit": {"requests": 0}}, {}])
def test_there_may_be_no_limit(world: World, settings: dict[str, object]) -> None:
    client = world.client(**(settings or {"limit": {"requests": 1}}))
    token = TOKENS["maria"] if settings else ""
    assert {read(client, token=token)[0] for _ in range(MOST)} == {200}


def test_a_person_reads_a_page(client: FlaskClient) -> None:
    for _ in range(MOST):
        read(client)
    page = client.get("/", headers={"Accept": "text/html"}, environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
    assert (page.status_code, "Too many requests" in page.text) == (429, True)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("", ""),
    ],
)
def test_an_ipv6_network_counts_as_one(address: str, key: str) -> None:
    assert address_key(address) == key
