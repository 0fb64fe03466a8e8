"""Buttons in Slack over Socket Mode: a local Web API and a local WebSocket server, the SDK's own client, a real engine.

Who is listed acts, under their own name in the audit; everybody else is told alone that they may not.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from made_up.samples import sample

from aiops.bootstrap import embedded
from aiops.bootstrap.application import Application
from aiops.config import Settings
from aiops.model import IncidentEvent, IncidentState, SignIn, Transition
from aiops.notify import slack_buttons
from aiops.notify.slack_buttons import pressed_in
from aiops.testing.waiting import until

from .sink import Answer, Got, Sink, http_sink
from .websocket import Socket, websocket

MAILS = {"U1": "Ada@Example.org", "U2": "eve@example.org", "U3": "bob@example.org"}
FILE = """
channels:
  chat:
    kind: slack
    bot_token: xoxb-s3cret
    app_token: xapp-s3cret
    channel: C1
    api_url: {url}/api/
    people: {{ada@example.org: responder, U3: viewer}}
default: chat
"""


@pytest.fixture
def socket() -> Iterator[Socket]:
    with websocket() as one:
        yield one


@pytest.fixture
def sink(socket: Socket) -> Iterator[Sink]:
    def answer(got: Got) -> Answer:
        if got.path.endswith("apps.connections.open"):
            return 200, {}, {"ok": True, "url": socket.url}
        if got.path.endswith("users.info"):
            return 200, {}, {"ok": True, "user": {"profile": {"email": MAILS[got.body["user"]]}}}
        return 200, {}, {"ok": True, "channel": "C1", "ts": "1503435956.000247"}

    with http_sink() as one:
        one.answer = answer
        yield one


@pytest.fixture
def engine(tmp_path: Path, sink: Sink, socket: Socket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    monkeypatch.setattr(slack_buttons, "PING", 0.5)
    file = tmp_path / "notify.yaml"
    file.write_text(FILE.format(url=sink.url))
    one = embedded(Settings(port=0, data_dir=tmp_path, notify_file=str(file), cycle_seconds=600))
    incident = replace(sample(), last_seen=one.use_cases.now())
    one.store.save_cycle(incident.onset, incident.onset, (), [IncidentEvent(Transition.OPENED, incident)])
    one.runner.start()
    one.notifications.start()
    try:
        until(lambda: socket.connections)
        until(lambda: sink.bodies("chat.postMessage"))
        yield one
    finally:
        one.stop()


def press(socket: Socket, user: str, action: str = "aiops_acknowledge", value: str = "") -> None:
    payload = {
        "type": "block_actions",
        "user": {"id": user, "username": "forged"},
        "channel": {"id": "C1"},
        "container": {"type": "message", "message_ts": "1503435956.000247"},
        "actions": [{"type": "button", "action_id": action, "value": value or sample().id}],
    }
    socket.send({"envelope_id": f"e-{user}-{action}", "type": "interactive", "payload": payload})


def test_who_is_listed_acknowledges_under_their_own_name(engine: Application, sink: Sink, socket: Socket) -> None:
    press(socket, "U1")
    until(lambda: engine.use_cases.incidents.get(sample().id).state == IncidentState.ACKNOWLEDGED)
    until(lambda: {"envelope_id": "e-U1-aiops_acknowledge"} in [_only(one) for one in socket.got])
    (entry,) = [
        row.entry for row in engine.use_cases.audit.page(None, None, None, 50)[0] if row.entry.what == "acknowledge"
    ]
    assert (entry.by.name, entry.by.how) == ("ada@example.org (U1)", SignIn.SLACK)
    assert until(lambda: sink.bodies("chat.update"))[0]["ts"] == "1503435956.000247"
    replies = until(lambda: [one for one in sink.bodies("chat.postMessage") if "thread_ts" in one])
    assert "Acknowledged by: ada@example.org (U1)" in replies[0]["text"]
    press(socket, "U1", "aiops_resolve")
    until(lambda: engine.use_cases.incidents.get(sample().id).state == IncidentState.RESOLVED)


@pytest.mark.parametrize("user", ["U2", "U3"])
def test_who_is_not_listed_or_only_reads_is_refused_alone(
    engine: Application, sink: Sink, socket: Socket, user: str
) -> None:
    press(socket, user, "aiops_resolve")
    (told,) = until(lambda: sink.bodies("chat.postEphemeral"))
    assert (told["user"], told["channel"]) == (user, "C1")
    assert "You may not resolve incidents" in told["text"]
    assert engine.use_cases.incidents.get(sample().id).state == IncidentState.OPEN


def test_what_cannot_be_done_is_said_to_who_pressed(engine: Application, sink: Sink, socket: Socket) -> None:
    press(socket, "U1", value="INC-0-0")
    (told,) = until(lambda: sink.bodies("chat.postEphemeral"))
    assert told["text"] == "This was not done: there is no incident INC-0-0"


def test_a_connection_that_ends_is_made_again(engine: Application, socket: Socket) -> None:
    socket.drop()
    until(lambda: len(socket.connections) == 2)
    press(socket, "U1")
    until(lambda: engine.use_cases.incidents.get(sample().id).state == IncidentState.ACKNOWLEDGED)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"type": "view_submission"},
        {"type": "block_actions"},
        {"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_id": "another_app"}]},
        {"type": "block_actions", "actions": [{"action_id": "aiops_resolve", "value": "INC-1-1"}]},
    ],
)
def test_payloads_of_others_do_nothing(payload: dict[str, Any]) -> None:
    assert pressed_in(payload) == []


def _only(one: dict[str, Any]) -> dict[str, Any]:
    return {"envelope_id": one.get("envelope_id")}
