"""What spans mean, as programs write them: the whole engine in virtual time."""

from collections.abc import Iterator, Mapping

import pytest
from sources.otlp import CLIENT, Call, Value, http

from aiops.model import CauseKind

from .world import AT_ONCE, Watched, causes, next_id, times


class Grpc:
    """A front that answers over HTTP what it asked of a catalog over gRPC; `code` is what the catalog says. `attribute`
    is where the code stands. Only some servers mark their span."""

    def __init__(self, attribute: str, fine: Value) -> None:
        self.attribute, self.fine, self.code = attribute, fine, fine
        self.status, self.marks = 200, False

    def __call__(self, at: float) -> Iterator[Call]:
        called = {"rpc.system": "grpc", "rpc.service": "shop.Catalog", "rpc.method": "Get", self.attribute: self.code}
        there = {"server.address": "127.0.0.1", "server.port": 50051}
        failed = self.code != self.fine
        for end in times(at):
            trace, front, call, served = (next_id() for _ in range(4))
            yield from (
                Call(trace, front, end, 0.04, 0, "front", "GET /item/{id}", attributes=http("/item/{id}", self.status)),
                Call(
                    trace,
                    call,
                    end - 0.005,
                    0.03,
                    front,
                    "front",
                    "shop.Catalog/Get",
                    CLIENT,
                    error=failed,
                    message="no such item" if failed else "",
                    attributes={**called, **there},
                ),
                Call(
                    trace,
                    served,
                    end - 0.01,
                    0.02,
                    call,
                    "catalog",
                    "shop.Catalog/Get",
                    error=failed and self.marks,
                    attributes=called,
                ),
            )


CODES: Mapping[str, tuple[str, Value, Value, Value]] = {
    "by name": ("rpc.response.status_code", "OK", "NOT_FOUND", "UNAVAILABLE"),
    "by number": ("rpc.grpc.status_code", 0, 5, 14),
}


@pytest.mark.parametrize("said", CODES.values(), ids=CODES.keys())
def test_what_the_caller_asked_in_vain_is_no_failure_of_an_rpc(
    watched: Watched, said: tuple[str, Value, Value, Value]
) -> None:
    attribute, fine, in_vain, broken = said
    shop = Grpc(attribute, fine)
    watched.play(26, shop, every=AT_ONCE)
    shop.code, shop.status = in_vain, 404
    watched.play(20, shop, every=2)
    assert watched.incidents() == []
    shop.code, shop.status, shop.marks = broken, 503, True
    watched.play(10, shop)
    assert causes(watched) == [("catalog", CauseKind.ERRORS)]
