"""Telemetry of two services in a file: payments fail for a while, and why is in the traces."""

import json
import random
from collections.abc import Iterator

from aiops.model import Span, SpanKind, Status
from aiops.sources.common import otlp_writing

T0 = 1_763_712_000.0
LEARNED, TROUBLE, AFTER = 420.0, 105.0, 120.0
RATE = 4.0
SECRET = ("storefront", "payments", "Declined", "acme", "gold")
"""Names that a capture must not give away."""


def spans(seed: int = 1) -> Iterator[Span]:
    """Requests to a storefront that calls payments, by time."""
    rng = random.Random(seed)
    at, number = T0, 0
    while (at := at + rng.expovariate(RATE)) < T0 + LEARNED + TROUBLE + AFTER:
        number += 1
        broken = LEARNED <= at - T0 < LEARNED + TROUBLE and rng.random() < 0.8
        yield from request(number, at, broken, rng.uniform(0.02, 0.05))


def request(number: int, at: float, broken: bool, took: float) -> Iterator[Span]:
    ids = [f"{number:08x}{part:08x}" for part in (1, 2, 3)]
    status = {"http.response.status_code": "500" if broken else "200"}
    tenant = {"acme.tenant": "gold" if number % 3 else "silver"}
    served = {"http.request.method": "POST", **status, **tenant}
    common = {"trace_id": f"{number:032x}", "status": Status.ERROR if broken else Status.UNSET}
    yield Span(
        **common,  # type: ignore[arg-type]
        span_id=ids[0],
        parent_id="",
        service="storefront",
        name="POST /buy",
        kind=SpanKind.SERVER,
        start=at,
        duration=took + 0.02,
        attributes={"http.route": "/buy", **served},
    )
    yield Span(
        **common,  # type: ignore[arg-type]
        span_id=ids[1],
        parent_id=ids[0],
        service="storefront",
        name="POST",
        kind=SpanKind.CLIENT,
        start=at + 0.005,
        duration=took + 0.01,
        attributes={"peer.service": "payments", "server.address": "payments.acme.internal", **served},
    )
    yield Span(
        **common,  # type: ignore[arg-type]
        span_id=ids[2],
        parent_id=ids[1],
        service="payments",
        name="POST /pay/{card}",
        kind=SpanKind.SERVER,
        start=at + 0.01,
        duration=took,
        status_message="card 4711 of acme Declined" if broken else "",
        exception_type="acme.Declined" if broken else "",
        exception_message="card 4711 of acme Declined" if broken else "",
        attributes={"http.route": "/pay/{card}", **served},
    )


def lines(seed: int = 1, at_once: int = 300) -> list[str]:
    """The same as lines of OTLP/JSON."""
    every = list(spans(seed))
    parts = [every[start : start + at_once] for start in range(0, len(every), at_once)]
    return [json.dumps(otlp_writing.otlp_export(part)) for part in parts]
