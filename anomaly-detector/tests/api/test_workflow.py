"""The work of people on incidents by API and pages: who has one, and what is written about it."""

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.samples import sample, simple
from made_up.world import World

from aiops.model import IncidentState

ONE = "INC-1795253415-1"
PATH = f"/aiops/incidents/{ONE}"
OVER = simple(2, state=IncidentState.RESOLVED, resolved_at=NOW - 60, resolution="calm again")


def newest(client: FlaskClient) -> dict[str, object]:
    found = client.get("/aiops/audit?limit=1").json
    assert found is not None
    row: dict[str, object] = found["rows"][0]
    return row


def test_an_incident_is_given_to_somebody_and_taken_back(world: World, client: FlaskClient) -> None:
    world.keep(sample())
    found = client.post(f"{PATH}/assign", json={"assignee": " ana "}).json
    assert found is not None
    assert (found["assignee"], found["state"]) == ("ana", "open")
    assert (found["timeline"][-1]["what"], found["timeline"][-1]["text"]) == ("assigned", "assigned to ana by local")
    row = newest(client)
    assert (row["what"], row["subject"]) == ("assign", ONE)
    assert "assigned to ana" in client.get(f"/incidents/{ONE}").text
    again = client.post(f"{PATH}/assign", json={"assignee": "ana"}).json
    assert again is not None
    assert again["timeline"] == found["timeline"]
    assert client.post(f"{PATH}/unassign").json["assignee"] is None  # type: ignore[index]
    assert newest(client)["what"] == "unassign"
    assert client.post(f"/incidents/{ONE}/assign", data={"assignee": "bob"}).status_code == 303
    assert client.get(PATH).json["assignee"] == "bob"  # type: ignore[index]


def test_who_acknowledges_what_nobody_has_has_it(world: World, client: FlaskClient) -> None:
    world.keep(sample(), simple(2))
    assert client.post(f"{PATH}/acknowledge").json["assignee"] == "local"  # type: ignore[index]
    other = "/aiops/incidents/INC-1795253415-2"
    client.post(f"{other}/assign", json={"assignee": "ana"})
    found = client.post(f"{other}/acknowledge").json
    assert found is not None
    assert (found["assignee"], found["acknowledged_by"]) == ("ana", "local")


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("INC-9/assign", {"assignee": "ana"}, 404, "there is no incident INC-9"),
        (f"{ONE}/assign", {}, 400, "assignee"),
        (f"{ONE}/assign", {"assignee": "  "}, 400, "assignee"),
        (f"{ONE}/assign", {"assignee": "x" * 129}, 400, "assignee"),
        (f"{ONE}/assign", {"assignee": "a\nb"}, 400, "assignee"),
        (f"{ONE}/unassign", {"assignee": "ana"}, 400, "takes no body"),
        ("INC-1795253415-2/assign", {"assignee": "ana"}, 409, "is resolved since"),
        ("INC-9/comments", {"text": "hm"}, 404, "there is no incident INC-9"),
        (f"{ONE}/comments", {"text": ""}, 400, "text"),
        (f"{ONE}/comments", {"text": "  \n "}, 400, "text"),
        (f"{ONE}/comments", {"text": "x" * 10_001}, 400, "text"),
        (f"{ONE}/comments", {"text": "a\x00b"}, 400, "control characters"),
    ],
)
def test_what_is_wrong_is_refused_with_a_reason(
    world: World, client: FlaskClient, path: str, body: dict[str, str], status: int, said: str
) -> None:
    world.keep(sample(), OVER)
    answer = client.post(f"/aiops/incidents/{path}", json=body)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert client.get("/aiops/audit").json["rows"] == []  # type: ignore[index]


def test_comments_are_kept_as_written_and_shown_as_markdown(world: World, client: FlaskClient) -> None:
    world.keep(sample(), OVER)
    text = "It is the **pool**:\n\n- [docs](https://example.com/a?b=1&c=2)\n- `max=5`"
    found = client.post(f"{PATH}/comments", json={"text": text}).json
    assert found is not None
    assert found["comments"] == [{"at": "2026-11-21T09:35:00Z", "who": "local", "text": text}]
    assert newest(client)["text"] == text
    page = client.get(f"/incidents/{ONE}").text
    assert "<strong>pool</strong>" in page
    assert '<a href="https://example.com/a?b=1&amp;c=2" rel="noopener nofollow">docs</a>' in page
    assert client.post("/incidents/INC-1795253415-2/comments", data={"text": "one\r\ntwo"}).status_code == 303
    assert client.get("/aiops/incidents/INC-1795253415-2").json["comments"][0]["text"] == "one\ntwo"  # type: ignore[index]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://evil.example/pixel.png)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java&#115;cript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "[x](//evil.example)",
        "[x](/sign-out)",
        "<javascript:alert(1)>",
        '[x](https://a.example "\\" onmouseover=alert(1)")',
        "[x]: javascript:alert(1)\n\n[x]",
        "# a heading",
        "a heading\n===",
        '`<b onclick="x">`',
        "<!-- a --> <svg/onload=alert(1)>",
        "```\n</code><script>x</script>\n```",
    ],
)
def test_a_comment_cannot_do_anything_to_the_page(world: World, client: FlaskClient, text: str) -> None:
    world.keep(sample())
    client.post(f"{PATH}/comments", json={"text": text})
    page = client.get(f"/incidents/{ONE}").text
    said = page[page.index('class="text said"') :].partition("</li>")[0]
    for bad in ("<script", "<img", "<svg", "<b ", "<h1", "<!--", 'href="java', 'href="data', 'href="vb', 'href="/'):
        assert bad not in said.lower(), said


def test_who_may_only_read_sees_no_way_to_act(world: World) -> None:
    world.keep(sample())
    reader = world.client(tokens={"eve": "x" * 20, "ops": "y" * 20}, token_roles={"eve": "viewer", "ops": "responder"})
    page = reader.get(f"/incidents/{ONE}", headers={"Authorization": f"Bearer {'x' * 20}"}).text
    for name in ("assign", "comment", "more"):
        assert f'id="{name}"' not in page
    page = reader.get(f"/incidents/{ONE}", headers={"Authorization": f"Bearer {'y' * 20}"}).text
    assert 'id="assign"' in page
