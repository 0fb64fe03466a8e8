"""Who is to blame where frameworks put spans of their own around, beside and after what handlers do."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import pytest

from aiops.explain import KnownServices, attribute
from aiops.model import Cause, CauseKind, Family, Span, SpanKind, Trace

from .shop import finding, population

NUMBERS = count(1)
SERVER, CLIENT, INNER = SpanKind.SERVER, SpanKind.CLIENT, SpanKind.INTERNAL


@dataclass(frozen=True)
class Part:
    """One span of a request, in milliseconds: what is `inside` it are its children."""

    service: str
    kind: SpanKind
    start: int
    end: int
    failed: bool = False
    inside: tuple["Part", ...] = ()
    raised: tuple[str, str] = ("", "")
    status: int = 0
    peer: str = ""
    route: str = ""
    name: str = "GET"


def front(*inside: Part, failed: bool = True, raised: tuple[str, str] = ("", "")) -> Part:
    return Part("front", SERVER, 0, 100, failed, inside, raised, 502 if failed else 200, route="/orders")


def inner(start: int, end: int, *inside: Part, failed: bool = False, raised: tuple[str, str] = ("", "")) -> Part:
    return Part("front", INNER, start, end, failed, inside, raised, name=f"step {start}")


def call(start: int, end: int, failed: bool = True, to: str = "stock", raised: tuple[str, str] = ("", "")) -> Part:
    served = Part(to, SERVER, start + 2, end - 2, failed, status=500 if failed else 200, route=f"/{to}")
    return Part("front", CLIENT, start, end, failed, (served,), raised, peer=to)


def trace(root: Part) -> Trace:
    """The spans of one request."""
    trace_id, spans = f"{next(NUMBERS):032x}", list[Span]()

    def add(part: Part, parent: str) -> None:
        span_id = f"{next(NUMBERS):016x}"
        spans.append(
            Span(
                trace_id=trace_id, span_id=span_id, parent_id=parent, service=part.service, name=part.name,
                kind=part.kind, start=part.start / 1000,
                duration=(part.end - part.start) / 1000, failed=part.failed, route=part.route,
                method="POST" if part.route else "", http_status=part.status, peer=part.peer,
                exception_type=part.raised[0], exception_message=part.raised[1],
            )
        )  # fmt: skip
        for one in part.inside:
            add(one, span_id)

    add(root, "")
    return Trace(trace_id, tuple(sorted(spans, key=lambda one: one.start)))


def blamed(bad: Part, good: Part | None = None, family: Family = Family.ERRORS) -> dict[Cause, float]:
    """The share of each cause, by the votes of twenty such requests beside twenty good ones."""
    before = good or front(call(10, 30, failed=False), failed=False)
    everyone = frozenset({"front", "stock", "price"})
    votes = attribute(
        finding("front", "/orders", family, 0.2, 0.05),
        population("front", "/orders"),
        [trace(bad) for _ in range(20)],
        [trace(before) for _ in range(20)],
        KnownServices(everyone, everyone),
    ).votes
    return {vote.cause: round(vote.share, 2) for vote in votes}


RAISED = ("BadGateway", "stock answered 500")
ECHO = Part("front", INNER, 92, 93, True, status=502, name="GET /orders http send")


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(front(inner(1, 99, call(10, 90))), id="a-handler-that-did-not-throw"),
        pytest.param(front(inner(1, 99, inner(2, 98, inner(3, 97, call(10, 90))))), id="handlers-several-deep"),
        pytest.param(front(inner(1, 5, call(10, 90))), id="a-handler-that-ended-before-its-call"),
        pytest.param(front(inner(1, 5), inner(6, 7), call(10, 90)), id="middleware-beside-the-call"),
        pytest.param(front(call(10, 90), ECHO), id="the-answer-being-sent"),
        pytest.param(front(inner(1, 91, call(10, 90)), ECHO), id="a-handler-and-the-answer-being-sent"),
        pytest.param(front(call(10, 80), inner(85, 95, failed=True)), id="an-error-page-after-the-call"),
        pytest.param(
            front(inner(5, 95, failed=True, raised=RAISED), call(10, 90)), id="a-handler-that-waited-beside-its-call"
        ),
        pytest.param(
            front(
                inner(5, 92, call(10, 90, raised=RAISED), failed=True, raised=RAISED),
                inner(93, 95, failed=True, raised=RAISED),
                raised=RAISED,
            ),
            id="an-exception-recorded-at-every-level",
        ),
        pytest.param(
            front(inner(1, 45, call(10, 40, failed=False, to="price")), inner(50, 99, call(55, 90))),
            id="one-of-two-handlers",
        ),
    ],
)
def test_the_way_down_leads_through_what_frameworks_add(bad: Part) -> None:
    assert blamed(bad) == {Cause("stock", CauseKind.ERRORS, "/stock", "POST"): 1.0}


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(front(inner(1, 99, failed=True, raised=RAISED)), id="a-handler-that-throws"),
        pytest.param(front(ECHO), id="an-answer-that-nothing-explains"),
        pytest.param(
            front(inner(1, 50, call(10, 40)), inner(60, 90, failed=True, raised=("KeyError", "sku"))),
            id="a-swallowed-failure-and-one-of-its-own",
        ),
        pytest.param(
            front(inner(1, 50, call(10, 20), call(25, 45, failed=False)), raised=("KeyError", "sku")),
            id="a-retry-that-worked",
        ),
    ],
)
def test_a_service_that_fails_by_itself_is_named(bad: Part) -> None:
    assert blamed(bad) == {Cause("front", CauseKind.ERRORS, "/orders", "POST"): 1.0}


def test_a_failure_that_good_requests_live_with_explains_nothing() -> None:
    hint = call(10, 30, to="price")
    good = front(inner(1, 99, hint, call(40, 60, failed=False)), failed=False)
    bad = front(inner(1, 99, hint, call(40, 60)))
    assert blamed(bad, good) == {Cause("stock", CauseKind.ERRORS, "/stock", "POST"): 1.0}
    alone = front(inner(1, 99, hint))
    assert blamed(alone, good) == {Cause("front", CauseKind.ERRORS, "/orders", "POST"): 1.0}


def slow(inside: Sequence[Part], end: int = 1000) -> Part:
    return Part("front", SERVER, 0, end, False, tuple(inside), status=200, route="/orders")


@pytest.mark.parametrize(
    ("bad", "cause"),
    [
        pytest.param(
            slow([inner(1, 999, call(10, 990, False))]), Cause("stock", CauseKind.LATENCY, "/stock", "POST"),
            id="a-handler-around-its-call",
        ),
        pytest.param(
            slow([inner(1, 999), call(10, 990, False)]), Cause("stock", CauseKind.LATENCY, "/stock", "POST"),
            id="a-handler-beside-its-call",
        ),
        pytest.param(
            slow([inner(1, 5, call(10, 990, False))]), Cause("stock", CauseKind.LATENCY, "/stock", "POST"),
            id="a-handler-that-ended-before-its-call",
        ),
        pytest.param(
            slow([inner(1, 999, call(10, 30, False))]), Cause("front", CauseKind.LATENCY, "/orders", "POST"),
            id="a-handler-that-works-itself",
        ),
        pytest.param(
            slow([call(10, 30, False), inner(995, 3000, call(996, 2900, False, to="price"))]),
            Cause("front", CauseKind.LATENCY, "/orders", "POST"), id="work-after-the-answer",
        ),
    ],
)  # fmt: skip
def test_time_is_counted_once(bad: Part, cause: Cause) -> None:
    shares = blamed(bad, slow([inner(1, 49, call(10, 30, False))], 50), Family.LATENCY)
    assert max(shares, key=lambda one: shares[one]) == cause
    assert shares[cause] > 0.95


NAMELESS = Part("front", CLIENT, 10, 12, True)


@pytest.mark.parametrize(
    ("bad", "answering"),
    [
        pytest.param(front(NAMELESS), {"front", "price"}, id="one-such-call"),
        pytest.param(front(call(2, 8, False, to="price"), NAMELESS), {"front"}, id="the-one-without-an-answer"),
        pytest.param(front(Part("front", CLIENT, 10, 12, True, name="POST")), {"front", "price"}, id="another-name"),
    ],
)
def test_a_call_without_a_name_went_where_such_calls_went(bad: Part, answering: set[str]) -> None:
    def unnamed(to: str, start: int) -> Part:
        one = call(start, start + 20, False, to=to)
        return Part(one.service, one.kind, one.start, one.end, False, one.inside)

    everyone = frozenset({"front", "stock", "price"})
    votes = attribute(
        finding("front", "/orders", Family.ERRORS),
        population("front", "/orders"),
        [trace(bad) for _ in range(20)],
        [trace(front(unnamed("price", 2), unnamed("stock", 40), failed=False)) for _ in range(20)],
        KnownServices(everyone, frozenset(answering), called={"front": frozenset({"stock", "price"})}),
    ).votes
    assert [vote.cause for vote in votes] == [Cause("stock", CauseKind.DOWN)]


def test_an_address_is_the_service_that_answered_there() -> None:
    def at(address: str, failed: bool, *inside: Part) -> Part:
        return Part("front", CLIENT, 10, 30, failed, inside, peer=address)

    answered = Part("stock", SERVER, 12, 28, route="/stock")
    good = front(at("10.0.0.7:8080", False, answered), failed=False)
    assert blamed(front(at("10.0.0.7:8080", True)), good) == {Cause("stock", CauseKind.ERRORS): 1.0}
    assert blamed(front(at("10.0.0.9:8080", True)), good) == {
        Cause("10.0.0.9:8080", CauseKind.DEPENDENCY, caller="front"): 1.0
    }
