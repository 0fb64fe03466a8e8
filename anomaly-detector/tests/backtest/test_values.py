"""Values judged as they would have come in: the model's own verdicts, together as alone, and nothing looked ahead."""

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
import pytest
from examples import share
from hypothesis import given
from hypothesis import strategies as st

from aiops.backtest import Replayed, TableSeries, ValuesReplay
from aiops.backtest import values as values_module
from aiops.backtest.curve import Curve
from aiops.backtest.values import steps
from aiops.detect.univariate import Model
from aiops.model import labels

STEP = 300.0
START = 1_700_000_000.0 - 1_700_000_000.0 % 86_400


def series(values: Sequence[float], name: str = "a", start: float = START, step: float = STEP) -> TableSeries:
    return TableSeries(labels(host=name), [start + step * at for at in range(len(values))], list(map(float, values)))


def replay(*wanted: TableSeries) -> tuple[Replayed, ...]:
    values = ValuesReplay(wanted)
    assert sum(values.replay()) == len(values) == sum(len(one.times) for one in wanted)
    return values.results


def noise(points: int, seed: int = 1) -> np.ndarray:
    return 100 + 5 * np.random.default_rng(seed).standard_normal(points)


def hurt(points: int = 700, seed: int = 1) -> np.ndarray:
    values = noise(points, seed)
    values[400:406] = 300
    return values


def test_an_alarm_is_told_with_its_evidence() -> None:
    [found] = replay(series(hurt()))
    [alarm] = found.alarms
    assert alarm.start == alarm.onset == START + 400 * STEP
    assert alarm.end == found.above[-1] + STEP >= START + 406 * STEP
    assert alarm.over == alarm.end + 7 * STEP
    assert START + 400 * STEP <= alarm.peak.at <= START + 405 * STEP
    assert (alarm.peak.observed, alarm.peak.score > 1) == (300, True)
    assert alarm.peak.lower < alarm.peak.expected < alarm.peak.upper < 300
    assert (found.points, found.seconds, found.worst) == (700, 700 * STEP, alarm.peak.score)
    assert 600 < found.judged < 700
    [stretch] = found.stretches
    assert (stretch.start, stretch.end) == (alarm.start, alarm.end)


def test_an_alarm_that_is_on_at_the_end_has_none() -> None:
    [found] = replay(series(hurt(404)))
    assert [(one.end, one.over) for one in found.alarms] == [(None, None)]


def test_a_spike_of_one_point_is_a_trouble_of_one_step() -> None:
    values = noise(700)
    values[400] = 300
    [found] = replay(series(values))
    [alarm] = found.alarms
    assert (alarm.start, alarm.end, alarm.over) == (START + 400 * STEP, START + 401 * STEP, START + 408 * STEP)
    assert found.above == (START + 400 * STEP,)


def test_a_trouble_that_pauses_is_one_until_its_last_point() -> None:
    values = noise(700)
    values[[400, 404, 409]] = 300
    [found] = replay(series(values))
    [alarm] = found.alarms
    assert (alarm.start, alarm.end) == (START + 400 * STEP, found.above[-1] + STEP)
    assert {START + at * STEP for at in (400, 404, 409)} <= set(found.above)


def test_it_is_the_model_as_it_runs_live() -> None:
    values = hurt()
    model = Model()
    model.grow(1)
    alarms, was = [], False
    for at, value in enumerate(values):
        on = bool(model.judge(START + STEP * at, np.array([value]), STEP).alarm[0])
        if on != was:
            alarms.append(START + STEP * at)
        was = on
    [found] = replay(series(values))
    assert [at for one in found.alarms for at in (one.start, one.over)] == alarms


@pytest.mark.parametrize("count", [2, 3, 4, 5, 7, 8, 9, 17])
def test_series_in_one_file_are_judged_as_alone(count: int) -> None:
    """Those with the same times share a model, some with gaps; the others do not: bit for bit the same."""
    wanted = []
    for seed in range(count):
        values = np.random.default_rng(seed).lognormal(3, 0.5, 260)
        values[200 + seed] *= 20
        if seed % 2:
            values[50:53] = np.nan
        wanted.append(series(values, f"h{seed}", START + (7 if seed % 3 == 2 else 0)))
    together = replay(*wanted)
    assert list(map(repr, together)) == [repr(found) for one in wanted for found in replay(one)]
    assert sum(len(one.alarms) for one in together) >= count


@given(st.integers(0, 10**6), st.integers(30, 140))
@share(0.2)
def test_no_later_point_changes_what_was_told(seed: int, cut: int) -> None:
    random = np.random.default_rng(seed)
    times = START + np.cumsum(random.choice([60.0, 60.0, 60.0, 300.0], 150))
    values = random.lognormal(3, 1, 150)
    whole = TableSeries((), times.tolist(), values.tolist())
    begun = TableSeries((), times[:cut].tolist(), values[:cut].tolist())
    [all_of_it], [part] = replay(whole), replay(begun)
    known = [one for one in all_of_it.alarms if one.start <= begun.times[-1]]
    assert [one.start for one in part.alarms] == [one.start for one in known]
    over = [(one.start, one.end, one.over, one.peak) for one in known if one.over and one.over <= begun.times[-1]]
    assert [(one.start, one.end, one.over, one.peak) for one in part.alarms if one.over] == over


@given(st.lists(st.floats(0.1, 1e5), min_size=1, max_size=80), st.integers(1, 80))
@share(0.5)
def test_the_step_is_known_from_what_has_passed(apart: list[float], cut: int) -> None:
    times = np.cumsum(apart).tolist()
    assert steps(times)[1:cut] == steps(times[:cut])[1:]


def test_the_step_follows_the_points() -> None:
    times = [*range(0, 600, 60), *range(600, 20_000, 300)]
    found = steps(times)
    assert (found[0], found[5], found[-1], len(found)) == (60, 60, 300, len(times))
    assert steps([5.0]) == [1.0]


def test_gaps_are_not_judged_and_end_no_alarm() -> None:
    values = hurt()
    values[402:420] = np.nan
    [found] = replay(series(values))
    assert found.points == 700 - 18
    [alarm] = found.alarms
    assert alarm.over is not None
    assert alarm.over > START + 425 * STEP


@pytest.mark.parametrize("values", [[5.0], [1.0, 2.0], [np.nan, 3.0]])
def test_too_few_points_are_no_trouble(values: list[float]) -> None:
    [found] = replay(series(values))
    assert (found.judged, found.alarms) == (0, ())


def test_compiled_or_not_the_same_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of a curve, and of the points around an alarm."""
    pytest.importorskip("numba")
    rng = np.random.default_rng(4)
    values = 50 + 5 * rng.standard_normal(2500)
    values[rng.random(2500) < 0.03] = np.nan
    for place, size in ((30, 80), (900, -60), (905, 90), (1500, 70), (2200, 40), (2497, 90)):
        values[place : place + 3] += size
    times = (1_767_225_600.0 + 300 * np.arange(2500)).tolist()
    series = [TableSeries((("host", name),), list(times), (values * by).tolist()) for name, by in (("a", 1), ("b", 3))]
    fast = ValuesReplay(series)
    done = sum(fast.replay())
    monkeypatch.setattr(values_module, "find_spec", lambda _: None)
    plain = ValuesReplay(series)
    assert sum(plain.replay()) == done == len(plain)
    for one, other in zip(fast.results, plain.results, strict=True):
        assert len(one.alarms) > 3
        assert [(each.onset, each.start, each.end, each.over) for each in one.alarms] == [
            (each.onset, each.start, each.end, each.over) for each in other.alarms
        ]
        assert [each.peak.score for each in one.alarms] == pytest.approx([each.peak.score for each in other.alarms])
        assert (one.points, one.judged, one.first, one.above) == (other.points, other.judged, other.first, other.above)
        assert as_numbers(one.trace) == pytest.approx(as_numbers(other.trace), nan_ok=True)
        around = [(each.around, theirs.around) for each, theirs in zip(one.alarms, other.alarms, strict=True)]
        assert sum(mine is not None for mine, _ in around) >= 3
        for mine, theirs in around:
            assert (mine is None) == (theirs is None)
            if mine is not None and theirs is not None:
                assert as_numbers(mine) == pytest.approx(as_numbers(theirs), nan_ok=True)


def as_numbers(curve: Curve) -> list[float]:
    return [float(number) for column in curve.columns for number in astuple(column)]
