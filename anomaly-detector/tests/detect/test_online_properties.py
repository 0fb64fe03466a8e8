"""The detector of any metric: what must hold whatever the values are."""

from pathlib import Path

import numpy as np
import pytest
from examples import share
from hypothesis import given
from hypothesis import strategies as st

from aiops.detect.univariate import Model, model
from aiops.model.arrays import Floats
from aiops.store.arrays import read_arrays, write_arrays

from .online import MONDAY, START, STEP, daily, equal, judged, noise, same, watch

ANYTHING = st.floats(allow_nan=True, allow_infinity=True)
SEEDS = st.integers(0, 10**6)
KEPT = 5e-3
"""Evidence is kept in steps of a thousandth, of which a boundary is made."""


def wild(seed: int, series: int, points: int) -> Floats:
    """Series of every kind, some with holes."""
    rng = np.random.default_rng(seed)
    table = rng.lognormal(3, rng.uniform(0, 1, (series, 1)), (series, points))
    table[::3] = np.cumsum(table[::3] - 20, axis=1)
    table[1::3] = np.round(table[1::3] / 20)
    table[rng.random(table.shape) < 0.05] = np.nan
    return table


@given(st.lists(ANYTHING, min_size=25, max_size=60))
@share(0.4)
def test_whatever_comes_a_score_is_a_number(values: list[float]) -> None:
    found = watch(np.array(values))
    there = np.isfinite(values)
    known = there & (np.cumsum(there) > model.WARMUP)
    assert (np.isfinite(found.score[0]) == known).all()
    assert (found.score[0][known] >= 0).all()
    assert np.isfinite(found.expected[0][known]).all()


@given(st.sampled_from([0.0, 1e-300, 1e-30, 1e-9, 1.0, 1e9, 1e30, 1e300]), st.sampled_from([-1.0, 1.0]))
def test_a_constant_of_any_size_tells_nobody(size: float, sign: float) -> None:
    found = watch(np.full(100, sign * size))
    assert np.nanmax(found.score) < 1
    assert not found.alarm.any()


@pytest.mark.parametrize("size", [1e-6, 1e-3, 1.0, 1e6, 1e24])
def test_a_constant_of_any_size_that_changes_is_seen(size: float) -> None:
    values = np.full(400, size)
    values[300:] *= 1.5
    assert watch(values).told() == [301]


@given(SEEDS, st.floats(1e-3, 1e6))
@share(0.08)
def test_scores_do_not_depend_on_the_unit(seed: int, factor: float) -> None:
    np.testing.assert_allclose(judged(noise(150, seed) * factor), judged(noise(150, seed)), rtol=KEPT, atol=1e-6)


@given(SEEDS, st.floats(-60, 20))
@share(0.08)
def test_scores_do_not_depend_on_the_zero(seed: int, shift: float) -> None:
    """As long as a deviation is more than the one per cent of the level that is taken for granted."""
    values = 3 * noise(150, seed) - 200
    np.testing.assert_allclose(judged(values + shift), judged(values), rtol=KEPT, atol=1e-6)


@given(SEEDS)
@share(0.08)
def test_up_is_as_down(seed: int) -> None:
    values = wild(seed, 3, 150)
    np.testing.assert_allclose(judged(-values), judged(values), rtol=1e-9)


@given(SEEDS, st.integers(1, 7))
@share(0.1)
def test_what_is_judged_together_does_not_matter(seed: int, at_once: int) -> None:
    table = wild(seed, 7, 120)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "AT_ONCE", at_once)
        parts = watch(table)
    whole = watch(table)
    np.testing.assert_array_equal(parts.score, whole.score)
    assert equal(parts.model, whole.model, 7)
    alone = [watch(one) for one in table]
    np.testing.assert_array_equal(np.concatenate([one.score for one in alone]), whole.score)


def test_more_series_than_are_judged_at_once() -> None:
    table = wild(1, 2 * model.AT_ONCE + 100, 40)
    whole = watch(table)
    for rows in (slice(0, 50), slice(model.AT_ONCE - 20, model.AT_ONCE + 20), slice(-50, None)):
        np.testing.assert_array_equal(watch(table[rows]).score, whole.score[rows])


@given(SEEDS, st.lists(st.tuples(st.integers(20, 119), st.floats(0, 10 * STEP), ANYTHING), max_size=8))
@share(0.1)
def test_points_that_come_again_or_late_change_nothing(seed: int, late: list[tuple[int, float, float]]) -> None:
    values = noise(120, seed)
    once, twice = Model(), Model()
    for one in (once, twice):
        one.grow(1)
    for number, value in enumerate(values):
        at = START + STEP * number
        assert same(once.judge(at, np.array([value]), STEP), twice.judge(at, np.array([value]), STEP))
        for _, before, wrong in (one for one in late if one[0] == number):
            assert np.isnan(twice.judge(at - before, np.array([wrong]), STEP).score[0])
    assert equal(once, twice, 1)


@pytest.mark.parametrize("cut", [10, 1439, 2016])
def test_saved_and_restored_is_as_never_interrupted(tmp_path: Path, cut: int) -> None:
    table = np.stack([daily(8), np.where(np.arange(8 * 288) % 7, daily(8, 2), np.nan), wild(1, 1, 8 * 288)[0]])
    table[0, 1400:1500] += 200  # cut 1439: while an alarm is on
    times = MONDAY + STEP * np.arange(table.shape[1])
    whole = watch(table, times=times)
    before = watch(table[:, :cut], times=times[:cut])
    write_arrays(tmp_path / "learned.npz", {"at": before.model.at}, dict(before.model.state.arrays()))
    index, arrays = read_arrays(tmp_path / "learned.npz")
    restored = Model(at=index["at"])
    for name, array in arrays.items():
        restored.state.put(name, array)
    after = watch(table[:, cut:], restored, times=times[cut:])
    np.testing.assert_array_equal(np.concatenate([before.score, after.score], axis=1), whole.score)
    assert equal(after.model, whole.model, 3)
