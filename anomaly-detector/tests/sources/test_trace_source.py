"""The contract of TraceSource."""

from collections.abc import Mapping

import pytest

from aiops.model import Population, PopulationKind, SpanKind, Status, TraceQuery, Window

from .conftest import T0, Adapter
from .otlp import CLIENT, INTERNAL, Call, http, spans

HOUR = Window(T0, T0 + 3600)


def trace(number: int, end: float, status: int = 200, duration: float = 0.1, route: str = "/pay") -> list[Call]:
    """web calls api, which works."""
    web, call, api, work = (number * 10 + at for at in range(1, 5))
    there: Mapping[str, str] = {"peer.service": "api"}
    return [
        Call(number, web, T0 + end, duration, service="web", attributes=http("/")),
        Call(number, call, T0 + end, duration, web, "web", "POST", CLIENT, status >= 500, attributes=there),
        Call(number, api, T0 + end, duration, call, "api", f"POST {route}", attributes=http(route, status, "POST")),
        Call(number, work, T0 + end, duration / 2, api, "api", "work", INTERNAL),
    ]


def many(count: int, every: float, **more: float) -> list[Call]:
    return [span for at in range(count) for span in trace(at + 1, (at + 1) * every, **more)]  # type: ignore[arg-type]


def test_spans_are_read_out(adapter: Adapter) -> None:
    made = Call(
        trace=0xABC,
        span=0xD,
        parent=0xE,
        end=T0 + 5,
        duration=0.25,
        name="POST",
        kind=CLIENT,
        error=True,
        message="boom",
        attributes={"peer.service": "pay", "url.full": "http://pay/", "error.type": "Timeout", "n": 3, "ok": True},
        resource={"service.version": "1.2", "service.instance.id": "api-7", "k8s.pod.name": "p"},
        exception=("TimeoutError", "after 2 s"),
    )
    adapter.feed(spans(made))
    [found] = adapter.traces.traces([made.trace_id, "0" * 31 + "1", "no id"])
    [span] = found.spans
    assert found.trace_id == span.trace_id == made.trace_id
    assert (span.span_id, span.parent_id) == ("000000000000000d", "000000000000000e")
    assert (span.service, span.name, span.kind) == ("api", "POST", SpanKind.CLIENT)
    assert span.end == pytest.approx(T0 + 5)
    assert span.duration == pytest.approx(0.25)
    assert (span.status, span.status_message, span.failed) == (Status.ERROR, "boom", True)
    assert (span.peer, span.error_type, span.http_status) == ("pay", "Timeout", 0)
    assert (span.version, span.instance) == ("1.2", "api-7")
    assert (span.exception_type, span.exception_message) == ("TimeoutError", "after 2 s")
    assert span.attributes["n"] == "3"
    assert span.attributes["ok"] == "true"
    assert span.resource["k8s.pod.name"] == "p"


FAILED = {
    "server 500": (Call(1, 1, T0, attributes=http("/", 500)), True),
    "server error status": (Call(1, 1, T0, error=True), True),
    "server 404": (Call(1, 1, T0, attributes=http("/", 404)), False),
    "client 404 with error status": (Call(1, 1, T0, kind=CLIENT, error=True, attributes=http("", 404)), False),
    "client 503": (Call(1, 1, T0, kind=CLIENT, attributes=http("", 503)), True),
    "client that nobody answered": (Call(1, 1, T0, kind=CLIENT, attributes={"error.type": "ConnectionError"}), True),
    "fine": (Call(1, 1, T0), False),
}


@pytest.mark.parametrize("case", FAILED.values(), ids=FAILED.keys())
def test_what_failed(adapter: Adapter, case: tuple[Call, bool]) -> None:
    adapter.feed(spans(case[0]))
    [found] = adapter.traces.traces([case[0].trace_id])
    assert found.spans[0].failed is case[1]


def test_populations(adapter: Adapter) -> None:
    good, slow, bad = many(20, 100), trace(100, 500, duration=3.0), trace(101, 600, status=500)
    adapter.feed(spans(*good, *slow, *bad, *trace(102, 700, route="/other")))
    of = Population("api", HOUR, PopulationKind.GOOD, "/pay", "POST", threshold=1.0)

    def ids(wanted: Population) -> set[int]:
        return {int(one.trace_id, 16) for one in adapter.traces.populations([wanted])[0]}

    assert ids(of) == set(range(1, 21))
    assert ids(Population("api", HOUR, PopulationKind.GOOD, "/pay")) == {*range(1, 21), 100}
    assert ids(Population("api", HOUR, PopulationKind.SLOW, threshold=1.0)) == {100}
    assert ids(Population("api", HOUR, PopulationKind.FAILED)) == {101}
    assert ids(Population("web", HOUR, PopulationKind.FAILED, callee="api")) == {101}
    assert ids(Population("web", HOUR, PopulationKind.FAILED)) == set()
    assert ids(Population("api", Window(T0 + 500, T0 + 600), PopulationKind.FAILED)) == {101}
    assert ids(Population("api", Window(T0 + 600, T0 + 700), PopulationKind.FAILED)) == set()


def test_a_population_is_even_whole_and_the_same_each_time(adapter: Adapter) -> None:
    adapter.feed(spans(*many(600, 6)))
    wanted = Population("api", HOUR, PopulationKind.GOOD, limit=24)
    drawn = adapter.traces.populations([wanted])[0]
    assert drawn == adapter.traces.populations([wanted])[0]
    assert all(len(one.spans) == 4 for one in drawn)
    slices = [int((max(span.end for span in one.spans) - T0 - 0.001) // 300) for one in drawn]
    assert sorted(slices) == sorted([*range(12), *range(12)])


def test_a_population_takes_what_there_is(adapter: Adapter) -> None:
    adapter.feed(spans(*many(30, 1)))
    assert len(adapter.traces.populations([Population("api", HOUR, PopulationKind.GOOD, limit=20)])[0]) == 20


def test_a_trace_over_the_border_of_an_hour_is_whole(adapter: Adapter) -> None:
    number = 7
    adapter.feed(spans(*trace(number, 3599.9)[2:], *trace(number, 3600.2)[:2]))
    [found] = adapter.traces.populations([Population("api", HOUR, PopulationKind.GOOD)])[0]
    assert len(found.spans) == 4
    assert [span.start for span in found.spans] == sorted(span.start for span in found.spans)


def test_search(adapter: Adapter) -> None:
    adapter.feed(spans(*many(5, 10), *trace(50, 100, status=500, duration=2.0)))
    found = adapter.traces.search(TraceQuery(), HOUR, 3)
    assert [int(one.trace_id, 16) for one in found] == [50, 5, 4]
    newest = found[0]
    assert (newest.root_service, newest.root_name, newest.spans, newest.failed) == ("web", "GET /", 4, True)
    assert newest.duration == pytest.approx(2.0)
    assert newest.start == pytest.approx(T0 + 98)

    def ids(query: TraceQuery) -> list[int]:
        return [int(one.trace_id, 16) for one in adapter.traces.search(query, HOUR, 100)]

    assert ids(TraceQuery(failed=True)) == [50]
    assert ids(TraceQuery(service="api", failed=False, min_duration=1.0)) == [50]
    assert ids(TraceQuery(service="web", route="/")) == [50, 5, 4, 3, 2, 1]
    assert ids(TraceQuery(service="web", route="/pay")) == []
    assert ids(TraceQuery(min_duration=1.5)) == [50]
    assert ids(TraceQuery(service="it's")) == []
