"""The map and the list of services, as people see them."""

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW, Route
from made_up.samples import sample, simple
from made_up.world import World

from aiops.model import (
    Cause,
    CauseKind,
    Edge,
    Family,
    IncidentState,
    Labels,
    RootCause,
    SeriesState,
    Tier,
    Verdict,
    labels,
)

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def group(page: str, name: str) -> str:
    """The part of the drawing that is one node."""
    [found] = [
        one for one in re.findall(r'<g class="node.*?</g>', page, re.DOTALL) if f">{name}<" in one or f" {name}<" in one
    ]
    return found


def verdict(series: Labels, at: float, state: SeriesState, family: Family = Family.ERRORS) -> Verdict:
    return Verdict(
        series=series,
        family=family,
        at=at,
        observed=0.5,
        expected=0.02,
        lower=0.0,
        upper=0.05,
        score=4.0 if state else 0.1,
        confidence=0.9,
        tier=Tier.LEVEL,
        state=state,
    )


@pytest.fixture
def shop(world: World) -> World:
    world.metrics.routes = [
        Route("gateway", "POST", "/buy", 10.0, 0.4),
        Route("payment", "POST", "/payment", 8.0, 0.5),
        Route("mail", "POST", "/mail", 0.1),
    ]
    world.topology.known = [
        Edge(caller="gateway", callee="payment", rate=8.0, error_ratio=0.5, latency=0.042),
        Edge(caller="gateway", callee="mail", rate=0.1, latency=0.01),
        Edge(caller="payment", callee="bank", rate=8.0, latency=0.2, connection="virtual"),
        Edge(caller="payment", callee="payment", rate=0.5, latency=0.01),
    ]
    return world


def test_the_map_shows_who_calls_whom(shop: World) -> None:
    page = shop.client().get("/map").text
    for fact in (
        "<title>gateway → payment: 8.0 req/s, 50% errors, mean 42 ms</title>",
        "<title>users → gateway: 10 req/s, 40% errors, mean 40 ms</title>",
        "<title>payment → payment: 30.0 req/min, 0% errors, mean 10 ms</title>",
        '<g class="node virtual unknown"',
        "50% fail",
        "callee sends no telemetry",
    ):
        assert fact in page
    assert page.count('<g class="node') == 5
    assert page.count('<g class="call') == 5
    assert page.count("<tr>") == 6
    assert "style=" not in page


def test_cause_and_affected_services_are_marked(shop: World) -> None:
    one = sample()
    shop.keep(replace(one, affected_services=("payment", "gateway")), simple(2, affected_services=("mail",)))
    client = shop.client()
    page = client.get("/map").text
    assert 'class="ring"' in group(page, "payment")
    assert ">affected<" in group(page, "gateway")
    assert ">affected<" in group(page, "mail")
    assert ">affected<" not in group(page, "payment")
    assert f'href="/incidents/{one.id}"' in page
    alone = client.get(f"/map?incident={one.id}").text
    assert 'class="ring"' in group(alone, "payment")
    assert ">affected<" not in group(alone, "mail")
    assert "the map" not in words(client.get("/map?incident=INC-9-9", headers=HTML).text)
    assert client.get("/map?incident=INC-9-9", headers=HTML).status_code == 404


def test_a_service_that_does_not_hear_of_failed_calls_is_shown_with_those_of_its_callers(shop: World) -> None:
    shop.metrics.routes[1].errors = 0.0
    assert "8.0 req/s · 47% calls fail" in words(group(shop.client().get("/map").text, "payment"))


def test_calls_that_take_longer_than_expected_are_dashed(shop: World) -> None:
    of = labels(caller="gateway", callee="mail")
    shop.verdicts.record([verdict(of, NOW - 600, SeriesState.INCIDENT, Family.LATENCY)])
    page = shop.client().get(f"/map?at={NOW - 600}").text
    [slow] = re.findall(r'<g class="call[^"]* slow"><title>(.*?)</title>', page)
    assert slow == "gateway → mail: 6.0 req/min, 0% errors, mean 10 ms, expected 20 ms, slower than expected"
    assert "slower than expected" in words(page)


def test_a_past_time_shows_the_health_of_then(shop: World) -> None:
    payment = labels(service="payment", route="/payment", method="POST")
    gateway = labels(service="gateway", route="/buy", method="POST")
    onset = NOW - 600
    shop.verdicts.record([verdict(one, onset - 60, SeriesState.NORMAL) for one in (payment, gateway)])
    shop.verdicts.record([verdict(payment, onset, SeriesState.INCIDENT), verdict(gateway, onset, SeriesState.NORMAL)])
    shop.verdicts.record([verdict(one, onset + 60, SeriesState.INCIDENT) for one in (payment, gateway)])
    cause = RootCause(cause=Cause("payment", CauseKind.ERRORS), description="", confidence=0.9, interval=(0.8, 1.0))
    over = simple(
        state=IncidentState.RESOLVED,
        onset=onset,
        first_detected=onset + 15,
        resolved_at=NOW - 60,
        root_cause=cause,
        affected_services=("payment", "gateway"),
    )
    shop.keep(over)
    client = shop.client()
    before, first, spread, now = (
        client.get(f"/map{time}").text for time in (f"?at={onset - 60}", f"?at={onset}", f"?at={onset + 60}", "")
    )
    assert "ring" not in group(before, "payment")
    assert "healthy" in group(before, "payment")
    assert "ring" in group(first, "payment")
    assert "unhealthy" in group(first, "payment")
    assert ">affected<" not in group(first, "gateway")
    assert ">affected<" in group(spread, "gateway")
    assert "ring" not in group(now, "payment")
    assert "As it was at 2026-11-21" in first
    found = client.get(f"/aiops/topology?at={onset}").json
    assert found is not None
    nodes = {one["service"]: one for one in found["nodes"]}
    assert nodes["payment"]["causes"] == [over.id]
    assert (nodes["gateway"]["affected_by"], nodes["gateway"]["health"]["status"]) == ([], "healthy")


def test_the_times_to_go_to_are_links_that_keep_what_is_shown(shop: World) -> None:
    one = replace(sample(), affected_services=("payment",))
    shop.keep(one)
    page = shop.client().get("/map?focus=payment").text
    times = re.search(r'<nav class="times".*?</nav>', page, re.DOTALL)
    assert times
    links = re.findall(r'href="([^"]*)"', times[0])
    assert len(links) >= 6
    assert all("focus=payment" in link for link in links)
    assert f"onset of {one.id}" in words(times[0])
    assert f"detection of {one.id}" in words(times[0])
    client = shop.client()
    assert [client.get(link.replace("&amp;", "&")).status_code for link in links] == [200] * len(links)


def test_a_time_without_telemetry_says_so(shop: World) -> None:
    shop.metrics.routes, shop.topology.known = [], []
    page = shop.client().get(f"/map?at={NOW - 7200}")
    assert page.status_code == 200
    assert "No telemetry is stored of that time" in page.text
    assert shop.client().get(f"/aiops/topology?at={NOW - 7200}").status_code == 404


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("sort=colour", "`sort` must be one of errors, caller, callee, rate, latency, expected"),
        ("at=yesterday", "`at` must be RFC 3339"),
        (f"at={NOW + 3600}", "`at` must not be later than now"),
        ("at=2026-11-21T09:00:00", "`at` needs its zone"),
    ],
)
def test_wrong_questions_are_refused_in_a_sentence(client: FlaskClient, asked: str, said: str) -> None:
    answer = client.get(f"/map?{asked}", headers=HTML)
    assert answer.status_code == 400
    assert said in words(answer.text)


def test_the_table_of_calls_is_sorted_as_asked(shop: World) -> None:
    def callers(sort: str) -> list[str]:
        page = shop.client().get(f"/map?sort={sort}").text
        return [words(one) for one in re.findall(r'<tr>\s*<th scope="row">(.*?)</td>', page, re.DOTALL)]

    assert callers("rate")[0] == "users gateway"
    assert callers("latency")[0] == "payment bank"
    assert callers("caller")[:3] == ["users gateway", "gateway mail", "gateway payment"]
    assert callers("callee")[0] == "payment bank"
    assert callers("errors")[0] == "gateway payment"


def test_a_large_map_is_cut_to_what_is_near(world: World) -> None:
    world.metrics.routes = [Route(f"s{number}", "GET", "/", 1.0 + number / 100) for number in range(200)]
    world.topology.known = [
        Edge(caller=f"s{number}", callee=f"s{number + 1}", rate=1.0, latency=0.01) for number in range(199)
    ]
    client = world.client()
    page = client.get("/map").text
    assert page.count('<g class="node') == 3  # the busiest is the last of the chain
    assert "3 of 200" in words(page)
    assert page.count("<option") == 201
    near = client.get("/map?focus=s100").text
    assert page.count("<tr>") < near.count("<tr>")
    assert {f">{name}<" in near for name in ("s98", "s99", "s101", "s102")} == {True}
    assert near.count('<g class="node') == 5
    world.keep(simple(affected_services=("s50",)))
    assert " s50<" in client.get("/map").text
    assert "No service called unheard" in words(client.get("/map?focus=unheard").text)


def test_a_hub_has_more_neighbours_than_are_drawn(world: World) -> None:
    world.metrics.routes = [Route("hub", "GET", "/", 100.0)]
    world.topology.known = [
        Edge(caller="hub", callee=f"s{number}", rate=number, latency=0.01) for number in range(1, 101)
    ]
    page = world.client().get("/map").text
    assert "41 more of those are left out" in words(page)
    assert page.count('<g class="node') == 61  # with the users
    assert " s100<" in page or ">s100<" in page
    assert ">s1<" not in re.sub(r"<option.*?</option>", "", page)


def test_names_of_services_are_text(world: World) -> None:
    hostile = "<script>alert(1)</script>\"'&"
    world.metrics.routes = [Route(hostile, "GET", "/")]
    world.topology.known = [Edge(caller=hostile, callee=hostile * 2, rate=1.0, latency=0.1)]
    for path in ("/map", "/services", f"/map?focus={hostile}", f"/services?q={hostile}"):
        page = world.client().get(path).text
        assert "alert(1)" in page
        assert "<script>alert" not in page


def test_nothing_is_there_yet(client: FlaskClient) -> None:
    assert "No service has sent telemetry yet" in client.get("/map").text
    assert "No service has sent telemetry yet" in client.get("/services").text


def test_services_are_listed_worst_first(shop: World) -> None:
    shop.keep(replace(sample(), affected_services=("payment",)))
    page = shop.client().get("/services").text
    rows = re.findall(r'<tr class="(\w+)">\s*<th scope="row"><a [^>]*>([^<]+)', page)
    assert rows == [("unhealthy", "payment"), ("unknown", "gateway"), ("unknown", "mail")]
    for fact in ("8.0 req/s", "50%", "POST /payment", "mean 40 ms", "INC-1795253415-1"):
        assert fact in words(page)
    assert 'aria-current="page" data-key="s">Services' in page


def test_services_are_searched_and_paged(world: World) -> None:
    world.metrics.routes = [Route(f"service-{number:03}", "GET", "/") for number in range(250)]
    client = world.client()
    first, last = (client.get(f"/services{page}").text for page in ("", "?page=3"))
    assert first.count('<th scope="row">') == 100
    assert last.count('<th scope="row">') == 50
    assert "1 to 100 of 250" in first
    assert "201 to 250 of 250" in last
    assert client.get("/services?page=99").text.count('<th scope="row">') == 50
    found = client.get("/services?q=SERVICE-01").text
    assert found.count('<th scope="row">') == 10
    assert 'value="SERVICE-01"' in found
    assert "No service has a name that contains" in client.get("/services?q=nothing").text
    for page in ("0", "-1", "two", "1.5", "9" * 50):
        answer = client.get(f"/services?page={page}", headers=HTML)
        assert answer.status_code == 400
        assert "`page` must be a whole number from 1 to 3" in words(answer.text)
