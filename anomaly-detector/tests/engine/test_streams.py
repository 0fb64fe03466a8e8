"""Requests that last for as long as somebody listens: the whole engine in virtual time."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

import pytest
from sources.otlp import CLIENT, Call, Value, http

from .world import AT_ONCE, STEP, Watched, next_id, times

AT_A_TIME = 3
"""Steps judged in one cycle where nothing may be found: trouble that is not there would last for longer."""
Length = Callable[[random.Random], float]


@dataclass
class Listening:
    """Listeners come at an even pace and stay as long as `length` says: a span tells of each when it has gone."""

    route: str
    attributes: Mapping[str, Value]
    length: Length
    messages: tuple[str, ...] = ()
    rng: random.Random = field(default_factory=lambda: random.Random(3))
    _open: list[tuple[float, float]] = field(default_factory=list)  # end, duration

    def __call__(self, at: float) -> Iterator[Call]:
        self._open += [(start + took, took) for start in times(at, 4) for took in (self.length(self.rng),)]
        gone = [one for one in self._open if one[0] <= at + STEP]
        self._open = [one for one in self._open if one[0] > at + STEP]
        for end, took in gone:
            trace, front, call, served = (next_id() for _ in range(4))
            said = {"attributes": self.attributes, "messages": self.messages}
            yield Call(trace, served, end, took, call, "live", f"GET {self.route}", **said)  # type: ignore[arg-type]
            there: Mapping[str, Value] = {"peer.service": "live"}
            yield from (
                Call(trace, front, end, took, 0, "edge", f"GET {self.route}", **said),  # type: ignore[arg-type]
                Call(trace, call, end, took, front, "edge", "GET", CLIENT, attributes=there),
            )


def plain(at: float) -> Iterator[Call]:
    """Requests of the same services that are answered at once."""
    for end in times(at):
        trace, front, call, served = (next_id() for _ in range(4))
        yield from (
            Call(trace, front, end, 0.05, 0, "edge", "GET /", attributes=http("/")),
            Call(trace, call, end, 0.04, front, "edge", "GET", CLIENT, attributes={"peer.service": "live"}),
            Call(trace, served, end, 0.03, call, "live", "GET /", attributes=http("/")),
        )


def minutes(rng: random.Random) -> float:
    return rng.expovariate(1 / 60)


STREAMS: dict[str, tuple[Mapping[str, Value], tuple[str, ...]]] = {
    "a websocket by its status": (http("/live", 101), ()),
    "a websocket by its protocol": ({"http.route": "/live", "network.protocol.name": "websocket"}, ()),
    "a websocket by its scheme": ({"http.route": "/live", "url.scheme": "wss"}, ()),
    "events by their type": (
        http("/live", **{"http.response.header.content-type": '["text/event-stream; charset=utf-8"]'}),
        (),
    ),
    "a stream of an RPC": ({"rpc.system": "grpc", "rpc.service": "a.B", "rpc.method": "Watch"}, ("SENT", "SENT")),
}


@pytest.mark.parametrize("said", STREAMS.values(), ids=STREAMS.keys())
def test_streams_are_not_judged_by_how_long_they_last(
    watched: Watched, said: tuple[Mapping[str, Value], tuple[str, ...]]
) -> None:
    short = Listening("/live", said[0], lambda rng: rng.uniform(0.5, 2), said[1])
    watched.play(26, short, plain, every=AT_ONCE)
    short.length = minutes
    watched.play(60, short, plain, every=AT_A_TIME)
    assert watched.incidents() == []


def test_long_requests_of_arbitrary_length_are_not_judged_by_it(watched: Watched) -> None:
    untold = Listening("/live", http("/live"), minutes)
    watched.play(60, untold, every=AT_ONCE)
    untold.length = lambda rng: rng.expovariate(1 / 300)
    watched.play(80, untold, every=AT_A_TIME)
    assert watched.incidents() == []


def test_a_service_of_long_streams_alone_is_not_silent_between_them(watched: Watched) -> None:
    """A stream ends every half minute, and the front tells of it some steps before the service notices."""
    steps, late = count(), list[tuple[int, Call]]()

    def ends(at: float) -> Iterator[Call]:
        step = next(steps)
        if step % 10 == 0:
            trace, front, call, served = (next_id() for _ in range(4))
            said = http("/live", 101)
            yield from (
                Call(trace, front, at + 1, 80, 0, "edge", "GET /live", attributes=said),
                Call(trace, call, at + 1, 80, front, "edge", "GET", CLIENT, attributes={"peer.service": "live"}),
            )
            late.append((step + 5, Call(trace, served, at + 5 * STEP + 1, 95, call, "live", "GET", attributes=said)))
        yield from (one for due, one in late if due == step)

    watched.play(260, ends, every=AT_A_TIME)
    assert watched.incidents() == []


def test_what_is_slow_beside_streams_is_found(watched: Watched) -> None:
    stream = Listening("/live", http("/live", 101), minutes)
    slow = [0.03]

    def work(at: float) -> Iterator[Call]:
        for end in times(at):
            yield Call(next_id(), next_id(), end, slow[0], 0, "live", "GET /", attributes=http("/"))

    watched.play(26, stream, work)
    slow[0] = 1.5
    watched.play(10, stream, work)
    (incident,) = watched.incidents()
    assert incident.root_cause is not None
    assert incident.root_cause.cause.service == "live"
