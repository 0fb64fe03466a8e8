"""`aiops slo report` against a server that answers as an engine does."""

import json
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from aiops.cli.main import main
from aiops.web import report

TOKEN = "0123456789abcdef0123456789abcdef"
RATES = {"5m": 0.0, "30m": 0.1, "1h": 1.25, "2h": 1.1, "6h": 0.9, "1d": 0.4, "3d": None}


def objective(name: str, **more: Any) -> dict[str, Any]:
    """One of /aiops/slos, kept unless it is said otherwise."""
    return {
        "slo": name,
        "display_name": name.replace("-", " ").capitalize(),
        "service": "gateway",
        "group": {},
        "target": "0.995",
        "period": "30d",
        "period_start": "2026-01-31T12:00:00Z",
        "period_end": "2026-03-02T12:00:00Z",
        "method": "occurrences",
        "state": "ok",
        "events": 1234567.0,
        "bad_events": 2345.0,
        "good_ratio": 0.99810055,
        "budget_left": 0.6201,
        "budget_events_left": 3827.8,
        "budget_minutes_left": None,
        "coverage": 1.0,
        "data_since": "2026-01-31T12:00:00Z",
        "burn_rates": RATES,
        "burn_rates_from": "counts",
        "lookback": "1h",
        "exhausted_in": None,
        "projected_left": None,
        "excluded": None,
        **more,
    }


EMPTY: dict[str, Any] = {"as_of": "2026-03-02T12:00:00Z", "slos": [], "journeys": [], "left_out": [], "problems": []}
ANSWER: dict[str, Any] = {
    **EMPTY,
    "slos": [
        objective(
            "products-available", method="timeslices", period="1M", projected_left=0.31, budget_minutes_left=74.5
        ),
        objective(
            "checkout-availability",
            group={"http.route": "/x<script>"},
            state="exhausted",
            good_ratio=0.99499999,
            budget_left=-0.756,
            budget_events_left=-1200.0,
            exhausted_in="PT0S",
        ),
        objective(
            "payment-availability",
            service="payment",
            state="burns_fast",
            budget_left=0.25,
            exhausted_in="PT13H20M",
            coverage=0.834,
            excluded="the nightly import locks the tables",
        ),
        objective(
            "search",
            state="no_data",
            events=0.0,
            bad_events=0.0,
            good_ratio=None,
            budget_left=None,
            budget_events_left=None,
            coverage=0.0,
            data_since=None,
            burn_rates=dict.fromkeys(RATES),
        ),
        objective("basket", state="burns_slowly", exhausted_in="P4DT2H"),
    ],
    "journeys": [
        {
            "journey": "buying",
            "display_name": "Buying",
            "service": "gateway",
            "parts": [{"slo": "checkout-availability", "weight": 3}, {"slo": "payment-availability", "weight": 1}],
            "burn_rates": RATES,
            "budget_left": 0.9,
        }
    ],
    "left_out": [{"slo": "queue", "why": "a gauge is judged by Prometheus alone"}],
    "problems": ["/etc/aiops/bad.yaml:26:15: spec.objectives[0].target: is 1.5"],
}


class Engine(HTTPServer):
    """Answers GET /aiops/slos with `answer`, and wants `token` where there is one."""

    answer: Any = ANSWER
    token = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        engine = self.server
        assert isinstance(engine, Engine)
        if engine.token and self.headers["Authorization"] != f"Bearer {engine.token}":
            return self.say(401, {"title": "Unauthorized", "detail": "a token is needed: send Authorization: Bearer …"})
        if self.path != "/aiops/slos":
            return self.say(404, {"title": "Not Found", "detail": f"there is nothing at {self.path}"})
        return self.say(200, engine.answer)

    def say(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
    return CliRunner(env=env).invoke(main, ["slo", "report", *map(str, arguments)])


def test_worst_first_in_one_look(engine: Engine) -> None:
    done = run("--url", engine.url)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[0] == (
        "1 budget spent, 1 burning fast, 1 burning slowly, 1 no data, 1 on target, as of 2026-03-02 12:00:00 UTC"
    )
    assert [line.split()[:2] for line in lines[3:8]] == [
        ["▲", "checkout-availability"],
        ["⬣", "payment-availability"],
        ["◆", "basket"],
        ["?", "search"],
        ["✓", "products-available"],
    ]
    # 99.499999 % is not 99.5 %.
    assert lines[3].split()[3:8] == ["99.5%", "99.499%", "-75.6%", "of", "30d"]
    assert "in 13 h 20 min, by the last 1h" in lines[4]
    assert "does not count now: the nightly import" in lines[4]
    assert "in 4 d 2 h" in lines[5]
    assert lines[6].split()[2:6] == ["99.5%", "no", "data", "unknown"]
    assert "31.0% left at the end of the period" in lines[7]
    assert "checkout-availability (75%), payment-availability (25%)" in done.stdout
    assert "left out  queue: a gauge" in done.stdout
    assert "wrong     /etc/aiops/bad.yaml:26:15" in done.stdout


def test_json_is_what_the_engine_says(engine: Engine) -> None:
    assert json.loads(run("--url", engine.url, "--format", "json").stdout) == ANSWER


class Page(HTMLParser):
    """Tags in their order, checked to be closed; texts; what would have to be fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.fetched: list[str] = []
        self.texts = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.fetched += [str(value) for key, value in attributes if key in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts += data


def test_a_page_that_needs_nothing_else(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    done = run("--url", engine.url, "--format", "html", "-o", file)
    assert (done.exit_code, done.output) == (0, "")
    text = file.read_text()
    page = Page(text)
    assert not page.fetched
    assert "script" not in page.seen
    assert "url(" not in text
    assert "/x<script>" in page.texts
    assert page.seen.count("li") == len(ANSWER["slos"]) + len(ANSWER["journeys"])
    assert "prefers-color-scheme: dark" in text
    for said in ("Runs out in 13 h 20 min", "1 h 14 min of bad time left", "data for 83% of the period", "-75.6%"):
        assert said in page.texts, said
    assert text.index("Checkout availability") < text.index("Payment availability") < text.index("Basket")
    assert run("--url", engine.url, "--format", "html").stdout == text


def test_a_file_is_written_whole_or_not_at_all(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("last week")
    engine.answer = {**EMPTY, "slos": [{"slo": "half"}]}
    done = run("--url", engine.url, "--format", "html", "-o", file)
    assert done.exit_code == 1
    assert "cannot be read; is it of another release?" in done.stderr
    assert file.read_text() == "last week"
    done = run("--url", engine.url, "--format", "json", "-o", tmp_path / "no" / "report.json")
    assert (done.exit_code, "aiops: cannot write" in done.stderr) == (1, True)
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_an_engine_without_objectives(engine: Engine) -> None:
    engine.answer = EMPTY
    for form in ("text", "html"):
        done = run("--url", engine.url, "--format", form)
        assert done.exit_code == 0
        assert "no objectives" in done.stdout


def test_tokens(engine: Engine) -> None:
    engine.token = TOKEN
    refused = run("--url", engine.url)
    assert (refused.exit_code, "a token is needed" in refused.stderr) == (1, True)
    assert run("--url", engine.url, "--token", TOKEN).exit_code == 0
    assert run("--url", engine.url, env={"AIOPS_TOKEN": TOKEN}).exit_code == 0


def test_no_engine_is_one_sentence(engine: Engine) -> None:
    done = run("--url", f"http://127.0.0.1:{free()}")
    assert (done.exit_code, done.stderr.startswith("aiops: no engine answers at")) == (1, True)
    done = run("--url", f"{engine.url}/elsewhere")
    assert (done.exit_code, done.stderr) == (1, "aiops: there is nothing at /elsewhere/aiops/slos\n")
    assert run("--format", "pdf").exit_code == 2


def free() -> int:
    with HTTPServer(("127.0.0.1", 0), Handler) as one:
        return one.server_port


def test_what_has_little_data_is_not_said_to_be_kept() -> None:
    young = objective(
        "young", coverage=0.001, data_since="2026-03-02T11:20:00Z", good_ratio=0.8425, target="0.99", budget_left=0.965
    )
    found = report.report_of({**EMPTY, "slos": [young, objective("old")]})
    by_name = {row.name: row for row in found.rows}
    row = by_name["young"]
    assert (row.mark, row.state) == ("\N{WHITE DIAMOND}", "below target so far")
    assert row.coverage == "data for 0.1% of the period, since 2026-03-02 11:20:00 UTC"
    assert by_name["old"].state == "on target"
    assert found.summary == "1 on target, 1 below target so far"
    page = report.report_page(found)
    assert '84.25%</strong> <span class="quiet">good since data began, 99% promised</span>' in page
    assert "of the budget of 30d left; time without data counts as without errors</span>" in page


def test_what_an_engine_answers_speaks_to_no_terminal(engine: Engine) -> None:
    odd = "bad \x1b[2J\x9b31m\u202e"
    engine.answer = {**ANSWER, "problems": [odd], "left_out": [{"slo": "queue", "why": odd}]}
    for form in ("text", "json"):
        done = run("--url", engine.url, "--format", form)
        assert done.exit_code == 0
        assert not [one for one in ("\x1b", "\x9b", "\u202e") if one in done.stdout]
