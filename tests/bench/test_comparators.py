"""Comparators: they look at no later point, stand odd series, and see what they are known for."""

import numpy as np
import pytest

from bench.comparators import COMPARATORS
from bench.series import Floats

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
BLIND = {"random"}


def day_and_night(step: float, rows: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(5)
    times = 1_500_000_000.0 + np.arange(rows) * step
    return times, 100 + 20 * np.sin(times / DAY * 2 * np.pi) + rng.normal(0, 2, rows)


@pytest.mark.parametrize("step", [MINUTE, 5 * MINUTE, HOUR])
@pytest.mark.parametrize("name", COMPARATORS)
def test_a_score_depends_on_no_later_point(name: str, step: float) -> None:
    times, values = day_and_night(step, 700)
    values[500:520] *= 3
    whole = COMPARATORS[name](times, values)
    for rows in (90, 333, 505, 512):
        assert COMPARATORS[name](times[:rows], values[:rows]) == pytest.approx(whole[:rows], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", sorted(set(COMPARATORS) - BLIND))
def test_a_great_change_is_an_alert_and_what_was_before_is_not(name: str) -> None:
    times, values = day_and_night(MINUTE, 3000)
    values[2500:2640] = 900
    scores = COMPARATORS[name](times, values)
    assert (scores[2500:2640] >= 1).any()
    assert np.mean(scores[1500:2500] >= 1) < 0.02


@pytest.mark.parametrize("name", COMPARATORS)
def test_odd_series_are_scored(name: str) -> None:
    times, values = day_and_night(HOUR, 400)
    values[[3, 100, 101]] = np.nan, np.inf, np.nan
    times[200:] += 9 * DAY
    times[300], times[320] = times[299], times[310]
    for odd in (values, np.full(400, np.nan), np.full(400, 45.0), np.zeros(400), -values):
        scores = COMPARATORS[name](times, odd)
        assert scores.shape == (400,)
        assert np.isfinite(scores).all()
        assert (scores >= 0).all()
    for rows in (0, 1, 2):
        assert COMPARATORS[name](times[:rows], values[:rows]).shape == (rows,)


# As promtool has it of rules/adaptive.yml and rules/robust.yml (v0.2.1) on this series: above the band from 2000 on,
# and from 2029 on, when half an hour is; five minutes later the alert fires. (It evaluates the alert of robust.yml
# before its bands, and so has it fire at 2035.)
@pytest.mark.parametrize(("name", "first"), [("promql-adaptive", 2005), ("promql-robust", 2034)])
def test_alerts_of_grafanas_rules_begin_when_prometheus_would_begin_them(name: str, first: int) -> None:
    times, values = np.arange(2300) * MINUTE, np.full(2300, 100.0)
    values[::2] = 104
    values[2000:2040] = 2000
    scores = COMPARATORS[name](times, values)
    assert int(np.argmax(scores >= 1)) == first


def test_a_constant_that_changes_is_infinitely_unlikely() -> None:
    times, values = np.arange(100) * MINUTE, np.full(100, 45.0)
    values[60] = 46
    for name in ("zscore-online", "rolling-3sigma", "statsmodels-ets"):
        assert np.flatnonzero(COMPARATORS[name](times, values) >= 1)[0] == 60
