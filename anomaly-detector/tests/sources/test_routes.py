"""Routes made of paths, for clients that send `http.target` and no `http.route`."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aiops.model import Selector, Window, names
from aiops.sources.common.routes import of_path

from .conftest import T0, Adapter, Counting
from .otlp import Call, Point, Value, points, spans
from .reading import same, served


@pytest.mark.parametrize(
    ("target", "route"),
    [
        ("/", "/"),
        ("/orders", "/orders"),
        ("/orders/1234/items?page=2", "/orders/{}/items"),
        ("http://shop.example:8080/orders/1234#top", "/orders/{}"),
        ("/api/v2/users/7f9c2ba4-e88f-4e1b-9d0a-6a3f5b1c2d3e", "/api/v2/users/{}"),
        ("/blobs/d41d8cd98f00b204e9800998ecf8427e/raw", "/blobs/{}/raw"),
        ("/users/ann@example.com", "/users/{}"),
        ("/reports/2026-11-29.pdf", "/reports/{}"),
        ("/orders/{order_id}", "/orders/{order_id}"),
        ("/search/caf%C3%A9", "/search/{}"),
        ("/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f/…"),
        ("//admin//login.php/", "/admin/login.php"),
        ("*", ""),
        ("", ""),
    ],
)
def test_values_in_a_path_are_left_out(target: str, route: str) -> None:
    assert of_path(target) == route


def old(target: str, status: int = 200) -> Mapping[str, Value]:
    """As instrumentations of the old conventions without routes describe a request."""
    return {"http.method": "GET", "http.target": target, "http.status_code": status}


def test_metrics_without_a_route_go_by_their_path(counting: Counting) -> None:
    one = Point(T0 + 5, T0 + 1, buckets=(1, 2, 0), bounds=(25.0, 1000.0), metric="http.server.duration", unit="ms")
    counting.feed(
        points(
            replace(one, attributes=old("/orders/17")),
            replace(one, attributes=old("/orders/18")),
            replace(one, attributes=old("/health")),
            replace(one, attributes=old("/wp-login.php", 404)),
        )
    )
    block = counting.metrics.window([Selector(names.REQUESTS)], Window(T0, T0 + 10), 10.0)
    same(served(block, names.REQUESTS, "/orders/{}"), [6])
    same(served(block, names.REQUESTS, "/health"), [3])
    same(served(block, names.REQUESTS, ""), [3])


def test_spans_without_a_route_go_by_their_path(adapter: Adapter) -> None:
    targets = [f"/items/{number}" for number in range(300)] + [f"/page-{'x' * (number % 20)}" for number in range(300)]
    adapter.feed(spans(*(Call(at, at, T0 + 5, attributes=old(one)) for at, one in enumerate(targets, 1))))
    block = adapter.metrics.window([Selector(names.REQUESTS)], Window(T0, T0 + 10), 10.0)
    same(served(block, names.REQUESTS, "/items/{}"), [300])
    assert len(block.labels) == 21
