"""An Alertmanager that keeps what it is told, and answers as it is told to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class FakeAlertmanager:
    url: str = ""
    status: int = 200
    said: str = ""
    posts: list[tuple[str, str, list[dict[str, Any]]]] = field(default_factory=list)

    @property
    def last(self) -> list[dict[str, Any]]:
        return self.posts[-1][2]


@contextmanager
def fake_alertmanager() -> Iterator[FakeAlertmanager]:
    known = FakeAlertmanager()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known.posts.append((self.path, self.headers["Content-Type"], body))
            said = known.said.encode()
            self.send_response(known.status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    known.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield known
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
