"""The post-mortem of an incident, in each of its forms: whole, honest about what lasts, and safe to pass on."""

import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from api.test_incident_page import PAYMENT, failing, judged, lived
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from made_up.fakes import NOW, Route
from made_up.samples import TRACE_ID
from made_up.serving import served
from made_up.world import World
from markdown_it import MarkdownIt

from aiops.cli.main import main
from aiops.model import (
    Actor,
    Alert,
    AlertState,
    Change,
    ChangeVerdict,
    ConsideredChange,
    Incident,
    IncidentState,
    labels,
)

EXPORT = "/aiops/incidents/INC-1795253415-1/export"
ALICE = Actor("alice")
HOSTILE = (
    "pay<script>alert(1)</script>](javascript:x) ![a](http://evil.example/p.png) |x| `c` **b** "
    "https://evil.example \x1b[31m"
)


class Tags(HTMLParser):
    """The elements of a page, and the addresses that they load or lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.addresses: list[str] = []
        self.styles: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "srcset", "action", "poster", "data"):
                self.addresses.append(value or "")
            if name == "style":
                self.styles.append(value or "")


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page[page.index("<body") :])).split())


def rich(world: World, one: Incident) -> None:
    """An incident with alerts, a change, and what people did."""
    lived(world, one)
    world.use_cases.alerts.take(
        [
            Alert(
                fingerprint="a",
                starts_at=NOW - 250,
                state=AlertState.FIRING,
                ends_at=None,
                heard_at=NOW,
                labels=labels(alertname="HighErrors", service="payment", severity="page"),
                services=("payment",),
            )
        ],
        Actor("am"),
    )
    change = Change(at=NOW - 540, who="ci", kind="deployment", service="payment", version="1.5.0", text="new cards")
    world.use_cases.incidents.record_change(change, Actor("ci"))
    world.use_cases.incidents.acknowledge(one.id, ALICE)


def test_the_json_has_everything_and_blanks_for_people(world: World, client: FlaskClient) -> None:
    rich(world, failing())
    found = client.get(EXPORT).json
    assert found is not None
    assert (found["incident"], found["over"], found["state"]) == ("INC-1795253415-1", False, "acknowledged")
    assert found["page"] == "http://localhost/incidents/INC-1795253415-1"
    told = found["summary"]
    assert (told["lasted_seconds"], told["detected_after_seconds"], told["acknowledged_after_seconds"]) == (
        300,
        15,
        300,
    )
    assert told["until"] is None
    assert told["users"] == "504 requests of users failed, 20% of all requests"
    assert [one["at"] for one in found["timeline"]] == sorted(one["at"] for one in found["timeline"])
    cause = found["cause"]
    assert (cause["confidence"], cause["interval"]) == (0.93, [0.71, 0.99])
    assert "service.version = 1.5.0 in 100% of the bad requests and 4% of the good ones" in cause["evidence"]
    assert cause["traces"][0] == TRACE_ID
    assert found["impact"]["failed"] == pytest.approx(504, abs=1)
    assert found["impact"]["endpoints"][0]["route"] == "/checkout"
    assert [one["name"] for one in found["alerts"]] == ["HighErrors"]
    assert [(one["version"], one["verdict"]) for one in found["changes"]] == [("1.5.0", None)]
    assert [(one["who"], one["what"]) for one in found["actions"]] == [("alice", "acknowledge")]
    first = found["series"][0]
    assert (first["title"], first["unit"]) == ("payment POST /payment: failing requests", "ratio")
    assert len(first["times"]) == len(first["observed"]) > 40
    assert {"onset", "action"} <= {one["kind"] for one in found["moments"]}
    assert [one["section"] for one in found["for_people"]][-4:] == [
        "What went well",
        "What went wrong",
        "Where we were lucky",
        "Action items",
    ]


def test_the_forms_say_the_same_and_that_it_is_not_over(world: World, client: FlaskClient) -> None:
    rich(world, failing())
    text = client.get(EXPORT, query_string={"format": "md"})
    page = client.get(EXPORT, query_string={"format": "html"})
    assert text.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "attachment; filename=INC-1795253415-1.md" in text.headers["Content-Disposition"]
    assert "attachment; filename=INC-1795253415-1.html" in page.headers["Content-Disposition"]
    assert client.get(EXPORT).headers["Content-Type"] == "application/json"
    shown = text_of(f"<body>{MarkdownIt('commonmark').enable('table').render(text.text)}")
    for said in (shown, text_of(page.text)):
        for part in (
            "This incident is not over.",
            "80% of requests to payment POST /payment fail",
            "2026-11-21 09:30:00 UTC",
            "504 requests of users failed, 20% of all requests",
            "between 71% and 99%",
            "HighErrors",
            "deployment of payment 1.5.0",
            "alice",
            "Where we were lucky",
            "What makes sure that this cause does not come back?",
        ):
            assert part in said, part


def test_the_html_is_one_file_with_its_charts(world: World, client: FlaskClient) -> None:
    rich(world, failing())
    page = client.get(EXPORT, query_string={"format": "html"}).text
    tags = Tags(page)
    assert not {"script", "iframe", "img", "form"} & tags.names
    assert 'rel="stylesheet"' not in page
    assert all(one.startswith(("data:", "http://localhost/incidents/")) for one in tags.addresses), tags.addresses
    assert "@import" not in page
    assert "url(" not in page
    assert tags.styles == []
    assert page.count('<figure class="chart') == 2
    assert 'class="flag onset"' in page
    assert "@media print" in page


def test_what_is_over_says_how_long_it_took(world: World, client: FlaskClient) -> None:
    lived(
        world, failing(state=IncidentState.RESOLVED, resolved_at=NOW - 60, resolution="its symptoms are back to normal")
    )
    found = client.get(EXPORT).json
    assert found is not None
    assert (found["over"], found["summary"]["lasted_seconds"]) == (True, 240)
    for form in ("md", "html"):
        said = client.get(EXPORT, query_string={"format": form}).text
        assert "not over" not in said
        assert "4 min" in said
        assert "its symptoms are back to normal" in said


def hostile() -> Incident:
    """An incident whose every text is an attack."""
    one = failing()
    root, span = one.root_cause, one.first_failing_span
    assert root is not None
    assert span is not None
    cause = replace(root.cause, service=HOSTILE, endpoint=f"/{HOSTILE}")
    change = Change(at=NOW - 500, who=HOSTILE, kind="deployment", service=HOSTILE, version=HOSTILE, text=HOSTILE)
    considered = ConsideredChange(change=change, verdict=ChangeVerdict.POSSIBLE, why=HOSTILE)
    root = replace(
        root,
        cause=cause,
        description=HOSTILE,
        change=HOSTILE,
        alternatives=((cause, 0.2),),
        changes_considered=(considered,),
        dimensions=tuple(replace(each, attribute=HOSTILE, value=HOSTILE) for each in root.dimensions),
    )
    return replace(
        one,
        title=HOSTILE,
        root_cause=root,
        first_failing_span=replace(span, service=HOSTILE, name=HOSTILE, status=HOSTILE, exception=HOSTILE),
        affected_services=(HOSTILE, "# heading", "- item", "1. one"),
        affected_endpoints=(f"/{HOSTILE}",),
        symptoms=((labels(service=HOSTILE, route=HOSTILE, method="POST"), "errors"), (PAYMENT, "errors")),
        timeline=tuple(replace(each, text=f"{HOSTILE}\n# forged\n\n<b>x</b>") for each in one.timeline),
        resolution=HOSTILE,
    )


def attacked(world: World) -> None:
    one = hostile()
    lived(world, one)
    world.metrics.routes.append(Route(HOSTILE, "POST", HOSTILE, errors=0.8))
    world.verdicts.recorded += judged(one.symptoms[0][0])
    world.use_cases.alerts.take(
        [
            Alert(
                fingerprint="a",
                starts_at=NOW - 250,
                state=AlertState.FIRING,
                ends_at=None,
                heard_at=NOW,
                labels=(("alertname", HOSTILE), ("service", HOSTILE), ("severity", HOSTILE)),
                annotations=(("summary", HOSTILE),),
                services=(HOSTILE,),
            )
        ],
        Actor("am"),
    )
    world.use_cases.incidents.acknowledge(one.id, Actor(HOSTILE))


def test_hostile_names_are_text_in_html(world: World, client: FlaskClient) -> None:
    attacked(world)
    for path in (f"{EXPORT}?format=html", "/incidents/INC-1795253415-1/post-mortem"):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "\x1b" not in page
        tags = Tags(page)
        assert not [one for one in tags.addresses if "evil" in one or "javascript" in one]
        assert "b" not in tags.names
        assert "img" not in tags.names or "evil" not in "".join(tags.addresses)


def test_hostile_names_are_text_in_markdown(world: World, client: FlaskClient) -> None:
    attacked(world)
    text = client.get(EXPORT, query_string={"format": "md"}).text
    assert "\x1b" not in text
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False})
    shown = parser.render(text)
    tags = Tags(shown)
    assert not {"script", "img", "b"} & tags.names
    assert all(one.startswith("http://localhost/incidents/") for one in tags.addresses), tags.addresses
    tokens = parser.parse(text)
    headings = [after.content for before, after in pairwise(tokens) if before.type == "heading_open"]
    assert not [one for one in headings if one.startswith(("forged", "heading"))]
    assert not [one for one in tokens if one.type in ("html_block", "fence", "ordered_list_open")]
    inline = [child for one in tokens for child in (one.children or [])]
    assert not [one for one in inline if one.type in ("html_inline", "image")]
    rows = [line for line in text.splitlines() if line.startswith("| 2026-")]
    assert rows
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows if "anomaly" in row or "onset" in row}) == 1


def test_hostile_names_are_text_in_json(world: World, client: FlaskClient) -> None:
    attacked(world)
    answer = client.get(EXPORT)
    assert "\x1b" not in answer.text
    found = json.loads(answer.text)
    assert HOSTILE in found["summary"]["services"]


def test_what_does_not_exist_and_wrong_forms_are_refused(world: World, client: FlaskClient) -> None:
    assert client.get("/aiops/incidents/INC-9/export").status_code == 404
    lived(world, failing())
    wrong = client.get(EXPORT, query_string={"format": "pdf"})
    assert wrong.status_code == 400
    assert wrong.json is not None
    assert wrong.json["parameter"] == "format"


def test_a_source_that_does_not_answer_is_said(world: World, client: FlaskClient) -> None:
    lived(world, failing())
    world.metrics.broken = True
    for form in ("md", "html"):
        said = client.get(EXPORT, query_string={"format": form}).text
        assert "Not everything could be read" in said
        assert "disk full; make room" in said


def test_an_incident_without_a_cause_has_one_too(world: World, client: FlaskClient) -> None:
    lived(world, replace(failing(), root_cause=None, no_cause="no trace of a bad request was kept"), evidence=False)
    for form in ("md", "html"):
        said = client.get(EXPORT, query_string={"format": form}).text
        assert "No cause was found: no trace of a bad request was kept." in said


def test_the_page_of_the_incident_leads_to_it(world: World, client: FlaskClient) -> None:
    lived(world, failing())
    assert '"/incidents/INC-1795253415-1/post-mortem"' in client.get("/incidents/INC-1795253415-1").text
    page = client.get("/incidents/INC-1795253415-1/post-mortem").text
    for form in ("md", "html", "json"):
        assert f'href="{EXPORT}?format={form}"' in page
    assert client.get("/incidents/INC-9/post-mortem").status_code == 404


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["incidents", "export", *arguments])


def test_the_command_writes_a_file_and_overwrites_none(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived(world, failing())
    monkeypatch.chdir(tmp_path)
    with served(world) as url:
        first = run("INC-1795253415-1", "--url", url)
        assert first.exit_code == 0, first.output
        assert "wrote INC-1795253415-1.md" in first.stderr
        file = tmp_path / "INC-1795253415-1.md"
        assert file.read_text().startswith("# Post-mortem: 80% of requests to payment")
        file.write_text("notes of people")
        again = run("INC-1795253415-1", "--url", url)
        assert again.exit_code == 1
        assert "exists already, and is not overwritten; give --force" in again.stderr
        assert file.read_text() == "notes of people"
        assert run("INC-1795253415-1", "--url", url, "--force").exit_code == 0
        assert file.read_text().startswith("# Post-mortem")
        page = run("INC-1795253415-1", "--url", url, "--format", "html", "-o", "page.html")
        assert page.exit_code == 0, page.output
        assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
        out = run("INC-1795253415-1", "--url", url, "--format", "json", "-o", "-")
        assert json.loads(out.stdout)["incident"] == "INC-1795253415-1"
        none = run("INC-7", "--url", url, "-o", "none.md")
        assert none.exit_code == 1
        assert "there is no incident INC-7" in none.stderr
        assert not (tmp_path / "none.md").exists()


def test_a_terminal_gets_no_control_characters(world: World) -> None:
    attacked(world)
    with served(world) as url:
        for form in ("md", "html", "json"):
            said = run("INC-1795253415-1", "--url", url, "--format", form, "-o", "-")
            assert said.exit_code == 0, said.output
            assert "\x1b" not in said.stdout
