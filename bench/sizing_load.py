"""What `bench.sizing` offers a Collector: duration histograms every 5 s, and requests through three services."""

import random
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

from bench.cycle import EXPORT, RAW, Fleet
from bench.spans import describe, identify

CHAINS = 8  # of three services each
ROUTES = 5
SPANS = 5  # of a request: three servers, two clients
EVERY = 0.25  # seconds between two exports of spans
SERVER, CLIENT = 2, 3
PROTOBUF = {"Content-Type": "application/x-protobuf"}


class Load:
    """Does `beat` every `seconds` in a thread of its own, until it is left; `late` is the longest delay of one."""

    def __init__(self, seconds: float, beat: Callable[[float], None]) -> None:
        self._seconds, self._beat = seconds, beat
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self.late = 0.0
        self.failed: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Raises what ended the load before its time."""
        self._ending.set()
        self._thread.join()
        if self.failed is not None:
            raise self.failed

    def _run(self) -> None:
        due = time.time()
        try:
            while not self._ending.wait(max(0.0, due - time.time())):
                self._beat(due)
                due += self._seconds
                self.late = max(self.late, time.time() - due)
        except requests.RequestException as error:
            self.failed = error


def series(url: str, count: int) -> Load:
    """Histograms with about so many raw series, from services that export every 5 s."""
    fleet, session = Fleet(round(count / RAW), time.time()), requests.Session()

    def beat(at: float) -> None:
        for body in fleet.exports(at):
            session.post(f"{url}/v1/metrics", body, headers=PROTOBUF, timeout=30).raise_for_status()

    return Load(EXPORT, beat)


def spans(url: str, rate: float) -> Load:
    """So many spans a second, of requests that pass three services; each span has eleven attributes."""
    rng, session, number = random.Random(1), requests.Session(), 0
    templates = [request_of(rng, chain) for chain in range(CHAINS)]
    owed = 0.0

    def beat(at: float) -> None:
        nonlocal owed, number
        owed += rate * EVERY / SPANS
        body = ExportTraceServiceRequest()
        for _ in range(int(owed)):
            number += 1
            body.resource_spans.extend(fresh(templates[number % CHAINS], rng, at))
        owed -= int(owed)
        if body.resource_spans:
            session.post(f"{url}/v1/traces", body.SerializeToString(), headers=PROTOBUF, timeout=30).raise_for_status()

    return Load(EVERY, beat)


def request_of(rng: random.Random, chain: int) -> list[ResourceSpans]:
    """The spans of one request: each service's server span, and the client span that calls the next."""
    groups = []
    for place in range(3):
        group = ResourceSpans()
        name = f"chain{chain}-{place}"
        identify(group.resource, name)
        own = group.scope_spans.add().spans
        describe(own.add(name="GET /orders/{id}", kind=SERVER), rng, {"http.route": "/orders/{id}"})
        if place < 2:
            describe(own.add(name="GET", kind=CLIENT), rng, {"peer.service": f"chain{chain}-{place + 1}"})
        groups.append(group)
    return groups


def fresh(template: list[ResourceSpans], rng: random.Random, at: float) -> list[ResourceSpans]:
    """The same request once more: other ids, another route, ended just before a time. It is the template, changed."""
    trace, parent, route = rng.randbytes(16), b"", f"/orders/{rng.randrange(ROUTES)}"
    end, took = at - rng.random() * EVERY, rng.lognormvariate(-3, 0.5)
    for group in template:
        for span in group.scope_spans[0].spans:
            span.trace_id, span.span_id, span.parent_span_id = trace, rng.randbytes(8), parent
            span.start_time_unix_nano, span.end_time_unix_nano = int((end - took) * 1e9), int(end * 1e9)
            if span.kind == SERVER:
                span.name = f"GET {route}"
                span.attributes[8].value.string_value = route
            parent = span.span_id
            took *= 0.8
    return template
