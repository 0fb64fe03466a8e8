"""A real HTTP server that keeps what it is sent, and answers, refuses or hangs as it is told."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema

SCHEMAS = Path(__file__).parent / "schemas"
Answer = tuple[int, Mapping[str, str], Any]


@dataclass(frozen=True)
class Got:
    """One request."""

    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class Sink:
    """The server, seen from a test. answer: what it says to a request; hangs: it says nothing while this is not set."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], Answer] = lambda _got: (200, {}, {"ok": True})
    goes_on: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.goes_on.set()

    def bodies(self, path: str = "") -> list[Any]:
        """Return the bodies that were sent to paths with this end."""
        return [one.body for one in self.got if one.path.endswith(path)]


@contextmanager
def http_sink() -> Iterator[Sink]:
    """Run a sink on a free port."""
    known = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            self.take(_read(text, self.headers.get("Content-Type", "")))

        def do_GET(self) -> None:
            self.take({key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()})

        def take(self, body: Any) -> None:
            one = Got(urlsplit(self.path).path, dict(self.headers), body)
            known.got.append(one)
            known.goes_on.wait(30)
            status, headers, said = known.answer(one)
            content = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            try:
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                pass  # who asked went away

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    known.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield known
    finally:
        known.goes_on.set()
        server.shutdown()
        serving.join()
        server.server_close()


def _read(text: str, kind: str) -> Any:
    if "json" in kind:
        return json.loads(text)
    return {key: values[0] for key, values in parse_qs(text).items()}


def valid(document: Any, schema: str) -> None:
    """Check a document against a schema of `schemas/`. Raises ValidationError."""
    found = json.loads((SCHEMAS / f"{schema}.json").read_text())
    jsonschema.Draft202012Validator(found).validate(document)
