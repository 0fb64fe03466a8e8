"""The compiled form of the detector of any metric: the same arithmetic, and nothing that an engine would import."""

import subprocess
import sys

import numpy as np
import pytest

from aiops.detect.univariate import Tuning
from aiops.detect.univariate.season import monday
from aiops.model.arrays import Floats

from .online import MONDAY, STEP, daily, watch

compiled = pytest.importorskip("aiops.detect.univariate.compiled")


def series(seed: int) -> Floats:
    """Nine days of a series with a day, with incidents both ways, a new level, values that stand still, and holes."""
    rng = np.random.default_rng(seed)
    values = daily(9, seed)
    for place in range(700, 2500, 200):
        values[place : place + rng.integers(1, 40)] += rng.choice([-1, 1]) * rng.uniform(150, 300)
    values[1500:2100] += 90
    values[400:450] = 50.0
    values[rng.random(len(values)) < 0.02] = np.nan
    return values


@pytest.mark.parametrize("seed", range(3))
def test_scores_and_alarms_are_those_of_many_series_at_once(seed: int) -> None:
    values = series(seed)
    times = MONDAY + STEP * np.arange(len(values))
    found = watch(values, times=times)
    given = (times, values, np.full(len(values), STEP), monday(times))
    score, expected, _, _, alarm, *least = compiled.judge_series(given, None, Tuning()).T
    np.testing.assert_allclose(score, found.score[0], rtol=1e-9)
    np.testing.assert_allclose(expected, found.expected[0], rtol=1e-9)
    np.testing.assert_allclose(least, found.least[:, 0], rtol=1e-9)
    np.testing.assert_array_equal(alarm > 0, found.alarm[0])
    assert len(found.told()) > 3, "the case has alarms"


def test_who_was_away_for_too_long_begins_anew() -> None:
    values = daily(3)
    times = MONDAY + STEP * np.arange(len(values))
    times[500:] += Tuning().forget_after + STEP
    found = compiled.judge_series((times, values, np.full(len(values), STEP), monday(times)), None, Tuning())
    assert np.isnan(found[500:520, 0]).all()
    assert np.isfinite(found[520:, 0]).all()


def test_an_engine_does_not_import_it() -> None:
    asked = (
        "import sys, aiops.bootstrap.application, aiops.web.pages, aiops.web.backtest; print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_formula_that_was_changed_is_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """numba's cache looks at one function, and not at those that it calls: names carry a digest of all sources."""
    digest, read = compiled._digest(), compiled.inspect.getsource
    assert compiled._compiled().py_func.__qualname__.endswith(digest)
    for changed in compiled.MODULES:

        def edited(module: object, changed: str = changed) -> str:
            return read(module) + "#" * str(module.__name__).endswith(changed)

        monkeypatch.setattr(compiled.inspect, "getsource", edited)
        assert compiled._digest.__wrapped__() != digest
