"""A plot's columns: no spike is lost, and it stays small."""

from math import inf, isfinite, nan

from hypothesis import given
from hypothesis import strategies as st

from aiops.backtest import Curve
from aiops.backtest.curve import COLUMNS

POINTS = st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e9, 1e9)), min_size=1, max_size=60)


@given(POINTS)
def test_every_extreme_is_in_its_column(points: list[tuple[float, float]]) -> None:
    trace = Curve(0.0, 1e6)
    for at, value in points:
        trace.add(at, value)
    assert len(trace.columns) == COLUMNS
    for at, value in points:
        column = trace.columns[trace.place(at)]
        assert column.low <= value <= column.high
    seen = [value for one in trace.columns for value in (one.low, one.high) if isfinite(value)]
    assert (min(seen), max(seen)) == (min(v for _, v in points), max(v for _, v in points))


def test_what_is_outside_or_no_number_is_left_out() -> None:
    trace = Curve(10.0, 20.0)
    for at, value in ((9.0, 1.0), (21.0, 1.0), (15.0, nan), (15.0, inf)):
        trace.add(at, value)
    assert not any(isfinite(one.low) for one in trace.columns)
    assert (trace.place(10.0), trace.place(20.0)) == (0, COLUMNS - 1)


def test_a_single_moment_has_a_place() -> None:
    trace = Curve(10.0, 10.0)
    trace.add(10.0, 5.0)
    assert trace.columns[0].low == 5.0
