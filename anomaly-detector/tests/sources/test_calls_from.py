"""Requests from one source and calls from another, as one block."""

from dataclasses import replace

from aiops import names
from aiops.model import Selector, Window
from aiops.sources.common.calls_from import CallsFrom

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
