"""Webhooks, by `webhook_url` and as a channel: what is sent, and when it counts as delivered."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from made_up.samples import sample

from aiops.model import Delivery, Digest
from aiops.model.catalog import CatalogEntry, OnCall, Responsible
from aiops.model.errors import NotTaken
from aiops.notify import WebhookNotifier, Writer

from .sink import Sink, http_sink
from .test_routing import BURN

WRITER = Writer("https://aiops.example.org")


@pytest.fixture
def sink() -> Iterator[Sink]:
    with http_sink() as one:
        yield one


def message(transition: str, subject: Any) -> Delivery:
    return Delivery(number=1, transition=transition, subject=subject, at=0.0)


def test_it_gets_the_documents_of_the_api(sink: Sink) -> None:
    hook = WebhookNotifier(f"{sink.url}/hook", WRITER, {"X-Team": "shop"})
    hook.send(message("opened", sample()))
    hook.send(message("burns", BURN))
    hook.send(message("digest", Digest(0.0, 1.0, (("INC-1", "it was slow"),))))
    first, second, third = sink.bodies("/hook")
    assert (first["transition"], first["incident"]["id"]) == ("opened", sample().id)
    assert first["incident"]["links"]["page"] == f"https://aiops.example.org/incidents/{sample().id}"
    assert (second["transition"], second["slo"]["slo"]) == ("burns", "pay")
    assert third == {"transition": "digest", "digest": {"ended": [{"name": "INC-1", "headline": "it was slow"}]}}
    assert {got.headers["X-Team"] for got in sink.got} == {"shop"}


@pytest.mark.parametrize("status", [400, 404, 410, 500])
def test_every_answer_but_2xx_is_tried_again_and_names_no_path(sink: Sink, status: int) -> None:
    sink.answer = lambda _got: (status, {}, "no")
    with pytest.raises(NotTaken, match=f"127.0.0.1 answers {status}") as refused:
        WebhookNotifier(f"{sink.url}/s3cret?key=s3cret", WRITER).send(message("opened", sample()))
    assert not refused.value.final
    assert "s3cret" not in str(refused.value)


def test_a_redirect_is_followed_unless_headers_would_go_elsewhere(sink: Sink) -> None:
    sink.answer = lambda got: (307, {"Location": "/new"}, "") if got.path == "/old" else (200, {}, "ok")
    WebhookNotifier(f"{sink.url}/old", WRITER).send(message("opened", sample()))
    assert json.dumps(sink.bodies("/new")[0]) == json.dumps(sink.bodies("/old")[0])
    with pytest.raises(NotTaken, match="answers 307"):
        WebhookNotifier(f"{sink.url}/old", WRITER, {"Authorization": "Bearer s3cret"}).send(message("opened", sample()))


def test_the_message_says_who_looks_after_the_service(sink: Sink) -> None:
    entry = CatalogEntry(
        service="payment", owner="payments", runbooks=(("Runbook", "https://wiki.example.org"),), on_call="secret.ics"
    )
    one = Responsible(entry, OnCall(names=("Ana",), until=1_795_260_000.0, as_of=1_795_250_000.0))
    writer = Writer("http://engine", responsible=lambda _incident: one)
    WebhookNotifier(f"{sink.url}/hook", writer).send(message("opened", sample()))
    WebhookNotifier(f"{sink.url}/hook", Writer("http://engine")).send(message("resolved", sample()))
    first, second = sink.bodies("/hook")
    told = first["incident"]["responsible"]
    assert (told["owner"], told["on_call"]["names"]) == ("payments", ["Ana"])
    assert told["runbooks"] == [{"title": "Runbook", "url": "https://wiki.example.org"}]
    assert "secret.ics" not in json.dumps(first)
    assert second["incident"]["responsible"] is None
