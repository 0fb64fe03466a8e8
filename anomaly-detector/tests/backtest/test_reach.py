"""When a boundary is too wide: which stretches are named, and that nothing smaller than what they say is told."""

import numpy as np
import pytest

from aiops.backtest import TableSeries, ValuesReplay, Wide
from aiops.backtest import values as values_module
from aiops.backtest.reach import too_wide
from aiops.detect.univariate import Model
from aiops.model import labels

STEP, DAY = 3600.0, 86_400.0
START = 1_700_000_000.0 - 1_700_000_000.0 % DAY


def found(values: np.ndarray, fall: float | np.ndarray = 1.0, rise: float | np.ndarray = 1.0) -> tuple[Wide, ...]:
    points = len(values)
    least = np.column_stack([np.broadcast_to(fall, points), np.broadcast_to(rise, points)])
    return too_wide(START + STEP * np.arange(points), values, np.full(points, 5.0), least, np.zeros(points, bool))


def wave(days: int, low: float = 4.0, high: float = 6.0) -> np.ndarray:
    return low + (high - low) * (np.arange(24 * days) % 2)


def test_a_rise_is_compared_with_the_range_and_with_what_is_usual() -> None:
    assert found(wave(30), rise=4.9) == ()
    [one] = found(wave(30), rise=6.5)
    assert (one.rise, one.start, one.end, one.size, one.edge) == (True, START + 6 * DAY, None, 6.5, None)
    assert (one.low, one.high) == (4.0, 6.0)
    values = wave(30)
    values[24 * 10] = 12.0  # 8 is the range for three weeks
    assert [(one.start, one.end) for one in found(values, rise=6.5)] == [(START + 6 * DAY, START + 10 * DAY)]


def test_a_fall_of_what_is_never_negative_is_compared_with_zero() -> None:
    assert found(wave(30), fall=4.9) == ()
    [one] = found(wave(30), fall=6.5)
    assert (one.rise, one.edge) == (False, 0.0)
    assert found(wave(30, 0.0, 0.0), fall=6.5) == (), "zero is usual"
    assert [one.edge for one in found(wave(30, -1.0, 6.0), fall=8.5)] == [None], "the range counts"


def test_a_rise_of_a_ratio_is_compared_with_one() -> None:
    ratio = wave(30, 0.004, 0.006)
    points = len(ratio)
    given = (START + STEP * np.arange(points), ratio, np.full(points, 0.005))
    for rise, edges in ((0.5, []), (1.0, [1.0])):
        least = np.column_stack([np.full(points, 0.001), np.full(points, rise)])
        assert [one.edge for one in too_wide(*given, least, np.zeros(points, bool))] == edges


def test_it_is_too_wide_only_where_no_time_of_the_day_is_better() -> None:
    rise = np.where(np.arange(30 * 24) % 24 == 3, 1.0, 9.0)
    assert found(wave(30), rise=rise) == ()
    assert len(found(wave(30), rise=np.where(np.arange(30 * 24) < 15 * 24, 9.0, 1.0))) == 1
    assert found(wave(30), rise=np.where(np.arange(30 * 24) // 24 % 4 < 2, 9.0, 1.0)) == (), "two days are not long"


def test_days_without_points_and_without_values_say_nothing() -> None:
    assert found(np.zeros(0)) == ()
    assert found(np.full(100, np.nan)) == ()
    values = wave(30)
    values[24 * 12 : 24 * 14] = np.nan
    assert [one.start for one in found(values, rise=9.0)] == [START + 6 * DAY]


def spiky(days: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 10 + rng.standard_normal(24 * days) + 60 * (rng.random(24 * days) < 0.06) * rng.random(24 * days)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_smaller_is_not_told_and_what_is_larger_is(seed: int) -> None:
    values = spiky(20, seed)
    once, again = Model(), Model()
    for model in (once, again):
        model.grow(4)
        for place, value in enumerate(values):
            model.judge(START + STEP * place, np.full(4, value), STEP)
    level, at = float(once.state.level[0]), START + STEP * len(values)
    known = once.judge(at, np.full(4, level), STEP, reach=True)
    rise, fall, expected = float(known.rise[0]), float(known.fall[0]), float(known.expected[0])
    tried = [
        *(min(level, expected) + 0.9 * rise, max(level, expected) + 1.1 * rise),
        *(max(level, expected) - 0.9 * fall, min(level, expected) - 1.1 * fall),
    ]
    scores = again.judge(at, np.array(tried), STEP).score
    assert [bool(one >= 1) for one in scores] == [False, True, False, True]


def test_it_is_the_same_compiled_and_not(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    values = spiky(40, 1)
    wanted = [TableSeries(labels(host="a"), [START + STEP * at for at in range(len(values))], values.tolist())]
    results = []
    for spec in (object(), None):
        monkeypatch.setattr(values_module, "find_spec", lambda _, spec=spec: spec)
        replay = ValuesReplay(wanted)
        list(replay.replay())
        results.append(replay.results[0].wide)
    assert results[0]
    assert [(one.rise, one.start, one.end, one.edge) for one in results[0]] == [
        (one.rise, one.start, one.end, one.edge) for one in results[1]
    ]
    assert [one.size for one in results[0]] == pytest.approx([one.size for one in results[1]])
