"""All of history: the page of all incidents, its filters, and the same in the API."""

import html
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.samples import sample, simple
from made_up.world import World

from aiops.model import CauseKind, IncidentState, Severity

HTML = {"Accept": "text/html"}


def shown(client: FlaskClient, path: str) -> list[str]:
    """The ids of the incidents in the table."""
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return re.findall(r'id">(INC-\d+-\d+)<', answer.text)


def link(client: FlaskClient, path: str, which: str) -> str:
    found = re.search(rf'<a id="{which}"[^>]*href="([^"]+)"', client.get(path, headers=HTML).text)
    return html.unescape(found[1]) if found else ""


def test_all_of_history_is_reached_page_by_page(world: World, client: FlaskClient) -> None:
    over = {"state": IncidentState.RESOLVED, "resolved_at": NOW}
    world.keep(*(simple(number, fingerprint=f"{number:016x}", **over) for number in range(1, 121)))
    path, seen, pages = "/incidents?state=resolved", [], 0
    while path:
        some = shown(client, path)
        assert some
        seen += some
        pages += 1
        path = link(client, path, "older")
        assert not path or parse_qs(urlsplit(path).query)["state"] == ["resolved"]
    assert (pages, len(seen)) == (3, 120)
    assert seen == [f"INC-1795253415-{number}" for number in range(120, 0, -1)]


@pytest.fixture
def mixed(world: World) -> World:
    one = sample()
    assert one.root_cause is not None
    slow = replace(one.root_cause, cause=replace(one.root_cause.cause, service="inventory", kind=CauseKind.LATENCY))
    stock = replace(one, id="INC-1-3", key=f"{3:016x}", root_cause=slow, title="Slow stock")
    world.keep(
        replace(one, fingerprint="a" * 16),
        simple(2, severity=Severity.LOW, title="Queue 100% full", affected_services=("worker",)),
        replace(stock, affected_services=("inventory",)),
        simple(4, state=IncidentState.RESOLVED, resolved_at=NOW, first_detected=NOW - 40 * 86400),
    )
    return world


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", [4, 3, 2, 1]),
        ("state=active", [3, 2, 1]),
        ("state=resolved", [4]),
        ("severity=low", [2]),
        ("service=worker", [2]),
        ("kind=latency", [3]),
        ("kind=unknown", [4, 2]),
        ("within=30d", [3, 2, 1]),
        (f"until={NOW - 86400:.0f}", [4]),
        ("search=STOCK+slow", [3]),
        ("search=100%25", [2]),
        ("search=_", []),
        ("search=INC-1-3", [3]),
        ("search=slow+queue", []),
        ("state=active&severity=critical&kind=errors", [1]),
        ("fingerprint=aaaaaaaaaaaaaaaa", [1]),
    ],
)
def test_filters_of_the_page_and_of_the_api(mixed: World, query: str, numbers: list[int]) -> None:
    client = mixed.client()
    assert [int(one.rsplit("-", 1)[1]) for one in shown(client, f"/incidents?{query}")] == numbers
    if "within" not in query:
        asked = query if "state=" in query else f"state=all&{query}".rstrip("&")
        answer = client.get(f"/aiops/incidents?{asked}").json
        assert [int(one["id"].rsplit("-", 1)[1]) for one in answer["active_incidents"]] == numbers


def test_a_filter_stays_in_every_link_and_can_be_taken_away(mixed: World) -> None:
    page = mixed.client().get("/incidents?severity=low&search=queue", headers=HTML).text
    addresses = [html.unescape(one) for one in re.findall(r'href="(/incidents\?[^"]*)"', page)]
    assert any(parse_qs(urlsplit(one).query) == {"severity": ["low"]} for one in addresses)
    assert any(parse_qs(urlsplit(one).query) == {"search": ["queue"]} for one in addresses)
    states = [parse_qs(urlsplit(one).query) for one in addresses if "state=" in one]
    assert states
    assert all((one["severity"], one["search"]) == (["low"], ["queue"]) for one in states)


def test_incidents_that_are_alike_are_one_row(world: World, client: FlaskClient) -> None:
    over = {"state": IncidentState.RESOLVED, "resolved_at": NOW, "fingerprint": "b" * 16}
    world.keep(*(simple(number, first_detected=NOW - 3600 * number, **over) for number in range(1, 5)))
    world.keep(simple(5, fingerprint="c" * 16), simple(6), simple(7))
    assert shown(client, "/incidents") == [f"INC-1795253415-{number}" for number in (7, 6, 5, 4)]
    page = client.get("/incidents", headers=HTML).text
    assert page.count("4 times in 30 d") == 1
    assert len(shown(client, link(client, "/incidents", "each"))) == 7
    assert len(shown(client, f"/incidents?fingerprint={'b' * 16}")) == 4
    older = client.get("/incidents?state=active", headers=HTML).text
    assert "4 times" not in older


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("state=gone", "`state` must be one of active, open, acknowledged, resolved"),
        ("severity=5", "`severity` must be one of critical"),
        ("kind=mood", "`kind` must be one of errors"),
        ("within=2d", "`within` must be one of 1d, 7d, 30d"),
        ("since=today", "`since` must be RFC 3339"),
        ("since=20&until=10", "`since` must not be later than `until`"),
        ("cursor=x", "`cursor`"),
        ("fingerprint=zz", "`fingerprint` must be 16 hexadecimal digits"),
        (f"search={'x' * 2000}", "`search` must not be longer"),
    ],
)
def test_what_is_wrong_in_the_address_is_refused_with_its_name(client: FlaskClient, query: str, named: str) -> None:
    answer = client.get(f"/incidents?{query}", headers=HTML)
    assert (answer.status_code, answer.mimetype) == (400, "text/html")
    assert named in html.unescape(answer.text)


def test_without_incidents_it_is_calm_and_with_filters_it_helps(world: World, client: FlaskClient) -> None:
    assert "There has been no incident yet" in client.get("/incidents").text
    world.keep(simple())
    page = client.get("/incidents?severity=low").text
    assert "No incident fits" in page
    assert "show all incidents" in page
    assert 'id="all-incidents"' not in client.get("/").text  # nothing is over yet
    assert client.get("/incidents?search=<script>alert(1)</script>").text.count("<script>alert") == 0
