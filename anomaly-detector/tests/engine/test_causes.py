"""Causes from end to end, in virtual time: applications as their frameworks, clients and databases describe them."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aiops.model import CauseKind, Incident

from .requests import Part, Traffic, called, inner, served
from .world import Watched

CALM, FAULT = 45, 12  # steps


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    one = Watched(tmp_path)
    yield one
    one.close()


def found(watched: Watched, good: Callable[[random.Random], Part], bad: Callable[[random.Random], Part]) -> Incident:
    """The one incident that comes of a fault."""
    traffic = Traffic(good)
    watched.play(CALM, traffic)
    assert watched.incidents() == []
    traffic.request = bad
    watched.play(FAULT, traffic)
    (incident,) = watched.incidents()
    return incident


def jitter(rng: random.Random) -> float:
    return 40 * rng.lognormvariate(0, 0.2)


def handled(status: int) -> Callable[[random.Random], Part]:
    """A framework with an INTERNAL span around its handler, which answers without throwing."""

    def request(rng: random.Random) -> Part:
        took = jitter(rng)
        stock = served("stock", "/stock/:sku", 12, 10 + took, status=status)
        call = called("orders", 10, 12 + took, stock, status=status, **{"server.address": "10.0.0.7"})
        handler = inner("orders", "request handler - /orders/:id", 2, 14 + took, call)
        middleware = inner("orders", "middleware - json", 1, 1.5)
        front = 502 if status >= 500 else 200
        return served("orders", "/orders/:id", 0, 15 + took, middleware, handler, status=front)

    return request


def echoed(status: int) -> Callable[[random.Random], Part]:
    """A framework whose INTERNAL span for the sending of the answer fails with it."""

    def request(rng: random.Random) -> Part:
        took = jitter(rng)
        stock = served("stock", "/stock/<int:sku>", 12, 10 + took, status=status)
        call = called("orders", 10, 12 + took, stock, status=status, **{"url.full": "http://10.0.0.7:81/stock/7"})
        sent = inner("orders", "GET /orders/{id} http send", 13 + took, 14 + took, status=status)
        return served("orders", "/orders/{id}", 0, 15 + took, call, sent, status=status)

    return request


@pytest.mark.parametrize("answers", [handled, echoed])
def test_internal_spans_do_not_hide_the_callee(
    watched: Watched, answers: Callable[[int], Callable[[random.Random], Part]]
) -> None:
    incident = found(watched, answers(200), answers(500))
    assert incident.root_cause is not None
    cause = incident.root_cause.cause
    assert (cause.service, cause.kind) == ("stock", CauseKind.ERRORS)
    assert incident.root_cause.confidence > 0.9
    assert incident.root_cause.alternatives == ()
    assert "orders" in incident.affected_services
