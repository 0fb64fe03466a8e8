"""Periods, exclusions and budgets, against plain arithmetic and the calendar."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model import Adjustment, CalendarPeriods, Rolling, SourceLocation, Window
from aiops.slo.live.budget import HOUR, Budget, budget, exhausted_in, lasting, projected, weights
from aiops.slo.spec.periods import excluded, period_at

from .documents import CHECKOUT, one

SLO = one(CHECKOUT)
DAY = 86_400.0
BERLIN = CalendarPeriods(1, 0, datetime(2026, 1, 1), "Europe/Berlin", "1M")


def utc(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]


def adjustment(start: datetime, seconds: int, rrule: str = "", slos: tuple[str, ...] = (SLO.name,)) -> Adjustment:
    return Adjustment(
        name="a",
        reason="because",
        service="",
        slos=slos,
        start=start,
        zone="Europe/Berlin",
        seconds=seconds,
        place=SourceLocation("f", 1, 1),
        rrule=rrule,
    )


def test_a_month_begins_at_local_midnight() -> None:
    found = period_at(BERLIN, utc(2026, 3, 15))
    assert (found.start, found.end) == (utc(2026, 2, 28, 23), utc(2026, 3, 31, 22))
    # The month of the change of clocks is an hour shorter.
    assert found.seconds == 31 * DAY - HOUR
    assert period_at(BERLIN, utc(2026, 3, 31, 22)).start == utc(2026, 3, 31, 22)
    assert period_at(BERLIN, utc(2026, 3, 31, 21, 59, 59)).start == utc(2026, 2, 28, 23)


def test_quarters_weeks_and_times_before_the_first() -> None:
    quarter = replace(BERLIN, months=3)
    assert period_at(quarter, utc(2026, 5, 1)) == Window(utc(2026, 3, 31, 22), utc(2026, 6, 30, 22))
    week = CalendarPeriods(0, 7, datetime(2026, 1, 5), "UTC", "1w")
    assert period_at(week, utc(2026, 1, 20)) == Window(utc(2026, 1, 19), utc(2026, 1, 26))
    assert period_at(week, utc(2025, 12, 30)) == Window(utc(2025, 12, 29), utc(2026, 1, 5))
    assert period_at(Rolling(3600, "1h"), 7200.0) == Window(3600.0, 7200.0)


@given(st.floats(0, 4e9), st.sampled_from([1, 3, 12]), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]))
def test_every_time_lies_in_one_period(at: float, months: int, zone: str) -> None:
    calendar = replace(BERLIN, months=months, zone=zone)
    found = period_at(calendar, at)
    assert found.start <= at < found.end
    assert period_at(calendar, found.end).start == found.end


def test_time_that_does_not_count_repeats_at_local_time() -> None:
    nightly = adjustment(datetime(2026, 3, 1, 2, 0), 3600, "FREQ=DAILY")
    found = excluded(SLO, [nightly], Window(utc(2026, 3, 27), utc(2026, 4, 1)))
    assert found[0] == Window(utc(2026, 3, 27, 1), utc(2026, 3, 27, 2))
    assert found[-1] == Window(utc(2026, 3, 31), utc(2026, 3, 31, 1))
    assert excluded(SLO, [nightly], Window(utc(2026, 2, 1), utc(2026, 2, 20))) == []
    assert excluded(SLO, [replace(nightly, slos=("other",))], Window(utc(2026, 3, 27), utc(2026, 4, 1))) == []


def test_exclusions_that_touch_are_one_and_end_with_the_window() -> None:
    first = adjustment(datetime(2026, 1, 1, 10, 0), 3600)
    second = replace(first, start=datetime(2026, 1, 1, 10, 30), slos=(), service="gateway")
    window = Window(utc(2026, 1, 1), utc(2026, 1, 1, 10, 15))
    assert excluded(SLO, [second, first], window) == [Window(utc(2026, 1, 1, 9), utc(2026, 1, 1, 10, 15))]


def hours(*counts: tuple[float, float]) -> list[tuple[float, float]]:
    return list(counts)


def spent(counts: list[tuple[float, float]], period: Window, now: float, out: Sequence[Window] = ()) -> Budget:
    """The budget of a ledger whose hours begin at 0, every one of them seen whole."""
    ends = HOUR * np.arange(1, len(counts) + 1)
    sums = np.array([[events, bad, HOUR, HOUR] for events, bad in counts]).reshape(len(counts), 4).T
    elapsed = lasting(Window(period.start, min(period.end, now)), out)
    return budget(SLO, sums @ weights(ends, period, now, out), elapsed, lasting(period, out))


def test_what_is_left_may_be_less_than_nothing() -> None:
    ledger = hours((1000, 0), (1000, 1), (0, 0))
    whole = spent(ledger, Window(0, 3 * HOUR), 3 * HOUR)
    assert (whole.events, whole.bad, whole.coverage) == (2000, 1, 1)
    assert whole.left == pytest.approx(0.5)
    assert whole.spare == pytest.approx(1)
    broken = spent(hours((1000, 5)), Window(0, HOUR), HOUR)
    assert broken.left == pytest.approx(-4)
    assert spent([], Window(0, HOUR), HOUR).left == 1


def test_excluded_hours_and_missing_ones() -> None:
    ledger = hours((1000, 0), (1000, 100), (1000, 0))[:2]
    found = spent(ledger, Window(0, 3 * HOUR), 3 * HOUR, [Window(HOUR, 2 * HOUR)])
    assert (found.events, found.bad) == (1000, 0)
    assert found.coverage == pytest.approx(0.5)
    half = spent(ledger, Window(0, 2 * HOUR), 2 * HOUR, [Window(HOUR, 1.5 * HOUR)])
    assert half.bad == pytest.approx(50)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 1)), min_size=1, max_size=50), st.integers(0, 60))
def test_a_budget_is_the_plain_sum(counts: list[tuple[int, float]], since: int) -> None:
    ledger = hours(*((events, round(events * share)) for events, share in counts))
    now = len(ledger) * HOUR
    period = Window(min(since * HOUR, now), now)
    inside = ledger[min(since, len(ledger)) :]
    events, bad = sum(one[0] for one in inside), sum(one[1] for one in inside)
    found = spent(ledger, period, now)
    assert (found.events, found.bad) == (events, bad)
    if events:
        assert found.left == pytest.approx(1 - bad / events / 0.001)


def test_how_long_a_budget_lasts() -> None:
    month = 30 * DAY
    assert exhausted_in(0.5, month, 2.0) == pytest.approx(7.5 * DAY)
    assert exhausted_in(0.5, month, 2.0, leaving=1.0) == pytest.approx(15 * DAY)
    assert exhausted_in(0.5, month, 1.0, leaving=1.0) is None
    assert exhausted_in(0.5, month, 0.0) is None
    assert exhausted_in(-0.1, month, 0.0) == 0.0
    assert exhausted_in(0.999, month, 0.3) is None  # 100 days of a month


def test_a_calendar_budget_at_its_end() -> None:
    so_far = spent(hours((1000, 1)), Window(0, 2 * HOUR), HOUR)
    assert projected(SLO, so_far, 1.0, 1000) == pytest.approx(0.0)
    assert projected(SLO, so_far, 0.0, 1000) == pytest.approx(0.5)
    assert projected(SLO, spent([], Window(0, HOUR), 0), 5.0, 0) == 1.0
