"""Services by Apprise: its real plugins, whose requests reach a local server, and mail to a local SMTP server."""

import json
import logging
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from io import StringIO
from typing import Any

import pytest
import requests
from aiosmtpd.controller import Controller
from made_up.samples import sample, simple

from aiops.incidents import resolve
from aiops.model import Delivery, Digest, Severity
from aiops.model.errors import NotTaken
from aiops.notify import BadChannel, Writer, channels_of
from aiops.notify.by_apprise import AppriseNotifier, as_markdown
from aiops.notify.example import trial
from aiops.notify.file import RouteFile
from aiops.presentation.message import message_of

from .sink import Sink, http_sink, valid
from .test_routing import BURN

WRITER = Writer("https://aiops.example.org", "https://grafana.example.org")
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7TA/#on-call"
TEAMS = "workflows://prod.logic.azure.com/abcdef0123456789/s1gnature-of-teams"
OPSGENIE = "opsgenie://a1b2c3d4-0000-1111-2222-333344445555?action=new"


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sink]:
    """Every request of a plugin reaches the sink, over HTTP."""
    with http_sink() as one:
        real = requests.Session.request

        def request(self: requests.Session, method: str, url: str, **more: Any) -> requests.Response:
            path = "/" + url.partition("://")[2].partition("/")[2]
            return real(self, method, one.url + path, **more)

        monkeypatch.setattr(requests.Session, "request", request)
        yield one


def message(transition: str, subject: Any) -> Delivery:
    return Delivery(number=1, transition=transition, subject=subject, at=0.0)


@pytest.mark.parametrize(
    ("address", "schema"),
    [(SLACK, "slack-webhook"), (TEAMS, "teams-workflow"), (OPSGENIE, "opsgenie-alert")],
    ids=["slack", "teams", "opsgenie"],
)
def test_services_get_what_they_document(sink: Sink, address: str, schema: str) -> None:
    request = {"result": "Request will be processed", "took": 0.3, "requestId": "43a29c5c-3dbf-4fa4-9c26-f4f71023e120"}
    sink.answer = lambda got: (202, {}, request) if got.path.startswith("/v2/") else (200, {}, "ok")
    one = sample()
    for each in (
        message("opened", one),
        message("resolved", resolve(one, one.last_seen, "calm")),
        message("burns", BURN),
        message("digest", Digest(0.0, 1.0, tuple((f"INC-{n}", "it was slow") for n in range(50)))),
        trial(1_796_040_000.0),
    ):
        before = len(sink.got)
        AppriseNotifier(address, WRITER).send(each)
        assert len(sink.got) > before
    for got in sink.got:
        valid(got.body, schema)
    first = json.dumps(sink.got[0].body, ensure_ascii=False)
    assert "payment POST /payment fails" in first
    assert "almost certain, 93%" in first
    assert f"https://aiops.example.org/incidents/{one.id}" in first


def test_opsgenie_that_would_send_nothing_is_refused() -> None:
    """Without an action Apprise takes `resolved` for the end of an alert that it does not know, and says it is sent."""
    with pytest.raises(ValueError, match=r"add \?action=new"):
        AppriseNotifier(OPSGENIE.partition("?")[0], WRITER)


def test_the_body_has_the_cause_the_budget_and_what_to_do_first() -> None:
    text = as_markdown(message_of("opened", sample(), "https://aiops.example.org", "https://grafana.example.org"))
    for part in (
        "**Cause**",
        "almost certain",
        "**Since**",
        "**Hits**",
        "**What to do first**",
        "1. [",
        "[Dashboard](",
    ):
        assert part in text


def test_names_of_telemetry_are_no_markup() -> None:
    name = "[pay](http://evil.example) **now** <b>x</b> `y` # z"
    text = as_markdown(message_of("opened", simple(title=name, affected_services=(name,)), "https://aiops.example.org"))
    assert "[pay](http://evil" not in text
    assert "<b>" not in text.replace(r"\<b\>", "")


@dataclass
class Mailbox:
    got: list[Any] = field(default_factory=list)
    refuse: str = ""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.refuse:
            return self.refuse
        self.got.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    handler = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield handler, port
    finally:
        controller.stop()


def mail(port: int) -> AppriseNotifier:
    address = f"mailto://127.0.0.1:{port}?from=aiops@example.org&to=on-call@example.org&mode=insecure"
    return AppriseNotifier(address, WRITER)


def test_mail_is_a_page_with_a_subject(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    hostile = simple(title="<script>alert(1)</script> fails", severity=Severity.HIGH)
    mail(port).send(message("opened", sample()))
    mail(port).send(message("opened", hostile))
    first, second = box.got
    assert first["Subject"].startswith("[critical] opened: payment POST /payment fails")
    assert first["To"] == "on-call@example.org"
    body = first.get_body(("html",)).get_content()
    assert f'href="https://aiops.example.org/incidents/{sample().id}"' in body
    assert "<script>" not in second.get_body(("html",)).get_content()


def test_mail_that_is_refused_is_sent_again(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    box.refuse = "451 try again later"
    with pytest.raises(NotTaken):
        mail(port).send(message("opened", sample()))


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """The log as an engine writes it that is set to `debug`."""
    text, root = StringIO(), logging.getLogger()
    handler, level, pool = logging.StreamHandler(text), root.level, logging.getLogger("urllib3.connectionpool")
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    before = pool.level
    pool.setLevel(logging.ERROR)
    yield text
    pool.setLevel(before)
    root.setLevel(level)
    root.removeHandler(handler)


@pytest.mark.parametrize("status", [400, 429, 500])
def test_what_a_service_refuses_is_said_without_its_address(sink: Sink, status: int, logged: StringIO) -> None:
    sink.answer = lambda _got: (status, {}, "no")
    file = RouteFile.model_validate({"channels": {"chat": {"kind": "apprise", "url": TEAMS}}, "default": "chat"})
    (channel,) = channels_of(file, WRITER)
    with pytest.raises(NotTaken, match=str(status)) as refused:
        channel.notifier.send(message("opened", sample()))
    for text in (channel.masked(str(refused.value)), logged.getvalue(), repr(file), repr(channel.name)):
        assert "s1gnature" not in text
        assert "abcdef0123456789" not in text


def test_a_channel_without_the_extra_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    file = RouteFile.model_validate({"channels": {"chat": {"kind": "apprise", "url": TEAMS}}, "default": "chat"})
    with pytest.raises(BadChannel, match=r"pip install 'aiops\[notify\]'"):
        channels_of(file, WRITER)


def test_an_address_that_is_none_is_not_repeated() -> None:
    file = RouteFile.model_validate(
        {"channels": {"chat": {"kind": "apprise", "url": "nope://s3cret"}}, "default": "chat"}
    )
    with pytest.raises(BadChannel, match=r"channels\.chat\.url") as refused:
        channels_of(file, WRITER)
    assert "s3cret" not in str(refused.value)
