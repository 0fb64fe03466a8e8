"""How a budget was spent over its period, and what is projected, against the budget itself."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from examples import share
from hypothesis import given
from hypothesis import strategies as st

from aiops.model import Adjustment, CalendarPeriods, LedgerHour, LedgerKey, Missing, Rolling, Slo, SourceLocation
from aiops.slo.live.counter import HOUR, SliCounter, sli_of
from aiops.slo.live.forecast import LastWeek
from aiops.slo.live.history import MOST_BUCKETS, WIDTHS, BudgetHistory, budget_history
from aiops.slo.live.status import SloStatus, statuses
from aiops.slo.spec.periods import excluded

from .documents import CHECKOUT, one
from .test_counter import MONTHLY, SLICES, START, block

DAY = 86_400
FIRST = START // HOUR
DST = int(datetime(2026, 3, 29, tzinfo=UTC).timestamp())
"""The day on which clocks are put forward in Europe."""


def hours_of(slo: Slo, bad: dict[int, float], events: float = 1000.0) -> list[LedgerHour]:
    """Whole hours after START, by their number from 1 on, with these bad events."""
    key = LedgerKey(slo.name, sli_of(slo), ())
    return [
        LedgerHour(key=key, hour=FIRST + at, events=events, bad=wrong, watched=3600.0, covered=3600.0)
        for at, wrong in bad.items()
    ]


def lived(
    slo: Slo, hours: list[LedgerHour], now: float | None = None, works: tuple[Adjustment, ...] = ()
) -> tuple[SloStatus, BudgetHistory]:
    """The status and the history of an objective with such a ledger, at the end of its last hour or later."""
    end = max(one.hour for one in hours) * float(HOUR)
    counter = SliCounter([slo])
    counter.fill(hours, end)
    counter.slots.at = end
    counter.slots.heard = np.array([end])
    [status] = statuses(counter, works, now or end, LastWeek(counter), {})
    return status, budget_history(status, hours, excluded(slo, works, status.period))


@given(
    st.lists(st.one_of(st.none(), st.floats(0.0, 1000.0)), min_size=1, max_size=400),
    st.sampled_from([CHECKOUT, MONTHLY]),
)
@share(0.3)
def test_the_last_value_is_the_budget_left(bad: list[float | None], text: str) -> None:
    slo = one(text)
    hours = hours_of(slo, {at: wrong for at, wrong in enumerate(bad, 1) if wrong is not None} or {1: 0.0})
    status, found = lived(slo, hours)
    if status.budget.events:
        assert found.buckets[-1].left == pytest.approx(status.budget.left)
    assert sum(each.events for each in found.buckets) == pytest.approx(status.budget.events)
    assert all(before.left >= after.left for before, after in zip(found.buckets, found.buckets[1:], strict=False))
    assert all(before.end <= after.start for before, after in zip(found.buckets, found.buckets[1:], strict=False))
    assert len(found.buckets) <= MOST_BUCKETS + 2


def test_hours_without_data_are_a_gap() -> None:
    _, found = lived(one(CHECKOUT), hours_of(one(CHECKOUT), {1: 0.0, 2: 5.0, 5: 1.0}))
    assert [(each.end - START) / HOUR for each in found.buckets] == [1, 2, 5]
    assert [each.good for each in found.buckets] == pytest.approx([1.0, 0.995, 0.999])
    assert found.buckets[-1].start == START + 4 * HOUR


def test_hours_with_data_and_without_requests_are_no_gap() -> None:
    slo = one(CHECKOUT)
    _, found = lived(slo, [*hours_of(slo, {1: 1.0}), *hours_of(slo, {2: 0.0}, events=0.0), *hours_of(slo, {3: 0.0})])
    assert [each.good for each in found.buckets] == [0.999, None, 1.0]


@pytest.mark.parametrize(("days", "width"), [(1, 1), (7, 1), (14, 2), (30, 4), (90, 12), (365, 72)])
def test_longer_periods_have_coarser_buckets(days: int, width: int) -> None:
    slo = replace(one(CHECKOUT), period=Rolling(days * DAY, f"{days}d"))
    _, found = lived(slo, hours_of(slo, dict.fromkeys(range(1, 24 * days + 1), 1.0)))
    assert width in WIDTHS
    assert found.width == width * HOUR
    assert len(found.buckets) <= MOST_BUCKETS + 2
    assert all(each.end % found.width == 0 for each in found.buckets[:-1])


def test_a_change_of_clocks_moves_no_bucket() -> None:
    month = CalendarPeriods(1, 0, datetime(2026, 1, 1), "Europe/Berlin", "1M")
    slo = replace(one(CHECKOUT), period=month)
    key = LedgerKey(slo.name, sli_of(slo), ())
    numbers = range(DST // HOUR - 24 * 10, DST // HOUR + 24)
    hours = [LedgerHour(key=key, hour=each, events=10.0, bad=0.0, watched=3600.0, covered=3600.0) for each in numbers]
    _, found = lived(slo, hours)
    assert found.width == 2 * HOUR
    assert {each.end % found.width for each in found.buckets[:-1]} == {0}
    assert sum(each.events for each in found.buckets) == 10.0 * len(numbers)


def test_what_left_a_rolling_period_is_not_in_it() -> None:
    slo = replace(one(CHECKOUT), period=Rolling(2 * HOUR, "2h"))
    status, found = lived(slo, hours_of(slo, {1: 900.0, 2: 1.0, 3: 1.0}))
    assert status.budget.bad == 2.0
    assert [each.bad for each in found.buckets] == [1.0, 1.0]


def test_time_that_does_not_count_is_a_gap() -> None:
    slo = one(CHECKOUT)
    at = datetime.fromtimestamp(START + HOUR, UTC).replace(tzinfo=None)
    place = SourceLocation("f", 1, 1)
    works = Adjustment(
        name="works", reason="new disks", service="gateway", slos=(), start=at, zone="UTC", seconds=HOUR, place=place
    )
    status, found = lived(slo, hours_of(slo, {1: 1.0, 2: 900.0, 3: 1.0}), works=(works,))
    assert [(each.end - START) / HOUR for each in found.buckets] == [1, 3]
    assert found.buckets[-1].left == pytest.approx(status.budget.left)


def test_a_frozen_budget_ends_with_its_data() -> None:
    slo = replace(one(CHECKOUT), missing=Missing.FREEZE)
    status, found = lived(slo, hours_of(slo, {1: 1.0, 2: 1.0}), START + 10.0 * HOUR)
    assert (status.until, found.buckets[-1].end) == (START + 2 * HOUR, START + 2 * HOUR)
    assert found.projection == ()


def test_slices_of_time_are_a_share_of_the_whole_period() -> None:
    slo = one(SLICES)
    status, found = lived(slo, hours_of(slo, {1: 6.0, 2: 0.0}, events=60.0))
    assert found.buckets[0].good == pytest.approx(0.9)
    assert found.buckets[0].left == pytest.approx(1 - 6 / (30 * DAY / 60) / 0.001)
    assert found.buckets[-1].left == pytest.approx(status.budget.left)


def counted(text: str, steps: list[tuple[int, int]], at: float = START) -> SloStatus:
    counter = SliCounter([one(text)])
    counter.take(block(steps, at))
    [found] = statuses(counter, (), counter.at or 0.0, LastWeek(counter), {})
    return found


def test_a_projection_is_that_of_the_numbers() -> None:
    status = counted(CHECKOUT, [(1000, 100)] * 240)
    assert status.exhausted_in
    assert budget_history(status, ()).projection == (
        (status.at, status.budget.left),
        (status.at + status.exhausted_in, 0.0),
    )
    month = counted(MONTHLY, [(1000, 0)] * 240)
    assert month.projected is not None
    assert budget_history(month, ()).projection == (
        (month.at, month.budget.left),
        (month.period.end, month.projected),
    )


def test_what_does_not_run_out_has_no_projection_in_a_rolling_period() -> None:
    assert budget_history(counted(CHECKOUT, [(1000, 0)] * 240), ()).projection == ()
