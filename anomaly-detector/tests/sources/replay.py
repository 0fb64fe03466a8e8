"""A server that answers what a real one was recorded to answer, and nothing else."""

import base64
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

NOT_RECORDED = 418


@dataclass(frozen=True)
class Exchange:
    """One request, told by its path and parameters, and the answer; `seconds` pass before it."""

    path: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = "application/json"
    status: int = 200
    seconds: float = 0.0

    @classmethod
    def read(cls, file: Path) -> "Exchange":
        recorded = json.loads(file.read_bytes())
        request, response = recorded["request"], recorded["response"]
        if "json" in response:
            body = json.dumps(response["json"]).encode()
        elif "body_base64" in response:
            body = base64.b64decode(response["body_base64"])
        else:
            body = response["text"].encode()
        parameters = {name: str(value) for name, value in request["params"].items()}
        return cls(request["path"], parameters, body, response["content_type"], response["status"])

    def answers(self, path: str, parameters: Mapping[str, str]) -> bool:
        """Parameters that were not given to the real server decide nothing."""
        return path == self.path and self.parameters.items() <= parameters.items()


class Replay:
    """Serves exchanges on a loopback port. What nothing was recorded for is answered with 418 and kept in `unknown`,
    which `close` fails on."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        # The one that says most goes first.
        self.exchanges = sorted(exchanges, key=lambda one: -len(one.parameters))
        self.asked: list[str] = []
        self.unknown: list[str] = []
        self._stopping = threading.Event()
        replay = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                asked = urlsplit(self.path)
                replay.asked.append(self.path)
                found = replay.find(unquote(asked.path), dict(parse_qsl(asked.query)))
                if found is None:
                    replay.unknown.append(self.path)
                    found = Exchange("", body=b"nobody recorded this", content_type="text/plain", status=NOT_RECORDED)
                until = time.monotonic() + found.seconds
                while time.monotonic() < until and not replay._stopping.wait(0.01):
                    pass
                self.send_response(found.status)
                self.send_header("Content-Type", found.content_type)
                self.send_header("Content-Length", str(len(found.body)))
                self.end_headers()
                self.wfile.write(found.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that gave up waiting is what some tests are about."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def find(self, path: str, parameters: Mapping[str, str]) -> Exchange | None:
        return next((one for one in self.exchanges if one.answers(path, parameters)), None)

    def close(self) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        assert not self.unknown, f"asked for what nobody recorded: {self.unknown}"
