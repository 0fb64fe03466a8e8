"""Requests from one source and calls from another, as one block."""

from dataclasses import replace

from aiops.model import Selector, Window, names
from aiops.sources.common.calls_from import CallsFrom
from aiops.sources.duckdb.lost import Loss, Told

from .conftest import T0, Embedded
from .otlp import CLIENT, Call, Point, http, points, spans
from .reading import CALLS, row, same, served


def test_each_signal_comes_from_the_source_that_has_it() -> None:
    counted, traced = Embedded(), Embedded()
    counted.feed(points(Point(T0 + 5, T0, buckets=(7, 0, 0, 0), attributes=http("/"))))
    call = Call(1, 1, T0 + 5, service="web", kind=CLIENT, attributes={"peer.service": "api"})
    traced.feed(spans(call, replace(call, span=2)))
    traced.feed(points(Point(T0 + 8, T0, buckets=(99, 0, 0, 0), attributes=http("/"))))
    both = CallsFrom(counted.metrics, traced.metrics)
    block = both.window([Selector(names.REQUESTS), Selector(names.REQUESTS, CALLS)], Window(T0, T0 + 10), 10.0)
    same(served(block, names.REQUESTS), [7])
    same(row(block, names.REQUESTS, caller="web", callee="api"), [2])
    assert list(block.labels) == sorted(block.labels)
    assert both.newest() == counted.metrics.newest() == T0 + 5
    assert both.complete_until() == T0 - 5
    counted.source.close()
    traced.source.close()


def test_what_is_odd_is_said_of_what_each_counts() -> None:
    counted, traced = Embedded(), Embedded()
    # Metrics that the source of calls does not understand are none of its business.
    traced.feed(points(Point(T0 + 8, T0, metric="other", form="counter", service="odd")))
    counted.feed(points(Point(T0 + 8, T0, metric="other", form="counter", service="unknown")))
    loss = Loss("web", Told.CALLED, "", "", "", True, "a span id must be 8 bytes, not all zero")
    traced.source.store.append(lost={loss: 5})
    both = CallsFrom(counted.metrics, traced.metrics)
    both.window([Selector(names.REQUESTS, CALLS)], Window(T0, T0 + 10), 10.0)
    assert [(one.service, str(one.kind)) for one in both.oddities()] == [
        ("unknown", "not_understood"),
        ("web", "rejected"),
    ]
    counted.source.close()
    traced.source.close()
