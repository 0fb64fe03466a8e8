"""The tree under hostile and broken traces."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.explain import wilson
from aiops.explain.tree import Tree
from aiops.model import Span, SpanKind, Trace


def span(
    number: int, parent: int, start: float = 0.0, duration: float = 1.0, kind: SpanKind = SpanKind.INTERNAL
) -> Span:
    return Span(
        trace_id="t",
        span_id=f"{number}",
        parent_id=f"{parent}" if parent else "",
        service="s",
        name="n",
        kind=kind,
        start=start,
        duration=duration,
    )


@given(st.lists(st.integers(0, 12), min_size=1, max_size=12))
def test_any_parents_even_cyclic_end(parents: list[int]) -> None:
    trace = Trace("t", tuple(span(number, parent) for number, parent in enumerate(parents, 1)))
    tree = Tree.of(trace)
    for one in trace.spans:
        assert len(list(tree.below(one))) <= len(trace.spans)
        assert len(list(tree.ancestors(one))) <= len(trace.spans)
        assert 0.0 <= tree.self_time(one) <= one.duration


CALL = SpanKind.CLIENT


@pytest.mark.parametrize(
    ("children", "own"),
    [
        pytest.param([(0.2, 0.3, CALL), (0.6, 0.2, CALL)], 0.5, id="one-after-another"),
        pytest.param([(0.2, 0.5, CALL), (0.3, 0.5, CALL)], 0.4, id="overlapping"),
        pytest.param([(0.5, 2.0, CALL)], 0.5, id="a-call-that-outlives-the-answer"),
        pytest.param([(1.5, 2.0, CALL)], 1.0, id="a-call-after-the-answer"),
        pytest.param([(0.2, 0.6, SpanKind.INTERNAL)], 1.0, id="own-work"),
        pytest.param([(0.1, 0.8, SpanKind.INTERNAL), (0.2, 0.5, CALL)], 0.5, id="a-handler-beside-its-call"),
        pytest.param([(0.1, 0.01, SpanKind.INTERNAL), (0.2, 0.5, CALL)], 0.5, id="a-handler-that-ended-before"),
    ],
)
def test_self_time(children: list[tuple[float, float, SpanKind]], own: float) -> None:
    spans = [span(1, 0), *(span(number, 1, *child) for number, child in enumerate(children, 2))]
    assert Tree.of(Trace("t", tuple(spans))).self_time(spans[0]) == pytest.approx(own)


@pytest.mark.parametrize("served", [(0.2, 0.25), (-3600.0, 0.25), (3600.0, 0.25)], ids=["same", "behind", "ahead"])
def test_another_clock_is_not_compared(served: tuple[float, float]) -> None:
    spans = (span(1, 0, kind=CALL), replace(span(2, 1, *served, SpanKind.SERVER), service="other"))
    assert Tree.of(Trace("t", spans)).self_time(spans[0]) == pytest.approx(0.75)


def test_calls_below_handlers_are_calls_of_the_request() -> None:
    inner = SpanKind.INTERNAL
    spans = (span(1, 0), span(2, 1, 0.1, 0.8, inner), span(3, 2, 0.1, 0.05, inner), span(4, 3, 0.2, 0.6, CALL))
    tree = Tree.of(Trace("t", spans))
    assert [one.span_id for one in tree.calls(spans[0])] == ["4"]
    assert tree.self_time(spans[0]) == pytest.approx(0.4)


def test_nobody_waits_for_a_consumer() -> None:
    spans = (span(1, 0), replace(span(2, 1, 0.1, 0.8), kind=SpanKind.CONSUMER))
    assert Tree.of(Trace("t", spans)).self_time(spans[0]) == 1.0


@given(st.integers(0, 200), st.integers(1, 200))
def test_the_interval_holds_the_share(hits: int, total: int) -> None:
    hits = min(hits, total)
    low, high = wilson.interval(hits, total)
    assert 0.0 <= low <= hits / total + 1e-9
    assert hits / total - 1e-9 <= high <= 1.0
    assert low <= wilson.centre(hits, total) <= high
