"""Requests of a store compared, by the API and by `aiops explain`: a time, or given traces."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.world import World
from werkzeug.serving import make_server

from aiops.cli.main import main
from aiops.model import Population, PopulationKind, Span, SpanKind, Trace, Unread
from aiops.model.errors import SourceError

SINCE = NOW - 300


def request_of(number: int, start: float, stock: float = 0.001, failed: bool = False) -> Trace:
    """web calls shop, which asks stock; no two take equally long."""
    trace, took = f"{number:032x}", 0.002 + number % 7 * 0.0001

    def span(at: int, parent: int, service: str, kind: SpanKind, duration: float) -> Span:
        served = kind == SpanKind.SERVER
        return Span(
            trace_id=trace,
            span_id=f"{16 * number + at:016x}",
            parent_id=f"{16 * number + parent:016x}" if parent else "",
            service=service,
            name="GET",
            kind=kind,
            start=start + at * 1e-4,
            duration=duration,
            failed=failed and service != "web",
            route=f"/{service}" if served else "",
            method="GET" if served else "",
            peer="" if served else "stock",
        )

    return Trace(
        trace,
        (
            span(1, 0, "web", SpanKind.SERVER, took + stock + 0.004),
            span(2, 1, "shop", SpanKind.SERVER, took + stock + 0.002),
            span(3, 2, "shop", SpanKind.CLIENT, stock + 0.001),
            span(4, 3, "stock", SpanKind.SERVER, stock),
        ),
    )


@pytest.fixture
def trouble(world: World) -> World:
    """Forty requests in ten minutes, one after the other; those of the last five wait for stock."""
    every = [request_of(at + 1, SINCE - 300 + 7.5 * at) for at in range(40)]
    every += [request_of(at + 101, SINCE + 5 + 7 * at, stock=0.2 + at * 0.001) for at in range(40)]
    world.traces.known = {one.trace_id: one for one in every}
    return world


@pytest.fixture
def url(trouble: World) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, trouble.client().application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments])


def test_a_time_is_compared_with_as_long_a_time_before(trouble: World) -> None:
    found = trouble.client().get(f"/aiops/explain?service=web&since={SINCE}").json
    assert found is not None
    assert found["cause"] == "Latency spike in stock GET /stock"
    assert found["services"][0] == "stock"
    assert found["bad"]["requests"] == 40
    assert found["store"] == "a made-up store"
    bad, good = found["questions"]
    assert (bad["kind"], good["kind"], bad["query"]) == ("any", "any", "any traces of web")
    length, guard = 300, 2 * trouble.use_cases.engine.pace.step
    wanted = trouble.traces.asked
    assert [(one.window.start - SINCE, one.window.end - SINCE) for one in wanted] == [
        (0, length),
        (-guard - length, -guard),
    ]
    # Requests of the guard are of neither side.
    assert 30 <= found["good"]["requests"] < 40
    assert found["anatomy"]["good"]["requests"] == found["good"]["requests"]


def test_given_traces_are_compared_with_requests_like_them(trouble: World) -> None:
    ids = [f"{number:032x}" for number in range(105, 115)]
    failed = request_of(90, SINCE - 100, failed=True)
    trouble.traces.known[failed.trace_id] = failed
    found = trouble.client().get(f"/aiops/explain?traces={','.join([*ids, 'f' * 32])}&since={SINCE}").json
    assert found is not None
    assert found["cause"] == "Latency spike in stock GET /stock"
    assert found["bad"]["requests"] == 10
    assert found["notes"] == [f"there is no trace {'f' * 32} in a made-up store, or not any more"]
    [asked] = trouble.traces.asked
    assert (asked.service, asked.route, asked.method) == ("web", "/web", "GET")
    assert asked.kind == PopulationKind.GOOD
    assert asked.window.end - asked.window.start == 3600


def test_traces_without_a_time_are_compared_with_the_hour_before_them(trouble: World) -> None:
    first = trouble.traces.known[f"{105:032x}"].spans[0].start
    assert trouble.client().get(f"/aiops/explain?traces={105:x},{106:x}").status_code == 200
    [asked] = trouble.traces.asked
    assert asked.window.end == pytest.approx(first - 2 * trouble.use_cases.engine.pace.step)


def test_traces_of_different_requests_are_each_compared_with_their_like(trouble: World) -> None:
    other = request_of(200, SINCE + 20, stock=0.2)
    other = Trace(other.trace_id, tuple(one for one in other.spans if one.service != "web"))
    trouble.traces.known[other.trace_id] = other
    ids = [*(f"{number:032x}" for number in range(105, 115)), other.trace_id]
    found = trouble.client().get(f"/aiops/explain?traces={','.join(ids)}&since={SINCE}").json
    assert found is not None
    assert [one["service"] for one in found["questions"]] == ["web", "shop"], "the most common first"
    assert (found["bad"]["requests"], found["cause"]) == (11, "Latency spike in stock GET /stock")
    for number in range(6):
        trouble.traces.known[f"{300 + number:032x}"] = alone = lone(300 + number, f"lone-{number}")
        ids.append(alone.trace_id)
    assert "begin with 8 different requests, at most 5" in said(
        trouble.client(), f"/aiops/explain?traces={','.join(ids)}", 409
    )
    found = trouble.client().get(f"/aiops/explain?traces={ids[0]},{ids[-1]}&since={SINCE}").json
    assert found is not None
    [note] = found["notes"]
    assert note.startswith("there are no requests to lone-5 GET /lone-5 from")
    inner = Trace("e" * 32, (replace(request_of(1, SINCE).spans[2], trace_id="e" * 32),))
    trouble.traces.known[inner.trace_id] = inner
    assert "no service serves a request" in said(trouble.client(), f"/aiops/explain?traces={inner.trace_id}", 404)


def lone(number: int, service: str) -> Trace:
    first = request_of(number, SINCE + 1).spans[0]
    return Trace(first.trace_id, (replace(first, service=service, route=f"/{service}"),))


WRONG = {
    "": (400, "service", "give `service` and `since`, or `traces`"),
    "service=web": (400, "since", "`since` is missing"),
    f"service=web&since={NOW + 60}": (400, "since", "must not be later"),
    f"service=web&since={NOW - 2 * 86400}": (400, "since", "24 h at most"),
    f"service=web&since={SINCE}&limit=5": (400, "limit", "`limit`"),
    f"service=web&since={SINCE}&color=red": (400, "color", "`color` is not known here; known: `service`"),
    "traces=xyz": (400, "traces", "'xyz' is no trace id"),
    "traces=ab&service=web": (400, "service", "goes without `traces`"),
    "traces=" + ",".join("a" * 30 for _ in range(101)): (400, "traces", "101 ids are too many"),
    "traces=" + "f" * 32: (404, None, "there is no trace " + "f" * 32),
    f"service=none&since={SINCE}": (404, None, "there are no requests to none from"),
    f"service=web&route=/x&since={SINCE}": (404, None, "leave `route` out"),
    f"service=web&since={NOW - 86400}": (404, None, "in a made-up store to compare with; take another `since`"),
}


@pytest.mark.parametrize("query", WRONG)
def test_wrong_questions_name_the_field_and_the_fix(trouble: World, query: str) -> None:
    status, parameter, text = WRONG[query]
    answer = trouble.client().get(f"/aiops/explain?{query}")
    assert answer.json is not None
    assert (answer.status_code, answer.json.get("parameter")) == (status, parameter)
    assert text in answer.json["detail"]


def test_a_store_that_refuses_or_is_slow_is_named(trouble: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client, asked = trouble.client(), f"/aiops/explain?service=web&since={SINCE}"
    trouble.traces.refusal = Unread("a made-up store refuses it")
    assert "a made-up store refuses it" in said(client, asked, 503)
    trouble.traces.refusal = SourceError("a made-up store is away")
    assert "a made-up store is away" in said(client, asked, 503)
    trouble.traces.refusal = None
    monkeypatch.setattr("aiops.service.explanation.SECONDS", -1.0)
    assert "take a smaller `limit`" in said(client, asked, 503)
    monkeypatch.undo()
    assert client.get(asked).status_code == 200


def test_comparisons_are_made_one_at_a_time(trouble: World) -> None:
    client, asked = trouble.client(), f"/aiops/explain?service=web&since={SINCE}"
    answers: list[str] = []

    def meanwhile(_: Population) -> None:
        answers.append(said(trouble.client(), asked, 409))

    trouble.traces.while_asked = meanwhile
    assert client.get(asked).status_code == 200
    assert len(answers) == 2
    assert all("ask again in a moment" in one for one in answers)


def said(client: FlaskClient, path: str, status: int) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.json is not None
    return str(answer.json["detail"])


def test_the_command_asks_a_running_engine(url: str, tmp_path: Path) -> None:
    done = run("--service", "web", "--since", f"{SINCE}", "--until", f"{NOW}", "--url", url)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[1].startswith("bad:  40 requests, drawn from requests to web, from 20")
    assert "1. Latency spike in stock GET /stock" in lines
    assert "store     a made-up store" in lines
    asked = [line for line in lines if line.startswith("asked ")]
    assert len(asked) == 2
    assert asked[0].endswith("40 traces came, 60 at most")
    assert lines[lines.index(asked[0]) + 1] == "          any traces of web"
    page = tmp_path / "page.html"
    assert (
        run("--service", "web", "--since", f"{SINCE}", "--until", f"{NOW}", "--url", url, "--html", str(page)).exit_code
        == 0
    )
    assert "The traces are from a made-up store." in page.read_text()
    document = json.loads(run("--trace", f"{105:x}", "--trace", f"{106:032x}", "--url", url, "--json").stdout)
    assert document["bad"]["requests"] == 2
    assert document["questions"][0]["limit"] == 60


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        pytest.param(["--since", "10m"], 2, "a FILE; or of a running engine, --service NAME", id="nothing"),
        pytest.param(["--service", "web"], 2, "--since WHEN", id="no-time"),
        pytest.param(["--trace", "ab", "--service", "web"], 2, "--service goes without --trace", id="both"),
        pytest.param(["--trace", "ab", "--columns", "a=b"], 2, "--columns goes with a FILE", id="columns"),
        pytest.param([__file__, "--since", "1m", "--trace", "ab"], 2, "--trace is for a running engine", id="file"),
        pytest.param(["--service", "web", "--since", "noon"], 2, "--since is no length", id="no-such-time"),
        pytest.param(["--service", "nobody", "--since", f"{SINCE}", "--until", f"{NOW}"], 1, "nobody", id="unknown"),
        pytest.param(["--trace", "f" * 32], 1, "there is no trace " + "f" * 32, id="no-trace"),
    ],
)
def test_wrong_use_is_explained(url: str, arguments: list[str], code: int, text: str) -> None:
    done = run(*arguments, *([] if __file__ in arguments else ["--url", url]))
    assert done.exit_code == code, done.output
    assert text in " ".join(done.stderr.split())


def test_no_engine_is_named() -> None:
    done = run("--service", "web", "--since", "10m", "--url", "http://127.0.0.1:9")
    assert done.exit_code == 1
    assert "no engine answers at http://127.0.0.1:9" in done.stderr
