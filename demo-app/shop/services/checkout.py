"""Checks a cart out: asks for stock, then for the money."""

from collections.abc import Mapping
from itertools import repeat

from flask import Flask, Response, jsonify, request
from opentelemetry.metrics import get_meter

from shop import names
from shop.client import Peers
from shop.failures import CalleeError
from shop.flags import Active
from shop.kinds import N_PLUS_ONE
from shop.settings import Settings
from shop.topology import endpoint_of
from shop.work import Worker


def register(app: Flask, settings: Settings, worker: Worker, peers: Peers) -> None:
    """Add `POST /checkout`."""
    endpoint = endpoint_of(settings.service)
    first, *others = endpoint.calls
    checkouts = get_meter(__name__).create_counter(names.CHECKOUTS, unit="{checkout}", description="Carts by outcome")

    def checkout() -> Response:
        outcome = "failed"
        try:
            worker.perform(endpoint.path)
            for path in (*repeat(first, _times(worker.called(endpoint.path))), *others):
                answer = peers.need(path, (request.get_data() or None) if path == "/payment" else None)
                if answer.status >= 400:
                    outcome = "rejected"
                    return Response(answer.body, answer.status, content_type=answer.content_type)
            outcome = "completed"
            return jsonify(checkout="completed")
        except CalleeError:
            outcome = "dependency_failed"
            raise
        finally:
            checkouts.add(1, {names.OUTCOME: outcome})

    app.add_url_rule(endpoint.path, "checkout", checkout, methods=[endpoint.method])


def _times(faults: Mapping[str, Active]) -> int:
    """Return how often stock is asked for: once, on a good day."""
    active = faults.get(N_PLUS_ONE.name)
    return 1 if active is None else max(round(active.fault.strength or 1.0), 1)
