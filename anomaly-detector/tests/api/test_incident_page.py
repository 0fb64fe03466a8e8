"""The page of an incident: the six questions on the first screen, and the evidence behind each answer."""

import html
import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW, Route
from made_up.samples import TRACE_ID, sample, sample_evidence, sample_trace, simple
from made_up.world import World

from aiops.model import (
    Actor,
    Alert,
    AlertState,
    Cause,
    CauseKind,
    CauseMeasure,
    Edge,
    Family,
    Incident,
    IncidentEvent,
    IncidentState,
    Labels,
    SeriesState,
    Tier,
    TimelineEntry,
    Transition,
    Verdict,
    labels,
)
from aiops.presentation.timeline import bursts
from aiops.service.picture import STEPS, shown_window

PAGE = "/incidents/INC-1795253415-1"
PAYMENT = labels(service="payment", route="/payment", method="POST")
CHECKOUT = labels(service="gateway", route="/checkout", method="POST")
CALL = labels(caller="checkout", callee="payment")
STEP = 15.0


def judged(series: Labels, family: Family = Family.ERRORS, usual: float = 0.001, bad: float = 0.8) -> list[Verdict]:
    """Twenty minutes of a series that is in trouble since five minutes."""
    return [
        Verdict(
            series=series,
            family=family,
            at=NOW - STEP * back,
            observed=bad if back < 20 else usual,
            expected=usual,
            lower=0.0,
            upper=2 * usual,
            score=5.0 if back < 20 else 0.1,
            confidence=0.9,
            tier=Tier.LEVEL,
            state=SeriesState.INCIDENT if back < 20 else SeriesState.NORMAL,
        )
        for back in range(80, -1, -1)
    ]


def lived(world: World, one: Incident, evidence: bool = True) -> None:
    """An incident with the telemetry that it is of."""
    world.metrics.routes = [
        Route("gateway", "POST", "/checkout", rate=2.0, errors=0.8),
        Route("gateway", "GET", "/products", rate=6.0),
        Route("payment", "POST", "/payment", errors=0.8),
    ]
    world.topology.known = [
        Edge(caller="gateway", callee="checkout", rate=2.0, error_ratio=0.8, latency=0.3),
        Edge(caller="checkout", callee="payment", rate=2.0, error_ratio=0.8, latency=0.2),
        Edge(caller="gateway", callee="catalog", rate=6.0, error_ratio=0.0, latency=0.01),
    ]
    world.verdicts.recorded = [*judged(PAYMENT), *judged(CHECKOUT), *judged(CALL)]
    event = IncidentEvent(Transition.OPENED, one, sample_evidence() if evidence else None)
    world.store.save_cycle(NOW, NOW, (), [event])


def failing(**fields: object) -> Incident:
    one = sample()
    assert one.root_cause is not None
    root = replace(one.root_cause, measured=CauseMeasure(Family.ERRORS, 0.8, 0.001))
    symptoms = ((PAYMENT, "errors"), (CHECKOUT, "errors"), (CALL, "errors"))
    return replace(one, root_cause=root, symptoms=symptoms, evidence_at=NOW - 285, **fields)


def caused(kind: CauseKind, measured: CauseMeasure, caller: str = "") -> Incident:
    one = failing()
    assert one.root_cause is not None
    cause = Cause("payment", kind, "/payment", "POST", caller)
    return replace(one, root_cause=replace(one.root_cause, cause=cause, measured=measured, dimensions=(), change=None))


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_the_first_screen_answers_the_six_questions(world: World, client: FlaskClient) -> None:
    lived(world, failing())
    page = client.get(PAGE).text
    said = text_of(page[: page.index('class="evidence"')])
    for answer in (
        "80% of requests to payment POST /payment fail (normally 0.1%) · all failing ones are of payment 1.5.0",
        "2026-11-21 09:30:00 UTC (5 min ago)",
        "504 failed requests , 20% of all requests",
        "gateway POST /checkout",
        "Calls from users to gateway: 80% fail; gateway to checkout: 80% fail; checkout to payment: 80% fail. "
        "The cause is payment.",
        "It began with the deployment of payment 1.5.0, 4 min before",
        "Almost certain, 93% of such answers were right, 71% to 99% : "
        "in 38 of 41 bad traces that were read it starts at payment POST /payment",
        "payment's own work fails",
        "a fault of payment 1.5.0, and a fault of the host that it runs on",
        "critical: what users call fails for all of them",
        "Steady : 80% in the last 2 min, 80% in the worst",
        "Else it could be checkout → inventory GET /inventory",
        "Take payment 1.5.0 out of service",
    ):
        assert answer in said
    assert 'aria-label="payment POST /payment: failing requests: last 80%' in page
    assert 'aria-label="gateway POST /checkout: failing requests: last 80%' in page


def test_every_link_to_evidence_leads_somewhere_and_nothing_empty_is_shown(world: World, client: FlaskClient) -> None:
    lived(world, failing())
    full = client.get(PAGE).text
    world.store.save_cycle(
        NOW, NOW, (), [IncidentEvent(Transition.OPENED, simple(2, trace_correlation=sample().trace_correlation))]
    )
    bare = client.get("/incidents/INC-1795253415-2").text
    for page in (full, bare):
        ids = re.findall(r'id="([^"]+)"', page)
        assert len(ids) == len(set(ids))
        assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
        assert "style=" not in page
        assert not re.search(r"<(ol|ul|tbody)[^>]*>\s*</\1>", page)
    for name in ("tree", "calls", "shared", "changes", "queries", "alternatives", "twins"):
        assert f'id="{name}"' not in bare
    assert "Objectives None watches payment" in text_of(bare)
    assert f'/traces/{TRACE_ID}"' in bare


def test_a_bad_trace_stands_beside_a_good_one(world: World, client: FlaskClient) -> None:
    lived(world, failing())
    page = client.get(PAGE).text
    table = page[page.index('id="traces"') :]
    row = text_of(table[table.index("<tbody>") : table.index("</tbody>")])
    assert row.startswith("checkout POST /checkout 310 ms, ✕ failed")
    assert "checkout POST /checkout 40 ms, answered" in row


def test_delays_are_written_as_what_they_add(world: World, client: FlaskClient) -> None:
    lived(world, caused(CauseKind.NETWORK, CauseMeasure(Family.LATENCY, 0.43, 0.044), "checkout"))
    world.verdicts.recorded += judged(CALL, Family.LATENCY, 0.044, 0.43)
    page = client.get(PAGE).text
    assert "Calls from checkout to payment lose 386 ms on the way there or back" in page
    assert "checkout to payment: +156 ms. The cause is the way from checkout to payment." in text_of(page)
    assert re.search(r'class="arrow loud ringed"><span>\+156', page)


@pytest.mark.parametrize("kind", [CauseKind.TIMEOUT, CauseKind.DOWN])
def test_what_does_not_answer_is_one_place(world: World, client: FlaskClient, kind: CauseKind) -> None:
    one = caused(kind, CauseMeasure(Family.ERRORS, 1.0, 0.0))
    assert one.first_failing_span is not None
    lived(world, replace(one, first_failing_span=replace(one.first_failing_span, service="checkout", name="POST")))
    page = text_of(client.get(PAGE).text)
    assert "last seen leaving checkout for payment" in page
    assert "First failing span" not in page


def test_a_source_that_does_not_answer_is_a_gap_and_the_rest_stays(world: World, client: FlaskClient) -> None:
    lived(world, failing())
    world.metrics.broken = True
    answer = client.get(PAGE)
    assert answer.status_code == 200
    assert "disk full; make room" in answer.text
    assert "Take payment 1.5.0 out of service" in answer.text


def test_a_burst_of_symptoms_is_one_row_that_opens(world: World, client: FlaskClient) -> None:
    burst = [TimelineEntry(NOW - 285, "anomaly", f"symptom {number}") for number in range(10)]
    later = TimelineEntry(NOW - 200, "anomaly", "another")
    rows = list(bursts((TimelineEntry(NOW - 300, "onset", "begins"), *burst, later)))
    assert [(row.what, len(row.entries)) for row in rows] == [("anomaly", 1), ("anomaly", 10), ("onset", 1)]
    lived(world, failing(timeline=(*burst, later)))
    page = client.get(PAGE).text
    assert page.count("<details id=") == 1
    assert "10 symptoms" in page
    assert all(entry.text in page for entry in burst)


def test_alerts_and_states_stand_on_the_axis_of_the_charts(world: World, client: FlaskClient) -> None:
    lived(world, failing())
    alert = Alert(
        fingerprint="a",
        starts_at=NOW - 150,
        state=AlertState.FIRING,
        ends_at=None,
        heard_at=NOW,
        labels=labels(alertname="HighErrors", service="payment"),
        services=("payment",),
    )
    world.use_cases.alerts.take([alert], Actor("am"))
    page = client.get(PAGE).text
    episode = page[page.index('id="episode"') : page.index('id="timeline"')]
    assert "Alert HighErrors" in episode
    assert episode.count('<rect class="firing" x=') == 3
    assert 'aria-label="Alert HighErrors: now firing"' in episode
    assert 'aria-label="payment POST /payment: failing requests: now firing"' in episode
    for name in ("inactive", "pending", "firing", "recovering", "resolved"):
        assert f"</svg>{name}</li>" in episode


def test_an_alert_that_is_resolved_is_drawn_so_and_never_as_pending(world: World, client: FlaskClient) -> None:
    lived(world, failing())
    over = Alert(
        fingerprint="a",
        starts_at=NOW - 150,
        state=AlertState.RESOLVED,
        ends_at=NOW - 60,
        heard_at=NOW,
        labels=labels(alertname="HighErrors", service="payment"),
        services=("payment",),
    )
    world.use_cases.alerts.take([over], Actor("am"))
    page = client.get(PAGE).text
    episode = page[page.index('id="episode"') : page.index('id="timeline"')]
    assert episode.count('<rect class="resolved" x=') == 1
    assert '<rect class="pending" x=' not in episode


def test_a_second_caller_of_the_cause_is_listed(world: World, client: FlaskClient) -> None:
    lived(world, failing())
    world.topology.known.append(Edge(caller="gateway", callee="payment", rate=1.0, error_ratio=0.4, latency=0.2))
    said = text_of(client.get(PAGE).text)
    assert "Also gateway → payment: 40% fail" in said
    assert "one caller's side: calls from gateway fail as well" in said
    world.topology.known[-1] = Edge(caller="gateway", callee="payment", rate=1.0, error_ratio=0.0, latency=0.2)
    assert "Not hit: gateway → payment, 0% fail" in text_of(client.get(PAGE).text)


def test_a_bad_request_is_drawn_beside_a_good_one(world: World, client: FlaskClient) -> None:
    lived(world, failing())
    assert 'id="twins"' not in client.get(PAGE).text, "the traces are not stored any more"
    bad, good = sample_trace(), replace(sample_trace(), trace_id="a" * 32)
    fine = tuple(replace(one, failed=False, http_status=200, exception_type="") for one in good.spans)
    world.traces.known = {TRACE_ID: bad, "a" * 32: replace(good, spans=fine)}
    page = client.get(PAGE).text
    drawn = page[page.index('id="twins"') : page.index('id="traces"')]
    assert drawn.count('class="fall compact"') == 2
    assert drawn.count("fails first") == 1
    assert f"/traces/{TRACE_ID}" in drawn


def test_an_incident_that_is_over_says_how_long_and_asks_nothing(world: World, client: FlaskClient) -> None:
    lived(
        world, failing(state=IncidentState.RESOLVED, resolved_at=NOW - 60, resolution="its symptoms are back to normal")
    )
    page = client.get(PAGE).text
    assert "after 4 min: its symptoms are back to normal" in text_of(page)
    assert 'class="flag over"' in page
    assert re.findall(r'<form[^>]* action="([^"]*)"', page) == [f"{PAGE}/reopen", f"{PAGE}/resolve", f"{PAGE}/comments"]


def test_pages_of_long_incidents_show_no_more_than_short_ones() -> None:
    for onset in (NOW - 60, NOW - 3600, NOW - 30 * 86_400):
        window = shown_window(replace(failing(), onset=onset), NOW, STEP)
        assert window.end == NOW
        assert 600 <= window.seconds <= STEPS * STEP


def test_the_api_has_the_headline(world: World, client: FlaskClient) -> None:
    lived(world, failing())
    expected = "80% of requests to payment POST /payment fail (normally 0.1%) · all failing ones are of payment 1.5.0"
    assert client.get("/aiops/incidents/INC-1795253415-1").json["headline"] == expected  # type: ignore[index]
    assert client.get("/aiops/incidents").json["active_incidents"][0]["headline"] == expected  # type: ignore[index]
    assert expected in client.get("/").text
