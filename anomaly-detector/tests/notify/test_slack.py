"""Slack by its own SDK, whose Web API is a local server: one message an incident, a thread, and limits."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from made_up.samples import sample, simple

from aiops.incidents import acknowledge, resolve
from aiops.model import Delivery, Digest, Incident
from aiops.model.errors import NotTaken
from aiops.notify import Writer
from aiops.notify.example import trial
from aiops.notify.slack import SlackNotifier, web_client
from aiops.notify.slack_blocks import BLOCKS, clipped
from aiops.presentation.leads import Lead

from .sink import Answer, Got, Sink, http_sink, valid
from .test_routing import BURN

TOKEN = "xoxb-s3cret"
WRITER = Writer("https://aiops.example.org")


def answer(got: Got) -> Answer:
    return 200, {}, {"ok": True, "channel": "C024BE91L", "ts": "1503435956.000247"}


@pytest.fixture
def sink() -> Iterator[Sink]:
    with http_sink() as one:
        one.answer = answer
        yield one


def slack(sink: Sink, writer: Writer = WRITER, **more: Any) -> SlackNotifier:
    return SlackNotifier(web_client(TOKEN, f"{sink.url}/api/"), "#on-call", writer, **more)


def message(transition: str, subject: Any, reference: str = "") -> Delivery:
    return Delivery(number=1, transition=transition, subject=subject, at=0.0, reference=reference)


def all_valid(sink: Sink) -> None:
    for one in sink.got:
        valid(one.body, "slack-message")
        assert one.headers["Authorization"] == f"Bearer {TOKEN}"


def texts(body: Any) -> str:
    return json.dumps(body["blocks"], ensure_ascii=False)


def test_an_incident_is_one_message_with_a_thread(sink: Sink) -> None:
    one = sample()
    reference = slack(sink, buttons=True).send(message("opened", one))
    assert json.loads(reference or "") == {"channel": "C024BE91L", "ts": "1503435956.000247"}
    after = slack(sink, buttons=True)  # as after a restart
    taken = acknowledge(one, one.last_seen, "ada")
    assert after.send(message("acknowledged", taken, reference or "")) == reference
    over = resolve(taken, one.last_seen + 60, "calm")
    after.send(message("resolved", over, reference or ""))
    all_valid(sink)
    calls = [got.path.rpartition("/")[2] for got in sink.got]
    assert calls == ["chat.postMessage", *["chat.update", "chat.postMessage"] * 2]
    first, update, reply, last, _ = sink.bodies()
    assert (update["channel"], update["ts"]) == ("C024BE91L", "1503435956.000247")
    assert (reply["thread_ts"], reply["channel"]) == ("1503435956.000247", "C024BE91L")
    assert "Acknowledged by: ada" in reply["text"]
    assert [each["action_id"] for each in first["blocks"][-1]["elements"]] == ["aiops_acknowledge", "aiops_resolve"]
    assert [each["action_id"] for each in update["blocks"][-1]["elements"]] == ["aiops_resolve"]
    assert last["blocks"][-1]["type"] == "context", "what is over has no buttons"
    assert {each["value"] for each in first["blocks"][-1]["elements"]} == {one.id}
    assert "almost certain, 93%" in texts(first)
    assert f"<https://aiops.example.org/incidents/{one.id}|Incident>" in texts(first)


def test_what_is_back_is_shown_in_the_channel_as_well(sink: Sink) -> None:
    reference = slack(sink).send(message("opened", sample()))
    slack(sink).send(message("reopened", sample(), reference or ""))
    slack(sink).send(message("changed", sample(), reference or ""))
    all_valid(sink)
    assert [body.get("reply_broadcast") for body in sink.bodies("chat.postMessage")] == [None, True, None]


def test_a_message_that_somebody_deleted_is_posted_anew(sink: Sink) -> None:
    sink.answer = lambda got: (
        (200, {}, {"ok": False, "error": "message_not_found"}) if got.path.endswith("chat.update") else answer(got)
    )
    before = json.dumps({"channel": "C1", "ts": "1.000001"})
    reference = slack(sink).send(message("resolved", resolve(sample(), sample().last_seen, "calm"), before))
    assert json.loads(reference or "")["ts"] == "1503435956.000247"
    assert "blocks" in sink.bodies()[-1]


def test_long_and_hostile_texts_fit(sink: Sink) -> None:
    """Names come from telemetry: they are neither mentions nor links, and never cut in the middle of an entity."""
    name = "<!channel> [x](http://evil) & <http://evil|x> \u202e" + "&" * 4000
    one: Incident = simple(
        title=name, affected_services=tuple(f"<@U{n}>&{'x' * 90}" for n in range(200)), no_cause=name
    )
    many = [Lead(f"{name} {n}", "#tree") for n in range(9)]
    slack(sink, Writer("https://aiops.example.org", leads=lambda _one: many)).send(message("opened", one))
    all_valid(sink)
    body = sink.bodies()[0]
    assert len(body["blocks"]) <= BLOCKS
    sections = [block["text"]["text"] for block in body["blocks"] if block["type"] == "section"]
    assert not any("<!" in text or "<@" in text or "<http://evil" in text for text in (*sections, body["text"]))
    assert "\u202e" not in json.dumps(body, ensure_ascii=False)
    assert clipped("a&amp;b", 6) == "a…"
    assert clipped("see <http://x|y> now", 12) == "see …"


def test_burns_digests_and_tests_have_a_form(sink: Sink) -> None:
    slack(sink, buttons=True).send(message("burns", BURN))
    digest = Digest(0.0, 1.0, tuple((f"INC-{n}", f"thing {n} was slow") for n in range(300)))
    assert slack(sink, buttons=True).send(message("digest", digest)) is None
    assert slack(sink, buttons=True).send(trial(1_796_040_000.0)) is None
    all_valid(sink)
    assert "INC-7" in texts(sink.bodies()[1])
    assert not any("aiops_resolve" in texts(body) for body in sink.bodies())


@pytest.mark.parametrize(
    ("status", "headers", "said", "final", "wait"),
    [
        (429, {"Retry-After": "7"}, {"ok": False, "error": "ratelimited"}, False, 7.0),
        (200, {}, {"ok": False, "error": "invalid_blocks"}, True, 0.0),
        (200, {}, {"ok": False, "error": "channel_not_found"}, False, 0.0),
        (200, {}, {"ok": False, "error": "invalid_auth"}, False, 0.0),
        (503, {}, {"ok": False}, False, 0.0),
    ],
)
def test_a_limit_is_respected_and_what_can_be_mended_is_sent_again(
    sink: Sink, status: int, headers: dict[str, str], said: Any, final: bool, wait: float
) -> None:
    sink.answer = lambda _got: (status, headers, said)
    with pytest.raises(NotTaken, match="Slack") as refused:
        slack(sink).send(message("opened", sample()))
    assert (refused.value.final, refused.value.wait) == (final, wait)
    assert len(sink.got) == 1, "the SDK does not try again by itself"
    assert TOKEN not in str(refused.value)


def test_who_is_not_there_is_tried_again() -> None:
    with pytest.raises(NotTaken, match="cannot be reached") as away:
        SlackNotifier(web_client(TOKEN, "http://127.0.0.1:9/api/"), "C1", WRITER).send(message("opened", sample()))
    assert not away.value.final
    assert replace(sample()).id
