"""A Prometheus that answers wrongly, slowly or not at all: one typed sentence, in time."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from aiops.http import Endpoint, RequestRejected, Unavailable
from aiops.model import VIRTUAL, Edge, Window
from aiops.model.promql import any_of, quoted
from aiops.sources.prometheus.client import PrometheusClient
from aiops.sources.prometheus.edges import PrometheusEdges
from aiops.sources.prometheus.metrics import PrometheusMetrics
from aiops.sources.prometheus.verdicts import PrometheusVerdicts

from .conftest import T0, GivenClock
from .reading import RED
from .test_verdict_store import ONE

EMPTY = b'{"status":"success","data":{"resultType":"matrix","result":[]}}'
SECOND = Window(T0, T0 + 1)


class Broken:
    """Answers as it is told; `asked` are the bodies of the questions."""

    def __init__(self) -> None:
        self.status, self.body, self.sleep = 200, EMPTY, 0.0
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[dict[str, str], str]] = []
        self.paths: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode("latin-1")
                outer.asked.append((dict(self.headers), body))
                outer.paths.append(self.path)
                time.sleep(outer.sleep)  # a slow answer
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def broken() -> Iterator[Broken]:
    one = Broken()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "kind", "said", "tries"),
    [
        (422, b'{"status":"error","error":"parse error: bad"}', RequestRejected, "answers 422 .*parse error: bad", 1),
        (400, b"too long", RequestRejected, "answers 400 to /api/v1/query: too long", 1),
        (401, b"", RequestRejected, "answers 401 to /api/v1/query: Unauthorized", 1),
        (302, b"", RequestRejected, "answers 302", 1),
        (500, b"oops", Unavailable, "answers 500 .*oops", 1),
        (503, b'{"error":"query timed out"}', Unavailable, "answers 503 .*query timed out", 3),
        (429, b"slower", Unavailable, "answers 429 .*slower", 3),
        (200, b"<html>login</html>", Unavailable, "answers nonsense", 1),
        (200, b"[]", Unavailable, "answers nonsense", 1),
        (200, b'{"status":"success","data":{"resultType":"vector","result":[]}}', Unavailable, "not a matrix", 1),
        (200, EMPTY.replace(b"[]", b'[{"metric":{}, "values":[[1,"x"]]}]'), Unavailable, "answers nonsense", 1),
        (200, EMPTY.replace(b"[]", b"[3]"), Unavailable, "answers nonsense", 1),
    ],
)
def test_a_wrong_answer_is_one_sentence(
    broken: Broken, status: int, body: bytes, kind: type[Exception], said: str, tries: int
) -> None:
    broken.status, broken.body = status, body
    api = PrometheusClient(Endpoint(name="Prometheus", url=broken.url))
    with pytest.raises(kind, match=f"^Prometheus at {broken.url} .*{said}"):
        api.samples("up", 0, 10**9)
    assert len(broken.asked) == tries
    broken.status, broken.body = 200, EMPTY
    assert api.samples("up", 0, 10**9).series == []


@pytest.mark.parametrize(("otlp", "path"), [("", "/prometheus/api/v1/otlp/v1/metrics"), ("/otlp/", "/otlp/v1/metrics")])
def test_what_is_written_goes_where_otlp_is_taken(broken: Broken, otlp: str, path: str) -> None:
    endpoint = Endpoint(name="Prometheus", url=f"{broken.url}/prometheus", tenant="acme", bearer="secret")
    api = PrometheusClient(endpoint, otlp and broken.url + otlp)
    api.write_otlp(b"x")
    api.samples("up", 0, 10**9)
    assert broken.paths == [path, "/prometheus/api/v1/query"]
    assert {(one["X-Scope-OrgID"], one["Authorization"]) for one, _ in broken.asked} == {("acme", "Bearer secret")}
    api.close()


def test_no_answer_in_time_is_one_sentence(broken: Broken) -> None:
    broken.sleep = 30.0
    metrics = PrometheusMetrics(
        PrometheusClient(Endpoint(name="Prometheus", url=broken.url, timeout_seconds=0.3)), GivenClock(T0), 0.0
    )
    started = time.monotonic()
    with pytest.raises(Unavailable, match=r"within 0\.3 s"):
        metrics.window(RED, SECOND, 1.0)
    assert time.monotonic() - started < 20


def test_nobody_there_is_one_sentence() -> None:
    metrics = PrometheusMetrics(
        PrometheusClient(Endpoint(name="Prometheus", url="http://127.0.0.1:1")), GivenClock(T0), 0.0
    )
    with pytest.raises(Unavailable, match=r"Prometheus at http://127\.0\.0\.1:1 cannot be reached: .*refused"):
        metrics.newest()


def test_who_asks_is_said_and_secrets_are_not(broken: Broken) -> None:
    broken.status = 500
    named = Endpoint(name="Mimir", url=broken.url.replace("//", "//me:secret@"), tenant="team-a", bearer="token-1")
    with pytest.raises(Unavailable) as error:
        PrometheusClient(named).samples("up", 0, 10**9)
    assert "secret" not in str(error.value)
    headers, body = broken.asked[0]
    assert headers["X-Scope-OrgID"] == "team-a"
    assert "partial_response=false" in body
    plain = Endpoint(name="Prometheus", url=broken.url, username="me", password="pass")
    with pytest.raises(Unavailable):
        PrometheusClient(plain).samples("up", 0, 10**9)
    assert broken.asked[1][0]["Authorization"] == "Basic bWU6cGFzcw=="


def test_a_warning_is_logged_once(broken: Broken, caplog: pytest.LogCaptureFixture) -> None:
    broken.body = b'{"status":"success","warnings":["store 2 is away"],"data":{"resultType":"matrix","result":[]}}'
    api = PrometheusClient(Endpoint(name="Prometheus", url=broken.url))
    for _ in range(3):
        api.samples("up", 0, 10**9)
    assert [one.getMessage() for one in caplog.records] == [f"Prometheus at {broken.url} warns: store 2 is away"]


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb", "a.b|c", "(a)[b]{c}^$*+?", "Grüße"])
def test_a_label_cannot_break_out_of_its_place(text: str) -> None:
    assert quoted(text).count('"') - quoted(text).count('\\"') == 2
    assert "\n" not in any_of([text])


def test_the_busiest_edges_are_written(broken: Broken) -> None:
    left_out: list[int] = []
    edges = PrometheusEdges(PrometheusClient(Endpoint(name="Prometheus", url=broken.url)), 2, left_out.append)
    edges.record(
        [
            Edge(caller="a", callee="b", rate=1.0),
            Edge(caller="a", callee="c", rate=3.0, error_ratio=0.5, latency=0.2, connection=VIRTUAL),
            Edge(caller="b", callee="c", rate=2.0),
        ],
        T0,
    )
    [(_, body)] = broken.asked
    sent = ExportMetricsServiceRequest.FromString(body.encode("latin-1"))
    [metrics] = [scope.metrics for scope in sent.resource_metrics[0].scope_metrics]
    points = {one.name: one.gauge.data_points for one in metrics}
    assert [point.as_double for point in points["aiops_edge_requests_per_second"]] == [3.0, 2.0]
    assert [point.as_double for point in points["aiops_edge_latency_seconds"]] == [0.2, 0.0]
    first = points["aiops_edge_error_ratio"][0]
    assert (first.time_unix_nano, first.as_double) == (round(T0 * 1e9), 0.5)
    assert {one.key: one.value.string_value for one in first.attributes} == {
        "caller": "a",
        "callee": "c",
        "connection_type": "virtual",
    }
    assert left_out == [1]
    broken.status = 503
    with pytest.raises(Unavailable):
        edges.record([Edge(caller="a", callee="b", rate=1.0)], T0 + 30)


def test_verdicts_wait_until_prometheus_is_back(broken: Broken) -> None:
    left_out: list[int] = []
    verdicts = PrometheusVerdicts(PrometheusClient(Endpoint(name="Prometheus", url=broken.url)), 2, left_out.append)
    broken.status = 503
    for step in range(3):
        with pytest.raises(Unavailable):
            verdicts.record([replace(ONE, at=T0 + step)])
    broken.status = 200
    broken.asked.clear()
    verdicts.record([replace(ONE, at=T0 + 3, score=score) for score in (1.0, 3.0, 2.0)])
    [(_, body)] = broken.asked
    sent = ExportMetricsServiceRequest.FromString(body.encode("latin-1"))
    [metrics] = [scope.metrics for scope in sent.resource_metrics[0].scope_metrics]
    [scores] = [one.gauge.data_points for one in metrics if one.name == "aiops_verdict_score"]
    assert [(point.time_unix_nano / 1e9 - T0, point.as_double) for point in scores] == [
        (0, 3.0),
        (1, 3.0),
        (2, 3.0),
        (3, 3.0),
        (3, 2.0),
    ]
    assert left_out == [1]
    broken.asked.clear()
    verdicts.record([])
    assert broken.asked == []
