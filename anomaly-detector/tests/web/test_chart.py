"""Charts of pages: what is drawn of a series, and what the cursor reads."""

import json
from math import nan

import pytest

from aiops.model import Window
from aiops.presentation.filters import percent
from aiops.web.chart import READINGS, WIDTH, Chart, Curves, Flag, chart, spark, strip

STEP = 15.0


def drawn(observed: list[float], flags: tuple[Flag, ...] = (), **band: list[float]) -> Chart:
    times = [STEP * (1 + at) for at in range(len(observed))]
    window = Window(0.0, STEP * len(observed))
    return chart(
        Curves(
            title="payment: failed requests",
            window=window,
            step=STEP,
            times=times,
            lines={"observed": observed},
            amount=percent,
            flags=flags,
            **band,
        )
    )


def test_a_gap_interrupts_the_line() -> None:
    assert drawn([0.1, 0.2] * 20).lines[0][1].count("M") == 1
    assert drawn([0.1, 0.2] * 10 + [nan] * 10 + [0.1, 0.2] * 10).lines[0][1].count("M") == 2


@pytest.mark.parametrize("peak", [7, 4_321, 9_999])
def test_a_peak_of_one_step_is_seen_among_thousands(peak: int) -> None:
    values = [0.01] * 10_000
    values[peak] = 1.0
    path = drawn(values).lines[0][1]
    assert len(path) < 40 * WIDTH
    highest = min(float(point.split(",")[1]) for point in path.strip("M").replace("M", "L").split("L"))
    assert highest < 10  # HEIGHT is at the bottom


def test_the_cursor_reads_the_newest_step_and_not_too_many() -> None:
    rows = json.loads(drawn([0.1] * 9_999 + [0.5], lower=[0.0] * 10_000, upper=[0.2] * 10_000).readings)
    assert len(rows) <= READINGS
    assert rows[-1] == [STEP * 10_000, "50%", "no alert from 0% to 20%"]


def test_marks_lie_in_the_chart_or_are_left_out() -> None:
    flags = (Flag(150.0, "onset", "begins"), Flag(-1.0, "change", "before"), Flag(10_000.0, "over", "after"))
    [one] = drawn([0.1] * 20, flags).flags
    assert (one.kind, one.left) == ("onset", 50.0)


def test_it_is_said_in_words() -> None:
    assert drawn([0.0, 0.8, 0.4]).summary == "payment: failed requests: last 40%; from 0% to 80%"
    nothing = drawn([nan, nan])
    assert nothing.empty
    assert nothing.summary == "payment: failed requests: no data"


def test_a_band_without_an_upper_end_reaches_the_top() -> None:
    assert ",0L" in drawn([0.1, 0.2, 0.1], lower=[0.0] * 3, upper=[float("inf")] * 3).band


def test_stretches_of_a_state_are_joined() -> None:
    window = Window(0.0, 100.0)
    found = strip(window, [10.0, 20.0, 30.0, 40.0], ["normal", "normal", "suspect", "normal"], 10.0)
    assert [(one.left, one.width, one.kind) for one in found] == [
        (0.0, 20.0, "normal"), (20.0, 10.0, "suspect"), (30.0, 10.0, "normal"),
    ]  # fmt: skip
    apart = strip(window, [10.0, 90.0], ["normal", "normal"], 10.0)
    assert len(apart) == 2


def test_a_small_line_skips_what_is_missing() -> None:
    assert spark([1.0, nan, 2.0]).count("M") == 2
    assert spark([nan]) == ""
