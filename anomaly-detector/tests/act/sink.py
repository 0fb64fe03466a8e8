"""A real HTTP server that stands for whoever gets webhooks: it writes down each request before it answers."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Got:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Sink:
    """What came, and what is answered: `answer` maps a request to a status and a document."""

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answer: Callable[[Got], tuple[int, Any]] = lambda _: (200, {})

    def posts(self, path: str = "") -> list[Got]:
        return [one for one in self.got if one.method == "POST" and one.path.startswith(path)]


@contextmanager
def listening() -> Iterator[Sink]:
    """A sink on a free port."""
    sink = Sink()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            got = Got(self.command, self.path, dict(self.headers), body)
            sink.got.append(got)
            status, document = sink.answer(got)
            if status == 0:  # no answer at all: the connection ends
                os.close(os.dup(self.connection.fileno()))
                self.close_connection = True
                return
            told = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_PATCH = _take

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sink.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        thread.join(60)
        server.server_close()
