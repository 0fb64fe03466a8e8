"""Whom calls reached, as whole traces of Tempo tell it: what the contract asks of a real one, without any."""

from collections.abc import Iterable
from dataclasses import replace

from aiops.model import Trace
from aiops.sources.common import links, spans
from aiops.sources.tempo.calls import FORGET_SECONDS, KnownCallees

from . import otlp
from .otlp import CLIENT, CONSUMER, PRODUCER, Call, Value


def traces(*calls: Call) -> list[Trace]:
    """The traces that these spans are, as a source reads them."""
    found: dict[str, list[spans.Span]] = {}
    for group, call in zip(otlp.spans(*calls).resource_spans, calls, strict=True):
        row = dict(zip(spans.COLUMNS, spans.row(group.scope_spans[0].spans[0], 0), strict=True))
        span = spans.span({**row, "service": call.service, "version": "", "instance": ""}, {})
        found.setdefault(span.trace_id, []).append(span)
    return [Trace(trace_id, tuple(of)) for trace_id, of in found.items()]


def reached(callees: KnownCallees, of: Iterable[Trace]) -> list[str]:
    return [callee for trace in of for _, callee in callees.calls(trace)]


QUEUE: dict[str, Value] = {"messaging.destination.name": "orders"}


def test_a_producer_calls_who_links_to_it() -> None:
    callees = KnownCallees()
    found = traces(
        Call(1, 1, 5, service="shop", kind=PRODUCER), Call(2, 2, 6, service="billing", kind=CONSUMER, links=[(1, 1)])
    )
    callees.learn(found)
    assert reached(callees, found) == ["billing"]
    sent, taken = found
    both = links.continued(taken, {sent.trace_id: sent})
    assert [(span.service, span.parent_id) for span in both.spans] == [("shop", ""), ("billing", f"{1:016x}")]
    assert links.continued(taken, {}) == taken
    cut = replace(taken, left_out=7)
    assert links.continued(cut, {sent.trace_id: sent}).left_out == 7


def test_a_producer_calls_everyone_who_consumes_its_destination() -> None:
    callees = KnownCallees()
    found = traces(
        Call(1, 1, 5, service="shop", kind=PRODUCER, attributes=QUEUE),
        Call(2, 2, 6, service="mail", kind=CONSUMER, attributes=QUEUE),
        Call(3, 3, 6, service="billing", kind=CONSUMER, attributes=QUEUE),
    )
    callees.learn(found)
    assert reached(callees, found) == ["billing", "mail"]


def test_a_linked_span_that_another_service_called_stays_its_child() -> None:
    sent, pushed = traces(
        Call(1, 1, 5, service="shop", kind=PRODUCER),
        Call(2, 2, 6, service="broker", kind=CLIENT),
        Call(2, 3, 6, parent=2, service="billing", kind=CONSUMER, links=[(1, 1)]),
    )
    both = links.continued(pushed, {sent.trace_id: sent})
    assert {span.service: span.parent_id for span in both.spans}["billing"] == f"{2:016x}"


def test_what_is_refused_is_named_by_who_answered_last() -> None:
    callees = KnownCallees()
    there: dict[str, Value] = {"server.address": "10.0.0.1"}
    callees.learn(
        traces(
            Call(1, 1, 5, service="web", name="pay.Pay/Pay", kind=CLIENT, attributes=there),
            Call(1, 2, 5, parent=1, service="pay"),
        )
    )

    def named(at: float, **said: Value) -> str:
        refused = Call(9, 9, at, service="web", name="pay.Pay/Pay", kind=CLIENT, error=True, attributes=said)
        [trace] = traces(refused)
        return callees.named(trace).spans[0].peer

    assert named(6, **there) == "pay"
    assert named(6) == "pay"
    assert named(FORGET_SECONDS, **there) == "pay"
    assert named(FORGET_SECONDS + 6, **there) == "10.0.0.1"
    assert named(6, **{"peer.service": "cash"}) == "cash"


def test_databases_are_told_apart_once_there_are_two() -> None:
    callees = KnownCallees()

    def query(number: int, host: str) -> list[Trace]:
        said: dict[str, Value] = {"db.system": "pg", "server.address": host}
        return traces(Call(number, number, 5, service="api", kind=CLIENT, attributes=said))

    first, second = query(1, "a"), query(2, "b")
    callees.learn(first)
    assert reached(callees, first) == ["pg"]
    callees.learn(second)
    assert reached(callees, [*first, *second]) == ["pg://a", "pg://b"]
    assert callees.named(first[0]).spans[0].peer == "pg://a"
