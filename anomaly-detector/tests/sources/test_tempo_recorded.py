"""What the Tempo adapter makes of what a real Tempo 3.0.3 answered, recorded in `tempo/`.

`tempo/sent.json` holds the spans that were sent to it before, with what each trace is a case of.
"""

import base64
import json
import logging
import math
import socket
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.http import Endpoint, RequestRejected, Unavailable
from aiops.model import Population, PopulationKind, TraceQuery, Window
from aiops.model.errors import SourceError
from aiops.sources.common.spans import COLUMNS
from aiops.sources.duckdb import schema
from aiops.sources.receiver import otlp_json
from aiops.sources.receiver.decode import Decoding
from aiops.sources.tempo.client import TempoClient
from aiops.sources.tempo.reader import pieces
from aiops.sources.tempo.source import TempoSource
from aiops.sources.tempo.traceql import text

from .conftest import Embedded
from .replay import Exchange, Replay

RECORDED = Path(__file__).parent / "tempo"
SENT = json.loads((RECORDED / "sent.json").read_bytes())
WINDOW = Window(1795251940, 1795252360)
END = 1795252340.0
NOWHERE = Endpoint(name="traces", url="http://127.0.0.1:9", timeout_seconds=1)


def recorded(*names: str) -> list[Exchange]:
    return [Exchange.read(RECORDED / f"{name}.json") for name in names]


ALL = [Exchange.read(file) for file in sorted(RECORDED.glob("*.json")) if file.name != "sent.json"]
TRACES = [one for one in ALL if one.path.startswith("/api/v2/traces/") and one.status == 200]


def id_of(exchange: Exchange) -> str:
    return exchange.path.rpartition("/")[2]


@pytest.fixture(scope="module")
def sent() -> Iterator[Embedded]:
    """The same spans in the embedded store: the reference."""
    embedded = Embedded()
    embedded.clock.time = END + 60
    export = ExportTraceServiceRequest()
    for sender, found in otlp_json.spans(json.dumps(SENT["otlp"]).encode(), Decoding(END, 1e6, lambda _: False)):
        group = export.resource_spans.add(resource=sender)
        group.scope_spans.add().spans.extend(found)
    embedded.feed(export)
    yield embedded
    embedded.source.close()


Serve = Callable[..., tuple[TempoSource, Replay]]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve exchanges, and a source that reads them."""
    made: list[tuple[TempoSource, Replay]] = []

    def start(exchanges: list[Exchange], **endpoint: Any) -> tuple[TempoSource, Replay]:
        replay = Replay(exchanges)
        asked = Endpoint(name="traces", url=replay.url, **{"timeout_seconds": 5, **endpoint})
        made.append((TempoSource(asked, seconds=math.inf), replay))
        return made[-1]

    yield start
    for source, replay in made:
        source.close()
        replay.close()


@pytest.fixture
def tempo(serve: Serve) -> TempoSource:
    return serve(ALL)[0]


@pytest.fixture
def api(serve: Serve) -> Iterator[TempoClient]:
    _, replay = serve(ALL)
    made = TempoClient(Endpoint(name="traces", url=replay.url, timeout_seconds=5))
    yield made
    made.close()


@pytest.mark.parametrize("exchange", TRACES, ids=lambda one: f"{id_of(one)[:8]}-{one.content_type[12:]}")
def test_a_trace_is_what_was_sent(exchange: Exchange, serve: Serve, sent: Embedded) -> None:
    """Every field of every span, whether Tempo answers in JSON or in protobuf."""
    tempo, _ = serve([exchange])
    assert tempo.traces.traces([id_of(exchange)]) == sent.traces.traces([id_of(exchange)])


def test_the_recorded_traces_hold_what_matters(sent: Embedded) -> None:
    types = {one.content_type for one in TRACES}
    assert types == {"application/json", "application/protobuf"}
    read = sent.traces.traces([id_of(one) for one in TRACES])
    spans = [span for trace in read for span in trace.spans]
    assert any(trace.trace_id.startswith("00") for trace in read)
    assert any(span.exception_type for span in spans)
    assert any(span.failed for span in spans)
    assert {span.kind.name for span in spans} == {"SERVER", "CLIENT"}


def test_unknown_and_senseless_ids_are_left_out(serve: Serve) -> None:
    gone = "c" * 32
    source, replay = serve(
        [*recorded("trace-v2-unknown", "trace-v2-healthy"), Exchange(f"/api/v2/traces/{gone}", status=404)]
    )
    [healthy] = [id_of(one) for one in recorded("trace-v2-healthy")]
    found = source.traces.traces(["ab" * 16, "not-hex", "", "0" * 32, gone, healthy.lstrip("0"), healthy])
    assert [trace.trace_id for trace in found] == [healthy]
    assert len(replay.asked) == 3


def test_a_trace_that_is_not_whole_is_used_and_said_once(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    [exchange] = recorded("trace-v2-healthy")
    answer = json.loads(exchange.body) | {"status": "PARTIAL", "message": "trace exceeds max size"}
    source, _ = serve([Exchange(exchange.path, body=json.dumps(answer).encode())])
    with caplog.at_level(logging.WARNING):
        [found] = source.traces.traces([id_of(exchange)])
    assert len(found.spans) == 7
    [line] = caplog.messages
    assert "only parts of 1 of 1 traces" in line
    assert "trace exceeds max size" in line


def test_matches_have_whole_ids_and_the_ends_of_their_spans(api: TempoClient, sent: Embedded) -> None:
    found = api.search("{}", 1795251940, 1795252360, 200, 3)
    assert len(found) == 31
    assert {one.trace_id for one in found} <= {case["trace_id"] for case in SENT["cases"]}
    whole = {trace.trace_id: trace for trace in sent.traces.traces([one.trace_id for one in found])}
    for one in found:
        spans = whole[one.trace_id].spans
        assert all(any(abs(end - span.end) < 1e-6 for span in spans) for end in one.ends)
        assert one.start == pytest.approx(min(span.start for span in spans))
        assert len(one.ends) == 3
        assert one.more
    failed = api.search('{ resource.service.name="checkout" && status=error }', 1795251940, 1795252360, 100, 5)
    assert not any(one.more for one in failed)
    assert api.search('{ resource.service.name="nobody" }', 1795251940, 1795252360, 20) == []


def found(name: str) -> Exchange:
    """The answer to a recorded search, whatever is asked, with those of its traces that were recorded as well."""
    answer = json.loads(recorded(name)[0].body)
    known = {id_of(one) for one in TRACES}
    answer["traces"] = [one for one in answer["traces"] if one["traceID"].zfill(32) in known]
    assert len(answer["traces"]) >= 3
    return Exchange("/api/search", body=json.dumps(answer).encode())


def test_populations_are_drawn_as_from_the_embedded_store(serve: Serve, sent: Embedded) -> None:
    tempo, replay = serve([*TRACES, found("search-error-checkout")])
    known = {id_of(one) for one in TRACES}
    halves = [Window(1795252200, 1795252290), Window(1795252290, 1795252360)]
    for wanted in [
        *(
            Population(service="checkout", window=window, kind=PopulationKind.FAILED, route="/checkout", method="POST")
            for window in halves
        ),
        Population(service="checkout", window=WINDOW, kind=PopulationKind.FAILED, callee="payment"),
        Population(service="checkout", window=WINDOW, kind=PopulationKind.GOOD, callee="payment"),
        Population(service="checkout", window=WINDOW, kind=PopulationKind.FAILED, callee="nobody"),
    ]:
        [drawn] = tempo.traces.populations([wanted])
        [reference] = sent.traces.populations([wanted])
        matched = {one["traceID"].zfill(32) for one in json.loads(found("search-error-checkout").body)["traces"]}
        assert {one.trace_id: one for one in drawn} == {
            one.trace_id: one for one in reference if one.trace_id in known & matched
        }
    replay.asked.clear()
    same = Population(service="checkout", window=WINDOW, kind=PopulationKind.FAILED)
    once, again = tempo.traces.populations([same, same])
    assert once == again != []
    assert len([one for one in replay.asked if one.startswith("/api/search")]) == 2
    assert not [one for one in replay.asked if one.startswith("/api/v2/traces")], "they were read before"
    two = Population(service="checkout", window=WINDOW, kind=PopulationKind.FAILED, limit=2)
    assert tempo.traces.populations([two])[0] == once[:2]


def test_a_search_sums_up_as_the_embedded_store_does(serve: Serve, sent: Embedded) -> None:
    tempo, _ = serve([*TRACES, found("search-error-checkout")])
    query = TraceQuery(service="checkout", failed=True)
    ours = tempo.traces.search(query, WINDOW, 50)
    known = {one.trace_id for one in ours}
    assert len(ours) >= 3
    assert ours == [one for one in sent.traces.search(query, WINDOW, 100) if one.trace_id in known]
    assert tempo.traces.search(query, WINDOW, 2) == ours[:2]
    assert tempo.traces.search(TraceQuery(service="checkout", min_duration=60), WINDOW, 50) == []
    assert tempo.traces.search(query, WINDOW, 0) == []


REFUSED = {
    "a query that is none": ("{ this is not traceql", 1795251940, 1795252360, "unknown identifier: this"),
    "an end before the start": ("{}", 1795252360, 1795251940, "start must be before end"),
    "too long": ("{}", 1794532360, 1795252360, "exceeds 168h"),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_says_why(api: TempoClient, case: tuple[str, int, int, str]) -> None:
    query, start, end, why = case
    with pytest.raises(RequestRejected, match=why):
        api.search(query, start, end, 20)


def test_what_is_empty_because_of_the_cut_off_is_empty(serve: Serve) -> None:
    [refusal] = recorded("search-bad-range")
    _, replay = serve([Exchange("/api/search", body=refusal.body, content_type="text/plain", status=400)])
    api = TempoClient(Endpoint(name="traces", url=replay.url))
    assert api.search("{}", 1795252360, 1795252361, 20) == []
    api.close()


def test_values_of_a_tag(tempo: TempoSource) -> None:
    services = ["checkout", "gateway", "inventory", "payment"]
    assert tempo.values("resource.service.name", WINDOW) == services
    where = '{ resource.service.name="payment" }'
    assert tempo.values("resource.service.version", WINDOW, where) == ["1.4.2", "1.5.0"]


def test_rates_have_a_zero_where_nothing_is_told(tempo: TempoSource) -> None:
    rates = tempo.measure("{ kind=server } | rate() by (resource.service.name)", WINDOW, 60.0)
    by_service = {dict(one.labels)["resource.service.name"]: one for one in rates}
    assert sorted(by_service) == ["checkout", "gateway", "inventory", "payment"]
    checkout = by_service["checkout"]
    assert checkout.times[:4] == (1795251900.0, 1795251960.0, 1795252020.0, 1795252080.0)
    assert checkout.values[:4] == pytest.approx((0.0, 0.0, 0.0, 8 / 60))
    quantiles = "{ kind=server } | quantile_over_time(duration, .5, .95) by (resource.service.name)"
    assert {dict(one.labels)["p"] for one in tempo.measure(quantiles, WINDOW, 60.0)} == {"0.5", "0.95"}
    with pytest.raises(RequestRejected, match="parse error"):
        tempo.measure("{} | rate(", WINDOW, 60.0)


def test_ready(tempo: TempoSource) -> None:
    tempo.ready()
    away = TempoSource(NOWHERE)
    with pytest.raises(Unavailable, match=r"traces at http://127\.0\.0\.1:9 cannot be reached"):
        away.ready()
    away.close()
    with pytest.raises(Unavailable, match="closed"):
        away.traces.traces(["a" * 32])


ODD = {
    "no JSON": b"<html>",
    "a list": b"[]",
    "traces that are a number": b'{"traces": 3}',
    "a trace without id": b'{"traces": [{"startTimeUnixNano": "1"}]}',
    "a start that is no number": b'{"traces": [{"traceID": "1", "startTimeUnixNano": "soon"}]}',
    "half an answer": b'{"traces": [{"traceID": "1", "sta',
    "nothing at all": b"",
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
def test_nonsense_from_a_search_is_named(serve: Serve, body: bytes) -> None:
    source, _ = serve([Exchange("/api/search", body=body)])
    with pytest.raises(Unavailable, match="answers nonsense"):
        source.traces.search(TraceQuery(), WINDOW, 5)
    with pytest.raises(Unavailable, match="answers nonsense"):
        source.traces.populations([Population(service="api", window=WINDOW, kind=PopulationKind.GOOD)])


ODD_TRACES = {
    "no protobuf": b"<html>",
    "a number inside": b'{"trace": 7}',
    "an id that is not base64": b'{"trace": {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": 7}]}]}]}}',
    "half an answer": b'{"trace": {"resourceSpans"',
}


@pytest.mark.parametrize("body", ODD_TRACES.values(), ids=ODD_TRACES.keys())
def test_nonsense_for_a_trace_is_named(serve: Serve, body: bytes) -> None:
    source, _ = serve([Exchange(f"/api/v2/traces/{'a' * 32}", body=body)])
    with pytest.raises(Unavailable, match="answers nonsense"):
        source.traces.traces(["a" * 32])


def test_spans_that_make_no_sense_are_left_out(serve: Serve) -> None:
    whole = {"traceId": "q" * 21 + "g==", "startTimeUnixNano": "5", "endTimeUnixNano": "9", "name": "x"}
    spans = [
        {**whole, "spanId": base64.b64encode(b"12345678").decode()},
        {**whole, "spanId": "AA=="},
        {**whole, "spanId": base64.b64encode(b"abcdefgh").decode(), "endTimeUnixNano": "1"},
    ]
    answer = {"trace": {"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}, "more": 1}
    source, _ = serve([Exchange(f"/api/v2/traces/{'a' * 32}", body=json.dumps(answer).encode())])
    [trace] = source.traces.traces(["a" * 32])
    [span] = trace.spans
    assert (span.service, span.name) == ("unknown_service", "x")


def test_every_failure_is_a_source_error(serve: Serve) -> None:
    source, _ = serve([Exchange("/api/search", body=b"boom", content_type="text/plain", status=500)])
    with pytest.raises(Unavailable, match="500 to /api/search: boom"):
        source.traces.search(TraceQuery(), WINDOW, 5)
    with pytest.raises(Unavailable):
        source.traces.populations([Population(service="web", window=WINDOW, kind=PopulationKind.FAILED, callee="api")])
    slow, _ = serve([Exchange("/api/v2/traces/" + "a" * 32, seconds=60)], timeout_seconds=0.3)
    with pytest.raises(Unavailable):
        slow.traces.traces(["a" * 32])
    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = TempoSource(
            Endpoint(name="traces", url=f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.3)
        )
        with pytest.raises(SourceError):
            source.topology.edges(WINDOW)
        source.close()


def test_values_are_quoted_for_the_language() -> None:
    assert text('a"b\\c\nd') == r'"a\"b\\c\nd"'
    assert text("\x00\x7f") == r'"\u0000\u007f"'
    assert text("über 🚀") == '"über 🚀"'
    assert text("\ud800") == '"?"'


def test_long_windows_are_cut_into_what_is_searched_at_once() -> None:
    days = 86_400.0
    cut = pieces(Window(0, 20 * days))
    assert len(cut) == 3
    assert (cut[0].end, cut[-1].start) == (20 * days, 0)
    assert all(one.seconds <= 168 * 3600 - 2 for one in cut)
    assert all(newer.start == older.end for newer, older in pairwise(cut))
    assert pieces(Window(5, 5)) == [Window(5, 5)]


def test_rows_are_the_columns_of_the_store() -> None:
    assert tuple(schema.SPANS.names) == COLUMNS
