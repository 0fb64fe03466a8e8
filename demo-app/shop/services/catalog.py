"""Lists the products of a real table."""

import random
import tempfile
from pathlib import Path

from flask import Flask, Response, jsonify

from shop.client import Peers
from shop.products import CATEGORIES, Products
from shop.settings import Settings
from shop.topology import endpoint_of
from shop.work import Worker


def register(app: Flask, settings: Settings, worker: Worker, _peers: Peers) -> None:
    """Add `GET /products`: the products of one category, drawn anew each time."""
    endpoint = endpoint_of(settings.service)
    directory = settings.run_dir or Path(tempfile.gettempdir())
    products = Products.create(directory / f"shop-products-{settings.port}.sqlite", random.Random(settings.seed))
    rng = random.Random(f"{settings.seed} categories")

    def list_products() -> Response:
        worker.perform(endpoint.path)
        category = rng.choice(CATEGORIES)
        return jsonify(category=category, products=products.in_category(category, worker.stall(endpoint.path)))

    app.add_url_rule(endpoint.path, "products", list_products, methods=[endpoint.method])
