"""A new version beside the old one: the sentence in the API and on the page of the service."""

import html
import re
from dataclasses import replace

from flask.testing import FlaskClient
from made_up.fakes import NOW, Route
from made_up.samples import sample_trace
from made_up.world import World

from aiops.model import Actor, Change, Trace, Unread


def serve(world: World, begin: int, new: int, old: int, failing: int = 0, seconds: float = 0.1) -> None:
    """Let both versions of payment serve requests now; of the new ones some fail."""
    span = next(one for one in sample_trace().spans if one.service == "payment")
    fine = replace(span, failed=False, http_status=200, start=world.clock.at - 30, route="/payment", method="POST")
    world.traces.known = {}
    for number in range(begin, begin + new + old):
        fresh = number < begin + new
        one = replace(
            fine,
            trace_id=f"{number:032x}",
            version="1.5.0" if fresh else "1.4.2",
            failed=number < begin + failing,
            duration=(seconds if fresh else 0.1) * (1 + number % 7 / 100),
        )
        world.traces.known[one.trace_id] = Trace(one.trace_id, (one,))


def deployed(world: World) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment")]
    change = Change(at=NOW - 60, who="ci", kind="deployment", service="payment", version="1.5.0", text="")
    world.use_cases.incidents.record_change(change, Actor("ci"))


def told(client: FlaskClient) -> tuple[str | None, str]:
    """The sentence of the API, and the words on the page."""
    found = client.get("/aiops/changes").json
    assert found is not None
    page = client.get("/services/payment?range=1h").text
    words = html.unescape(re.sub(r"<[^>]+>", " ", page[page.index('id="changes"') :]))
    return found["changes"][0]["verdict"], " ".join(words.split())


def test_a_version_that_is_worse_is_said_with_its_numbers(world: World, client: FlaskClient) -> None:
    deployed(world)
    assert told(client)[0] is None
    serve(world, 0, new=5, old=30)
    assert world.use_cases.versions.judge() == 1
    sentence, page = told(client)
    assert sentence == "1.5.0 beside 1.4.2 since 09:34 UTC: not enough requests to compare (5 and 30)"
    assert sentence in page
    world.clock.at += 60
    serve(world, 100, new=30, old=30, failing=15, seconds=0.4)
    world.use_cases.versions.judge()
    sentence, page = told(client)
    assert sentence is not None
    assert re.fullmatch(
        r"1\.5\.0 beside 1\.4\.2 since 09:34 UTC: errors 43% vs 0%, p95 424 ms vs 106 ms: worse", sentence
    ), sentence
    assert f"worse {sentence}" in page
    found = client.get("/aiops/changes").json
    assert found is not None
    assert found["changes"][0]["comparison"]["reasons"] == ["errors", "latency"]


def test_a_version_that_is_no_worse_is_said_and_kept(world: World, client: FlaskClient) -> None:
    deployed(world)
    for minute in range(1, 6):
        world.clock.at = NOW + 60 * minute
        serve(world, 100 * minute, new=30, old=30)
        world.use_cases.versions.judge()
    sentence, page = told(client)
    assert sentence == "1.5.0 beside 1.4.2 since 09:34 UTC: errors 0% vs 0%, p95 106 ms vs 106 ms: no worse"
    assert f"no worse {sentence}" in page
    world.clock.at += 7200
    world.traces.asked.clear()
    assert world.use_cases.versions.judge() == 0, "it is followed for an hour"
    assert world.traces.asked == []


def test_traces_that_cannot_be_read_change_nothing(world: World, client: FlaskClient) -> None:
    deployed(world)
    serve(world, 0, new=5, old=30)
    world.traces.refusal = Unread("too many questions")
    assert world.use_cases.versions.judge() == 0
    world.traces.refusal = None
    assert world.use_cases.versions.judge() == 1
    assert told(client)[0] is not None


def test_only_one_version_is_no_comparison(world: World, client: FlaskClient) -> None:
    deployed(world)
    serve(world, 0, new=50, old=0)
    assert world.use_cases.versions.judge() == 0
    assert told(client)[0] is None
