"""Counters told apart from what only looks like them, and what is counted by second."""

from collections.abc import Sequence
from math import isnan, nan

import numpy as np
import pytest
from examples import share
from hypothesis import assume, given
from hypothesis import strategies as st

from aiops.backtest import KnownBy, MetricKind, Recognised, TableSeries, as_judged
from aiops.backtest.kinds import per_second, recognise
from aiops.model import Labels

STEP = 300.0
DAY = 288


def kind(values: Sequence[float], labels: Labels = (), step: float = STEP) -> Recognised:
    return recognise(labels, [step * at for at in range(len(values))], [float(one) for one in values])


def counter(points: int, resets: Sequence[int] = (), seed: int = 1, most: int = 40) -> list[float]:
    """A total of 20 to `most` a step, that is 0 at resets."""
    random, total, out = np.random.default_rng(seed), 0, []
    for at in range(points):
        total = 0 if at in resets else total + int(random.integers(20, most + 1))
        out.append(float(total))
    return out


def by(found: Recognised) -> tuple[str, str]:
    return found.kind, found.by


def test_a_total_that_begins_anew_is_a_counter() -> None:
    found = kind(counter(14 * DAY, (900, 1500, 2600, 3300)))
    assert found == Recognised(MetricKind.COUNTER, KnownBy.BEHAVIOUR, resets=4)


@pytest.mark.parametrize("points", [30, 100, 1000])
def test_one_reset_is_enough_in_a_short_file(points: int) -> None:
    assert by(kind(counter(points, (points // 2,)))) == ("counter", "behaviour")


def test_what_was_counted_since_the_reset_may_be_more_than_nothing() -> None:
    values = counter(400)
    for rest, down in ((15.0, 0), (38.0, 0), (90.0, 3)):
        anew = [*values[: 200 - down], *[nan] * down, *(rest + one - values[200] for one in values[200:])]
        assert by(kind(anew)) == ("counter", "behaviour"), rest


@pytest.mark.parametrize(
    ("labels", "kinds"),
    [
        ((("__name__", "http_requests_total"),), ("counter", "name")),
        ((("metric", "request_duration_seconds_SUM"),), ("counter", "name")),
        ((("host", "a"), ("metric_name", "gc_count")), ("counter", "name")),
        ((("__name__", "latency_bucket"), ("le", "0.1")), ("counter", "name")),
        ((("type", "Counter"),), ("counter", "name")),
        ((("__name__", "disk_total"), ("type", "gauge")), ("gauge", "name")),
        ((("host", "x_total"),), ("gauge", "behaviour")),
        ((("__name__", "temperature"),), ("gauge", "behaviour")),
    ],
)
def test_a_name_says_it_where_there_is_one(labels: Labels, kinds: tuple[str, str]) -> None:
    """Though three points say nothing themselves."""
    assert by(kind([5, 5, 8], labels)) == kinds


def test_a_rare_counter_with_many_restarts_is_one_by_its_name() -> None:
    values = [0, 0, 1, 1, 2, 0, 0, 0, 1, 0, 0, 3, 3, 0, 0, 0, 0, 1, 1, 0, 0, 0]
    assert kind(values, (("__name__", "errors_total"),)) == Recognised(MetricKind.COUNTER, KnownBy.NAME, resets=4)
    assert by(kind(values)) == ("gauge", "behaviour")


def test_a_name_that_the_values_contradict_is_not_believed() -> None:
    threads = (50 + 5 * np.random.default_rng(1).standard_normal(500)).round().tolist()
    assert by(kind(threads, (("__name__", "jvm_threads_count"),))) == ("gauge", "behaviour")
    assert by(kind([1, 2, -3, 4], (("type", "counter"),))) == ("gauge", "behaviour")


def disk() -> list[float]:
    """It fills slowly, and small files are deleted now and then."""
    random = np.random.default_rng(1)
    steps = np.where(random.random(3000) < 0.01, -0.002, random.random(3000) * 0.02)
    return (20 + np.cumsum(steps)).tolist()


GAUGES = {
    "disk": disk(),
    "disk that is cleaned": [10 + at % 500 * 0.1 for at in range(3000)],
    "heap that is collected": [200 + at % 30 * 20 for at in range(1000)],
    "queue that is emptied all the time": [float(at % 12) * 7 for at in range(2000)],
    "temperature": (20 + 5 * np.sin(np.arange(1000) / 50) + np.random.default_rng(1).standard_normal(1000)).tolist(),
    "smooth temperature": (20 + 5 * np.sin(np.arange(1000) / 50)).tolist(),
    "events that come and go": [float(at % 50 == 0) * 5 for at in range(1000)],
    "constant": [7.0] * 500,
    "growth below zero": [-500.0 + at for at in range(1000)],
    "few points": counter(19),
    "fall in one step": [*(100.0 + at for at in range(500)), *(300.0 + at for at in range(500))],
}


@pytest.mark.parametrize("values", GAUGES.values(), ids=GAUGES.keys())
def test_a_gauge_is_none(values: list[float]) -> None:
    found = kind(values)
    assert (*by(found), found.grew) == ("gauge", "behaviour", False)


DOUBTFUL = {
    "clock": [1_700_000_000 + STEP * at for at in range(2000)],
    "queue that grew in a short file": counter(200),
    "uptime without a restart": [STEP * at for at in range(2000)],
}


@pytest.mark.parametrize("values", DOUBTFUL.values(), ids=DOUBTFUL.keys())
def test_what_only_grew_may_be_one_and_that_is_said(values: list[float]) -> None:
    found = kind(values)
    assert (*by(found), found.grew) == ("gauge", "behaviour", True)


def test_what_grew_for_a_day_unevenly_is_one_without_a_reset() -> None:
    assert by(kind(counter(2 * DAY))) == ("counter", "behaviour")
    assert by(kind([9e9 + one for one in counter(2 * DAY)])) == ("counter", "behaviour")
    nights = np.repeat(counter(2 * DAY), np.tile([1, 1, 1, 2], DAY // 2))
    assert by(kind(nights.tolist())) == ("counter", "behaviour")


def test_uptime_is_a_counter_in_effect() -> None:
    assert by(kind([STEP * (at % 700) for at in range(2000)])) == ("counter", "behaviour")


def test_a_share_is_said() -> None:
    assert by(kind([0.2, 0.5, 1.0, 0.0])) == ("ratio", "behaviour")
    assert by(kind([0, 1, 1, 0])) == ("gauge", "behaviour")
    assert by(kind([0.2, 0.5, 1.1])) == ("gauge", "behaviour")


@pytest.mark.parametrize("values", [[], [nan], [nan, nan], [5.0], [nan, 5.0, nan]])
def test_too_little_says_nothing(values: list[float]) -> None:
    assert by(kind(values)) == ("gauge", "behaviour")
    assert all(map(isnan, per_second([float(at) for at in range(len(values))], values)))


def test_an_option_decides() -> None:
    grown = TableSeries((), [STEP * at for at in range(500)], counter(500, (250,)))
    gauge, found = as_judged(grown, MetricKind.GAUGE)
    assert (gauge.values, found) == (grown.values, Recognised(MetricKind.GAUGE, KnownBy.OPTION))
    judged, found = as_judged(TableSeries((), [0.0, 10.0], [5.0, 25.0]), MetricKind.COUNTER)
    assert (judged.values[1], by(found)) == (2.0, ("counter", "option"))


def test_increases_are_counted_by_the_second() -> None:
    times, values = [0.0, 10.0, 20.0, 50.0, 60.0], [100.0, 120.0, nan, 220.0, 220.0]
    assert per_second(times, values)[1:] == pytest.approx([2, nan, 2.5, 0], nan_ok=True)
    assert isnan(per_second(times, values)[0])


def test_a_reset_counts_since_zero_unless_that_is_too_little_to_say_anything() -> None:
    times = [10.0 * at for at in range(5)]
    assert per_second(times, [100, 150, 90, 100, 110])[1:] == [5, 9, 1, 1]
    assert per_second(times, [100, 150, 20, 60, 100])[1:] == pytest.approx([5, nan, 4, 4], nan_ok=True)
    assert per_second(times, [100, 150, 20, 10, 5])[1:] == pytest.approx([5, nan, 1, 0.5], nan_ok=True)


INCREASES = st.lists(st.integers(0, 1000), min_size=2, max_size=80)


@given(INCREASES, st.integers(0, 10**9), st.data())
@share(0.5)
def test_nothing_that_was_counted_is_lost_in_gaps(increases: list[int], start: int, data: st.DataObject) -> None:
    values = [float(start + sum(increases[:at])) for at in range(len(increases) + 1)]
    apart = data.draw(st.lists(st.integers(1, 600), min_size=len(values), max_size=len(values)))
    times = np.cumsum(apart).astype(float)
    holes = data.draw(st.sets(st.integers(1, len(values) - 2), max_size=10))
    for at in holes:
        values[at] = nan
    found = np.array(per_second(times.tolist(), values))
    there = [at for at in range(len(values)) if at not in holes]
    assert np.isfinite(found).tolist() == [at in there[1:] for at in range(len(values))]
    counted = np.nansum(found[there[1:]] * np.diff(times[there]))
    assert counted == pytest.approx(sum(increases), abs=1e-6)
    assert not (found < 0).any()


@given(st.integers(0, 10**6), st.integers(40, 400), st.integers(0, 3), st.sampled_from([1e-3, 1.0, 1e9]))
@share(0.5)
def test_counters_are_known_whatever_their_size(seed: int, points: int, resets: int, size: float) -> None:
    places = np.random.default_rng(seed).choice(np.arange(10, points, 2), resets, replace=False)
    assume(resets <= max(1, 0.02 * (points - 1)))
    assume(resets or points > DAY)
    found = kind([size * one for one in counter(points, places.tolist(), seed, most=200)])
    assert found == Recognised(MetricKind.COUNTER, KnownBy.BEHAVIOUR, resets=resets)


@given(st.integers(0, 10**6), st.integers(60, 400), st.floats(0.05, 0.45))
@share(0.5)
def test_what_also_falls_a_little_is_no_counter(seed: int, points: int, often: float) -> None:
    random = np.random.default_rng(seed)
    steps = np.where(random.random(points) < often, -1.0, random.random(points) + 0.5)
    assume((steps < 0).any())
    assert kind((100 + points + np.cumsum(steps)).tolist()).kind == MetricKind.GAUGE


@given(st.lists(st.one_of(st.floats(-1e100, 1e100), st.just(nan)), max_size=60))
def test_any_values_have_a_kind(values: list[float]) -> None:
    judged, found = as_judged(TableSeries((), [0.001 * at for at in range(len(values))], values))
    assert len(judged.values) == len(values)
    assert found.kind in MetricKind
