"""The card processor that payment depends on: somebody else's, without telemetry; a thread of payment's process."""

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

from shop.flags import POLL_SECONDS
from shop.profile import PROCESSOR_SECONDS

HOST = "127.0.0.1"


class Processor:
    """An HTTP server on a port of its own, which it closes for as long as `refuses()` is true."""

    def __init__(self, refuses: Callable[[], bool]) -> None:
        self._refuses = refuses
        self._server: _Server | None = _Server((HOST, 0), _Handler)
        self._port = self._server.server_address[1]

    @property
    def url(self) -> str:
        """Return where it is."""
        return f"http://{HOST}:{self._port}"

    def start(self) -> None:
        """Serve, in a thread, until the process ends."""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            if self._refuses():
                self._close()
                time.sleep(POLL_SECONDS)
            elif self._server is None:
                self._reopen()
            else:
                self._server.handle_request()

    def _close(self) -> None:
        if self._server is not None:
            self._server.server_close()
            self._server = None

    def _reopen(self) -> None:
        try:
            self._server = _Server((HOST, self._port), _Handler)
        except OSError:  # somebody was quicker; the port may come free again
            time.sleep(POLL_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        time.sleep(PROCESSOR_SECONDS)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    block_on_close = False
    daemon_threads = True
    request_queue_size = 64
    timeout = POLL_SECONDS  # of each `handle_request`
