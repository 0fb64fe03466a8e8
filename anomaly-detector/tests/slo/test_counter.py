"""Objectives counted live against plain Python: rings, ledger, slices of time, and what is counted again."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from examples import share
from hypothesis import example, given
from hypothesis import strategies as st

from aiops.model import (
    Adjustment,
    CalendarPeriods,
    Labels,
    LedgerHour,
    Missing,
    Rolling,
    SeriesBlock,
    Slo,
    SourceLocation,
    Urgency,
    Window,
    names,
)
from aiops.slo.live.counter import COVERED, HOUR, LONGEST, SliCounter, sli_of
from aiops.slo.live.forecast import LastWeek
from aiops.slo.live.status import SloState, SloStatus, statuses
from aiops.slo.rules import tiers

from .documents import CHECKOUT, changed, one
from .test_matcher import served

START = 1_700_000_000 // HOUR * HOUR
STEP = 15.0
SLICES = changed(
    CHECKOUT,
    ("budgetingMethod: Occurrences", "budgetingMethod: Timeslices"),
    ("- target: 0.9990", "- target: 0.9990\n      timeSliceTarget: 0.9\n      timeSliceWindow: 1m"),
)
Counts = list[tuple[int, int]]


def block(counts: Counts, start: float = START, step: float = STEP) -> SeriesBlock:
    """Events and bad ones a step; events of -1: no sample."""
    rows: dict[Labels, list[float]] = {
        served(names.REQUESTS): [events if events >= 0 else np.nan for events, _ in counts],
        served(names.ERRORS): [bad if events >= 0 else np.nan for events, bad in counts],
    }
    ends = start + step * (1 + np.arange(len(counts)))
    return SeriesBlock(tuple(rows), ends, step, np.array(list(rows.values())))


def stand(counter: SliCounter, now: float | None = None) -> SloStatus:
    at = now if now is not None else counter.at or 0.0
    (found,) = statuses(counter, (), at, LastWeek(counter), {})
    return found


def watched(slo: Slo, *blocks: SeriesBlock) -> SliCounter:
    counter = SliCounter([slo])
    for each in blocks:
        counter.saved(counter.take(each))
    return counter


steps = st.lists(
    st.tuples(st.integers(-1, 200), st.integers(0, 200)).map(lambda pair: (pair[0], min(max(pair[0], 0), pair[1]))),
    min_size=1,
    max_size=400,
)


@given(steps, st.integers(1, 5))
@example([(-1, 0)], 1)
@share(0.6)
def test_live_numbers_are_the_exact_ones(counts: Counts, parts: int) -> None:
    """However the steps are cut into blocks."""
    slo = one(CHECKOUT)
    cut = np.array_split(np.arange(len(counts)), parts)
    counter = watched(
        slo, *(block([counts[at] for at in some], START + STEP * float(some[0])) for some in cut if len(some))
    )
    found = stand(counter)
    known = [(START + STEP * (at + 1), events, bad) for at, (events, bad) in enumerate(counts) if events >= 0]
    events, bad = sum(each[1] for each in known), sum(each[2] for each in known)
    assert (found.budget.events, found.budget.bad) == (events, bad)
    now = START + STEP * len(counts)
    for window in tiers.WINDOWS:
        width = 60 if window <= 6 * HOUR else 300
        oldest = -(-now // width) - window // width
        inside = [each for each in known if -(-each[0] // width) >= oldest]
        total = sum(each[1] for each in inside)
        # Nobody looked before the first sample of all.
        looking = [
            at for at in (START + STEP * (step + 1) for step in range(len(counts))) if known and at >= known[0][0]
        ]
        looked = STEP * sum(1 for at in looking if -(-at // width) >= oldest)
        every = total * max(1.0, window / looked) if total else 0.0
        expected = sum(each[2] for each in inside) / every / 0.001 if total else None
        assert found.burn[window] == (pytest.approx(expected) if expected is not None else None)


@given(steps)
@share(0.4)
def test_what_is_taken_back_was_never_there(counts: Counts) -> None:
    slo = one(CHECKOUT)
    half = len(counts) // 2
    counter, plain = SliCounter([slo]), watched(slo, block(counts[:half]), block(counts[half:], START + STEP * half))
    counter.saved(counter.take(block(counts[:half])))
    counter.undo(counter.take(block(counts[half:], START + STEP * half)))
    counter.saved(counter.take(block(counts[half:], START + STEP * half)))
    assert stand(counter) == stand(plain)


@given(steps, st.integers(0, 400))
@share(0.4)
def test_steps_counted_again_are_not_twice_in_the_ledger(counts: Counts, lost: int) -> None:
    """Rings that are older than the ledger, as after a kill: what they miss is counted again."""
    slo = one(CHECKOUT)
    ledger: dict[tuple[object, int], LedgerHour] = {}
    first = SliCounter([slo])
    for at in range(len(counts)):
        taken = first.take(block([counts[at]], START + STEP * at))
        first.saved(taken)
        for row in taken.hours:
            old = ledger.get(
                (row.key, row.hour), LedgerHour(key=row.key, hour=row.hour, events=0, bad=0, watched=0, covered=0)
            )
            ledger[row.key, row.hour] = replace(
                old,
                events=old.events + row.events,
                bad=old.bad + row.bad,
                watched=old.watched + row.watched,
                covered=old.covered + row.covered,
            )
    second = SliCounter([slo])
    second.fill(ledger.values(), first.ledger_at)
    before = min(lost, len(counts))
    taken = second.take(block(counts[before:], START + STEP * before)) if before < len(counts) else None
    assert taken is None or not taken.hours
    if ledger:
        again, once = stand(second, first.at), stand(first)
        assert (again.budget.events, again.budget.bad) == (once.budget.events, once.budget.bad)


def test_slices_of_time_are_judged_at_their_end() -> None:
    minute = [(10, 0), (10, 0), (10, 0), (10, 4)]  # exactly 90 % good
    worse = [(10, 0), (10, 0), (10, 0), (10, 5)]
    idle = [(0, 0)] * 4
    counter = watched(one(SLICES), block([*minute, *worse, *idle, *worse[:3]]))
    found = stand(counter)
    assert (found.budget.events, found.budget.bad) == (2, 1)
    counter.saved(counter.take(block([(10, 9)], START + 15 * STEP)))
    assert (stand(counter).budget.events, stand(counter).budget.bad) == (3, 2)
    # A share of the time: of an hour two minutes.
    assert stand(counter).burn[HOUR] == pytest.approx(2 / 60 / 0.001)


def test_a_slice_without_data_is_bad_where_that_was_promised() -> None:
    silent = [(-1, 0)] * 4
    good = [(10, 0)] * 4
    ignoring = watched(one(SLICES), block([*good, *silent, *good]))
    assert (stand(ignoring).budget.events, stand(ignoring).budget.bad) == (2, 0)
    strict = watched(replace(one(SLICES), missing=Missing.BAD), block([*good, *silent, *good]))
    assert (stand(strict).budget.events, stand(strict).budget.bad) == (3, 1)


def test_a_slice_that_no_step_ends_with_ends_with_the_next() -> None:
    counter = watched(one(SLICES), block([(10, 5)] * 20, step=7.0))
    assert (stand(counter).budget.events, stand(counter).budget.bad) == (2, 2)


def test_what_is_heard_every_minute_is_there_all_the_time() -> None:
    heard = [(100, 0) if at % 4 == 3 else (-1, 0) for at in range(240)]
    counter = watched(one(CHECKOUT), block(heard))
    assert counter.hours.sums[0, COVERED].sum() == pytest.approx(HOUR, abs=60)
    gone = watched(one(CHECKOUT), block([*heard[:40], *[(-1, 0)] * 160, *heard[:40]]))
    assert gone.hours.sums[0, COVERED].sum() == pytest.approx(1200 + LONGEST, abs=121)


def test_the_first_minutes_of_all_are_no_broken_month() -> None:
    counter = watched(one(CHECKOUT), block([(10, 0), (10, 1)]))
    found = stand(counter)
    assert found.budget.left > 0.99
    assert found.urgency is None
    assert found.budget.coverage == pytest.approx(30 / (30 * 86_400))


def test_a_budget_that_is_gone_says_so_and_when() -> None:
    busy = watched(one(CHECKOUT), block([(1000, 100)] * 240))
    found = stand(busy)
    assert (found.state, found.urgency) == (SloState.BURNS_FAST, Urgency.PAGE)
    assert found.burn[HOUR] == pytest.approx(100)
    assert found.budget.left == pytest.approx(1 - 100 / 720, abs=1e-3)
    assert found.exhausted_in == pytest.approx(found.budget.left * 720 / 100 * HOUR, rel=1e-3)
    assert stand(watched(one(CHECKOUT), block([(1000, 1)] * 240))).exhausted_in is not None
    assert stand(watched(one(CHECKOUT), block([(1000, 0)] * 240))).exhausted_in is None


def test_nothing_counted_is_no_data_and_no_alarm() -> None:
    counter = SliCounter([one(CHECKOUT)])
    found = stand(counter, float(START))
    assert (found.state, found.urgency, found.exhausted_in) == (SloState.NO_DATA, None, None)
    counter.saved(counter.take(block([(10, 0)])))
    assert stand(counter).state == SloState.OK
    assert stand(counter, START + 3600.0).state == SloState.NO_DATA


def test_few_bad_events_have_no_urgency() -> None:
    few = one(
        changed(CHECKOUT, ("displayName: Checkout works", "displayName: x\n  annotations: {aiops/min-bad-events: '5'}"))
    )
    assert stand(watched(few, block([(1, 0)] * 239 + [(5, 4)]))).urgency is None
    assert stand(watched(few, block([(1, 0)] * 239 + [(5, 5)]))).urgency == Urgency.PAGE


def test_slices_that_are_longer_than_a_window_burn_on_until_the_next() -> None:
    """Else an objective of whole hours would stop to burn five minutes after each, and be told anew every hour."""
    hourly = one(changed(SLICES, ("timeSliceWindow: 1m", "timeSliceWindow: 1h")))
    counter = watched(hourly, block([(10, 10)] * 480))
    for _ in range(20):
        counter.saved(counter.take(block([(10, 10)] * 10, counter.at or 0.0)))
        assert stand(counter).burn[300] == pytest.approx(1 / 0.001)
        assert stand(counter).urgency == Urgency.PAGE


def test_time_that_does_not_count_has_no_urgency_whatever_the_period() -> None:
    at = datetime.fromtimestamp(START, UTC).replace(tzinfo=None)
    work = Adjustment(
        name="works",
        reason="new disks",
        service="gateway",
        slos=(),
        start=at,
        zone="UTC",
        seconds=2 * HOUR,
        place=SourceLocation("f", 1, 1),
    )
    for period in (Rolling(30 * 86_400, "30d"), CalendarPeriods(1, 0, datetime(2023, 1, 1), "UTC", "1M")):
        counter = watched(replace(one(CHECKOUT), period=period), block([(1000, 500)] * 240))
        (free,) = statuses(counter, (), counter.at or 0.0, LastWeek(counter), {})
        assert (free.urgency, free.excluded) == (Urgency.PAGE, "")
        (found,) = statuses(counter, (work,), counter.at or 0.0, LastWeek(counter), {})
        assert (found.urgency, found.excluded) == (None, "new disks")


def test_groups_that_are_gone_are_forgotten_in_the_end() -> None:
    """Routes come and go: their budgets go with them, a period later."""

    def routes(name: str, start: float, steps: int = 1) -> SeriesBlock:
        ends = start + HOUR * (1 + np.arange(steps))
        rows = (served(names.REQUESTS, route=name), served(names.ERRORS, route=name))
        return SeriesBlock(rows, ends, HOUR, np.array([[9.0] * steps, [1.0] * steps]))

    grouped = one(changed(CHECKOUT, ("route: /checkout\n", "groupBy: [http.route]\n")))
    counter = watched(grouped, routes("/old", START), routes("/new", START + HOUR, 100))
    counter.forget()
    assert [one.group for one in counter.places()] == [(("http.route", "/old"),), (("http.route", "/new"),)]
    counter.saved(counter.take(routes("/new", START + 101 * HOUR, 900)))
    before = [
        found for found in statuses(counter, (), counter.at or 0.0, LastWeek(counter), {}) if found.heard == counter.at
    ]
    counter.forget()
    assert [one.group for one in counter.places()] == [(("http.route", "/new"),)]
    assert statuses(counter, (), counter.at or 0.0, LastWeek(counter), {}) == before
    taken = counter.take(routes("/new", START + 1001 * HOUR))
    assert [(row.key.group, row.events) for row in taken.hours] == [((("http.route", "/new"),), 9.0)]
    taken = counter.take(routes("/old", START + 1002 * HOUR))
    assert [row.events for row in taken.hours] == [0.0, 9.0]


def test_clocks_set_back_are_followed() -> None:
    counter = watched(one(CHECKOUT), block([(1000, 500)] * 240))
    counter.rewind(START + 900.0)
    assert stand(counter).burn[300] == pytest.approx(500)
    counter.saved(counter.take(block([(1000, 0)] * 180, START + 900.0)))
    found = stand(counter)
    assert found.burn[300] == 0
    assert found.budget.events == 1000 * (240 + 180)
    assert found.burn[HOUR] == pytest.approx(500 * 60 / 240)


def test_rules_of_prometheus_win_where_they_are() -> None:
    counter = watched(one(CHECKOUT), block([(1000, 0)] * 4))
    told = {("checkout-availability", (("service_name", "gateway"),)): dict.fromkeys(tiers.WINDOWS, 20.0)}
    (found,) = statuses(counter, (), START + 60.0, LastWeek(counter), told)
    assert (found.ruled, found.burn[300], found.urgency) == (True, 20.0, Urgency.PAGE)
    assert found.budget.bad == 0


def test_what_is_left_only_for_want_of_data_falls_short() -> None:
    """Ten minutes of a month, in which less was good than was promised."""
    found = stand(watched(one(CHECKOUT), block([(1000, 5)] * 40)))
    assert (found.since, found.budget.left > 0.99, found.short) == (START, True, True)
    assert not stand(watched(one(CHECKOUT), block([(1000, 0)] * 40))).short


def test_labels_beside_the_groups_do_not_matter() -> None:
    """Of an old service's name, or those that a Prometheus adds; for a moment there are both."""
    counter = watched(one(CHECKOUT), block([(1000, 0)] * 4))
    old = (("cluster", "eu"), ("service_name", "front"))
    told = {
        ("checkout-availability", old): dict.fromkeys(tiers.WINDOWS, 20.0),
        ("checkout-availability", (("service_name", "gateway"),)): {300: 30.0},
        ("another", ()): {300: 40.0},
    }
    (found,) = statuses(counter, (), START + 60.0, LastWeek(counter), told)
    assert (found.ruled, found.burn[300], found.burn[3600]) == (True, 30.0, 20.0)


def test_next_week_is_like_the_last() -> None:
    counter = SliCounter([one(CHECKOUT)])
    key = counter.matcher.slot(counter.slos[0], {})
    assert key == 0
    counter.grow()
    name = counter.places()[0]
    hour = START // HOUR
    rows = [
        LedgerHour(key=name, hour=hour - back, events=1000.0 + back, bad=0.0, watched=3600.0, covered=3600.0)
        for back in range(7 * 24)
    ]
    counter.fill(rows, float(START))
    forecast = LastWeek(counter)
    day = forecast.events("checkout-availability", (), window(START, START + 86_400))
    assert day == pytest.approx(sum(1000.0 + back for back in range(7 * 24 - 24, 7 * 24)))
    half = forecast.events("checkout-availability", (), window(START, START + 1800))
    assert half == pytest.approx((1000.0 + 7 * 24 - 1) / 2)
    assert forecast.events("other", (), window(START, START + 1)) is None


def test_counts_of_something_else_are_not_taken_over() -> None:
    slo = one(CHECKOUT)
    other = one(changed(CHECKOUT, ("route: /checkout", "route: /pay")))
    assert sli_of(slo) != sli_of(other)
    stricter = one(changed(CHECKOUT, ("0.9990", "0.99")))
    assert sli_of(slo) == sli_of(stricter)
    taken = SliCounter([slo]).take(block([(1000, 1)]))
    counter = SliCounter([other])
    counter.fill(taken.hours, 1.0)
    assert stand(counter, START + 60.0).budget.events == 0


def window(start: float, end: float) -> Window:
    return Window(float(start), float(end))


MONTHLY = changed(
    CHECKOUT,
    (
        "- duration: 30d\n      isRolling: true",
        '- duration: 1M\n      calendar: {startTime: "2023-01-01 00:00:00", timeZone: UTC}',
    ),
)
NOVEMBER = 1_698_796_800.0


def test_the_first_minute_of_a_month_does_not_break_it() -> None:
    counter = SliCounter([one(MONTHLY)])
    counter.take(block([(10, 0), (10, 1)], NOVEMBER))
    found = stand(counter)
    assert (found.state, found.urgency) == (SloState.OK, None)
    assert found.budget.left == pytest.approx(1 - 1 / (0.001 * 20 * 30 * 86_400 / 30))


def test_a_budget_that_lasts_longer_than_its_month_is_not_running_out() -> None:
    busy = [(1000, 1)] * 239 + [(1000, 200)]  # burns 1.8 times as fast as allowed
    early, late = SliCounter([one(MONTHLY)]), SliCounter([one(MONTHLY)])
    early.take(block(busy, NOVEMBER))
    late.take(block(busy, NOVEMBER + 29 * 86_400))
    assert stand(early).exhausted_in == pytest.approx(30 * 86_400 / 1.83, rel=0.01)
    assert stand(late).exhausted_in is None
