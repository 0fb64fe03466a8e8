"""What one question reads of a store is bounded: samples, judgements, spans of huge traces, bytes of an answer."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from aiops.http import AnswerTooLarge, Client, Endpoint
from aiops.model import (
    Family,
    Labels,
    Population,
    PopulationKind,
    Selector,
    SeriesState,
    Tier,
    TraceQuery,
    Verdict,
    Window,
    names,
)
from aiops.model.errors import TooMuch
from aiops.sources.common.bounds import SPANS_OF_ONE, spans_each
from aiops.sources.common.grid import Grid
from aiops.sources.prometheus.counters import Counters
from aiops.sources.prometheus.meaning import served

from .conftest import T0, Embedded
from .otlp import CLIENT, Call, Point, http, points, spans
from .replay import Exchange, Replay

SCOPE: Labels = (("method", "GET"), ("route", "/"), ("service", "api"))


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    made = Embedded()
    yield made
    made.source.close()


def huge(size: int, trace: int = 1) -> list[Call]:
    """A request that makes very many calls; the last one fails."""
    root = Call(trace, trace * 100_000 + 1, T0 + 100, duration=90.0, attributes=http("/"))
    calls = [
        Call(trace, root.span + at, T0 + 20 + at * 0.001, 0.001, root.span, name="SELECT", kind=CLIENT)
        for at in range(1, size)
    ]
    return [root, *calls[:-1], replace(calls[-1], error=True)]


def test_a_huge_trace_is_read_in_part_and_says_so(embedded: Embedded) -> None:
    embedded.feed(spans(*huge(SPANS_OF_ONE + 500)))
    [found] = embedded.traces.traces([f"{1:032x}"])
    assert (len(found.spans), found.left_out) == (SPANS_OF_ONE, 500)
    assert found.spans[0].parent_id == ""
    assert sum(one.failed for one in found.spans) == 1
    [said] = embedded.traces.search(TraceQuery(service="api"), Window(T0, T0 + 200), 10)
    assert said.spans == SPANS_OF_ONE + 500


def test_many_huge_traces_are_read_in_smaller_parts(embedded: Embedded) -> None:
    count = 60
    for trace in range(1, count + 1):
        embedded.feed(spans(*huge(1000, trace)))
    wanted = Population(
        service="api", window=Window(T0, T0 + 200), kind=PopulationKind.GOOD, route="/", method="GET", limit=count
    )
    [found] = embedded.traces.populations([wanted])
    assert [len(one.spans) for one in found] == [spans_each(count)] * count
    assert all(one.left_out == 1000 - spans_each(count) for one in found)
    assert all(one.spans[0].route == "/" and any(span.failed for span in one.spans) for one in found)


def test_a_metric_of_too_many_values_is_refused_before_it_is_read(embedded: Embedded) -> None:
    embedded.feed(
        points(
            *(
                Point(T0 + at, T0, value=at, attributes={"queue": str(queue)}, metric="done", form="counter")
                for queue in range(20)
                for at in range(1, 40)
            )
        )
    )
    asked = Selector("done", ("queue",))
    window = Window(T0, T0 + 40)
    assert len(embedded.metrics.window([asked], window, 1.0).labels) == 20
    with pytest.raises(TooMuch, match=r"20 series of 40 steps are 800 values, of 500 allowed"):
        embedded.metrics.window([replace(asked, most=500)], window, 1.0)
    with pytest.raises(TooMuch, match=r"780 samples would be read, of 160 allowed"):
        embedded.metrics.window([replace(asked, by=(names.SERVICE,), most=20)], window, 20.0)
    assert len(embedded.metrics.window([replace(asked, most=800)], window, 1.0).labels) == 20


def test_judgements_are_bounded(embedded: Embedded) -> None:
    one = Verdict(
        series=SCOPE,
        family=Family.ERRORS,
        at=T0,
        observed=0.1,
        expected=0.0,
        lower=0.0,
        upper=0.1,
        score=1.0,
        confidence=0.5,
        tier=Tier.LEVEL,
        state=SeriesState.NORMAL,
    )
    embedded.verdicts.record([replace(one, at=T0 + at) for at in range(1, 31)])
    window = Window(T0, T0 + 60)
    assert len(embedded.verdicts.history("api", "/", window, 30)) == 30
    with pytest.raises(TooMuch, match="more than 29 judgements"):
        embedded.verdicts.history("api", "/", window, 29)


def test_an_answer_of_a_store_ends_at_its_limit() -> None:
    replay = Replay([Exchange("/large", body=b'"' + b"x" * 300_000 + b'"'), Exchange("/small", body=b'"x"')])
    client = Client(Endpoint(name="Prometheus", url=replay.url, largest_bytes=100_000))
    try:
        assert client.json("/small") == "x"
        with pytest.raises(
            AnswerTooLarge, match=r"Prometheus at http.* answers more than .* MB to /large: ask for less"
        ):
            client.ask("/large")
    finally:
        client.close()
        replay.close()


def test_after_an_answer_that_was_too_large_less_is_asked_for() -> None:
    asked: list[int] = []

    class Overfull:
        def samples(self, selector: str, start_ns: int, end_ns: int) -> None:
            asked.append(end_ns - start_ns)
            raise AnswerTooLarge("too large")

        def instant(self, expression: str, at: float) -> list[object]:
            return []

    counters = Counters(Overfull(), served)  # type: ignore[arg-type]
    for _ in range(4):
        with pytest.raises(AnswerTooLarge):
            counters.read("{}", Grid.over(Window(T0, T0 + 600), 15.0))
    assert all(after < before for before, after in pairwise(asked))
