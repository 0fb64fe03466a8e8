"""Takes money, with the help of a card processor."""

import math
import random

from flask import Flask, Response, jsonify, request
from opentelemetry.metrics import get_meter
from werkzeug.exceptions import BadRequest

from shop import names
from shop.client import Peers
from shop.kinds import DEPENDENCY
from shop.processor import Processor
from shop.profile import PAYMENT_MEDIAN_EUR, PAYMENT_SIGMA, PROCESSOR
from shop.settings import Settings
from shop.topology import endpoint_of
from shop.work import Worker

AMOUNT_BUCKETS = (5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)


def register(app: Flask, settings: Settings, worker: Worker, peers: Peers) -> None:
    """Add `POST /payment`, with an optional body `{"amount": 12.5}` in euros."""
    endpoint = endpoint_of(settings.service)
    meter = get_meter(__name__)
    payments = meter.create_counter(names.PAYMENTS, unit="{payment}", description="Payments by outcome")
    amounts = meter.create_histogram(
        names.PAYMENT_AMOUNT,
        unit="EUR",
        description="Amounts of accepted payments",
        explicit_bucket_boundaries_advisory=AMOUNT_BUCKETS,
    )
    rng = random.Random(f"{settings.seed} amounts")
    processor = Processor(lambda: DEPENDENCY.name in worker.called(endpoint.path))
    peers.meet(PROCESSOR, processor.url)
    processor.start()

    def pay() -> Response:
        amount = _amount(rng)
        outcome = "failed"
        try:
            worker.perform(endpoint.path)
            peers.send(PROCESSOR, "POST", "/authorize")
            outcome = "accepted"
        finally:
            payments.add(1, {names.OUTCOME: outcome})
        amounts.record(amount)
        return jsonify(payment="accepted", amount=amount, currency="EUR")

    app.add_url_rule(endpoint.path, "pay", pay, methods=[endpoint.method])


def _amount(rng: random.Random) -> float:
    """Return the amount asked for, or draw one."""
    if not request.get_data():
        return round(rng.lognormvariate(math.log(PAYMENT_MEDIAN_EUR), PAYMENT_SIGMA), 2)
    body = request.get_json(force=True, silent=True)
    amount = body.get("amount") if isinstance(body, dict) else None
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 < amount <= 1_000_000:
        raise BadRequest('the body must be JSON like {"amount": 12.5}, above 0 and at most 1000000')
    return float(amount)
