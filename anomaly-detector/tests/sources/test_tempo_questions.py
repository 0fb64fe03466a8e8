"""What is asked of Tempo: questions that it can read, few of them, and each failure told for what it is."""

import json
import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.http import Endpoint, Unavailable
from aiops.model import Population, PopulationKind, Trace, TraceQuery, Unread, Window, names
from aiops.sources.common import conventions
from aiops.sources.tempo import traceql
from aiops.sources.tempo.drawing import SPARE
from aiops.sources.tempo.kept import Kept as KeptTraces
from aiops.sources.tempo.reader import FEWEST
from aiops.sources.tempo.source import TempoSource
from aiops.sources.tempo.traces import QUESTIONS, READS

from .conftest import T0, Faked
from .fake_tempo import LONGEST, Kept, translated
from .otlp import CLIENT, Call, Value, http, spans

MINUTE = Window(T0, T0 + 60)
KINDS = list(PopulationKind)
NAMES = st.text(st.sampled_from('aZ/{}"\\\n\t ü🚀\x00\x7f.:'), max_size=40).flatmap(
    lambda text: st.integers(0, 60).map(lambda times: text * times)
)
ADDRESSES = st.lists(st.one_of(NAMES, st.just("10.0.0.1:8080")), max_size=50)
POPULATIONS = st.builds(
    Population,
    service=st.one_of(st.just("api"), NAMES),
    window=st.just(MINUTE),
    kind=st.sampled_from(KINDS),
    route=NAMES,
    method=st.sampled_from(["", "GET"]),
    callee=st.one_of(st.just(""), NAMES),
    threshold=st.floats(0, 1e4),
)
QUERIES = st.builds(
    TraceQuery,
    service=NAMES,
    route=NAMES,
    failed=st.sampled_from([None, False, True]),
    min_duration=st.floats(0, 1e4),
    max_duration=st.floats(0, 1e4),
    attributes=st.lists(st.tuples(NAMES, st.one_of(NAMES, st.sampled_from(["true", "7", "0.5"])))).map(tuple),
    text=NAMES,
)


def readable(question: str) -> None:
    assert len((question + traceql.NEWEST).encode()) < LONGEST
    translated(question + traceql.NEWEST)


@given(POPULATIONS, ADDRESSES)
def test_no_question_for_a_population_is_longer_than_is_read(wanted: Population, addresses: Sequence[str]) -> None:
    for question in traceql.forms(wanted, addresses):
        readable(question)


@given(QUERIES)
def test_no_search_is_longer_than_is_read(query: TraceQuery) -> None:
    readable(traceql.sought(query))


@given(NAMES)
def test_no_other_question_is_longer_than_is_read(name: str) -> None:
    readable(traceql.served(name))
    readable(traceql.spanset(traceql.service(name)))


ATTRIBUTES = st.fixed_dictionaries(
    {},
    optional={
        "error.type": st.sampled_from(["500", "404", "TimeoutError"]),
        "db.system": st.sampled_from(["postgresql", "elasticsearch"]),
        "db.response.status_code": st.sampled_from(["02000", "503", "42P01"]),
    },
)
NOTHING = st.just(dict[str, Value]())
HTTP = st.one_of(
    NOTHING,
    st.builds(lambda key, code: {key: code}, st.sampled_from(names.HTTP_STATUS), st.sampled_from([200, 404, 429, 503])),
)
RPC = st.one_of(
    NOTHING,
    st.builds(
        lambda key, code: {"rpc.method": "Charge", key: code},
        st.sampled_from(names.RPC_STATUS),
        st.one_of(st.sampled_from(["OK", "INTERNAL", "NOT_FOUND", "unavailable"]), st.sampled_from([0, 2, 5, -32603])),
    ),
)


@given(ATTRIBUTES, HTTP, RPC, st.sampled_from([1, 2, 3, 4, 5]), st.booleans())
def test_no_failure_is_left_out_of_the_question(
    plain: dict[str, Value], status: dict[str, Value], rpc: dict[str, Value], kind: int, error: bool
) -> None:
    attributes = {**plain, **status, **rpc}
    export = spans(Call(1, 1, T0, kind=kind, error=error, attributes=attributes))
    [span] = export.resource_spans[0].scope_spans[0].spans
    request = conventions.request({key: str(value) for key, value in attributes.items()})
    failed = conventions.span_failed(request, kind, span.status.code)
    kept = Kept(span, {"service.name": "api"})
    if failed:
        assert kept.holds(translated(traceql.sought(TraceQuery(failed=True))))
    elif request.http_status < 400:
        assert kept.holds(translated(traceql.sought(TraceQuery(failed=False))))


@pytest.mark.parametrize("kind", KINDS)
def test_names_of_common_length_are_asked_for(kind: PopulationKind) -> None:
    service, route, callee = "a-service-of-some-team", "/api/v1/customers/{customer}/orders/{order}", "another-service"
    narrow, whole, wide = traceql.forms(
        Population(service=service, window=MINUTE, kind=kind, route=route, method="POST", threshold=1.5)
    )
    assert service in narrow
    assert service in whole
    assert service in wide
    assert route in narrow
    assert route in whole
    first, second, *_ = traceql.forms(
        Population(service=service, window=MINUTE, kind=kind, callee=callee), ["10.1.1.7:8080"]
    )
    assert service in first
    assert callee in first
    assert "10.1.1.7" in second


def test_the_first_question_is_one_that_tempo_answers_by_what_it_looks_up() -> None:
    for kind in KINDS:
        for wanted in (
            Population(service="a", window=MINUTE, kind=kind, route="/r", method="GET"),
            Population(service="a", window=MINUTE, kind=kind, callee="b"),
        ):
            first = traceql.forms(wanted)[0]
            assert "||" not in first
            assert "!" not in first.replace("!=", "")


def requests(count: int, status: int = 200, first: int = 1, service: str = "api", route: str = "/pay") -> list[Call]:
    """Requests of web to a service, over a minute."""
    out = []
    for at in range(count):
        number, end = first + at, T0 + 0.5 + 59 * at / max(count, 1)
        here = number * 10
        bad = status >= 500
        there = {"peer.service": service, "http.response.status_code": status}
        out += [
            Call(number, here + 1, end, service="web", error=bad, attributes=http("/", status)),
            Call(number, here + 2, end, 0.04, here + 1, "web", "GET", CLIENT, bad, attributes=there),
            Call(
                number,
                here + 3,
                end,
                0.03,
                here + 2,
                service,
                f"GET {route}",
                error=bad,
                attributes=http(route, status),
            ),
        ]
    return out


def ids(drawn: Sequence[Trace] | Unread) -> set[int]:
    assert isinstance(drawn, list)
    return {int(one.trace_id, 16) for one in drawn}


@pytest.mark.parametrize("length", [10, 300, 900, 1100, 3000])
@pytest.mark.parametrize("sign", ["x", '"', "ü", "🚀"])
def test_a_name_too_long_to_ask_for_is_found_all_the_same(faked: Faked, length: int, sign: str) -> None:
    name = sign * length
    faked.tempo.feed(spans(*requests(3, 500, 1, name, f"/{name}"), *requests(3, 500, 11, "other", "/other")))
    wanted = [
        Population(service=name, window=MINUTE, kind=PopulationKind.FAILED, route=f"/{name}", method="GET"),
        Population(service="web", window=MINUTE, kind=PopulationKind.FAILED, callee=name),
    ]
    assert [ids(one) for one in faked.traces.populations(wanted)] == [{1, 2, 3}, {1, 2, 3}]
    found = faked.traces.search(TraceQuery(service=name, route=f"/{name}"), MINUTE, 10)
    assert {int(one.trace_id, 16) for one in found} == {1, 2, 3}


def test_a_refused_question_is_asked_in_a_wider_form(faked: Faked, caplog: pytest.LogCaptureFixture) -> None:
    faked.tempo.feed(spans(*requests(3, 500)))
    faked.tempo.refuses = lambda query: "||" not in query
    wanted = Population(service="api", window=MINUTE, kind=PopulationKind.FAILED, route="/pay")
    with caplog.at_level(logging.WARNING):
        assert [ids(one) for one in faked.traces.populations([wanted])] == [{1, 2, 3}]
        faked.traces.populations([wanted])
    assert len([one for one in caplog.messages if "this question is refused" in one]) == 1


def test_a_question_refused_in_every_form_leaves_the_others_their_answers(faked: Faked) -> None:
    faked.tempo.feed(spans(*requests(3, 500), *requests(3, 500, 11, "other")))
    faked.tempo.refuses = lambda query: '"api"' in query
    wanted = [Population(service=name, window=MINUTE, kind=PopulationKind.FAILED) for name in ("api", "other")]
    refused, other = faked.traces.populations(wanted)
    assert isinstance(refused, Unread)
    assert "this question is refused" in refused.why
    assert not refused.down
    assert ids(other) == {11, 12, 13}


def test_a_tempo_that_stops_answering_leaves_what_it_said(faked: Faked) -> None:
    faked.tempo.feed(spans(*requests(3, 500), *requests(3, 500, 11, "other")))
    wanted = [Population(service=name, window=MINUTE, kind=PopulationKind.FAILED) for name in ("api", "other", "web")]

    def leaves(query: str) -> bool:
        faked.tempo.away = '"api"' in query
        return False

    faked.tempo.refuses = leaves
    first, second, third = faked.traces.populations([wanted[1], wanted[0], wanted[2]])
    assert ids(first) == {11, 12, 13}
    assert isinstance(second, Unread)
    assert isinstance(third, Unread)
    assert second.down
    assert third.down
    with pytest.raises(Unavailable):
        faked.traces.populations(wanted)


def test_failures_are_found_whether_their_spans_say_an_error_or_a_status(faked: Faked) -> None:
    plain = [replace(one, error=False) for one in requests(3, 500, 11)]
    faked.tempo.feed(spans(*requests(3, 500), *plain))
    served = Population(service="api", window=MINUTE, kind=PopulationKind.FAILED, route="/pay")
    called = Population(service="web", window=MINUTE, kind=PopulationKind.FAILED, callee="api")
    assert [ids(one) for one in faked.traces.populations([served, called])] == [{1, 2, 3, 11, 12, 13}] * 2
    asked = len(faked.tempo.asked)
    faked.traces.populations([served])
    assert len(faked.tempo.asked) == asked + 1, "the form that finds all is known"


def by_hand(faked: Faked, question: str) -> set[int]:
    """What Tempo answers to a person who asks for a minute."""
    given = {"q": question, "start": str(int(T0)), "end": str(int(T0) + 60), "limit": "100"}
    status, _, body = faked.tempo.answer("/api/search", given)
    assert status == 200
    return {int(one["traceID"], 16) for one in json.loads(body)["traces"]}


def test_a_population_is_described_by_the_question_that_finds_it(faked: Faked) -> None:
    plain = [replace(one, error=False) for one in requests(3, 500)]
    wanted = Population(service="api", window=MINUTE, kind=PopulationKind.FAILED, route="/pay")
    first = faked.traces.described(wanted)
    assert "status = error" in first
    faked.tempo.feed(spans(*plain))
    assert [ids(one) for one in faked.traces.populations([wanted])] == [{1, 2, 3}]
    asked = len(faked.tempo.asked)
    wider = faked.traces.described(wanted)
    assert len(faked.tempo.asked) == asked, "nothing is asked to describe it"
    assert [by_hand(faked, one) for one in (first, wider)] == [set(), {1, 2, 3}]
    readable(wider)


def test_few_traces_cost_one_question_and_many_a_bounded_number(faked: Faked) -> None:
    faked.tempo.feed(spans(*requests(50)))
    good = Population(service="api", window=MINUTE, kind=PopulationKind.GOOD, route="/pay", limit=60)
    faked.traces.populations([good])
    assert len(faked.tempo.asked) == 1
    faked.tempo.feed(spans(*requests(900, first=100)))
    faked.tempo.asked.clear()
    [drawn] = faked.traces.populations([good])
    assert len(drawn) == 60  # type: ignore[arg-type]
    assert len(faked.tempo.asked) <= 13


def test_a_trace_is_read_once_while_it_cannot_have_grown(faked: Faked) -> None:
    faked.tempo.feed(spans(*requests(5)))
    good = Population(service="api", window=MINUTE, kind=PopulationKind.GOOD)
    calls = Population(service="web", window=MINUTE, kind=PopulationKind.GOOD, callee="api")
    faked.traces.populations([good, calls])
    faked.traces.populations([good])
    assert sorted(faked.tempo.read) == sorted(set(faked.tempo.read))
    faked.traces.populations([replace(good, window=Window(T0, T0 + 75))])
    assert sorted(faked.tempo.read) == sorted(set(faked.tempo.read)), "a few seconds later another finding draws them"
    later = replace(good, window=Window(T0, T0 + 90))
    faked.traces.populations([later])  # the last of them may have got more spans since
    again = {one for one in faked.tempo.read if faked.tempo.read.count(one) > 1}
    assert again == {f"{number:032x}" for number in (4, 5)}, "these ended half a minute before they were read, or less"
    read = len(faked.tempo.read)
    faked.traces.populations([replace(good, window=Window(T0, T0 + 600))])
    assert len(faked.tempo.read) == read


@pytest.mark.parametrize("name", ["sqlite", "/data/shop.sqlite", "files", "files:9000"])
def test_a_database_goes_by_any_part_that_a_graph_of_services_names(faked: Faked, name: str) -> None:
    asked = {"db.system.name": "sqlite", "db.namespace": "/data/shop.sqlite", "server.address": "files"}
    calls = [
        Call(
            number,
            number * 10,
            T0 + number,
            0.8,
            0,
            "api",
            "SELECT",
            CLIENT,
            attributes=asked | {"server.port": "9000"},
        )
        for number in range(1, 6)
    ]
    faked.tempo.feed(spans(*calls))
    [drawn] = faked.traces.populations(
        [Population(service="api", window=MINUTE, kind=PopulationKind.SLOW, callee=name, threshold=0.1)]
    )
    assert len(drawn) == 5  # type: ignore[arg-type]


def test_of_two_populations_each_is_a_smaller_draw_of_the_same_traces(faked: Faked) -> None:
    wanted = []
    for number in range(2):
        faked.tempo.feed(spans(*requests(80, 500, 1 + 100 * number, f"service-{number}")))
        wanted.append(Population(service=f"service-{number}", window=MINUTE, kind=PopulationKind.FAILED, limit=60))
    first, second = faked.traces.populations(wanted)
    [whole] = faked.traces.populations(wanted[1:])
    assert (len(first), len(second), len(whole)) == (READS // 2, READS // 2, 60)  # type: ignore[arg-type]
    assert {one.trace_id for one in second} < {one.trace_id for one in whole}  # type: ignore[union-attr]


def test_one_call_is_bounded_and_the_rest_has_its_turn(faked: Faked) -> None:
    services = [f"service-{number}" for number in range(8)]
    for number, name in enumerate(services):
        faked.tempo.feed(spans(*requests(40, 500, 1 + 100 * number, name)))
    wanted = [Population(service=name, window=MINUTE, kind=PopulationKind.FAILED) for name in services]
    rounds = 0
    while wanted:
        before = len(faked.tempo.asked), len(faked.tempo.read)
        drawn = faked.traces.populations(wanted)
        assert len(faked.tempo.asked) - before[0] <= QUESTIONS + 13
        assert len(faked.tempo.read) - before[1] <= READS
        left = [one for one, found in zip(wanted, drawn, strict=True) if isinstance(found, Unread)]
        assert all(found == Unread() for found in drawn if isinstance(found, Unread))
        assert left == wanted[len(wanted) - len(left) :], "the first ones were drawn"
        assert len(left) < len(wanted)
        wanted, rounds = left, rounds + 1
    assert rounds > 1


def test_of_a_tempo_that_is_slow_one_population_a_call_is_drawn_and_a_small_one(faked: Faked) -> None:
    hurried = TempoSource(Endpoint(name="tempo", url=faked.tempo.url), seconds=0.0)
    for number in range(3):
        faked.tempo.feed(spans(*requests(40, 500, 1 + 100 * number, f"service-{number}")))
    wanted = [Population(service=f"service-{number}", window=MINUTE, kind=PopulationKind.FAILED) for number in range(3)]
    first, *others = hurried.traces.populations(wanted)
    hurried.close()
    assert len(first) == len(faked.tempo.read) == FEWEST  # type: ignore[arg-type]
    assert others == [Unread(), Unread()]


def test_what_does_not_fit_is_replaced_a_few_times_only(faked: Faked) -> None:
    missing: dict[str, Value] = {"rpc.system": "grpc", "rpc.method": "Find", "rpc.grpc.status_code": 5}
    calls = [
        Call(number, 1, T0 + number / 5, kind=CLIENT, error=True, attributes=missing, service="api")
        for number in range(1, 200)
    ]
    faked.tempo.feed(spans(*calls))
    [drawn] = faked.traces.populations([Population(service="api", window=MINUTE, kind=PopulationKind.FAILED, limit=60)])
    assert drawn == []
    assert len(faked.tempo.read) <= 60 + SPARE


def test_kept_traces_are_bounded_by_their_spans(faked: Faked) -> None:
    faked.tempo.feed(spans(*requests(10)))
    traces = faked.traces.traces([f"{number:032x}" for number in range(1, 11)])
    kept = KeptTraces(most_spans=9)
    for one in traces:
        kept.keep(one, T0 + 600)
    assert [kept.get(one.trace_id, T0 + 700) is not None for one in traces] == [False] * 7 + [True] * 3


@pytest.mark.parametrize("evenly", [False, True])
def test_a_search_asks_and_reads_no_more_than_allowed(faked: Faked, evenly: bool) -> None:
    faked.tempo.feed(spans(*requests(600)))
    found = faked.traces.search(TraceQuery(service="api"), MINUTE, 10_000, evenly)
    assert len(found) == faked.traces.most_found <= READS
    assert len(faked.tempo.asked) <= QUESTIONS
    assert len(faked.tempo.read) <= READS + SPARE


@given(QUERIES)
def test_what_matches_is_among_what_is_asked_for(query: TraceQuery) -> None:
    said = dict(query.attributes)
    query = replace(query, attributes=tuple(said.items()), min_duration=0.0, max_duration=0.0)
    attributes: dict[str, Value] = {**said, "http.route": query.route}
    made = Call(1, 1, T0, service=query.service, name=f"x{query.text}", error=True, attributes=attributes)
    [one] = spans(made).resource_spans
    kept = Kept(one.scope_spans[0].spans[0], {"service.name": query.service})
    assert kept.holds(translated(traceql.sought(query)))
