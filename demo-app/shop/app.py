"""One service as a WSGI application."""

import random
from importlib import import_module
from typing import Protocol, cast

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from shop.board import Board
from shop.client import Peers
from shop.control import control_app
from shop.door import Door
from shop.failures import CalleeError, Unavailable
from shop.settings import Settings
from shop.telemetry import explain, instrument
from shop.work import Worker


class Service(Protocol):
    """A module of `shop.services`."""

    def register(self, app: Flask, settings: Settings, worker: Worker, peers: Peers) -> None:
        """Add the service's routes."""


def build(settings: Settings, board: Board) -> Door:
    """Put a service together; its telemetry must be set up already."""
    rng = random.Random(f"{settings.seed} {settings.service}")
    peers = Peers(settings.service, settings.urls)
    app = Flask(f"shop.{settings.service}")
    app.logger.disabled = True  # an unhandled exception is on its span; its traceback would only flood the terminal
    app.register_error_handler(Unavailable, _unavailable)
    app.register_error_handler(CalleeError, _callee_failed)
    app.register_error_handler(HTTPException, _http_error)
    instrument(app)
    service = cast(Service, import_module(f"shop.services.{settings.service}"))
    service.register(app, settings, Worker(board, rng, settings.version, settings.error_rate), peers)
    return Door(board, rng, control_app(settings, board, peers).wsgi_app, app.wsgi_app)


def _unavailable(failure: Unavailable) -> tuple[Response, int, dict[str, str]]:
    explain(str(failure), failure.error)
    return jsonify(error=str(failure)), failure.status, failure.headers


def _callee_failed(failure: CalleeError) -> tuple[Response, int]:
    explain(str(failure))
    return jsonify(error=str(failure)), failure.status


def _http_error(error: HTTPException) -> tuple[Response, int]:
    return jsonify(error=error.description), error.code or 500
