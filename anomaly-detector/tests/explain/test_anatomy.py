"""The tree of calls of good and bad requests, in numbers that can be worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.explain.anatomy import anatomy
from aiops.explain.table import SpanColumns
from aiops.explain.waits import Waits
from aiops.model import CallNode, RequestAnatomy, Span, SpanKind, Trace

from .shop import Call, trace


def of(good: Sequence[Trace], bad: Sequence[Trace], clearest: Sequence[str] = (), most: int = 40) -> RequestAnatomy:
    """The requests that begin these traces."""
    table = SpanColumns.of([*good, *bad])
    entries = np.flatnonzero(table.parent < 0)
    ids = {one.trace_id for one in bad}
    is_bad = np.array([table.traces[table.trace[row]] in ids for row in entries])
    return anatomy(table, Waits.of(table), entries, is_bad, clearest, most)


def node(found: RequestAnatomy, service: str, kind: str = "server", callee: str = "") -> CallNode:
    [one] = [one for one in found.nodes if (one.service, one.kind, one.callee) == (service, kind, callee)]
    return one


def front(stock: float = 0.02, calls: int = 1, price: bool = True, failed: bool = False) -> Trace:
    asked = [Call("stock", "/stock", stock, gap=0.002, failed=failed, message="no stock") for _ in range(calls)]
    return trace(
        Call("front", "/", 0.01, failed=failed, calls=[*asked, *([Call("price", "/price", 0.005)] if price else [])])
    )


def test_each_node_has_its_part_of_the_time_and_of_the_excess() -> None:
    found = of([front() for _ in range(20)], [front(stock=0.22) for _ in range(10)])
    assert found.requests == (20, 10)
    # 10 ms of its own, 2 ms on the way to stock, 20 ms there, 5 ms in price.
    assert found.time == pytest.approx((0.037, 0.237))
    assert found.seconds == pytest.approx((0.037, 0.237))
    stock = node(found, "stock")
    assert stock.operation == "POST /stock"
    assert (stock.requests, stock.calls) == ((20, 10), pytest.approx((1.0, 1.0)))
    assert stock.seconds == pytest.approx((0.02, 0.22))
    assert stock.time == pytest.approx((0.02, 0.22))
    assert stock.share_of_excess == pytest.approx(1.0)
    assert node(found, "front", "client", "stock").time == pytest.approx((0.002, 0.002))
    assert node(found, "front").time == pytest.approx((0.01, 0.01))
    assert node(found, "price").seconds == pytest.approx((0.005, 0.005))
    for side in (0, 1):
        assert sum(one.time[side] for one in found.nodes) == pytest.approx(found.time[side])
    assert (found.left_out, found.left_out_share, found.changed_calls) == (0, 0.0, ())


def test_callers_come_before_what_they_call_and_the_critical_path_first() -> None:
    found = of([front() for _ in range(20)], [front(stock=0.22) for _ in range(10)])
    assert [one.parent for one in found.nodes] == [-1, 0, 1, 0, 3]
    assert [(one.service, one.kind) for one in found.nodes if one.critical] == [
        ("front", "server"),
        ("front", "client"),
        ("stock", "server"),
    ]
    assert [one.critical for one in found.nodes] == [True, True, True, False, False]


def span(number: int, parent: int, service: str, kind: SpanKind, start: float, end: float, of_trace: str) -> Span:
    return Span(
        trace_id=of_trace,
        span_id=f"{number:02}",
        parent_id=f"{parent:02}",
        service=service,
        name=f"{service} {number}",
        kind=kind,
        start=100.0 + start,
        duration=end - start,
    )


def side_by_side(name: str, slow: float) -> Trace:
    """Two calls at once, of which the second ends later."""
    return Trace(
        name,
        (
            span(1, 0, "front", SpanKind.SERVER, 0.0, slow + 0.1, name),
            span(2, 1, "front", SpanKind.CLIENT, 0.1, 0.3, name),
            span(3, 1, "front", SpanKind.CLIENT, 0.1, slow, name),
        ),
    )


def test_what_runs_beside_a_longer_call_is_not_waited_for() -> None:
    found = of([side_by_side("g", 0.4)], [side_by_side("b", 0.9)])
    times = {one.operation: one.time for one in found.nodes}
    assert times["front 1"] == pytest.approx((0.2, 0.2))
    assert times["front 2"] == pytest.approx((0.0, 0.0))
    assert times["front 3"] == pytest.approx((0.3, 0.8))
    assert [one.operation for one in found.nodes if one.critical] == ["front 1", "front 3"]


def test_calls_that_are_missing_added_or_made_more_often_are_told_with_counts() -> None:
    good = [front() for _ in range(20)]
    without = of(good, [front(price=False) for _ in range(10)])
    [one] = without.changed_calls
    assert (one.what, one.caller, one.call) == ("missing", "front POST /", "front → price POST")
    assert (one.requests, one.of) == ((20, 0), (20, 10))
    [other] = of([front(price=False) for _ in range(20)], [front() for _ in range(10)]).changed_calls
    assert (other.what, other.requests, other.of) == ("added", (0, 10), (20, 10))
    often = of(good, [front(calls=6) for _ in range(10)])
    [more] = often.changed_calls
    assert (more.what, more.call) == ("more", "front → stock POST")
    assert more.calls == pytest.approx((1.0, 6.0))
    assert node(often, "stock").share_of_excess == pytest.approx(100 / 110)  # 5 × 20 ms of 5 × 22 ms


def test_failures_are_counted_where_they_start() -> None:
    found = of([front() for _ in range(20)], [front(failed=True) for _ in range(6)] + [front() for _ in range(2)])
    assert found.failing == pytest.approx((0.0, 0.75))
    stock = node(found, "stock")
    assert stock.share_of_failures == pytest.approx(1.0)
    assert stock.failing == pytest.approx((0.0, 0.75))
    assert node(found, "front").share_of_failures == 0.0
    assert node(found, "front").failing == pytest.approx((0.0, 0.75))


def test_a_failure_that_starts_in_two_places_is_divided() -> None:
    both = [Call("stock", "/stock", failed=True), Call("price", "/price", failed=True)]
    bad = [trace(Call("front", "/", failed=True, calls=both)) for _ in range(4)]
    found = of([front() for _ in range(10)], bad)
    assert (node(found, "stock").share_of_failures, node(found, "price").share_of_failures) == (0.5, 0.5)


def test_other_kinds_of_requests_are_no_excess() -> None:
    def long() -> Trace:
        return trace(Call("front", "/report", 1.0))

    found = of(
        [front() for _ in range(30)] + [long() for _ in range(10)],
        [front(stock=0.22) for _ in range(10)] + [long() for _ in range(10)],
    )
    [report] = [one for one in found.nodes if one.operation == "POST /report"]
    assert report.requests == (10, 10)
    assert report.time == pytest.approx((0.5, 0.5)), "good ones count as if they were as common as among the bad ones"
    assert report.share_of_excess == pytest.approx(0.0)
    assert node(found, "stock").share_of_excess == pytest.approx(1.0)


def test_a_kind_of_requests_that_good_ones_lack_is_compared_with_nothing() -> None:
    new = [trace(Call("front", "/new", 3.0)) for _ in range(5)]
    found = of([front() for _ in range(20)], [front(stock=0.03) for _ in range(10)] + new)
    [one] = [one for one in found.nodes if one.operation == "POST /new"]
    assert (one.requests, one.share_of_excess) == ((0, 5), 0.0)
    assert node(found, "stock").share_of_excess == pytest.approx(1.0)


def test_a_service_that_calls_itself_is_one_node() -> None:
    def nested(depth: int, last: float) -> Call:
        return Call("loop", "/again", last if depth == 0 else 0.01, calls=[nested(depth - 1, last)] if depth else ())

    found = of([trace(nested(9, 0.01)) for _ in range(10)], [trace(nested(9, 0.5)) for _ in range(5)])
    assert [(one.service, one.kind, one.parent) for one in found.nodes] == [
        ("loop", "server", -1),
        ("loop", "client", 0),
    ]
    assert found.nodes[0].calls == pytest.approx((10.0, 10.0))
    assert found.nodes[0].time == pytest.approx((0.1, 0.59))
    assert found.nodes[0].requests == (10, 5)


def test_what_is_cut_is_counted_and_the_rest_keeps_its_callers() -> None:
    def wide(slow: float) -> Trace:
        calls = [Call(f"s{number:02}", "/", 0.01 + (slow if number >= 28 else 0.0)) for number in range(30)]
        return trace(Call("front", "/", calls=calls))

    found = of([wide(0.0) for _ in range(10)], [wide(0.1) for _ in range(5)], most=5)
    assert len(found.nodes) == 5
    assert found.left_out == 56
    assert {one.service for one in found.nodes} == {"front", "s28", "s29"}
    assert found.left_out_share == pytest.approx(0.0)
    small = of([wide(0.0) for _ in range(10)], [wide(0.1) for _ in range(5)], most=3)
    assert small.left_out_share == pytest.approx(0.5)
    assert all(one.parent < at for at, one in enumerate(small.nodes))


def test_examples_are_the_clearest_with_a_usual_one_of_their_kind_each() -> None:
    good = [front(stock=0.01 * number**2) for number in range(1, 8)]
    bad = [front(stock=0.2 + 0.1 * number) for number in range(5)]
    found = of(good, bad, [bad[3].trace_id, "unknown", bad[0].trace_id])
    assert [one.trace_id for one in found.bad] == [bad[3].trace_id, bad[0].trace_id]
    assert (found.bad[0].service, found.bad[0].operation) == ("front", "POST /")
    assert found.bad[0].seconds == pytest.approx(0.517)
    assert [one.trace_id for one in found.good] == [good[3].trace_id, good[2].trace_id], "the nearest to the median"
    longest = of(good, bad)
    assert [one.trace_id for one in longest.bad] == [one.trace_id for one in (bad[4], bad[3], bad[2])]
    assert len(longest.good) == 3
    assert of(good, bad, ["unknown"]).bad == longest.bad


def test_good_examples_are_of_the_same_operation_and_did_not_fail() -> None:
    other = [trace(Call("front", "/other", 0.01)) for _ in range(5)]
    found = of([front(failed=True), *other], [front(stock=0.5)])
    assert (len(found.bad), found.good) == (1, ())


def test_requests_of_one_side_only_are_refused() -> None:
    with pytest.raises(ValueError, match="good and bad"):
        of([], [front()])


def test_the_order_of_traces_and_spans_decides_nothing() -> None:
    good, bad = [front() for _ in range(12)], [front(stock=0.1 + number / 100) for number in range(6)]
    random = np.random.default_rng(3)
    answers = []
    for _ in range(3):
        mixed = [
            [
                Trace(one.trace_id, tuple(random.permutation(np.array(one.spans, object))))
                for one in random.permutation(np.array(side, object))
            ]  # type: ignore[arg-type]
            for side in (good, bad)
        ]
        answers.append(of(*mixed))
    assert answers[1] == answers[0] == answers[2]


def test_a_request_that_is_known_by_work_within_it_begins_where_that_work_does() -> None:
    def handled(name: str, end: float) -> Trace:
        return Trace(
            name,
            (
                span(1, 0, "front", SpanKind.SERVER, 0.0, end, name),
                span(2, 1, "front", SpanKind.INTERNAL, 0.1, end, name),
            ),
        )

    table = SpanColumns.of([handled("g", 0.3), handled("b", 0.9)])
    inner = np.flatnonzero(table.parent >= 0)
    is_bad = np.array([table.traces[table.trace[row]] == "b" for row in inner])
    found = anatomy(table, Waits.of(table), inner, is_bad)
    [only] = found.nodes
    assert (only.kind, only.time) == ("server", pytest.approx((0.3, 0.9)))


SECONDS = st.floats(-5.0, 5.0, allow_nan=False)
SPANS = st.lists(
    st.tuples(
        st.integers(0, 9), st.integers(0, 9), st.sampled_from("ab"), st.sampled_from(list(SpanKind)), SECONDS, SECONDS,
        st.booleans(),
    ),
    min_size=1,
    max_size=10,
)  # fmt: skip


def malformed(traces: Sequence[Sequence[tuple[int, int, str, SpanKind, float, float, bool]]]) -> SpanColumns:
    """Ids may repeat, parents may be missing, in a circle or the span itself, and durations negative."""
    return SpanColumns.of(
        Trace(
            f"{at}",
            tuple(
                replace(
                    span(number, parent, service, kind, 0.0, 0.0, f"{at}"),
                    name=service,
                    start=100.0 + start,
                    duration=seconds,
                    failed=failed,
                )
                for number, parent, service, kind, start, seconds, failed in rows
            ),
        )
        for at, rows in enumerate(traces)
    )


def sound(found: RequestAnatomy, most: int) -> None:
    """Whatever the traces are: a tree of so many nodes at most, of finite numbers, whose shares are parts of one."""
    assert len(found.nodes) <= most
    assert all(-1 <= one.parent < at for at, one in enumerate(found.nodes))
    numbers = [value for one in found.nodes for value in (*one.calls, *one.failing, *one.time, one.share_of_excess)]
    assert np.isfinite(numbers).all()
    assert min(numbers) >= 0
    shares = [one.share_of_excess for one in found.nodes]
    assert sum(shares) + found.left_out_share == pytest.approx(1.0 if any(shares) or found.left_out_share else 0.0)
    failures = sum(one.share_of_failures for one in found.nodes)
    assert failures <= 1 + 1e-9


@settings(deadline=None)
@given(st.lists(SPANS, min_size=2, max_size=6), st.integers(1, 6))
def test_any_spans_are_described(
    traces: Sequence[Sequence[tuple[int, int, str, SpanKind, float, float, bool]]], most: int
) -> None:
    table = malformed(traces)
    entries = np.flatnonzero(table.parent < 0)
    bad = table.trace[entries] % 2 == 1
    if bad.all() or not bad.any():
        return
    found = anatomy(table, Waits.of(table), entries, bad, most=most)
    sound(found, most)
    if not found.left_out:
        assert sum(one.time[1] for one in found.nodes) == pytest.approx(found.time[1])
        assert sum(one.time[0] for one in found.nodes) == pytest.approx(found.time[0])


@settings(deadline=None)
@given(st.lists(SPANS, min_size=2, max_size=6), st.integers(1, 6), st.randoms(use_true_random=False))
def test_any_spans_may_begin_requests(
    traces: Sequence[Sequence[tuple[int, int, str, SpanKind, float, float, bool]]], most: int, random: Random
) -> None:
    """Also spans below others that do, and work within a request."""
    table = malformed(traces)
    entries = np.array(sorted(random.sample(range(len(table)), random.randint(1, len(table)))))
    bad = np.array([random.random() < 0.5 for _ in entries])
    begins, first = np.unique(Waits.of(table).work[entries], return_index=True)
    if bad[first].all() or not bad[first].any():
        with pytest.raises(ValueError, match="good and bad"):
            anatomy(table, Waits.of(table), entries, bad, most=most)
        return
    found = anatomy(table, Waits.of(table), entries, bad, [table.traces[0]], most)
    sound(found, most)
    assert sum(found.requests) == len(begins)


def test_a_hundred_thousand_spans_below_each_other_have_an_end() -> None:
    n = 100_000
    zeros, row = np.zeros(2 * n, np.int32), np.arange(2 * n, dtype=np.int32)
    parent = row - 1
    parent[n] = -1
    table = SpanColumns(
        words=("", "a", *(f"n{number}" for number in range(n))),
        traces=("g", "b"),
        trace=row // n,
        parent=parent.astype(np.int32),
        kind=np.full(2 * n, SpanKind.SERVER, np.int8),
        start=row % n * 1e-6,
        duration=np.where(row < n, 0.5, 0.9),
        failed=np.zeros(2 * n, bool),
        service=zeros + 1,
        name=row % n + 2,
        route=zeros,
        method=zeros,
        peer=zeros,
        statement=zeros,
    )
    found = anatomy(table, Waits.of(table), np.array([0, n]), np.array([False, True]))
    assert len(found.nodes) == 40
    assert found.left_out == 101 - 40, "what is deeper than a hundred calls counts with the hundredth"
    assert found.time == pytest.approx((0.5, 0.9))
