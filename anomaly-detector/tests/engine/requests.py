"""Requests to send to a watched engine: one description of a request, sent some times in every step."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sources.otlp import CLIENT, INTERNAL, SERVER, Call, Value, http, spans

from .world import STEP, Export


@dataclass(frozen=True)
class Part:
    """One span of a request: from `start` to `end`, milliseconds after the request began, with what is `inside` it."""

    service: str
    kind: int
    name: str
    start: float
    end: float
    inside: Sequence["Part"] = ()
    failed: bool = False
    attributes: Mapping[str, Value] = field(default_factory=dict)
    resource: Mapping[str, Value] = field(default_factory=dict)
    raised: tuple[str, str] | None = None
    message: str = ""


def served(service: str, route: str, start: float, end: float, *inside: Part, status: int = 200, **more: Value) -> Part:
    """A request that a service serves."""
    return Part(service, SERVER, f"GET {route}", start, end, inside, status >= 500, http(route, status), more)


def inner(service: str, name: str, start: float, end: float, *inside: Part, status: int = 0) -> Part:
    """Work within a service; `status` is what it says of the answer."""
    attributes: dict[str, Value] = {"http.response.status_code": status} if status else {}
    return Part(service, INTERNAL, name, start, end, inside, status >= 500, attributes)


def called(service: str, start: float, end: float, *inside: Part, status: int = 200, **more: Value) -> Part:
    """A call that a service makes over HTTP; a status of 0 is none, a call that nobody answered."""
    attributes = {**(http("", status) if status else {"http.request.method": "GET"}), **more}
    return Part(service, CLIENT, "GET", start, end, inside, not status or status >= 500, attributes)


@dataclass
class Traffic:
    """Sends a request `each` times in every step, evenly; what it is, a test may change at any time."""

    request: Callable[[random.Random], Part]
    each: int = 15
    numbers: int = 0
    rng: random.Random = field(default_factory=lambda: random.Random(7))

    def __call__(self, at: float) -> Iterator[Export]:
        for number in range(self.each):
            end = at + STEP * (number + 1) / (self.each + 1)
            yield spans(*self._spans(end))

    def _spans(self, end: float) -> Iterator[Call]:
        root = self.request(self.rng)
        self.numbers += 1
        trace, start = self.rng.getrandbits(120) + 1, end - root.end / 1000

        def below(part: Part, parent: int) -> Iterator[Call]:
            self.numbers += 1
            mine = self.numbers
            yield Call(
                trace, mine, start + part.end / 1000, (part.end - part.start) / 1000, parent, part.service, part.name,
                part.kind, part.failed, part.message, part.attributes, part.resource, part.raised,
            )  # fmt: skip
            for one in part.inside:
                yield from below(one, mine)

        yield from below(root, 0)


def stretched(part: Part, longer: Callable[[float], float]) -> Part:
    """The same request where every piece of work, and every way between two, takes longer: milliseconds to those."""
    before, inside = part.start, []
    at = part.start
    for one in part.inside:
        at += longer(one.start - before)
        inner_ = stretched(one, longer)
        inside.append(shifted(inner_, at - one.start))
        at, before = at + inner_.end - inner_.start, one.end
    return replace(part, inside=tuple(inside), end=at + longer(part.end - before))


def shifted(part: Part, by: float) -> Part:
    return replace(
        part, start=part.start + by, end=part.end + by, inside=tuple(shifted(one, by) for one in part.inside)
    )
