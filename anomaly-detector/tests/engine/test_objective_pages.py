"""The page of an objective and its API: how the budget was spent, its groups, and its bad requests."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from flask.testing import FlaskClient

from aiops.engine.objectives import Budgets
from aiops.model import Population, Query, Ratio, Server, Trace, Unread
from aiops.model.errors import SourceError
from aiops.service.bad_requests import FRESH_SECONDS
from aiops.service.slos import HISTORIES

from .test_objectives import SLO, client
from .world import AT_ONCE, World


@dataclass
class Shop(World):
    """A world in which every failure is of one tenant, and requests go to so many routes."""

    routes: int = 1

    def _span(self, scope: Any, trace: bytes, *rest: Any) -> None:  # type: ignore[override]
        super()._span(scope, trace, *rest)
        one, (*_, bad) = scope.spans[-1], rest
        if one.kind == 2:
            one.attributes.add(key="tenant").value.string_value = "acme" if bad else f"other-{trace[1] % 3}"
        if self.routes > 1 and one.kind == 2:
            [route] = [each for each in one.attributes if each.key == "http.route"]
            route.value.string_value = f"/pay/{trace[0] % self.routes}"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Shop]:
    one = Shop(tmp_path)
    yield one
    one.close()


@pytest.fixture
def web(world: Shop) -> FlaskClient:
    return client(world)


def by_route(world: Shop, routes: int) -> None:
    """Split the objective by route."""
    budgets = world.engine.budgets
    assert isinstance(budgets, Budgets)
    slo = budgets.objectives.slos[0]
    assert isinstance(slo.indicator, Server)
    split = replace(slo, indicator=replace(slo.indicator, route=""), group_by=("http.route",))
    budgets.objectives = replace(budgets.objectives, slos=(split,))
    budgets.__post_init__()
    world.routes = routes


def fault(world: Shop) -> None:
    world.live(40, every=AT_ONCE)
    world.failing = 0.6
    world.live(8)


def test_the_history_ends_with_the_numbers(world: Shop, web: FlaskClient) -> None:
    fault(world)
    body = web.get(f"/aiops/slos/{SLO}").json
    [group] = body["groups"]
    history = group["history"]
    assert history["bucket_seconds"] == 3600
    assert history["buckets"][-1]["budget_left"] == pytest.approx(group["budget_left"], abs=1e-5)
    assert sum(one["bad_events"] for one in history["buckets"]) == group["bad_events"]
    now, gone = history["projection"]
    assert (now["budget_left"], gone["budget_left"]) == (group["budget_left"], 0.0)
    [incident] = world.incidents()
    assert [one["incident"] for one in body["incidents"]] == [incident.id]
    page = web.get(f"/slos/{SLO}").text
    assert 'aria-label="Good requests, per 1 h: last ' in page
    assert 'aria-label="Error budget left: last ' in page
    assert re.search(r'<path class="line projected" d="M[^"]+"', page)
    assert 'class="flag burn"' in page
    assert 'class="flag onset"' in page
    assert f'/incidents/{incident.id}"' in page
    assert "burning now" in page


def test_nothing_counted_has_no_picture(web: FlaskClient) -> None:
    page = web.get(f"/slos/{SLO}").text
    assert "it is not counted here" in page
    assert '<figure class="chart' not in page


def test_what_bad_requests_have_in_common_leads_to_them(world: Shop, web: FlaskClient) -> None:
    fault(world)
    body = web.get(f"/aiops/slos/{SLO}/bad-requests").json
    assert body["why"] is None
    found = {(one["service"], one["attribute"], one["value"]): one for one in body["differences"]}
    difference = found["gateway", "tenant", "acme"]
    assert (difference["share_of_selection"], difference["share_of_rest"]) == (1.0, 0.0)
    page = web.get(f"/slos/{SLO}").text
    links = [html.unescape(one) for one in re.findall(r'href="(/traces\?[^"]+)"', page)]
    assert len(links) == 1 + len(body["differences"])
    for link in links:
        answer = web.get(f"/aiops{link}").json
        assert answer["traces"], link
        if "service=gateway" in link:
            assert all(one["failed"] for one in answer["traces"])


def test_an_answer_is_given_again_for_a_minute(world: Shop, web: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fault(world)
    asked: list[Population] = []
    source = world.engine.traces
    read = source.populations

    def counted(wanted: Sequence[Population]) -> Sequence[list[Trace] | Unread]:
        asked.extend(wanted)
        return read(wanted)

    monkeypatch.setattr(source, "populations", counted)
    for _ in range(3):
        assert web.get(f"/slos/{SLO}").status_code == 200
    assert len(asked) == 2
    world.clock.time += FRESH_SECONDS
    web.get(f"/slos/{SLO}")
    assert len(asked) == 4


def test_without_bad_requests_no_trace_is_read(world: Shop, web: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    world.live(20, every=AT_ONCE)
    monkeypatch.setattr(world.engine.traces, "populations", lambda _: pytest.fail("traces were read"))
    assert "There was no bad request in the last hour." in web.get(f"/slos/{SLO}").text
    assert web.get(f"/aiops/slos/{SLO}/bad-requests").json["why"]


def test_after_a_quiet_hour_the_last_burn_is_compared(world: Shop, web: FlaskClient) -> None:
    fault(world)
    world.failing = 0.0
    world.live(20, every=AT_ONCE)
    world.clock.time += 3700.0
    world.live(20, every=AT_ONCE)
    body = web.get(f"/aiops/slos/{SLO}/bad-requests").json
    assert body["since"] < web.get(f"/aiops/slos/{SLO}").json["burns"][0]["since"] < body["until"]
    assert "tenant" in {one["attribute"] for one in body["differences"]}


def test_a_store_of_traces_that_is_away_takes_its_part_only(
    world: Shop, web: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault(world)

    def away(_: Sequence[Population]) -> None:
        raise SourceError("Tempo does not answer")

    monkeypatch.setattr(world.engine.traces, "populations", away)
    page = web.get(f"/slos/{SLO}")
    assert (page.status_code, "Traces could not be read: Tempo does not answer." in page.text) == (200, True)
    assert "Error budget left" in page.text
    assert web.get(f"/aiops/slos/{SLO}/bad-requests").status_code == 503
    monkeypatch.setattr(world.engine.traces, "populations", lambda wanted: [Unread() for _ in wanted])
    assert "has no time for this question now" in web.get(f"/slos/{SLO}").text


def test_what_is_no_request_has_no_traces(world: Shop, web: FlaskClient) -> None:
    budgets = world.engine.budgets
    assert isinstance(budgets, Budgets)
    orders = Ratio(Query(metric="orders"), Query(metric="failed"))
    one = replace(budgets.objectives.slos[0], indicator=orders)
    budgets.objectives = replace(budgets.objectives, slos=(one,))
    budgets.__post_init__()
    world.live(5)
    assert "counts a metric" in web.get(f"/aiops/slos/{SLO}/bad-requests").json["why"]
    page = web.get(f"/slos/{SLO}").text
    assert "counts a metric" in page
    assert "/traces?" not in page


def test_of_many_groups_the_worst_are_drawn_and_each_has_an_address(world: Shop, web: FlaskClient) -> None:
    by_route(world, 5)
    fault(world)
    body = web.get(f"/aiops/slos/{SLO}").json
    assert [one["history"] is not None for one in body["groups"]] == [True] * HISTORIES + [False] * (5 - HISTORIES)
    page = web.get(f"/slos/{SLO}").text
    assert page.count('<figure class="chart') == 2 * HISTORIES
    last = body["groups"][-1]["group"]["http.route"]
    address = f"/slos/{SLO}?{urlencode({'group': f'http.route={last}'})}"
    assert unquote(address) in unquote(html.unescape(page))
    assert f"/slos/{SLO}?" in web.get("/slos").text
    [alone] = web.get(f"/aiops{address}").json["groups"]
    assert alone["group"] == {"http.route": last}
    assert alone["history"]["buckets"]
    one = web.get(address).text
    assert one.count('<figure class="chart') == 2
    assert "All groups of this objective" in one
    compared = web.get(f"/aiops/slos/{SLO}/bad-requests?{address.partition('?')[2]}").json
    assert compared["group"] == {"http.route": last}


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("group=http.route=/none", 404, "has no group 'http.route=/none'"),
        ("group=nonsense", 400, "`group` must be name=value"),
        ("group==x", 400, "`group` must be name=value"),
        ("group=a=1&group=a=2", 400, "twice"),
    ],
)
@pytest.mark.parametrize("path", [f"/slos/{SLO}", f"/aiops/slos/{SLO}", f"/aiops/slos/{SLO}/bad-requests"])
def test_groups_asked_wrongly(world: Shop, web: FlaskClient, path: str, query: str, status: int, said: str) -> None:
    world.live(5)
    answer = web.get(f"{path}?{query}")
    assert (answer.status_code, said in html.unescape(answer.text)) == (status, True)


def test_the_sentence_and_the_mark_agree(world: Shop, web: FlaskClient) -> None:
    """Less is good than was promised, nobody has to be told of it, and most of the budget is left."""
    budgets = world.engine.budgets
    assert isinstance(budgets, Budgets)
    patient = replace(budgets.objectives.slos[0], min_bad_events=1000)
    budgets.objectives = replace(budgets.objectives, slos=(patient,))
    budgets.__post_init__()
    world.failing = 0.06
    world.live(20, every=AT_ONCE)
    [one] = web.get("/aiops/slos").json["slos"]
    assert (one["state"], one["good_ratio"] < 0.9999, one["budget_left"] > 0) == ("ok", True, True)
    page = web.get("/slos").text
    assert "1 of 1 objective is below target since data began" in page
    assert "below target so far" in page
    assert "on target" not in page
    assert "so that budget is left although less than 99.99% was good since data began" in web.get(f"/slos/{SLO}").text
