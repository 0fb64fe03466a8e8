"""Holt-Winters, held to statsmodels': the same recursion to the last digits where each bucket has one value."""

import numpy as np
import pytest
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from aiops.detect.univariate import holt_winters
from aiops.detect.univariate.holt_winters import HoltWinters
from aiops.model.arrays import Floats

SEASON, SECONDS = 12, 3600.0
GROWN = 10**9
"""Buckets after which no gain is more than what it was fitted to."""


def recursion(values: Floats, gains: Floats, level: float, trend: float, profile: Floats) -> Floats:
    """What is expected of each point by those before it, in double precision, with these gains and first states."""
    model = HoltWinters(SEASON, SECONDS)
    model.grow(1)
    model.put("profile", np.tile(profile, (len(model.level), 1)))
    model.put("gains", np.tile(gains, (len(model.level), 1)))
    model.visits[:], model.closed[:] = 254, GROWN
    model.level[:], model.trend[:] = level, trend
    row, expected = np.array([0]), []
    for number, value in enumerate(values):
        middle = np.array([(number + 0.5) * SECONDS])
        holt_winters.take(model, row, middle, np.array([value]))  # learns the bucket before
        expected.append(holt_winters.forecast(model, row, middle)[0][0])
    return np.array(expected)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("damped", [True, False], ids=["damped", "straight"])
def test_it_is_what_statsmodels_computes(seed: int, damped: bool) -> None:
    rng = np.random.default_rng(seed)
    values = 50 + np.cumsum(rng.standard_normal(200)) + 10 * np.sin(2 * np.pi * np.arange(200) / SEASON)
    alpha, beta, gamma = rng.uniform(0.05, 0.95, 3)
    phi = float(rng.uniform(0.8, 0.99)) if damped else 1.0
    profile = rng.normal(0, 5, SEASON)
    fitted = ExponentialSmoothing(
        values,
        trend="add",
        damped_trend=damped,
        seasonal="add",
        seasonal_periods=SEASON,
        initialization_method="known",
        initial_level=40.0,
        initial_trend=0.5,
        initial_seasonal=profile,
    ).fit(
        smoothing_level=alpha,
        smoothing_trend=beta,
        smoothing_seasonal=gamma,
        damping_trend=phi if damped else None,
        optimized=False,
    )
    found = recursion(values, np.array([alpha, beta, gamma, phi]), 40.0, 0.5, profile)
    np.testing.assert_allclose(found, fitted.fittedvalues, rtol=0, atol=1e-8)
