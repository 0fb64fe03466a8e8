"""What people see: the facts, nothing that runs, and help where something is missing."""

import html
import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW, Route
from made_up.samples import TRACE_ID, sample, sample_trace, simple
from made_up.world import World

from aiops import detect
from aiops.model import CauseKind, Family, IncidentState, Severity, Span, SpanKind, TimelineEntry, Trace, names
from aiops.presentation.filters import FAMILIES, KINDS, age
from aiops.presentation.numbers import percent, span_of_time
from aiops.web.waterfall import waterfall

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("routes", "silent_for", "incidents", "expected"),
    [
        pytest.param(0, 0, 0, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318", id="waiting"),
        pytest.param(1, 5, 0, "Nothing is wrong", id="calm"),
        pytest.param(1, 300, 0, "Telemetry stopped", id="stopped"),
        pytest.param(1, 5, 1, "1 incident active", id="trouble"),
        pytest.param(1, 300, 1, "Telemetry stopped", id="stopped in trouble"),
    ],
)
def test_the_list_says_how_things_are(
    world: World, client: FlaskClient, routes: int, silent_for: float, incidents: int, expected: str
) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment")] * routes
    world.metrics.silent_for = silent_for
    world.keep(*[simple()] * incidents)
    page = client.get("/").text
    assert expected in re.sub(r"<[^>]+>", "", page)
    assert ("Nothing is wrong" in page) == (expected == "Nothing is wrong")


def test_an_engine_that_does_not_look_does_not_say_that_all_is_well(world: World, client: FlaskClient) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment")]
    world.clock.at += 1000
    page = client.get("/").text
    assert "Nothing is wrong" not in page
    assert "the last cycle ended 1000 s ago" in page


def test_the_list_shows_the_urgent_first_and_the_resolved_last(world: World, client: FlaskClient) -> None:
    world.keep(
        sample(),
        simple(2, severity=Severity.LOW, title="A low one"),
        simple(3, state=IncidentState.RESOLVED, resolved_at=NOW - 60, resolution="quiet for 30 s", title="An old one"),
    )
    page = client.get("/").text
    assert (
        page.index("payment POST /payment fails · all failing ones are of payment 1.5.0<")
        < page.index("A low one")
        < page.index("An old one")
    )
    for fact in ("80% of requests fail (12 of 15; expected 1%)", "almost certain, 93%", "2026-11-21 ", "(5 min ago)"):
        assert fact in page


def test_a_gap_is_seen_and_incidents_still_are(world: World, client: FlaskClient) -> None:
    world.metrics.routes = [Route("payment", "POST", "/payment")]
    world.metrics.broken = True
    world.keep(simple())
    page = client.get("/")
    assert page.status_code == 200
    assert "disk full; make room" in page.text
    assert "Error spike in payment" in page.text


def test_an_incident_shows_what_broke_since_when_who_is_hit_and_why(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    page = client.get("/incidents/INC-1795253415-1").text
    for fact in (
        "payment POST /payment fails · all failing ones are of payment 1.5.0",
        "71% to 99%",
        "service.version",
        "checkout → inventory GET /inventory",
        "card processor refused",
        "PaymentError",
        "in 93% of the bad traces",
        f"/traces/{TRACE_ID}?span=00f067aa0ba902b7",
        "deployment of payment 1.5.0",
        "payment POST /payment: too many errors",
        "Acknowledge",
    ):
        assert fact in page


def test_an_incident_leads_to_grafana_at_its_time(world: World) -> None:
    client = world.client(grafana_url="http://grafana/")
    over = simple(2, state=IncidentState.RESOLVED, onset=NOW - 900, resolved_at=NOW - 600)
    world.keep(sample(), over)
    page = html.unescape(client.get("/incidents/INC-1795253415-1").text)
    since = f"from={NOW - 900:.0f}000&to=now"
    for address in (
        f"http://grafana/d/{names.DASHBOARD_SERVICE}?var-service=payment&{since}",
        f"http://grafana/d/{names.DASHBOARD_TRACING}?var-service=payment&{since}",
        f"http://grafana/d/{names.DASHBOARD_TRACING}?var-service=payment&{since}&var-trace={TRACE_ID}",
    ):
        assert f'href="{address}"' in page
    past = html.unescape(client.get(f"/incidents/{over.id}").text)
    assert f"from={NOW - 1500:.0f}000&to={NOW - 300:.0f}000" in past
    assert "var-trace" not in past
    assert "In Grafana" not in world.client().get(f"/incidents/{over.id}").text


def test_buttons_act_and_lead_back(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    for button, state in (("acknowledge", "acknowledged by local"), ("resolve", "resolved by local")):
        page = client.post(f"/incidents/INC-1795253415-1/{button}", follow_redirects=True)
        assert page.status_code == 200
        assert state in page.text
    assert "formaction" not in page.text


def test_a_button_pressed_too_late_explains_itself(world: World, client: FlaskClient) -> None:
    world.keep(simple(state=IncidentState.RESOLVED, resolved_at=NOW))
    page = client.post("/incidents/INC-1795253415-1/acknowledge", headers=HTML)
    assert (page.status_code, page.mimetype) == (409, "text/html")
    assert "is resolved since" in page.text
    assert 'href="/incidents/INC-1795253415-1"' in page.text


def test_nothing_hostile_runs(world: World, client: FlaskClient) -> None:
    one = sample()
    assert one.first_failing_span is not None
    assert one.root_cause is not None
    cause = replace(one.root_cause, description=HOSTILE, cause=replace(one.root_cause.cause, service=HOSTILE))
    world.keep(
        replace(
            one,
            title=HOSTILE,
            affected_services=(HOSTILE,),
            root_cause=cause,
            first_failing_span=replace(one.first_failing_span, name=HOSTILE, status=HOSTILE, trace_id=HOSTILE),
            timeline=(TimelineEntry(NOW, HOSTILE, HOSTILE),),
        )
    )
    spans = tuple(replace(span, name=HOSTILE, status_message=HOSTILE) for span in sample_trace().spans)
    world.traces.known[TRACE_ID] = Trace(TRACE_ID, spans)
    for path in ("/", "/incidents/INC-1795253415-1", f"/traces/{TRACE_ID}", f"/incidents/{HOSTILE}", f"/{HOSTILE}"):
        page = client.get(path, headers=HTML).text
        assert "alert(1)" in page
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_a_trace_is_an_indented_waterfall(world: World, client: FlaskClient) -> None:
    world.traces.known[TRACE_ID] = sample_trace()
    page = client.get(f"/traces/{TRACE_ID}").text
    assert page.count("first failing span") == 1
    assert "500 · PaymentError · card processor refused" in page
    assert "8 in 4 services, 5 failed" in page


def test_a_waterfall_keeps_every_span_once() -> None:
    def span(name: str, parent: str, start: float) -> Span:
        return Span(
            trace_id=TRACE_ID,
            span_id=name,
            parent_id=parent,
            service="a",
            name=name,
            kind=SpanKind.INTERNAL,
            start=start,
            duration=1.0,
        )

    spans = [span("a", "", 0), span("c", "a", 2), span("b", "a", 1), span("orphan", "gone", 3), span("self", "self", 4)]
    spans += [span("x", "y", 5), span("y", "x", 6)]
    found = waterfall(Trace(TRACE_ID, tuple(spans)))
    assert [(row.span.name, row.depth) for row in found.rows] == [
        ("a", 0),
        ("b", 1),
        ("c", 1),
        ("orphan", 0),
        ("self", 0),
        ("x", 0),
        ("y", 1),
    ]
    assert found.first_failing is None


def test_a_deep_trace_is_drawn_in_part(world: World, client: FlaskClient) -> None:
    spans = [
        Span(
            trace_id=TRACE_ID,
            span_id=str(n),
            parent_id=str(n - 1) if n else "",
            service="a",
            name="deep",
            kind=SpanKind.INTERNAL,
            start=NOW,
            duration=1.0,
        )
        for n in range(3000)
    ]
    world.traces.known[TRACE_ID] = Trace(TRACE_ID, tuple(spans))
    assert "Spans 1 to 200 of 3000" in client.get(f"/traces/{TRACE_ID}").text


@pytest.mark.parametrize(
    ("path", "help_given"),
    [
        pytest.param("/incidents/INC-9", "no incident INC-9", id="incident"),
        pytest.param(f"/traces/{'0' * 32}", "or not any more", id="trace"),
        pytest.param("/nowhere", "nothing at /nowhere", id="page"),
    ],
)
def test_what_is_missing_leads_on(world: World, client: FlaskClient, path: str, help_given: str) -> None:
    world.keep(simple())
    page = client.get(path, headers=HTML)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert help_given in page.text
    assert "INC-1795253415-1" in page.text
    assert client.get(path).mimetype == "application/problem+json"


@pytest.mark.parametrize("name", ["aiops.css", "aiops.svg", "page.js"])
def test_pages_bring_all_they_need(client: FlaskClient, name: str) -> None:
    with client.get(f"/static/{name}") as answer:
        assert answer.status_code == 200
    page = client.get("/").text
    assert f"/static/{name}" in page
    assert "style=" not in page  # the content security policy would drop it
    assert not re.search(r"(src|href)=\"(https?:)?//", page)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "0 s"), (59, "59 s"), (250, "4 min 10 s"), (7500, "2 h 5 min"), (262800, "3 d 1 h")]
)
def test_lengths_of_time_are_read_in_two_units(seconds: float, expected: str) -> None:
    assert span_of_time(seconds) == expected
    assert age(0, seconds) == (f"{expected} ago" if seconds else "just now")


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(0, "0%"), (0.0001, "< 0.1%"), (0.012, "1.2%"), (0.5, "50%"), (0.999, "99.9%"), (0.99999, "99.9%"), (1, "100%")],
)
def test_percents_tell_rare_from_never(ratio: float, expected: str) -> None:
    assert percent(ratio) == expected


def test_every_kind_of_cause_and_symptom_has_words() -> None:
    assert set(KINDS) == set(CauseKind)
    assert set(FAMILIES) == {one.name for one in detect.FAMILIES} | {Family.NO_TELEMETRY}
