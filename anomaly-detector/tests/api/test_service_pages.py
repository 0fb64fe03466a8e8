"""The page of a service, and the page of a series that says why it alerts or not."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW, Route
from made_up.samples import sample, simple
from made_up.world import World

from aiops.detect import Tuning, step
from aiops.model import Change, Edge, IncidentState, SeriesBlock, Span, SpanKind, Trace, labels, names
from aiops.model.errors import TooMuch

SCOPE = {"service": "payment", "route": "/payment", "method": "POST"}
STEP = 15.0


def live(world: World, *bad: float, steps: int = 60) -> None:
    """The detector has watched /payment until NOW: 120 requests a step of which so many failed at the end."""
    engine, rows = world.use_cases.engine, (names.REQUESTS, names.ERRORS, names.DURATION)
    failed = [*([0.0] * (steps - len(bad))), *bad]
    for number, count in enumerate(failed, 1 - steps):
        at = NOW - NOW % STEP + STEP * number
        values = np.array([[120.0], [count], [4.8]])
        block = SeriesBlock(tuple(labels(name=one, **SCOPE) for one in rows), np.array([at]), STEP, values)
        world.verdicts.record(step(engine.state, block, Tuning()).verdicts)


@pytest.fixture
def payment(world: World) -> Iterator[World]:
    world.metrics.routes = [
        Route("payment", "POST", "/payment", rate=8.0, errors=0.1),
        Route("payment", "GET", "/payment/{id}"),
        Route("checkout", "POST", "/checkout"),
    ]
    return world


def text(client: FlaskClient, path: str) -> str:
    answer = client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def test_a_service_shows_its_requests_routes_calls_and_what_runs_it(payment: World) -> None:
    live(payment)
    payment.topology.known = [
        Edge(caller="checkout", callee="payment", rate=8.0, error_ratio=0.1, latency=0.05),
        Edge(caller="payment", callee="cards", rate=7.0, latency=0.03, connection="virtual"),
        Edge(caller="gateway", callee="checkout", rate=9.0),
    ]
    span = Span(
        trace_id="a" * 32,
        span_id="b" * 16,
        parent_id="",
        service="payment",
        name="POST /payment",
        kind=SpanKind.SERVER,
        start=NOW - 60,
        duration=0.04,
        route="/payment",
        method="POST",
        version="1.5.0",
        instance="payment-7f",
        resource={"host.name": "node-3"},
    )
    payment.traces.known = {span.trace_id: Trace(span.trace_id, (span, replace(span, span_id="c" * 16, service="x")))}
    page = text(payment.client(), "/services/payment")
    for fact in ("10 req/s", "Request rate", "Failed requests", "Duration: mean, p50, p95, p99", "POST /payment"):
        assert fact in page
    for fact in ("checkout 8.0 req/s 10% 50 ms", "cards sends no telemetry", "1.5.0", "payment-7f", "node-3"):
        assert fact in page
    assert "gateway" not in page
    whole = payment.client().get("/services/payment").text
    assert whole.count('<figure class="chart') == 3
    assert whole.count('class="spark"') == 6
    assert "style=" not in whole


def questions(world: World) -> list[str]:
    """What the page of payment asks the sources."""
    out: list[str] = []
    sources = ((world.metrics, "window"), (world.verdicts, "history"), (world.traces, "populations"))
    with pytest.MonkeyPatch.context() as patch:
        for source, name in sources:
            true = getattr(source, name)
            patch.setattr(source, name, lambda *args, true=true, name=name: (out.append(name), true(*args))[1])
        assert world.client().get("/services/payment").status_code == 200
    return sorted(out)


def test_the_number_of_questions_does_not_grow_with_the_routes(payment: World) -> None:
    few = questions(payment)
    payment.metrics.routes = [Route("payment", "GET", f"/{number}") for number in range(60)]
    assert questions(payment) == few
    assert len(few) <= 5


def test_charts_mark_incidents_and_changes_of_the_service(payment: World) -> None:
    live(payment)
    over = simple(2, onset=NOW - 900, state=IncidentState.RESOLVED, resolved_at=NOW - 600, resolution="calm")
    payment.keep(sample(), over)
    for service, version in (("payment", "1.5.0"), ("checkout", "7.0.0")):
        payment.store.record_change(
            Change(at=NOW - 400, who="ci", kind="deployment", service=service, version=version, text="")
        )
    page = payment.client().get("/services/payment").text
    assert page.count('class="flag onset"') == 3 * 2 + 1  # and once in the legend
    assert page.count('class="flag over"') == 3 + 1
    assert page.count('class="flag change"') == 3 + 1
    assert "1.5.0" in page
    assert "7.0.0" not in page
    earlier = payment.client().get(f"/services/payment?since={NOW - 7200:.0f}&until={NOW - 3600:.0f}").text
    assert 'class="flag' not in earlier
    assert "data-live" not in earlier


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("range=2h", "`range` must be one of 15m, 1h, 6h, 1d"),
        ("since=yesterday", "`since` must be RFC 3339"),
        (f"since={NOW:.0f}&until={NOW - 60:.0f}", "`since` must be earlier"),
        (f"range=1h&since={NOW - 600:.0f}", "`range` ends now"),
        (f"since={NOW - 40 * 86400:.0f}", "apart"),
    ],
)
@pytest.mark.parametrize("path", ["/services/payment", "/services/payment/series"])
def test_a_wrong_time_is_refused_with_its_name(payment: World, path: str, query: str, named: str) -> None:
    live(payment)
    answer = payment.client().get(f"{path}?{query}", headers={"Accept": "text/html"})
    assert answer.status_code == 400
    assert named in html.unescape(answer.text)


def test_unknown_services_routes_and_families_are_refused(payment: World) -> None:
    client = payment.client()
    live(payment)
    assert client.get("/services/nobody").status_code == 404
    assert client.get("/services/nobody/series").status_code == 404
    assert "it has POST /payment" in client.get("/services/payment/series?route=/none").text
    answer = client.get("/services/payment/series?family=mood")
    assert (answer.status_code, "errors, latency, traffic, silence" in answer.text) == (400, True)


def test_a_page_is_shown_without_what_a_source_does_not_answer(payment: World) -> None:
    live(payment)
    payment.metrics.broken = True
    page = text(payment.client(), "/services/payment")
    assert page.count("disk full; make room") == 1
    payment.metrics.broken = False
    assert "disk full" not in text(payment.client(), "/services/payment")


def test_a_series_says_why_it_does_not_alert(payment: World) -> None:
    live(payment, 3.0)
    page = text(payment.client(), "/services/payment/series?route=/payment&family=errors")
    assert "Now: Not alerted: " in page
    assert "an alert needs 2 of 3 steps abnormal" in page.lower()
    assert "In the time shown: " in page
    live_page = payment.client().get("/services/payment/series?route=/payment").text
    assert 'class="strip"' in live_page
    assert live_page.count('<figure class="chart') == 2


def test_a_series_says_since_when_it_alerts_and_leads_to_the_incident(payment: World) -> None:
    live(payment, *[60.0] * 6)
    payment.keep(sample())
    page = text(payment.client(), "/services/payment/series?route=/payment&method=POST&family=errors")
    assert "Now: Alerted: abnormal since " in page
    assert "50% of its requests failed since then" in page
    assert "payment POST /payment fails" in page


@pytest.mark.parametrize("family", ["traffic", "silence"])
def test_families_without_stored_verdicts_say_it_too(payment: World, family: str) -> None:
    live(payment)
    page = text(payment.client(), f"/services/payment/series?family={family}")
    if family == "traffic":
        assert "Learning: 15 min of 1 h" in page
        assert "8.0 req/s" in page or "8 req/s" in page
    assert "In the time shown" not in page


def test_the_api_gives_the_same_sentences(payment: World) -> None:
    live(payment, *[60.0] * 6)
    answer = payment.client().get(f"/aiops/series?service=payment&route=/payment&until={NOW}").json
    reasons = {one["family"]: one for one in answer["reasons"]}
    assert set(reasons) == {"errors", "latency", "traffic"}
    assert reasons["errors"]["state"] == "incident"
    assert reasons["errors"]["now"].startswith("Alerted: ")
    assert reasons["errors"]["then"].startswith("Alerted in this time: in 6 of 60 steps")
    assert reasons["traffic"]["then"] is None


def test_too_many_verdicts_are_thinned_and_the_page_says_so(payment: World) -> None:
    live(payment)
    whole = payment.verdicts.history

    def refusing(service, route, window, most=0, every=0.0):  # type: ignore[no-untyped-def]
        if not every:
            raise TooMuch("too many")
        return whole(service, route, window)[::4]

    payment.verdicts.history = refusing  # type: ignore[method-assign]
    assert "a single peak may be missing" in text(payment.client(), "/services/payment/series?route=/payment")


def test_hostile_names_are_shown_as_text(payment: World) -> None:
    name = "<script>alert(1)</script>/a b"
    payment.metrics.routes = [Route(name, "GET", "/<img src=x>")]
    page = payment.client().get("/services/" + "%3Cscript%3Ealert(1)%3C/script%3E/a%20b").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page


def test_nothing_in_styles_reaches_outside() -> None:
    css = Path(__file__).parents[2] / "aiops" / "web" / "static" / "service.css"
    assert "url(" not in css.read_text()
