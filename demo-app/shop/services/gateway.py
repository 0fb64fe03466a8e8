"""The public door: passes calls on to their owners, and their answers back."""

from functools import partial

from flask import Flask, Response, request

from shop.client import Peers
from shop.settings import Settings
from shop.telemetry import explain
from shop.topology import ENDPOINTS
from shop.work import Worker


def register(app: Flask, _settings: Settings, _worker: Worker, peers: Peers) -> None:
    """Add a route for every endpoint of the shop."""
    for endpoint in ENDPOINTS.values():
        view = partial(_forward, peers, endpoint.path)
        app.add_url_rule(endpoint.path, endpoint.path, view, methods=[endpoint.method])


def _forward(peers: Peers, path: str) -> Response:
    answer = peers.call(path, request.get_data() or None)
    if answer.status >= 500:
        explain(f"{ENDPOINTS[path].service} answered {answer.status}")
    return Response(answer.body, answer.status, content_type=answer.content_type)
