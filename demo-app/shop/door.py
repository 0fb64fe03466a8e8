"""The front door of a service: what happens to a request before OpenTelemetry sees it."""

import json
import random
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from shop.board import Board
from shop.client import user_agent
from shop.flags import Active
from shop.kinds import NETWORK, Acts
from shop.profile import HOLD_SECONDS

CONTROL_PATHS = ("/health", "/ready", "/simulate")


class Door:
    """Sends control calls to an application without telemetry, and holds requests.

    One is held for a while as if it were still on its way, or must never be answered, as if the process hung: this one
    leaves no server span and no metric. It is let go with a 503 when the fault ends, or after six seconds, when every
    caller has given up: so that a hanging endpoint does not eat all threads.
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
            if active.fault.kind == NETWORK.name:
                self._delay(active, environ)
            elif self._rng.random() < (active.fault.strength or 0.0):
                self._board.hold(active, HOLD_SECONDS)
                body = json.dumps({"error": "the request was never served"}).encode()
                headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
                start_response("503 Service Unavailable", headers)
                return [body]
        return self._business(environ, start_response)

    def _delay(self, active: Active, environ: WSGIEnvironment) -> None:
        caller = active.fault.caller
        if caller is None or environ.get("HTTP_USER_AGENT") == user_agent(caller):
            self._board.hold(active, (active.fault.strength or 0.0) / 1000)
