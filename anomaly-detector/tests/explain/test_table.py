"""Columns of spans say the same as trees of them, whatever the traces look like."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.explain.comparison import compared
from aiops.explain.excess import excesses
from aiops.explain.own import places
from aiops.explain.requests import RequestWork
from aiops.explain.table import SpanColumns
from aiops.explain.tree import Tree, is_inner
from aiops.explain.waits import Waits
from aiops.model import Span, SpanKind, Trace

from .shop import Call, trace

SECONDS = st.floats(-5.0, 5.0, allow_nan=False)
ID = st.integers(0, 14)
SPANS = st.lists(
    st.tuples(ID, ID, st.sampled_from("ab"), st.sampled_from(list(SpanKind)), SECONDS, SECONDS),
    min_size=1,
    max_size=14,
)  # fmt: skip


def spans_of(rows: Sequence[tuple[int, int, str, SpanKind, float, float]]) -> tuple[Span, ...]:
    """Spans with ids that may repeat and parents that may be missing, themselves, or below."""
    return tuple(
        Span(
            trace_id="t", span_id=f"{number:02}", parent_id=f"{parent:02}", service=service, name="n", kind=kind,
            start=100.0 + start, duration=seconds,
        )
        for number, parent, service, kind, start, seconds in rows
    )  # fmt: skip


@given(SPANS)
def test_any_spans_have_an_end(rows: Sequence[tuple[int, int, str, SpanKind, float, float]]) -> None:
    table = SpanColumns.of([Trace("t", spans_of(rows))])
    waits = Waits.of(table)
    assert len(table) == len({one[0] for one in rows})
    assert ((waits.own >= 0) & (waits.own <= table.duration + 1e-12)).all()
    assert ((waits.waited >= 0) & (waits.waited <= 1 + 1e-12)).all()
    assert sorted(waits.order) == list(range(len(table)))
    entries = np.arange(len(table))
    if len(entries) > 1:
        compared(table, entries, entries % 2 == 0)


TREES = st.lists(
    st.tuples(st.integers(0, 13), st.sampled_from("ab"), st.sampled_from(list(SpanKind)[1:]), SECONDS, SECONDS),
    min_size=1,
    max_size=14,
)


@given(TREES)
def test_own_time_is_that_of_the_tree(rows: Sequence[tuple[int, str, SpanKind, float, float]]) -> None:
    numbered = [(number, parent % number, *rest) for number, (parent, *rest) in enumerate(rows, 1)]
    spans = tuple(span for span in spans_of([(a, b, c, d, e, abs(f)) for a, b, c, d, e, f in numbered]))  # type: ignore[misc]
    table, tree = SpanColumns.of([Trace("t", spans)]), Tree.of(Trace("t", spans))
    waits = Waits.of(table)
    for row, span in enumerate(table.origin):
        if not waits.inner[row]:
            assert waits.own[row] == pytest.approx(tree.self_time(span), abs=1e-9)
        above = tree.by_id.get(span.parent_id)
        assert waits.inner[row] == (is_inner(span) and above is not None and above.service == span.service)


def test_a_chain_of_a_hundred_thousand_spans_ends() -> None:
    n = 100_000
    zeros, row = np.zeros(n, np.int32), np.arange(n, dtype=np.int32)
    for parent in (row - 1, (row + 1) % n):
        table = SpanColumns(
            words=("", "a"),
            traces=("t",),
            trace=zeros,
            parent=parent.astype(np.int32),
            kind=np.full(n, SpanKind.SERVER, np.int8),
            start=row * 1e-6,
            duration=np.full(n, 0.5),
            failed=np.zeros(n, bool),
            service=zeros + 1,
            name=zeros + 1,
            route=zeros,
            method=zeros,
            peer=zeros,
            statement=zeros,
        )
        waits = Waits.of(table)
        assert len(waits.levels) - 1 == (n if parent[0] < 0 else 1)
        requests = RequestWork.of(table, waits, np.array([0]), np.array([True]))
        assert len(requests.rows) == (n if parent[0] < 0 else 1)


def test_kinds_are_told_from_the_shape_where_they_are_not_stated() -> None:
    def one(number: int, parent: int, service: str, start: float, seconds: float) -> Span:
        return Span(
            trace_id="t", span_id=f"{number}", parent_id=f"{parent}", service=service, name=f"{number}",
            kind=SpanKind.UNSPECIFIED, start=start, duration=seconds,
        )  # fmt: skip

    spans = (
        one(1, 0, "front", 0.0, 1.0),
        one(2, 1, "front", 0.1, 0.8),  # a call to stock
        one(3, 2, "stock", 0.2, 0.5),
        one(4, 3, "stock", 0.3, 0.1),  # work within stock
    )
    waits = Waits.of(SpanColumns.of([Trace("t", spans)]))
    assert waits.kind.tolist() == [SpanKind.SERVER, SpanKind.CLIENT, SpanKind.SERVER, SpanKind.UNSPECIFIED]
    assert waits.own.tolist() == pytest.approx([0.2, 0.3, 0.5, 0.0])


def front(stock: float = 0.01, own: float = 0.01, gap: float = 0.0, extra: int = 0) -> Trace:
    calls = [Call("stock", "/stock", stock, gap=gap), Call("price", "/price", gap=gap)]
    return trace(Call("front", "/", own, calls=[*calls, *(Call("price", "/price") for _ in range(extra))]))


@pytest.mark.parametrize(
    ("bad", "place"),
    [
        pytest.param({"stock": 0.2}, ("stock", ""), id="work"),
        pytest.param({"gap": 0.2}, ("front", ""), id="late-to-notice-every-answer"),
        pytest.param({"own": 0.2}, ("front", ""), id="its-own-work"),
        pytest.param({"extra": 10}, ("front", ""), id="many-more-calls"),
    ],
)
def test_the_place_that_takes_longer_comes_first(bad: dict[str, float], place: tuple[str, str]) -> None:
    traces = [front() for _ in range(40)] + [front(**bad) for _ in range(20)]  # type: ignore[arg-type]
    table = SpanColumns.of(traces)
    entries = np.flatnonzero(table.parent < 0)
    order = {one.trace_id: number for number, one in enumerate(traces)}
    is_bad = np.array([order[table.traces[table.trace[row]]] >= 40 for row in entries])
    requests = RequestWork.of(table, Waits.of(table), entries, is_bad)
    first = excesses(requests, places(requests))[0]
    assert (first.cause.service, first.cause.caller) == place
    assert first.significant


def test_the_order_of_traces_and_spans_decides_nothing() -> None:
    good, bad = [front() for _ in range(30)], [front(stock=0.1 + number / 100) for number in range(10)]
    random = np.random.default_rng(5)
    answers = []
    for _ in range(3):
        traces = [Trace(one.trace_id, tuple(random.permutation(np.array(one.spans, object)))) for one in (*good, *bad)]  # type: ignore[arg-type]
        table = SpanColumns.of([traces[number] for number in random.permutation(len(traces))])
        entries = np.flatnonzero(table.parent < 0)
        ids = {one.trace_id for one in bad}
        answers.append(compared(table, entries, np.array([table.traces[table.trace[row]] in ids for row in entries])))
    assert [one.candidates[0].cause for one in answers] == [answers[0].candidates[0].cause] * 3
    assert [repr(one.candidates[0].slower) for one in answers] == [repr(answers[0].candidates[0].slower)] * 3


def test_a_call_that_is_missing_where_nothing_failed_is_told() -> None:
    def asks(*names: str) -> Trace:
        return trace(Call("front", "/", calls=[Call(name, f"/{name}") for name in names]))

    good, bad = [asks("stock", "price") for _ in range(60)], [asks("price") for _ in range(20)]
    table = SpanColumns.of([*good, *bad])
    entries = np.flatnonzero(table.parent < 0)
    ids = {one.trace_id for one in bad}
    found = compared(table, entries, np.array([table.traces[table.trace[row]] in ids for row in entries]))
    first = found.candidates[0]
    assert (first.cause.service, first.shape is not None) == ("front", True)
    assert first.shape is not None
    assert [peer for peer, _ in first.shape.missing] == ["stock"]


def test_the_same_requests_have_no_cause() -> None:
    random = np.random.default_rng(1)
    traces = [front(stock=float(random.lognormal(-4.5, 0.5))) for _ in range(200)]
    table = SpanColumns.of(traces)
    entries = np.flatnonzero(table.parent < 0)
    found = compared(table, entries, random.random(len(entries)) < 0.4)
    assert not any(one.slower is None or one.slower.significant for one in found.candidates)
