"""The front door of a service: what happens to a request before OpenTelemetry sees it."""

import json
import random
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from shop.board import Board
from shop.kinds import Acts
from shop.profile import HOLD_SECONDS

CONTROL_PATHS = ("/health", "/ready", "/simulate")


class Door:
    """Sends control calls to an application without telemetry, and holds requests that must never be answered.

    A held request leaves no server span and no metric, as if the process hung. It is let go with a 503 when the fault
    ends, or after six seconds, when every caller has given up: so that a hanging endpoint does not eat all threads.
    """

    def __init__(self, board: Board, rng: random.Random, control: WSGIApplication, business: WSGIApplication) -> None:
        self._board = board
        self._rng = rng
        self._control = control
        self._business = business

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ.get("PATH_INFO", "")
        if any(path == prefix or path.startswith(f"{prefix}/") for prefix in CONTROL_PATHS):
            return self._control(environ, start_response)
        for active in self._board.at(Acts.DOOR, path):
            if self._rng.random() < (active.fault.strength or 0.0):
                self._board.hold(active, HOLD_SECONDS)
                body = json.dumps({"error": "the request was never served"}).encode()
                headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
                start_response("503 Service Unavailable", headers)
                return [body]
        return self._business(environ, start_response)
