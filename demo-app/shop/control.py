"""Health, readiness and `/simulate`: an application of its own, so that telemetry never sees these calls."""

import json
import os

from flask import Flask, Response, jsonify, request
from opentelemetry.instrumentation.utils import suppress_http_instrumentation
from werkzeug.exceptions import HTTPException

from shop import catalogue
from shop.board import Board
from shop.client import Answer, Peers
from shop.failures import CalleeError
from shop.order import Order, Rejected, read_delay, read_error, read_fault
from shop.settings import Settings
from shop.topology import GATEWAY, OWNERS, endpoint_of


def control_app(settings: Settings, board: Board, peers: Peers) -> Flask:
    """Build the control application of a service."""
    app = Flask(f"shop.{settings.service}.control")
    app.register_error_handler(Rejected, lambda rejected: (jsonify(rejected.as_json()), 400))
    app.register_error_handler(CalleeError, lambda failure: (jsonify(error=str(failure)), failure.status))
    app.register_error_handler(HTTPException, lambda error: (jsonify(error=error.description), error.code or 500))
    state = {"service": settings.service, "version": settings.version, "pid": os.getpid()}
    app.add_url_rule("/health", "health", lambda: jsonify(status="ok", **state))
    app.add_url_rule("/ready", "ready", lambda: jsonify(status="ready", **state))
    if settings.faults:
        _add_simulate(app, _Relay(board, peers) if settings.service == GATEWAY else _Owner(settings.service, board))
    else:
        off = "/simulate is off; start the service with SHOP_FAULTS=on"
        app.register_error_handler(404, lambda _error: (jsonify(error=off), 404))
    return app


class _Owner:
    """`/simulate` of a service that owns an endpoint."""

    def __init__(self, service: str, board: Board) -> None:
        self._service = service
        self._board = board

    def start(self, order: Order) -> Response:
        fault = order.fault
        if fault.service != self._service:
            owned = endpoint_of(self._service).path
            parameter, value = ("endpoint", fault.endpoint) if fault.endpoint else ("service", fault.service)
            raise Rejected(parameter, value, f"{owned} here; {fault.service} owns {value}, ask it or the gateway")
        return jsonify(self._board.start(order).as_json())

    def clear(self) -> Response:
        self._board.clear()
        return jsonify(active=[])

    def status(self) -> Response:
        return jsonify(active=[active.as_json() for active in self._board.active()])


class _Relay:
    """`/simulate` of the gateway: keeps orders for the load, passes others on to their owners, without telemetry."""

    def __init__(self, board: Board, peers: Peers) -> None:
        self._board = board
        self._peers = peers

    def start(self, order: Order) -> Response:
        if order.fault.service == GATEWAY:
            return jsonify(self._board.start(order).as_json())
        answer = self._send(order.fault.service, "POST", "/simulate/fault", json.dumps(order.as_json()).encode())
        return Response(answer.body, answer.status, content_type=answer.content_type)

    def clear(self) -> Response:
        unreachable = []
        self._board.clear()
        for service in OWNERS:
            self._board.clear(service)
            try:
                self._send(service, "POST", "/simulate/clear")
            except CalleeError:
                unreachable.append(service)
        return jsonify(active=[], unreachable=unreachable)

    def status(self) -> Response:
        active: list[object] = [entry.as_json() for entry in self._board.active()]
        unreachable = []
        for service in OWNERS:
            try:
                active += json.loads(self._send(service, "GET", "/simulate/status").body)["active"]
            except CalleeError:
                unreachable.append(service)
                active += [entry.as_json() for entry in self._board.active(service)]
        return jsonify(active=active, unreachable=unreachable)

    def _send(self, service: str, method: str, path: str, body: bytes | None = None) -> Answer:
        with suppress_http_instrumentation():
            return self._peers.send(service, method, path, body)


def _add_simulate(app: Flask, faults: _Owner | _Relay) -> None:
    @app.post("/simulate/delay")
    def delay() -> Response:
        return faults.start(read_delay(request.args))

    @app.post("/simulate/error")
    def error() -> Response:
        return faults.start(read_error(request.args))

    @app.post("/simulate/fault")
    def fault() -> Response:
        return faults.start(read_fault(request.get_data()))

    app.add_url_rule("/simulate/clear", "clear", faults.clear, methods=["POST"])
    app.add_url_rule("/simulate/status", "status", faults.status)
    app.add_url_rule("/simulate/catalogue", "catalogue", lambda: jsonify(catalogue.as_json()))
