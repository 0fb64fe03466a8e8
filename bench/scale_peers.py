"""What a fit and an update take in other libraries, for `bench.scale`. Runs by itself, in whatever Python has them.

Prints JSON: library -> version and milliseconds by what was done, or nothing where it is not installed. The series has
2,016 points, a week of 5 minutes, with a season of a day, 288. The median of three is taken, after one that warms up.
"""

import importlib
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

POINTS, SEASON, TIMES = 2016, 288, 3


def series() -> Any:
    rng = np.random.default_rng(1)
    return 100 + 30 * np.sin(2 * np.pi * np.arange(POINTS) / SEASON) + 5 * rng.standard_normal(POINTS)


def took(work: Callable[[], object], times: int = TIMES) -> float:
    """Milliseconds."""
    work()
    every = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        every.append((time.perf_counter() - started) * 1e3)
    return statistics.median(every)


def statsmodels(values: Any) -> dict[str, float]:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    def fit() -> None:
        ExponentialSmoothing(
            values,
            trend="add",
            damped_trend=True,
            seasonal="add",
            seasonal_periods=SEASON,
            initialization_method="heuristic",
        ).fit()

    return {"refit of ExponentialSmoothing": took(fit)}


def statsforecast(values: Any) -> dict[str, float]:
    from statsforecast.models import HoltWinters, SeasonalExponentialSmoothingOptimized

    simple = SeasonalExponentialSmoothingOptimized(season_length=SEASON)
    return {
        "refit of HoltWinters": took(lambda: HoltWinters(season_length=SEASON).fit(values)),
        "refit of SeasonalExponentialSmoothing": took(lambda: simple.fit(values)),
    }


def river(values: Any) -> dict[str, float]:
    from river.time_series import HoltWinters

    model = HoltWinters(alpha=0.1, beta=0.01, gamma=0.1, seasonality=SEASON)
    points = values.tolist()
    for value in points:
        model.learn_one(value)

    def go_on() -> None:
        for value in points:
            model.forecast(horizon=1)
            model.learn_one(value)

    return {"update of HoltWinters": took(go_on) / len(points)}


def main() -> None:
    warnings.simplefilter("ignore")
    out: dict[str, Any] = {}
    for measure in (statsmodels, statsforecast, river):
        name = measure.__name__
        try:
            version = importlib.import_module(name).__version__
        except ImportError:
            continue
        out[name] = {"version": version, "milliseconds": measure(series())}
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    main()
