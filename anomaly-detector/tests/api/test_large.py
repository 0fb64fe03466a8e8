"""Large answers: bounded, with a word about how to ask for less or for the rest."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW, Route
from made_up.samples import sample_trace, simple
from made_up.world import World

from aiops.model import Severity, Trace
from aiops.model.errors import TooMuch
from aiops.service.telemetry import VALUES
from aiops.sources.common.bounds import SPANS_AT_ONCE, check_size, spans_each
from aiops.sources.common.spans import trimmed
from aiops.web.waterfall import MOST_ROWS


def test_four_hundred_series_of_eleven_thousand_steps_are_too_many(world: World, client: FlaskClient) -> None:
    world.metrics.routes = [Route("shop", "GET", f"/{one}") for one in range(400)]
    asked = {"metric": "requests", "by": "service,route,method", "step": "15", "since": NOW - 150_000, "until": NOW}
    answer = client.get("/aiops/series", query_string=asked)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    detail = answer.json["detail"]  # type: ignore[index]
    assert detail.startswith("400 series of 10,000 steps are 4,000,000 values, of 250,000 allowed: take less time")
    fewer = client.get("/aiops/series", query_string={**asked, "step": "3600"})
    assert fewer.status_code == 200
    assert len(fewer.json["series"]) == 400  # type: ignore[index]


def test_a_bound_of_nothing_is_none() -> None:
    check_size(10_000, 10_000, 0)
    check_size(1, VALUES, VALUES)
    with pytest.raises(TooMuch):
        check_size(1, VALUES + 1, VALUES)


def test_many_traces_are_read_in_part_and_one_almost_whole() -> None:
    assert spans_each(1) == 20_000
    assert spans_each(120) * 120 <= SPANS_AT_ONCE
    assert spans_each(10_000) == 200


def huge(spans: int) -> Trace:
    """One request that calls very often; the last call fails."""
    [root, child, *_] = sample_trace().spans
    root = replace(root, parent_id="", span_id="r", duration=100.0, failed=False)
    calls = [
        replace(child, span_id=f"{at:08x}", parent_id="r", start=root.start + at * 0.001, failed=False, duration=0.001)
        for at in range(spans - 1)
    ]
    return Trace(root.trace_id, (root, *calls[:-1], replace(calls[-1], failed=True)))


def test_what_failed_and_what_took_longest_stays_of_a_huge_trace() -> None:
    kept = trimmed(huge(5000), 10)
    assert (len(kept.spans), kept.left_out) == (10, 4990)
    assert kept.spans[0].span_id == "r"
    assert kept.spans[-1].failed
    assert trimmed(kept, 10) is kept


def test_every_span_of_a_huge_trace_can_be_reached(world: World, client: FlaskClient) -> None:
    whole = huge(20_000)
    world.traces.known = {whole.trace_id: replace(whole, left_out=7)}
    page = client.get(f"/traces/{whole.trace_id}").text
    assert f"Spans 1 to {MOST_ROWS} of 20000" in page
    assert page.count('<li class="at ') == MOST_ROWS
    assert "7 more spans are in the store" in page
    assert f"/traces/{whole.trace_id}?from={MOST_ROWS}" in page
    assert "Those before" not in page
    begins = 20_000 - MOST_ROWS // 2
    last = client.get(f"/traces/{whole.trace_id}?from={begins}").text
    assert f"Spans {begins + 1} to 20000 of 20000" in last
    assert "first failing span" in last
    assert f"?from={begins - MOST_ROWS}" in last
    assert "Those after" not in last
    for odd in ("-5", "x", "99999999"):
        assert client.get(f"/traces/{whole.trace_id}?from={odd}").status_code == 400


def test_a_thousand_incidents_are_counted_and_not_all_shown(world: World, client: FlaskClient) -> None:
    world.keep(simple(1, severity=Severity.CRITICAL, title="the oldest"), *(simple(at) for at in range(2, 1001)))
    page = client.get("/").text
    assert "1000 incidents active" in page
    assert page.count('<li class="card') <= 200
    assert "800 more" in page
    assert "the oldest" in page
