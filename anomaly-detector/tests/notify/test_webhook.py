"""The message to a webhook: the incident, with who looks after its service."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from made_up.samples import sample

from aiops.model.catalog import CatalogEntry, OnCall, Responsible
from aiops.notify import WebhookNotifier


@pytest.fixture
def posted() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address that takes messages, and the messages."""
    taken: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", taken
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_message_says_who_looks_after_the_service(posted: tuple[str, list[dict[str, Any]]]) -> None:
    url, taken = posted
    entry = CatalogEntry(
        service="payment", owner="payments", runbooks=(("Runbook", "https://wiki.example.org"),), on_call="secret.ics"
    )
    one = Responsible(entry, OnCall(names=("Ana",), until=1_795_260_000.0, as_of=1_795_250_000.0))
    WebhookNotifier(url, "http://engine", "", lambda _: one).send("opened", sample())
    WebhookNotifier(url, "http://engine").send("resolved", sample())
    first, second = taken
    told = first["incident"]["responsible"]
    assert (told["owner"], told["on_call"]["names"]) == ("payments", ["Ana"])
    assert told["runbooks"] == [{"title": "Runbook", "url": "https://wiki.example.org"}]
    assert "secret.ics" not in json.dumps(first)
    assert second["incident"]["responsible"] is None
