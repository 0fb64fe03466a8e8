"""The contract of TraceSource."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from aiops.model import Population, PopulationKind, SpanKind, Status, TraceQuery, Window, names
from aiops.model.errors import TooMuch

from .conftest import Tracing
from .otlp import CLIENT, CONSUMER, INTERNAL, PRODUCER, SERVER, Call, Value, http, spans


def minute(tracing: Tracing) -> Window:
    return Window(tracing.t0, tracing.t0 + 60)


def trace(
    number: int,
    end: float,
    status: int = 200,
    duration: float = 0.1,
    route: str = "/pay",
    there: Mapping[str, Value] = {"peer.service": "api"},
) -> list[Call]:
    """web calls api, which works."""
    web, call, api, work = (number * 10 + at for at in range(1, 5))
    return [
        Call(number, web, end, duration, service="web", attributes=http("/")),
        Call(number, call, end, duration, web, "web", "POST", CLIENT, status >= 500, attributes=there),
        Call(number, api, end, duration, call, "api", f"POST {route}", attributes=http(route, status, "POST")),
        Call(number, work, end, duration / 2, api, "api", "work", INTERNAL),
    ]


def many(count: int, start: float, every: float) -> list[Call]:
    return [span for at in range(count) for span in trace(at + 1, start + (at + 1) * every)]


def test_spans_are_read_out(tracing: Tracing) -> None:
    made = Call(
        trace=0xABC,
        span=0xD,
        parent=0xE,
        end=tracing.t0 + 5,
        duration=0.25,
        name="POST",
        kind=CLIENT,
        error=True,
        message="boom",
        attributes={"peer.service": "pay", "url.full": "http://pay/", "error.type": "Timeout", "n": 3, "ok": True},
        resource={"service.version": "1.2", "service.instance.id": "api-7", "k8s.pod.name": "p"},
        exception=("TimeoutError", "after 2 s"),
    )
    tracing.feed(spans(made))
    [found] = tracing.traces.traces([made.trace_id, "0" * 31 + "1", "no id"])
    [span] = found.spans
    assert found.trace_id == span.trace_id == made.trace_id
    assert (span.span_id, span.parent_id) == ("000000000000000d", "000000000000000e")
    assert (span.service, span.name, span.kind) == ("api", "POST", SpanKind.CLIENT)
    assert span.end == pytest.approx(tracing.t0 + 5)
    assert span.duration == pytest.approx(0.25)
    assert (span.status, span.status_message, span.failed) == (Status.ERROR, "boom", True)
    assert (span.peer, span.error_type, span.http_status) == ("pay", "Timeout", 0)
    assert (span.version, span.instance) == ("1.2", "api-7")
    assert (span.exception_type, span.exception_message) == ("TimeoutError", "after 2 s")
    [event] = span.events
    assert event.name == "exception"
    assert event.attributes == {"exception.type": "TimeoutError", "exception.message": "after 2 s"}
    assert span.attributes["n"] == "3"
    assert span.attributes["ok"] == "true"
    assert span.resource["k8s.pod.name"] == "p"


def rpc(code: Value, kind: int, key: str = "rpc.response.status_code") -> Call:
    """A call that its instrumentation marks as an error."""
    said: Mapping[str, Value] = {"rpc.system": "grpc", "rpc.service": "a.B", "rpc.method": "C", key: code}
    return Call(1, 1, 0, kind=kind, error=True, attributes=said)


def off(message: str, error_type: str, database: bool = False) -> Call:
    """A call that ended without an answer, which its instrumentation marks as an error."""
    of: dict[str, Value] = {"db.system.name": "postgresql"} if database else {"http.request.method": "GET"}
    return Call(1, 1, 0, kind=CLIENT, error=True, message=message, attributes={**of, "error.type": error_type})


FAILED = {
    "server 500": (Call(1, 1, 0, attributes=http("/", 500)), True),
    "server error status": (Call(1, 1, 0, error=True), True),
    "server 404": (Call(1, 1, 0, attributes=http("/", 404)), False),
    "client 404 with error status": (Call(1, 1, 0, kind=CLIENT, error=True, attributes=http("", 404)), False),
    "client 503": (Call(1, 1, 0, kind=CLIENT, attributes=http("", 503)), True),
    "client that nobody answered": (Call(1, 1, 0, kind=CLIENT, attributes={"error.type": "ConnectionError"}), True),
    "fine": (Call(1, 1, 0), False),
    "client whose 4xx only the type of error tells": (
        Call(1, 1, 0, kind=CLIENT, error=True, attributes={"http.request.method": "GET", "error.type": "404"}),
        False,
    ),
    "caller that went away": (Call(1, 1, 0, error=True, attributes=http("/", 499)), False),
    "rpc client, not found": (rpc("NOT_FOUND", CLIENT), False),
    "rpc client, not found by number": (rpc(5, CLIENT, "rpc.grpc.status_code"), False),
    "rpc client that called it off": (rpc("CANCELLED", CLIENT), False),
    "rpc client that called it off, by number": (rpc(1, CLIENT, "rpc.grpc.status_code"), False),
    "rpc server that was called off": (rpc("CANCELLED", SERVER), False),
    "client of Go that called it off": (off('Get "http://pay/a": context canceled', "*url.Error"), False),
    "client of Go that called it off, as its transport says": (off("context canceled", "*errors.errorString"), False),
    "client of Go whose time was over": (off("context deadline exceeded", "context.deadlineExceededError"), True),
    "query of Go that was called off": (off("context canceled", "*errors.errorString", database=True), False),
    "server that says so, and fails": (
        Call(1, 1, 0, error=True, message="context canceled", attributes=http("/", 500)),
        True,
    ),
    "client of a browser that called it off": (off("The operation was aborted.", "AbortError"), False),
    "client of a browser whose time was over": (off("signal timed out", "TimeoutError"), True),
    "client of .NET, which says the same of a timeout": (
        off("A task was canceled.", "System.Threading.Tasks.TaskCanceledException"),
        True,
    ),
    "client of Python, whose timeouts cancel": (off("", "asyncio.exceptions.CancelledError"), True),
    "rpc server whose caller has no rights": (rpc("PERMISSION_DENIED", SERVER), False),
    "rpc client, unavailable": (rpc("UNAVAILABLE", CLIENT), True),
    "rpc client, too late, by number": (rpc(4, CLIENT, "rpc.grpc.status_code"), True),
    "rpc server, internal": (rpc(13, SERVER, "rpc.grpc.status_code"), True),
    "rpc client that says it as the type of error": (rpc("NOT_FOUND", CLIENT, "error.type"), False),
    "Connect, not found": (rpc("not_found", CLIENT, "rpc.connect_rpc.error_code"), False),
    "Connect, unavailable": (rpc("unavailable", CLIENT, "rpc.connect_rpc.error_code"), True),
    "JSON-RPC, no such method": (rpc(-32601, SERVER, "rpc.jsonrpc.error_code"), False),
    "JSON-RPC, internal": (rpc(-32603, CLIENT, "rpc.jsonrpc.error_code"), True),
    "JSON-RPC, an application's own": (rpc(17, CLIENT, "rpc.response.status_code"), True),
    "gRPC over HTTP that says 200": (
        Call(1, 1, 0, attributes={**http("/x.Y/Z"), "rpc.grpc.status_code": 14, "rpc.method": "Z"}),
        True,
    ),
    "query that found no row": (
        Call(1, 1, 0, kind=CLIENT, error=True, message="sql: no rows in result set", attributes={"db.system": "mysql"}),
        False,
    ),
    "query with a code for no data": (
        Call(
            1,
            1,
            0,
            kind=CLIENT,
            error=True,
            attributes={"db.system.name": "postgresql", "db.response.status_code": "02000"},
        ),
        False,
    ),
    "query on a table that is gone": (
        Call(
            1,
            1,
            0,
            kind=CLIENT,
            error=True,
            attributes={"db.system.name": "postgresql", "db.response.status_code": "42P01"},
        ),
        True,
    ),
    "document that is not there": (
        Call(
            1,
            1,
            0,
            kind=CLIENT,
            error=True,
            attributes={"db.system.name": "elasticsearch", "db.response.status_code": "404"},
        ),
        False,
    ),
    "consumer that says what went wrong": (Call(1, 1, 0, kind=CONSUMER, attributes={"error.type": "BadInvoice"}), True),
    "producer that says what went wrong": (Call(1, 1, 0, kind=PRODUCER, attributes={"error.type": "NoLeader"}), True),
    "GraphQL that says an error beside its 200": (Call(1, 1, 0, error=True, attributes=http("/graphql")), True),
    "function that failed": (Call(1, 1, 0, error=True, attributes={"faas.trigger": "timer"}), True),
}


@pytest.mark.parametrize("case", FAILED.values(), ids=FAILED.keys())
def test_what_failed(tracing: Tracing, case: tuple[Call, bool]) -> None:
    tracing.feed(spans(replace(case[0], end=tracing.t0 + 1)))
    [found] = tracing.traces.traces([case[0].trace_id])
    assert found.spans[0].failed is case[1]


def test_populations(tracing: Tracing) -> None:
    t0, all_of_it = tracing.t0, minute(tracing)
    slow, bad = trace(100, t0 + 45, duration=3.0), trace(101, t0 + 50, status=500)
    tracing.feed(spans(*many(20, t0, 2), *slow, *bad, *trace(102, t0 + 55, route="/other")))
    of = Population(
        service="api", window=all_of_it, kind=PopulationKind.GOOD, route="/pay", method="POST", threshold=1.0
    )

    def ids(wanted: Population) -> set[int]:
        return {int(one.trace_id, 16) for one in tracing.traces.populations([wanted])[0]}

    assert ids(of) == set(range(1, 21))
    assert ids(Population(service="api", window=all_of_it, kind=PopulationKind.GOOD, route="/pay")) == {
        *range(1, 21),
        100,
    }
    assert ids(Population(service="api", window=all_of_it, kind=PopulationKind.SLOW, threshold=1.0)) == {100}
    assert ids(Population(service="api", window=all_of_it, kind=PopulationKind.FAILED)) == {101}
    assert ids(Population(service="web", window=all_of_it, kind=PopulationKind.FAILED, callee="api")) == {101}
    assert ids(Population(service="web", window=all_of_it, kind=PopulationKind.FAILED)) == set()
    assert ids(replace(of, kind=PopulationKind.ANY)) == {*range(1, 21), 100, 101}
    assert ids(Population(service="api", window=all_of_it, kind=PopulationKind.ANY)) == {*range(1, 21), 100, 101, 102}
    assert ids(Population(service="web", window=all_of_it, kind=PopulationKind.ANY, callee="api")) == {
        *range(1, 21),
        100,
        101,
        102,
    }
    assert ids(Population(service="api", window=Window(t0 + 45, t0 + 50), kind=PopulationKind.ANY)) == {101}
    assert ids(Population(service="api", window=Window(t0 + 45, t0 + 50), kind=PopulationKind.FAILED)) == {101}
    assert ids(Population(service="api", window=Window(t0 + 50, t0 + 55), kind=PopulationKind.FAILED)) == set()


def test_a_population_is_even_whole_and_the_same_each_time(tracing: Tracing) -> None:
    tracing.feed(spans(*many(600, tracing.t0, 0.1)))
    wanted = Population(service="api", window=minute(tracing), kind=PopulationKind.GOOD, limit=24)
    drawn = tracing.traces.populations([wanted])[0]
    assert drawn == tracing.traces.populations([wanted])[0]
    assert all(len(one.spans) == 4 for one in drawn)
    slices = [int((max(span.end for span in one.spans) - tracing.t0 - 0.001) // 5) for one in drawn]
    assert sorted(slices) == sorted([*range(12), *range(12)])


def test_a_population_takes_what_there_is(tracing: Tracing) -> None:
    tracing.feed(spans(*many(30, tracing.t0, 0.1)))
    assert (
        len(
            tracing.traces.populations(
                [Population(service="api", window=minute(tracing), kind=PopulationKind.GOOD, limit=20)]
            )[0]
        )
        == 20
    )


def test_a_trace_over_the_border_of_an_hour_is_whole(tracing: Tracing) -> None:
    number, end = 7, tracing.t0 + 60
    tracing.feed(spans(*trace(number, end - 0.1)[2:], *trace(number, end + 0.2)[:2]))
    [found] = tracing.traces.populations([Population(service="api", window=minute(tracing), kind=PopulationKind.GOOD)])[
        0
    ]
    assert len(found.spans) == 4
    assert [span.start for span in found.spans] == sorted(span.start for span in found.spans)


def test_search(tracing: Tracing) -> None:
    tracing.feed(spans(*many(5, tracing.t0, 5), *trace(50, tracing.t0 + 50, status=500, duration=2.0)))
    found = tracing.traces.search(TraceQuery(), minute(tracing), 3)
    assert [int(one.trace_id, 16) for one in found] == [50, 5, 4]
    newest = found[0]
    assert (newest.root_service, newest.root_name, newest.spans, newest.failed) == ("web", "GET /", 4, True)
    assert newest.duration == pytest.approx(2.0)
    assert newest.start == pytest.approx(tracing.t0 + 48)

    def ids(query: TraceQuery) -> list[int]:
        return [int(one.trace_id, 16) for one in tracing.traces.search(query, minute(tracing), 100)]

    assert ids(TraceQuery(failed=True)) == [50]
    assert ids(TraceQuery(failed=False)) == [5, 4, 3, 2, 1]
    assert ids(TraceQuery(service="api", failed=False, min_duration=1.0)) == []
    assert ids(TraceQuery(service="api", route="work", failed=False, min_duration=1.0)) == [50]
    assert ids(TraceQuery(service="web", route="/")) == [50, 5, 4, 3, 2, 1]
    assert ids(TraceQuery(service="web", route="/pay")) == []
    assert ids(TraceQuery(min_duration=1.5)) == [50]
    assert ids(TraceQuery(service="it's")) == []


def found(tracing: Tracing, query: TraceQuery, limit: int = 100, evenly: bool = False) -> list[int]:
    return [int(one.trace_id, 16) for one in tracing.traces.search(query, minute(tracing), limit, evenly)]


def test_a_search_tells_the_span_that_it_found(tracing: Tracing) -> None:
    tracing.feed(spans(*trace(1, tracing.t0 + 10, 503, duration=0.5)))
    [one] = tracing.traces.search(TraceQuery(service="api"), minute(tracing), 10)
    assert (one.found.service, one.found.operation, one.found.failed) == ("api", "POST /pay", True)
    assert (one.found.http_status, one.found.span_id) == (503, f"{13:016x}")
    assert one.found.duration == pytest.approx(0.5)
    assert one.found.end == pytest.approx(tracing.t0 + 10)
    [one] = tracing.traces.search(TraceQuery(service="api", route="work"), minute(tracing), 10)
    assert (one.found.operation, one.found.failed, one.failed) == ("work", False, True)


def test_a_search_by_operation_goes_by_route_name_or_both(tracing: Tracing) -> None:
    tracing.feed(spans(*trace(1, tracing.t0 + 10), *trace(2, tracing.t0 + 20, route="/other")))
    for route in ("/pay", "POST /pay"):
        assert found(tracing, TraceQuery(service="api", route=route)) == [1]
    assert found(tracing, TraceQuery(route="work")) == [2, 1]
    assert found(tracing, TraceQuery(route="GET /pay")) == []


def test_the_longest_matching_span_decides_how_long_a_request_took(tracing: Tracing) -> None:
    tracing.feed(spans(*(one for at in (1, 2, 3) for one in trace(at, tracing.t0 + 10 * at, duration=at))))
    assert found(tracing, TraceQuery(min_duration=2.0)) == [3, 2]
    assert found(tracing, TraceQuery(max_duration=2.0)) == [2, 1]
    assert found(tracing, TraceQuery(min_duration=1.5, max_duration=2.5)) == [2]
    assert found(tracing, TraceQuery(service="api", route="work", max_duration=1.0)) == [2, 1]


def test_a_search_by_attributes_of_the_span_or_its_resource(tracing: Tracing) -> None:
    said: list[dict[str, Value]] = [{"tenant": "a", "n": 7, "ok": True}, {"tenant": "b", "n": 8, "share": 0.5}]
    calls = [
        Call(at, at, tracing.t0 + at, attributes=one, resource={"service.version": f"1.{at}"})
        for at, one in enumerate(said, 1)
    ]
    tracing.feed(spans(*calls))
    for pairs, expected in (
        ([("tenant", "a")], [1]),
        ([("n", "7"), ("ok", "true")], [1]),
        ([("share", "0.5")], [2]),
        ([("service.version", "1.2")], [2]),
        ([("tenant", "a"), ("service.version", "1.2")], []),
        ([("tenant", "")], []),
        ([("tenan", "a")], []),
    ):
        assert found(tracing, TraceQuery(attributes=tuple(pairs))) == expected, pairs


def test_a_search_by_text(tracing: Tracing) -> None:
    said: list[dict[str, Value]] = [{"note": "refused"}]
    tracing.feed(
        spans(
            Call(1, 1, tracing.t0 + 1, name="charge Card"),
            Call(2, 2, tracing.t0 + 2, error=True, message="card REFUSED (51)"),
            Call(3, 3, tracing.t0 + 3, error=True, exception=("PayError", "line one\nRefused: 100%")),
            Call(4, 4, tracing.t0 + 4, attributes=said[0]),
        )
    )
    for part, expected in (("card", [2, 1]), ("refused", [3, 2]), ("(51)", [2]), ("100%", [3]), (".", []), ("_", [])):
        assert found(tracing, TraceQuery(text=part)) == expected, part
    assert found(tracing, TraceQuery(text="refused", failed=False)) == []


def test_a_search_for_many_draws_them_evenly_and_the_same_each_time(tracing: Tracing) -> None:
    tracing.feed(spans(*many(240, tracing.t0, 0.25)))
    drawn = found(tracing, TraceQuery(service="api"), 24, evenly=True)
    assert drawn == found(tracing, TraceQuery(service="api"), 24, evenly=True)
    assert drawn == sorted(drawn, reverse=True)
    assert sorted((at * 0.25 - 0.001) // 5 for at in drawn) == sorted([*range(12), *range(12)])
    assert found(tracing, TraceQuery(service="api"), 3) == [240, 239, 238]
    assert found(tracing, TraceQuery(service="api"), 0) == []


CALLEES: dict[str, tuple[Mapping[str, Value], str]] = {
    "named by its caller": ({"peer.service": "api"}, "api"),
    "named under the current convention": ({"service.peer.name": "api"}, "api"),
    "named otherwise than by itself": ({"peer.service": "the-api"}, "the-api"),
    "at an address": ({"server.address": "10.1.1.7", "server.port": 8080}, "api"),
    "at a host": ({"net.peer.name": "api.example"}, "api"),
    "at an address nobody told": ({}, "api"),
}


@pytest.mark.parametrize("case", CALLEES.values(), ids=CALLEES.keys())
def test_the_population_of_a_callee(tracing: Tracing, case: tuple[Mapping[str, Value], str]) -> None:
    there, callee = case
    calls = [*trace(1, tracing.t0 + 5, there=there), *trace(2, tracing.t0 + 10, 500, there=there)]
    tracing.feed(spans(*calls, *trace(3, tracing.t0 + 15, there={"peer.service": "other"})[:2]))

    def ids(kind: PopulationKind, name: str) -> list[int]:
        [drawn] = tracing.traces.populations(
            [Population(service="web", window=minute(tracing), kind=kind, callee=name)]
        )
        return [int(one.trace_id, 16) for one in drawn]

    assert ids(PopulationKind.GOOD, callee) == [1]
    assert ids(PopulationKind.FAILED, callee) == [2]
    assert ids(PopulationKind.GOOD, "other") == [3]
    assert ids(PopulationKind.GOOD, "nobody") == []


def test_the_population_of_a_callee_that_died(tracing: Tracing) -> None:
    there: Mapping[str, Value] = {"server.address": "10.1.1.7", "server.port": 8080}
    gone = [replace(one, error=True) for one in trace(2, tracing.t0 + 40, there=there)[:2]]
    tracing.feed(spans(*trace(1, tracing.t0 + 5, there=there), *gone))
    lately = Window(tracing.t0 + 30, tracing.t0 + 60)
    [drawn] = tracing.traces.populations(
        [Population(service="web", window=lately, kind=PopulationKind.FAILED, callee="api")]
    )
    assert [int(one.trace_id, 16) for one in drawn] == [2]


def test_the_population_of_a_callee_that_sends_nothing(tracing: Tracing) -> None:
    database: Mapping[str, Value] = {"db.system": "pg", "server.address": "10.1.1.9"}
    plain: Mapping[str, Value] = {"server.address": "127.0.0.1", "server.port": 9000}
    silent = [*trace(1, tracing.t0 + 5, there=database)[:2], *trace(2, tracing.t0 + 6, there=plain)[:2]]
    tracing.feed(spans(*silent))

    def ids(name: str) -> list[int]:
        [drawn] = tracing.traces.populations(
            [Population(service="web", window=minute(tracing), kind=PopulationKind.GOOD, callee=name)]
        )
        return [int(one.trace_id, 16) for one in drawn]

    assert ids("pg") == [1]
    assert ids("127.0.0.1:9000") == [2]
    assert ids("10.1.1.8") == []


NAMES = ["it's", 'a "quoted" name', "back\\slash", "two\nlines", "über 🚀", "} || {", "tab\tand \u007f"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_can_be_asked_for(tracing: Tracing, name: str) -> None:
    made = Call(1, 1, tracing.t0 + 5, service=name, attributes=http(f"/{name}"))
    tracing.feed(spans(made, Call(2, 2, tracing.t0 + 5, service="other", attributes=http("/"))))
    [found] = tracing.traces.search(TraceQuery(service=name, route=f"/{name}"), minute(tracing), 10)
    assert (found.trace_id, found.root_service) == (made.trace_id, name)
    wanted = Population(service=name, window=minute(tracing), kind=PopulationKind.GOOD, route=f"/{name}", method="GET")
    assert [one.trace_id for one in tracing.traces.populations([wanted])[0]] == [made.trace_id]
    assert tracing.traces.populations(
        [Population(service=name, window=minute(tracing), kind=PopulationKind.GOOD, callee=name)]
    ) == [[]]


HOSTILE = [
    *NAMES,
    "x' OR '1'='1",
    '" || true || "',
    'a" } || { kind = server',
    "%",
    "\\E.*",
    "', s.name) OR TRUE --",
    "*/",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_search_takes_every_value_as_it_is(tracing: Tracing, value: str) -> None:
    kept = value.strip()
    made = Call(1, 1, tracing.t0 + 5, name=f"<{kept}>", attributes={kept: kept})
    tracing.feed(spans(made, Call(2, 2, tracing.t0 + 5, name="other", attributes={"a": "b"})))
    for query in (
        TraceQuery(attributes=((kept, kept),)),
        TraceQuery(text=kept),
        TraceQuery(route=f"<{kept}>"),
    ):
        assert found(tracing, query) == [1]
    assert found(tracing, TraceQuery(service=kept)) == []
    assert found(tracing, TraceQuery(attributes=((kept, f"{kept}.*"),))) == []


def test_populations_go_by_what_failed_says(tracing: Tracing) -> None:
    calls = [replace(call, trace=at, span=at, end=tracing.t0 + at) for at, (call, _) in enumerate(FAILED.values(), 1)]
    tracing.feed(spans(*calls))
    bad = {at for at, (_, failed) in enumerate(FAILED.values(), 1) if failed}

    def ids(query: TraceQuery) -> set[int]:
        return {int(one.trace_id, 16) for one in tracing.traces.search(query, minute(tracing), 100)}

    assert ids(TraceQuery(failed=True)) == bad
    assert ids(TraceQuery(failed=False)) == set(range(1, len(FAILED) + 1)) - bad


def test_routes_of_other_protocols(tracing: Tracing) -> None:
    rpc: Mapping[str, Value] = {"rpc.system": "grpc", "rpc.service": "shop.Pay", "rpc.method": "Charge"}
    tracing.feed(
        spans(
            Call(1, 1, tracing.t0 + 1, name="x", attributes=rpc),
            Call(2, 2, tracing.t0 + 2, name="nightly"),
        )
    )

    def ids(route: str) -> list[int]:
        [drawn] = tracing.traces.populations(
            [Population(service="api", window=minute(tracing), kind=PopulationKind.GOOD, route=route)]
        )
        return [int(one.trace_id, 16) for one in drawn]

    assert ids("shop.Pay/Charge") == [1]
    assert ids("nightly") == [2]
    assert ids("x") == []


ROUTES: dict[str, tuple[str, Mapping[str, Value], str]] = {
    "its own": ("whatever", http("/a/{id}"), "/a/{id}"),
    "in its name": ("GET /a/{id}", http(""), "/a/{id}"),
    "its whole name": ("/a/{id}", http(""), "/a/{id}"),
    "below a prefix that only the metric knows": ("GET", http("/a/{id}"), "/api/a/{id}"),
    "below a prefix that only the span knows": ("GET", http("/api/a/{id}"), "/a/{id}"),
    "in the name of what says no method": ("GET /a/{id}", {}, "/a/{id}"),
}


@pytest.mark.parametrize("case", ROUTES.values(), ids=ROUTES.keys())
def test_a_population_goes_by_a_route_or_the_name_of_its_spans(
    tracing: Tracing, case: tuple[str, Mapping[str, Value], str]
) -> None:
    name, said, route = case
    tracing.feed(
        spans(
            Call(1, 1, tracing.t0 + 5, name=name, attributes=said),
            Call(2, 2, tracing.t0 + 5, name="GET /b/{id}", attributes=http("/b/{id}")),
        )
    )
    wanted = Population(service="api", window=minute(tracing), kind=PopulationKind.GOOD, route=route, method="GET")
    [drawn] = tracing.traces.populations([wanted])
    assert [int(one.trace_id, 16) for one in drawn] == [1]
    assert all(span.goes_by(route) for one in drawn for span in one.spans)


def test_a_population_prefers_what_goes_by_its_very_route(tracing: Tracing) -> None:
    exact = Call(1, 1, tracing.t0 + 5, attributes=http("/items"))
    tracing.feed(spans(exact, Call(2, 2, tracing.t0 + 5, attributes=http("/admin/items"))))
    [drawn] = tracing.traces.populations(
        [Population(service="api", window=minute(tracing), kind=PopulationKind.GOOD, route="/items", method="GET")]
    )
    assert [int(one.trace_id, 16) for one in drawn] == [1]


def test_the_population_of_a_consumer_comes_with_who_sent_it_the_message(tracing: Tracing) -> None:
    tracing.feed(
        spans(
            Call(1, 1, tracing.t0 + 5, 0.1, 0, "shop", "POST /order", attributes=http("/order", method="POST")),
            Call(1, 2, tracing.t0 + 5, 0.01, 1, "shop", "send", PRODUCER),
            Call(2, 3, tracing.t0 + 6, 0.1, 0, "billing", "process", CONSUMER, True, links=[(1, 2)]),
        )
    )
    [[drawn]] = tracing.traces.populations(
        [Population(service="billing", window=minute(tracing), kind=PopulationKind.FAILED, route="process")]
    )
    assert int(drawn.trace_id, 16) == 2
    assert {span.name: span.parent_id for span in drawn.spans} == {
        "POST /order": "",
        "send": f"{1:016x}",
        "process": f"{2:016x}",
    }
    [alone] = tracing.traces.traces([f"{2:032x}"])
    [span] = alone.spans
    assert (span.parent_id, span.links) == ("", ((f"{1:032x}", f"{2:016x}"),))


def test_the_spans_of_a_time_are_listed_by_their_end(tracing: Tracing) -> None:
    tracing.feed(spans(*many(6, tracing.t0, 10.0)))
    found, complete = tracing.traces.spans(Window(tracing.t0 + 15, tracing.t0 + 45), 1000)
    traces = {int(one.trace_id, 16) for one in found}
    assert traces <= {2, 3, 4}
    assert [one.end for one in found] == sorted(one.end for one in found)
    if complete:
        assert traces == {2, 3, 4}
        assert len(found) == 12
        with pytest.raises(TooMuch, match="more than 11 spans"):
            tracing.traces.spans(Window(tracing.t0 + 15, tracing.t0 + 45), 11)


def test_how_rarely_a_trace_is_kept_is_read_out(tracing: Tracing) -> None:
    tracing.feed(spans(Call(1, 1, tracing.t0 + 5, trace_state="ot=rv:1a;th:c"), Call(2, 2, tracing.t0 + 5)))
    found = tracing.traces.traces([f"{number:032x}" for number in (1, 2)])
    assert [one.spans[0].attributes.get(names.SAMPLING_THRESHOLD) for one in found] == ["c", None]
