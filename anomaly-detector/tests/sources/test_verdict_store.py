"""The contract of VerdictStore."""

import math
from dataclasses import replace

import pytest

from aiops.model import Family, SeriesState, Tier, Verdict, Window, labels
from aiops.model.errors import TooMuch

from .conftest import T0, Counting

ONE = Verdict(
    series=labels(service="api", route="/pay", method="POST"),
    family=Family.ERRORS,
    at=T0 + 3,
    observed=0.5,
    expected=0.01,
    lower=0.0,
    upper=0.05,
    score=3.0,
    confidence=0.5,
    tier=Tier.LEVEL,
    state=SeriesState.SUSPECT,
)


def test_history(counting: Counting) -> None:
    later = replace(ONE, at=T0 + 6, family=Family.LATENCY)
    other = replace(ONE, series=labels(service="api", route="/", method="GET"))
    counting.verdicts.record([later, ONE, other, replace(ONE, at=T0 + 4000)])
    counting.verdicts.record([])
    assert counting.verdicts.history("api", "/pay", Window(T0, T0 + 10)) == [ONE, later]
    assert set(counting.verdicts.history("api", "", Window(T0, T0 + 10))) == {ONE, later, other}
    assert counting.verdicts.history("api", "/pay", Window(T0 + 3, T0 + 10)) == [later]
    assert len(counting.verdicts.history("api", "/pay", Window(T0, T0 + 5000))) == 3
    assert counting.verdicts.history("web", "", Window(T0, T0 + 10)) == []


def test_the_latest_of_every_series(counting: Counting) -> None:
    latency = replace(ONE, family=Family.LATENCY)
    call = replace(ONE, series=labels(caller="web", callee="api"), at=T0 + 4)
    later = replace(ONE, at=T0 + 6, state=SeriesState.INCIDENT)
    counting.verdicts.record([ONE, latency, call, later, replace(ONE, at=T0 + 20)])
    found = counting.verdicts.latest(Window(T0, T0 + 10))
    assert {(one.series, one.family): one for one in found} == {
        (one.series, one.family): one for one in (later, latency, call)
    }
    assert len(found) == 3
    assert counting.verdicts.latest(Window(T0 + 3, T0 + 5)) == [call]
    assert counting.verdicts.latest(Window(T0 + 30, T0 + 40)) == []
    with pytest.raises(TooMuch):
        counting.verdicts.latest(Window(T0, T0 + 10), 2)


def test_recording_again_changes_nothing(counting: Counting) -> None:
    counting.verdicts.record([ONE])
    counting.verdicts.record([ONE, ONE])
    assert counting.verdicts.history("api", "/pay", Window(T0, T0 + 10)) == [ONE]


def test_what_was_not_judged_stays_nan(counting: Counting) -> None:
    counting.verdicts.record([replace(ONE, score=math.nan)])
    [found] = counting.verdicts.history("api", "/pay", Window(T0, T0 + 10))
    assert math.isnan(found.score)


def test_given_series(counting: Counting) -> None:
    call = replace(ONE, series=labels(caller="web", callee="api"), at=T0 + 4)
    other = replace(ONE, series=labels(service="api", route="/", method="GET"))
    alike = replace(ONE, series=labels(service="api", route="/", method="POST"))
    counting.verdicts.record([ONE, call, other, alike, replace(ONE, at=T0 + 4000)])
    window = Window(T0, T0 + 10)
    assert counting.verdicts.of([ONE.series, call.series, other.series], window) == sorted(
        [ONE, call, other], key=lambda one: (one.at, one.family, one.series)
    )
    assert counting.verdicts.of([call.series], window) == [call]
    assert counting.verdicts.of([], window) == []
    with pytest.raises(TooMuch):
        counting.verdicts.of([ONE.series, other.series], window, 1)


def test_of_each_slice_the_last_verdict_on_each_series(counting: Counting) -> None:
    series = [
        ONE,
        replace(ONE, family=Family.LATENCY),
        replace(ONE, series=labels(service="api", route="/", method="")),
    ]
    counting.verdicts.record([replace(one, at=T0 + 3 * step, observed=step) for step in range(1, 41) for one in series])
    found = counting.verdicts.history("api", "", Window(T0, T0 + 120), every=30.0)
    assert [one.observed for one in found if one.series == ONE.series and one.family == ONE.family] == [10, 20, 30, 40]
    assert len(found) == 12
    assert all(
        T0 + 30 * slice_ < one.at <= T0 + 30 * slice_ + 30
        for slice_ in range(4)
        for one in found[3 * slice_ : 3 * slice_ + 3]
    )
    with pytest.raises(TooMuch):
        counting.verdicts.history("api", "", Window(T0, T0 + 120), 11, every=30.0)
