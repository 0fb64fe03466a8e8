"""Spans as a web service with instrumentation sends them, to be offered in great number."""

import random
from collections.abc import Mapping

from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span


def identify(resource: Resource, service: str) -> None:
    """Write whose telemetry it is."""
    for key, value in (
        ("service.name", service),
        ("service.version", "1.2.3"),
        ("service.instance.id", f"{service}-0"),
    ):
        resource.attributes.add(key=key).value.string_value = value


def describe(span: Span, rng: random.Random, more: Mapping[str, str]) -> None:
    """Write ten attributes of a request, and `more`."""
    for key, value in (
        ("http.request.method", "GET"),
        ("url.scheme", "http"),
        ("url.path", f"/orders/{rng.randrange(10_000)}"),
        ("client.address", "127.0.0.1"),
        ("user_agent.original", "python-requests/2.34"),
        ("network.protocol.version", "1.1"),
        ("server.address", "orders"),
        ("tenant", f"tenant-{rng.randrange(50)}"),
        *more.items(),
    ):
        span.attributes.add(key=key).value.string_value = value
    span.attributes.add(key="server.port").value.int_value = 8080
    span.attributes.add(key="http.response.status_code").value.int_value = 200
