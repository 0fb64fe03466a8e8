"""Traces searched, selected and compared, and one of them, as people and programs see them."""

import re
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.samples import TRACE_ID, sample, sample_trace
from made_up.world import World

from aiops.model import Span, SpanEvent, SpanKind, Trace
from aiops.model.errors import SourceError
from aiops.web.waterfall import waterfall

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HOSTILE = "<script>alert(1)</script>\"'&"


def request(number: int, ago: float, seconds: float = 0.1, failed: bool = False, **said: Any) -> Trace:
    """A trace of web that calls api; `said` are attributes of the request that api serves."""
    trace_id = f"{number:032x}"

    def span(at: int, parent: int, service: str, name: str, kind: SpanKind, took: float, **more: Any) -> Span:
        return Span(
            trace_id=trace_id,
            span_id=f"{number * 10 + at:016x}",
            parent_id=f"{number * 10 + parent:016x}" if parent else "",
            service=service,
            name=name,
            kind=kind,
            start=NOW - ago - took,
            duration=took,
            failed=failed,
            **more,
        )

    return Trace(
        trace_id,
        (
            span(1, 0, "web", "GET /", SpanKind.SERVER, seconds),
            span(2, 1, "web", "GET", SpanKind.CLIENT, 0.9 * seconds),
            span(3, 2, "api", "GET /items", SpanKind.SERVER, 0.5 * seconds, attributes=said),
        ),
    )


def know(world: World, *traces: Trace) -> None:
    world.traces.known = {one.trace_id: one for one in traces}


def ids(answer: Any) -> list[int]:
    return [int(one["trace_id"], 16) for one in answer.json["traces"]]


def test_a_search_lists_traces_newest_first(world: World, client: FlaskClient) -> None:
    know(world, request(1, 60), request(2, 30, failed=True), request(3, 4000))
    page = client.get("/traces").text
    assert page.index(f"{2:032x}"[:12]) < page.rindex(f"{1:032x}"[:12])
    assert "2 traces match." in page
    assert page.count("<circle cx=") == 1
    assert page.count('<use href="#cross"') == 1
    assert ids(client.get("/aiops/traces")) == [2, 1]
    assert ids(client.get("/aiops/traces?since=6h")) == [2, 1, 3]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("service=api", [2, 1]),
        ("service=nobody", []),
        ("route=GET+/items&service=api", [2, 1]),
        ("status=failed", [2]),
        ("status=fine", [1]),
        ("min=150ms", [2]),
        ("max=0.15s", [1]),
        ("attribute=tenant%3Da", [1]),
        ("attribute=tenant%3Da&attribute=region%3Deu", []),
        ("text=ITEMS", [2, 1]),
        ("since=15m&until=" + str(NOW - 45), [1]),
    ],
)
def test_each_condition_is_in_the_query_string(
    world: World, client: FlaskClient, query: str, expected: list[int]
) -> None:
    know(world, request(1, 60, tenant="a"), request(2, 30, 0.2, failed=True, tenant="b", region="eu"))
    answer = client.get(f"/aiops/traces?{query}")
    assert answer.status_code == 200
    assert ids(answer) == expected
    page = client.get(f"/traces?{query}")
    assert page.status_code == 200
    assert ("No trace matches" in page.text) == (not expected)


@pytest.mark.parametrize(
    ("query", "parameter", "why"),
    [
        ("status=good", "status", "any, failed, fine"),
        ("min=250", "min", "with its unit"),
        ("max=-1s", "max", "with its unit"),
        ("min=2s&max=1s", "max", "must not be less than `min`"),
        ("since=yesterday", "since", "15m, 1h, 6h, 1d"),
        ("since=2026-11-21T09:30:00", "since", "needs its zone"),
        ("since=2026-11-21T09:30:00Z&until=2026-11-21T09:00:00Z", "since", "must lie before"),
        ("since=30d", "since", "7 days"),
        ("attribute=version", "attribute", "name=value"),
        ("attribute=" + "&attribute=".join("a%3Db" for _ in range(9)), "attribute", "at most 8"),
        ("service=" + "x" * 300, "service", "too long"),
        ("service=a&service=b", "service", "2 times"),
        ("from=2026-11-21T09:30:00Z&to=2026-11-21T09:29:00Z", "to", "`from`"),
        ("over=2s&under=1s", "under", "`over`"),
        ("only=some", "only", "any, failed, fine"),
        ("sevice=api", "sevice", "not known here"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_is_allowed(
    client: FlaskClient, query: str, parameter: str, why: str
) -> None:
    for path in ("/traces", "/aiops/traces"):
        answer = client.get(f"{path}?{query}")
        assert (answer.status_code, answer.json["parameter"]) == (400, parameter)  # type: ignore[index]
        assert why in answer.json["detail"]  # type: ignore[index]
    page = client.get(f"/traces?{query}", headers=HTML)
    assert (page.status_code, page.mimetype) == (400, "text/html")


def test_empty_fields_of_the_form_are_no_conditions(world: World, client: FlaskClient) -> None:
    know(world, request(1, 60))
    page = client.get("/traces?service=&route=&status=&min=&max=&attribute=&text=&since=&until=&from=&to=&only=")
    assert "1 trace matches." in page.text
    assert 'id="comparison"' not in page.text


def many(count: int) -> list[Trace]:
    """Fast requests of version 1, and slow ones of version 2; only new ones say which canary they are."""
    fast = [request(at, 10.0 + at, 0.1, version="1", zone=f"z{at % 3}") for at in range(1, count + 1)]
    slow = [request(100 + at, 10.0 + at, 2.0, version="2", zone=f"z{at % 3}", canary="yes") for at in range(1, count)]
    return [*fast, *slow]


def test_what_is_selected_is_compared_with_the_rest(world: World, client: FlaskClient) -> None:
    know(world, *many(30))
    answer = client.get("/aiops/traces?over=1s").json
    assert answer is not None
    assert answer["comparison"]["selected"] == 29
    assert answer["comparison"]["rest"] == 30
    [found] = answer["comparison"]["differences"]
    assert found == {
        "service": "api",
        "attribute": "version",
        "value": "2",
        "share_of_selection": 1.0,
        "share_of_rest": 0.0,
    }
    assert [one["selected"] for one in answer["traces"]].count(True) == 29
    page = client.get("/traces?over=1s").text
    assert "What the selection has in common" in page
    assert "canary" not in page  # the rest says nothing of it, so that it is no difference
    assert re.search(r'class="selection" width="100.0%".*class="rest" width="0.0%"', page, re.DOTALL)


def test_a_selection_by_time_and_status(world: World, client: FlaskClient) -> None:
    know(world, request(1, 300), request(2, 200, failed=True), request(3, 100), request(4, 50, failed=True))
    answer = client.get(f"/aiops/traces?from={NOW - 250}&to={NOW - 80}").json
    assert answer is not None
    assert [one["trace_id"][-1] for one in answer["traces"] if one["selected"]] == ["3", "2"]
    answer = client.get("/aiops/traces?only=failed").json
    assert answer is not None
    assert [one["trace_id"][-1] for one in answer["traces"] if one["selected"]] == ["4", "2"]


def test_a_value_of_another_service_leads_to_the_spans_of_that_one(world: World, client: FlaskClient) -> None:
    """What was asked of the service searched for is not asked of the other one."""
    slow = [request(at, at, 2.0, tenant="acme") for at in range(1, 31)]
    know(world, *slow, *(request(at, at, 0.1, tenant="other") for at in range(31, 91)))
    page = client.get("/traces?service=web&route=GET+/&over=1s").text
    [link] = re.findall(r'href="(/traces\?[^"]+)">acme', page)
    assert link == "/traces?service=api&amp;attribute=tenant%3Dacme"
    assert len(ids(client.get("/aiops" + link.replace("&amp;", "&")))) == 30


@pytest.mark.parametrize(
    ("query", "said"),
    [("over=1h", "must be"), ("over=50s", "No trace lies in"), ("under=50s", "All traces are selected")],
)
def test_a_selection_of_nothing_or_all_says_so(world: World, client: FlaskClient, query: str, said: str) -> None:
    know(world, request(1, 60), request(2, 30))
    assert said in client.get(f"/traces?{query}", headers=HTML).text


def test_a_part_of_many_is_called_a_part(world: World, client: FlaskClient) -> None:
    know(world, *(request(at, at / 2) for at in range(1, 400)))
    page = client.get("/traces").text
    assert "These are 300 of the traces that match" in page
    assert "the 50 newest of 300" in page
    assert page.count("<tr>") <= 52
    assert client.get("/aiops/traces").json["complete"] is False  # type: ignore[index]
    know(world, request(1, 60))
    assert client.get("/aiops/traces").json["complete"] is True  # type: ignore[index]


def test_a_source_that_does_not_answer_is_said(world: World, client: FlaskClient) -> None:
    world.traces.refusal = SourceError("Tempo does not answer")
    page = client.get("/traces", headers=HTML)
    assert (page.status_code, page.mimetype) == (503, "text/html")
    assert "Tempo does not answer" in page.text


def test_nothing_hostile_runs_on_pages_of_traces(world: World, client: FlaskClient) -> None:
    one = request(1, 60)
    told = SpanEvent(HOSTILE, NOW - 60, {"exception.stacktrace": HOSTILE, HOSTILE: HOSTILE})
    spans = [
        replace(each, name=HOSTILE, service=HOSTILE, attributes={HOSTILE: HOSTILE}, events=(told,))
        for each in one.spans
    ]
    know(world, replace(one, spans=tuple(spans)))
    given = {"service": HOSTILE, "route": HOSTILE, "text": "", "attribute": f"{HOSTILE}={HOSTILE}"}
    for page in (
        client.get("/traces", query_string=given),
        client.get("/traces"),
        client.get(f"/traces/{one.trace_id}"),
    ):
        assert page.status_code == 200
        assert "alert(1)" in page.text
        assert "<script>alert" not in page.text
        assert "style=" not in page.text


def test_a_span_tells_its_own_time_and_the_gap_between_services(world: World, client: FlaskClient) -> None:
    fall = waterfall(request(1, 60, 1.0))
    web, call, api = fall.rows
    assert [row.depth for row in fall.rows] == [0, 1, 2]
    assert web.itself == pytest.approx(0.1)
    assert call.itself == call.gap == pytest.approx(0.4)
    assert api.itself == pytest.approx(0.5)
    assert sum(row.on_path for row in fall.rows) == pytest.approx(1.0)
    assert sum(one.width for one in call.gaps) == pytest.approx(0.4)
    assert not web.gaps
    assert not api.gaps
    know(world, request(1, 60, 1.0))
    page = client.get(f"/traces/{1:032x}").text
    assert "400\N{NO-BREAK SPACE}ms between the services" in page


def test_a_span_opens_without_script(world: World, client: FlaskClient) -> None:
    one = request(1, 60, tenant="blue")
    event = SpanEvent("exception", NOW - 60.01, {"exception.stacktrace": "Traceback:\n  line 7", "exception.type": "E"})
    last = replace(one.spans[2], events=(event,), resource={"service.version": "1.5.0"})
    know(world, replace(one, spans=(*one.spans[:2], last)))
    page = client.get(f"/traces/{1:032x}").text
    assert page.count("<details>") == 3
    for fact in ("tenant", "blue", "service.version", "1.5.0", "Traceback:\n  line 7"):
        assert fact in page


def test_what_is_below_a_span_can_be_left_out(world: World, client: FlaskClient) -> None:
    know(world, request(1, 60))
    call = f"{12:016x}"
    page = client.get(f"/traces/{1:032x}").text
    assert f"closed={call}" in page
    assert "GET /items" in page
    closed = client.get(f"/traces/{1:032x}?closed={call}").text
    assert "GET /items" not in closed
    assert "Show 1 span below GET" in closed


def test_a_status_is_told_once(world: World, client: FlaskClient) -> None:
    one = request(1, 60, failed=True)
    told = replace(one.spans[2], http_status=502, error_type="502", status_message="502")
    know(world, replace(one, spans=(*one.spans[:2], told)))
    assert "502 · 502" not in client.get(f"/traces/{1:032x}").text
    [row] = [each for each in waterfall(world.traces.known[one.trace_id]).rows if each.span.service == "api"]
    assert row.message == "502"


def test_a_good_trace_is_proposed_beside_a_bad_one(world: World, client: FlaskClient) -> None:
    usual = [request(at, 100.0 + at, 0.1 * at) for at in (1, 2, 3)]
    know(world, *usual, request(4, 90, failed=True), request(5, 60, 3.0, failed=True))
    answer = client.get(f"/traces/{5:032x}?with=usual")
    assert answer.status_code == 302
    assert answer.location.endswith(f"with={2:032x}")
    page = client.get(answer.location).text
    assert "This trace" in page
    assert "other 200\N{NO-BREAK SPACE}ms" in page
    assert f'href="/traces/{2:032x}"' in page


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("with=nothing", 400, "hexadecimal"),
        (f"with={'0' * 31}9", 404, "there is no trace"),
        ("with=usual", 404, "without a failure"),
        ("from=-1", 400, "number of a row"),
        ("from=²", 400, "number of a row"),
    ],
)
def test_a_wrong_comparison_says_what_is_wrong(
    world: World, client: FlaskClient, query: str, status: int, said: str
) -> None:
    know(world, request(1, 60))
    answer = client.get(f"/traces/{1:032x}?{query}")
    assert answer.status_code == status
    assert said in answer.json["detail"]  # type: ignore[index]


def test_a_trace_leads_back_to_its_incident(world: World, client: FlaskClient) -> None:
    world.traces.known[TRACE_ID] = sample_trace()
    assert "Evidence of" not in client.get(f"/traces/{TRACE_ID}").text
    world.keep(sample())
    page = client.get(f"/traces/{TRACE_ID}").text
    assert "Evidence of INC-1795253415-1" in page
    assert 'href="/incidents/INC-1795253415-1"' in page


def test_a_trace_is_answered_span_by_span(world: World, client: FlaskClient) -> None:
    world.traces.known[TRACE_ID] = sample_trace()
    answer = client.get(f"/aiops/traces/{TRACE_ID}").json
    assert answer is not None
    assert (answer["trace_id"], answer["left_out"]) == (TRACE_ID, 0)
    assert [one["service"] for one in answer["spans"]] == [one.service for one in sample_trace().spans]
    assert [one["failed"] for one in answer["spans"]] == [one.failed for one in sample_trace().spans]
    assert answer["spans"][0]["parent_id"] is None
    assert client.get(f"/aiops/traces/{'f' * 32}").status_code == 404


def test_the_navigation_leads_to_traces(client: FlaskClient) -> None:
    assert '<a href="/traces" data-key="t">Traces</a>' in client.get("/").text
    assert '<a href="/traces" aria-current="page" data-key="t">Traces</a>' in client.get("/traces").text
