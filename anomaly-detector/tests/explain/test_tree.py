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
    return Span("t", f"{number}", f"{parent}" if parent else "", "s", "n", kind, start, duration)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=12))
def test_any_parents_even_cyclic_end(parents: list[int]) -> None:
    trace = Trace("t", tuple(span(number, parent) for number, parent in enumerate(parents, 1)))
    tree = Tree.of(trace)
    for one in trace.spans:
        assert len(list(tree.below(one))) <= len(trace.spans)
        assert len(list(tree.ancestors(one))) <= len(trace.spans)
        assert 0.0 <= tree.self_time(one) <= one.duration


@pytest.mark.parametrize(
    ("children", "own"),
    [
        pytest.param([(0.2, 0.3), (0.6, 0.2)], 0.5, id="one-after-another"),
        pytest.param([(0.2, 0.5), (0.3, 0.5)], 0.4, id="overlapping"),
        pytest.param([(0.5, 2.0)], 0.0, id="longer-than-its-parent"),
        pytest.param([(-3600.0, 0.25)], 0.75, id="another-clock"),
    ],
)
def test_self_time(children: list[tuple[float, float]], own: float) -> None:
    spans = [span(1, 0), *(span(number, 1, *child) for number, child in enumerate(children, 2))]
    assert Tree.of(Trace("t", tuple(spans))).self_time(spans[0]) == pytest.approx(own)


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
