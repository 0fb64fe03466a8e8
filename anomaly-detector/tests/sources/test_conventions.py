"""What attributes say, by the words of the conventions: codes of protocols, and whom a client called."""

from collections.abc import Mapping

import pytest

from aiops.model import Span, SpanKind
from aiops.sources.common import codes
from aiops.sources.common.callees import Databases, address, shown
from aiops.sources.common.conventions import CLIENT, ERROR, SERVER, request, served_failed, span_failed

CALLERS_DOING = (1, 3, 5, 6, 7, 8, 9, 10, 11, 16)
FAULTS = (2, 4, 12, 13, 14, 15)


def test_every_code_of_grpc_is_told_apart_by_number_and_in_any_writing() -> None:
    assert sorted((*CALLERS_DOING, *FAULTS)) == list(range(1, 17))
    assert codes.rpc("0") is codes.rpc("OK") is None
    for number, name in enumerate(codes.GRPC):
        wanted = None if number == 0 else number in FAULTS
        for code in (str(number), name, name.lower(), f"StatusCode.{name}"):
            assert codes.rpc(code) is wanted, code
    assert codes.rpc("17") is codes.rpc("MINE") is None


@pytest.mark.parametrize("number", [*CALLERS_DOING, *FAULTS])
@pytest.mark.parametrize("key", ["rpc.grpc.status_code", "rpc.response.status_code", "rpc.status_code"])
def test_both_sides_of_an_rpc_and_its_metrics_agree(number: int, key: str) -> None:
    for said in (str(number), codes.GRPC[number]):
        of = request({"rpc.system.name": "grpc", "rpc.method": "a.B/C", key: said, "error.type": said})
        assert (
            span_failed(of, CLIENT, ERROR) is span_failed(of, SERVER, ERROR) is served_failed(of) is (number in FAULTS)
        )


ADDRESSES: dict[str, tuple[Mapping[str, str], str]] = {
    "a host": ({"server.address": "pay", "server.port": "80"}, "pay"),
    "a plain address": ({"server.address": "10.0.0.1", "server.port": "80"}, "10.0.0.1:80"),
    "loopback": ({"net.peer.name": "localhost", "net.peer.port": "8080"}, "localhost:8080"),
    "a URL": ({"url.full": "https://user:secret@pay.example:8443/x?y=z"}, "pay.example"),
    "a URL of a plain address": ({"http.url": "https://10.0.0.1/x"}, "10.0.0.1:443"),
    "a URL that is none": ({"url.full": "http://[::1"}, ""),
    "a path": ({"url.full": "/x"}, ""),
    "a peer of the network": ({"network.peer.address": "10.0.0.1", "network.peer.port": "90"}, "10.0.0.1:90"),
    "a function": ({"faas.invoked_name": "resize", "server.address": "lambda.example"}, "resize"),
    "a database": ({"db.system": "redis"}, "redis"),
    "a database of which parts are numbered": ({"db.system": "redis", "db.namespace": "0"}, "redis"),
    "a database by server and namespace": (
        {"db.system.name": "mysql", "server.address": "db", "server.port": "3306", "db.name": "app"},
        "mysql://db/app",
    ),
    "a database by namespace": ({"db.system": "mysql", "db.namespace": "app"}, "mysql:///app"),
    "nothing": ({}, ""),
}


@pytest.mark.parametrize("case", ADDRESSES.values(), ids=ADDRESSES.keys())
def test_addresses(case: tuple[Mapping[str, str], str]) -> None:
    assert address(case[0]) == case[1]


def test_databases_are_two_when_both_name_a_part_otherwise() -> None:
    known = Databases()
    assert known.learn(["pg", "pay.example", "pg://a", "pg:///app", "pg://a/app"]) == [
        "pg://a",
        "pg:///app",
        "pg://a/app",
    ]
    assert known.several == frozenset()
    assert known.learn(["pg://a", "mysql://a"]) == ["mysql://a"]
    known.learn(["pg://b"])
    assert known.several == {"pg"}
    assert [shown(one, known.several) for one in ("pg://b", "pg", "mysql://a", "h:80")] == [
        "pg://b",
        "pg",
        "mysql",
        "h:80",
    ]


@pytest.mark.parametrize(
    ("name", "own", "route", "goes"),
    [
        ("GET", "/a", "", True),
        ("GET", "/a", "/a", True),
        ("GET /a", "", "/a", True),
        ("HTTP GET /a", "", "/a", True),
        ("GET /a", "/b", "/a", False),
        ("GET", "/v1/a", "/a", True),
        ("GET", "/a", "/v1/a", True),
        ("GET", "a/", "/v1/a", True),
        ("GET", "/ba", "/a", False),
        ("GET", "/", "/a", False),
        ("GET", "", "/", False),
    ],
)
def test_what_route_a_span_goes_by(name: str, own: str, route: str, goes: bool) -> None:
    span = Span(
        trace_id="t",
        span_id="s",
        parent_id="",
        service="api",
        name=name,
        kind=SpanKind.SERVER,
        start=0.0,
        duration=0.1,
        route=own,
    )
    assert span.goes_by(route) is goes


@pytest.mark.parametrize(
    ("said", "streams"),
    [
        ({"http.response.status_code": "101"}, True),
        ({"network.protocol.name": "websocket"}, True),
        ({"http.request.header.upgrade": '["WebSocket"]'}, True),
        ({"http.request.header.upgrade": '["h2c"]'}, False),
        ({"http.scheme": "wss"}, True),
        ({"url.full": "ws://live.example/"}, True),
        ({"http.response.header.content_type": '["text/event-stream"]'}, True),
        ({"http.response.header.content-type": '["text/html"]', "url.full": "http://a/"}, False),
        ({}, False),
    ],
)
def test_what_streams(said: Mapping[str, str], streams: bool) -> None:
    assert request(said).streams is streams
