"""Where one side of a ratio has to be rejected, the other side is no verdict; and junk blinds nobody."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sources.otlp import CLIENT, Call, Point, http, points, spans

from aiops.model import OddityKind, Query, Ratio, Selector, Window, names
from aiops.slo.live.matcher import SliMatcher

from .world import AT_ONCE, STEP, T0, Export, Watched, next_id, times

QUIET = 20  # steps in which all is well
AGES = 3 * 48 * 3600.0
"""Seconds ago that nothing is kept of."""
Sender = Callable[[float], Iterable[Export | Call]]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.close()


def serving(failing: int, lost: float = 0.0, service: str = "api", route: str = "/a") -> Sender:
    """Ten requests a step, some of them failing; the spans of so many of the others carry an absurd time."""

    def sent(at: float) -> Iterable[Call]:
        for number, end in enumerate(times(at)):
            one = next_id()
            bad = number < failing
            absurd = not bad and number >= 10 - lost
            yield Call(
                one,
                one,
                end - AGES if absurd else end,
                service=service,
                attributes=http(route, 500 if bad else 200),
                error=bad,
            )

    return sent


def calling(failing: int, lost: bool) -> Sender:
    """Ten calls of a step by one service to another, which sends nothing; those that succeed may have no id."""

    def sent(at: float) -> Iterable[Export]:
        calls = []
        for number, end in enumerate(times(at)):
            one = next_id()
            call = Call(one, one, end, service="front", name="GET", kind=CLIENT)
            bad = number < failing
            calls.append(
                replace(call, attributes={**http("", 500 if bad else 200), "peer.service": "stock"}, error=bad)
            )
        export = spans(*calls)
        if lost:
            for group in export.resource_spans[failing:]:
                group.scope_spans[0].spans[0].span_id = b"short"
        return [export]

    return sent


def counted(failing: int, odd: str = "", since: float = T0) -> Sender:
    """The histogram of 30 requests a step; the points of those that succeed are odd."""

    def sent(at: float) -> Iterable[Export]:
        end = at + STEP - 0.1
        steps = round((at - since) / STEP) + 1
        well, ill = (30 - failing) * steps, failing * steps
        fine = Point(end, since, buckets=(0, well, 0, 0), sum=0.05 * well, attributes=http("/a"))
        wrong = Point(end, since, buckets=(0, ill, 0, 0), sum=0.05 * ill, attributes=http("/a", 500))
        match odd:
            case "time":
                fine = replace(fine, at=end - AGES)
            case "bounds":
                fine = replace(fine, bounds=[float(one) for one in range(1001)], buckets=[0] * 1001 + [well])
        return [points(fine, *([wrong] if ill else []))]

    return sent


def requests(watched: Watched, steps: int, by: tuple[str, ...] = (names.SERVICE, names.ROUTE, names.METHOD)) -> float:
    """Requests of the last steps that are to be judged."""
    until = watched.clock.time - STEP
    block = watched.source.metrics.window([Selector(names.REQUESTS, by)], Window(until - steps * STEP, until), STEP)
    return float(sum(one for row in block.values for one in row if one == one))


def kinds(watched: Watched) -> list[tuple[str, str]]:
    return [(one.service, str(one.kind)) for one in watched.engine.oddities]


@pytest.mark.parametrize("odd", ["time", "bounds"])
def test_failures_of_which_the_successes_were_rejected_are_not_judged(watched: Watched, odd: str) -> None:
    watched.play(QUIET, counted(1), serving(0, service="other"), every=AT_ONCE)
    watched.play(QUIET, counted(1, odd), serving(0, service="other"), every=2)
    assert watched.incidents() == []
    assert ("api", OddityKind.REJECTED) in kinds(watched)
    (tile,) = [one for one in watched.use_cases.health.services() if one.service == "api"]
    assert "What is left of those requests is not judged" in tile.oddities[0]
    exposed = watched.engine.telemetry.exposition().decode()
    assert 'aiops_sender_oddity{kind="rejected",service="api"} 1.0' in exposed


def test_spans_that_failed_beside_rejected_ones_are_not_judged(watched: Watched) -> None:
    watched.play(QUIET, serving(1), serving(0, route="/b"), every=AT_ONCE)
    watched.play(QUIET, serving(1, lost=9), serving(0, route="/b"), every=2)
    assert watched.incidents() == []
    assert kinds(watched) == [("api", OddityKind.REJECTED)]
    # Beside it all goes on: another route, and what fails there.
    watched.play(10, serving(1, lost=9), serving(8, route="/b"))
    (incident,) = watched.incidents()
    assert {dict(series)[names.ROUTE] for series, _ in incident.symptoms} == {"/b"}


def test_calls_that_failed_beside_rejected_ones_are_not_judged(watched: Watched) -> None:
    watched.play(QUIET, calling(1, lost=False), serving(0), every=AT_ONCE)
    watched.play(QUIET, calling(1, lost=True), serving(0), every=2)
    assert watched.incidents() == []
    assert kinds(watched) == [("front", OddityKind.REJECTED)]


def test_a_service_of_which_all_is_rejected_is_not_silent(watched: Watched) -> None:
    watched.play(QUIET, serving(0), calling(0, lost=False), every=AT_ONCE)
    watched.play(QUIET, serving(0, lost=10), calling(0, lost=False), every=2)
    assert watched.incidents() == []
    assert kinds(watched) == [("api", OddityKind.REJECTED)]


def test_trouble_of_which_one_side_is_rejected_is_not_back_to_normal(watched: Watched) -> None:
    other = serving(0, service="other")
    watched.play(QUIET, serving(0), other, every=AT_ONCE)
    watched.play(10, serving(8), other)
    (found,) = watched.incidents()
    failures_lost: Sender = lambda at: [  # noqa: E731
        replace(one, end=one.end - AGES) if one.error else one for one in serving(8)(at) if isinstance(one, Call)
    ]
    watched.play(40, failures_lost, other, every=4)
    assert [one.resolved_at for one in watched.incidents()] == [None]
    assert watched.incidents()[0].id == found.id


def test_judging_goes_on_when_nothing_is_rejected_any_more(watched: Watched) -> None:
    other = serving(0, service="other")
    watched.play(QUIET, serving(0), other, every=AT_ONCE)
    watched.play(10, serving(1, lost=9), other)
    assert requests(watched, 5) == 5 * 10.0
    watched.play(65, serving(0), other, every=AT_ONCE)
    assert kinds(watched) == []
    assert requests(watched, 5) == 2 * 5 * 10.0
    watched.play(10, serving(8), other)
    assert len(watched.incidents()) == 1


def junk(service: str, route: str, each: int) -> Sender:
    """So many spans a step that can only be rejected."""

    def sent(at: float) -> Iterable[Call]:
        for end in times(at, each):
            one = next_id()
            yield Call(one, one, end - AGES, service=service, attributes=http(route))

    return sent


@pytest.mark.parametrize(
    "junk_of",
    [
        pytest.param(lambda at: junk("api", "/a", 1)(at) if at % 9 == 0 else [], id="a few"),
        pytest.param(junk("api", "/made-up", 20), id="a flood under another route"),
        pytest.param(junk("made-up", "/a", 20), id="a flood under another name"),
    ],
)
def test_junk_blinds_nobody(watched: Watched, junk_of: Sender) -> None:
    watched.play(QUIET, serving(0), junk_of, every=AT_ONCE)
    watched.play(10, serving(8), junk_of)
    (incident,) = watched.incidents()
    assert incident.affected_services == ("api",)


def orders(good_lost: bool, since: float = T0) -> Sender:
    """Counters of orders and of those that were paid, ten a step; the points of the second may have to be rejected."""

    def sent(at: float) -> Iterable[Export]:
        end = at + STEP - 0.1
        count = 10.0 * (round((at - since) / STEP) + 1)
        total = Point(end, since, count, metric="orders", form="counter")
        paid = replace(total, metric="orders.paid")
        return [points(total, replace(paid, at=end - AGES) if good_lost else paid)]

    return sent


def test_an_objective_is_not_counted_while_one_side_of_it_is_rejected(watched: Watched) -> None:
    total, paid = Query(metric="orders"), Query(metric="orders.paid")
    first = watched.use_cases.engine.budgets.objectives.slos[0]
    matcher = SliMatcher([replace(first, indicator=Ratio(total, good=paid))])
    watched.play(QUIET, orders(good_lost=False), every=AT_ONCE)
    lost_from = watched.clock.time
    watched.play(10, orders(good_lost=True))
    until = watched.clock.time - STEP
    window = Window(T0 + STEP, until)
    counted = watched.source.metrics.window(matcher.selectors(), window, STEP)
    events, bad = matcher.counted(counted)
    before = counted.ends <= lost_from - STEP
    assert events[0, before].tolist() == [10.0] * int(before.sum())
    assert bad[0, before].tolist() == [0.0] * int(before.sum())
    assert np.isnan(events[0, counted.ends > lost_from + STEP]).all()


def test_what_was_rejected_outlives_a_restart(tmp_path: Path) -> None:
    watched = Watched(tmp_path, telemetry="telemetry.duckdb")
    watched.play(QUIET, serving(0), every=AT_ONCE)
    watched.play(10, serving(1, lost=9))
    assert requests(watched, 8) == 0.0
    watched.close()
    again = Watched(tmp_path, watched.clock, telemetry="telemetry.duckdb")
    assert requests(again, 8) == 0.0
    again.close()
