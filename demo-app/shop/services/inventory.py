"""Counts what is in stock."""

import random
from collections.abc import Iterable

from flask import Flask, Response, jsonify
from opentelemetry.metrics import CallbackOptions, Observation, get_meter

from shop import names
from shop.client import Peers
from shop.settings import Settings
from shop.topology import endpoint_of
from shop.work import Worker

ITEMS = ("lamp", "chair", "desk", "shelf", "rug", "mirror")
MOST_IN_STOCK = 500


def register(app: Flask, settings: Settings, worker: Worker, _peers: Peers) -> None:
    """Add `GET /inventory`; every look at the shelves finds something sold, and an empty shelf filled up again."""
    endpoint = endpoint_of(settings.service)
    rng = random.Random(f"{settings.seed} stock")
    stock = {item: rng.randint(100, MOST_IN_STOCK) for item in ITEMS}

    def observe(_options: CallbackOptions) -> Iterable[Observation]:
        return [Observation(count, {names.ITEM: item}) for item, count in stock.items()]

    get_meter(__name__).create_observable_gauge(
        names.STOCK, [observe], unit="{item}", description="Items on the shelves"
    )

    def inventory() -> Response:
        worker.perform(endpoint.path)
        item = rng.choice(ITEMS)
        stock[item] = stock[item] - 1 if stock[item] > 1 else MOST_IN_STOCK
        return jsonify(stock=stock)

    app.add_url_rule(endpoint.path, "inventory", inventory, methods=[endpoint.method])
