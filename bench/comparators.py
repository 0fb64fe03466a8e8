"""Detectors to compare with: causal scores of points, one configuration each for all series, 1 the boundary.

promql-adaptive, promql-robust  The rules of grafana/promql-anomaly-detection: see bench/comparators_promql.py.
zscore-online    |x - mean| / (3 deviation), of all points before.
rolling-3sigma   The same, of the day before.
poly             Error of a quadratic that is fitted to the 24 points before, by three times the root mean square of
                 such errors of the day before. After POLY of Li et al., as TSB-UAD has it.
sr               Spectral residual (Ren et al., KDD 2019): 64 points, and 5 that are guessed after them; averages over
                 3 frequencies and 21 points, boundary 3. These are the defaults of ML.NET's SrCnn detector,
                 and the guess is that of Microsoft's anomalydetector.
statsmodels-ets  Additive exponential smoothing with damped trend, and a season of a day where a day has 4 to 288
                 points and four of them are there. Parameters are fitted by statsmodels to the last 2,016 points,
                 whenever there are a tenth more points than at the last fit, in at most 50 iterations, first states by
                 its heuristic; in between, the recursion goes on. The error, by three times its deviation while
                 fitting. These are caps: with first states estimated as well, a dozen fits took 277 s on 4,000 points.
random           Uniform by a seed: one alert in 500 points.

Points without value are left out, as if there had been none.
"""

import warnings
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bench import comparators_promql
from bench.series import Floats, Score

DAY: Final = 86_400.0
LEAST: Final = 20  # points before the first score
MOST: Final = 100.0  # where there was no deviation at all
SIGMAS: Final = 3.0
POLY_POINTS, POLY_DEGREE = 24, 2
SR_WINDOW, SR_GUESSED, SR_BEFORE, SR_SPECTRUM, SR_JUDGED, SR_BOUNDARY = 64, 5, 5, 3, 21, 3.0
ETS_POINTS, ETS_GROWTH, ETS_ITERATIONS, ETS_PERIODS, ETS_SEASONS = 2016, 1.1, 50, (4, 288), 4
RANDOM_SEED, RANDOM_ALERTS = 7, 500


def zscore_online(_times: Floats, values: Floats) -> Floats:
    """By all points before."""
    return _by_window(values, values, np.zeros(len(values), dtype=np.int64), centred=True)


def rolling_3sigma(times: Floats, values: Floats) -> Floats:
    """By the day before."""
    return _by_window(values, values, _a_day_before(times), centred=True)


def poly(times: Floats, values: Floats) -> Floats:
    """Error of a local polynomial's forecast."""
    if len(values) <= POLY_POINTS:
        return np.zeros(len(values))
    places = np.arange(POLY_POINTS) - POLY_POINTS  # the point that is forecast is at 0
    weights = np.linalg.pinv(np.vander(places / POLY_POINTS, POLY_DEGREE + 1))[-1]
    forecast = sliding_window_view(values[:-1], POLY_POINTS) @ weights
    errors = values[POLY_POINTS:] - forecast
    errors[np.abs(errors) <= 1e-9 * np.abs(values[POLY_POINTS:])] = 0.0  # rounding
    first = np.maximum(_a_day_before(times)[POLY_POINTS:] - POLY_POINTS, 0)
    return np.concatenate([np.zeros(POLY_POINTS), _by_window(errors, errors, first, centred=False)])


def spectral_residual(_times: Floats, values: Floats) -> Floats:
    """Saliency of the last point, by the mean of those before."""
    if len(values) < SR_WINDOW:
        return np.zeros(len(values))
    windows = sliding_window_view(values, SR_WINDOW)
    before = windows[:, -2 - SR_BEFORE : -1]  # the guess must not know the point that is judged
    slopes = (before[:, -1:] - before[:, :-1]) / np.arange(SR_BEFORE, 0, -1)
    guess = before[:, 1] + slopes.sum(axis=1)
    longer = np.concatenate([windows, np.repeat(guess[:, None], SR_GUESSED, axis=1)], axis=1)
    spectrum = np.fft.fft(longer, axis=1)
    size = np.abs(spectrum)
    logs = np.log(np.maximum(size, 1e-8))
    summed = np.cumsum(np.pad(logs, ((0, 0), (SR_SPECTRUM, 0))), axis=1)
    counts = np.minimum(np.arange(1, logs.shape[1] + 1), SR_SPECTRUM)
    mean = (summed[:, SR_SPECTRUM:] - summed[:, :-SR_SPECTRUM]) / counts
    residual = np.exp(logs - mean) * np.where(size > 1e-8, spectrum / np.maximum(size, 1e-8), 0.0)
    saliency = np.abs(np.fft.ifft(residual, axis=1))[:, :SR_WINDOW]
    local = np.maximum(saliency[:, -SR_JUDGED:].mean(axis=1), 1e-8)
    out = np.clip((saliency[:, -1] - local) / local / SR_BOUNDARY, 0.0, MOST)
    return np.concatenate([np.zeros(SR_WINDOW - 1), out])


def statsmodels_ets(times: Floats, values: Floats) -> Floats:
    """Forecast error of exponential smoothing, fitted anew now and then."""
    out = np.zeros(len(values))
    begin = 2 * LEAST
    while begin < len(values):
        end = min(int(np.ceil(begin * ETS_GROWTH)), len(values))
        out[begin:end] = _ets(times, values, begin, end)
        begin = end
    return out


def random_score(times: Floats, values: Floats) -> Floats:
    """Nothing but chance."""
    own = [int.from_bytes(one.tobytes(), "little") for one in (times[:1], values[:1])]  # another row of chances each
    return np.random.default_rng([RANDOM_SEED, *own]).random(len(values)) / (1.0 - 1.0 / RANDOM_ALERTS)


def _ets(times: Floats, values: Floats, begin: int, end: int) -> Floats:
    """Scores of rows begin .. end, by a fit to the rows before."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    first = max(begin - ETS_POINTS, 0)
    step = float(np.median(np.diff(times[first:begin])))
    period = round(DAY / step) if step > 0 else 0
    seasonal = ETS_PERIODS[0] <= period <= ETS_PERIODS[1] and begin - first >= ETS_SEASONS * period
    middle, scale = np.median(values[first:begin]), float(np.std(values[first:begin]))
    if scale <= 1e-12 * max(abs(float(middle)), 1e-300):
        return np.where(values[begin:end] == middle, 0.0, MOST)
    scaled = (values[first:end] - middle) / scale
    kind = {"error": "add", "trend": "add", "damped_trend": True}
    if seasonal:
        kind |= {"seasonal": "add", "seasonal_periods": period}
    known = begin - first
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that ended at its last iteration says so, and is used
        model = ETSModel(scaled[:known], **kind, initialization_method="heuristic")
        fit = model.fit(disp=False, maxiter=ETS_ITERATIONS)
        start = {name: getattr(model, name) for name in ("initial_level", "initial_trend", "initial_seasonal")}
        longer = ETSModel(scaled, **kind, initialization_method="known", **start)
        forecast = np.asarray(longer.smooth(fit.params).fittedvalues)
    errors = scaled - forecast
    deviation = max(float(np.std(errors[:known])), 1e-6)
    with np.errstate(all="ignore"):
        return np.nan_to_num(np.minimum(np.abs(errors[known:]) / (SIGMAS * deviation), MOST), nan=0.0)


def _a_day_before(times: Floats) -> np.ndarray:
    when = np.maximum.accumulate(times)
    return np.searchsorted(when, when - DAY, side="left")


def _by_window(values: Floats, of: Floats, first: np.ndarray, *, centred: bool) -> Floats:
    """|value - mean| / (3 deviation), both of the rows first[i] .. i - 1 of `of`; not centred: with a mean of zero."""
    if not len(values):
        return np.zeros(0)
    shift = of[0] if centred else 0.0
    here = np.arange(len(values))
    sums, squares = (np.concatenate([[0.0], np.cumsum((of - shift) ** power)]) for power in (1, 2))
    count = np.maximum(here - first, 1)
    mean = (sums[here] - sums[first]) / count if centred else np.zeros(len(values))
    square = (squares[here] - squares[first]) / count
    variance = np.maximum(square - mean**2, 0.0)
    variance[variance < 1e-12 * np.maximum(square, 1e-300)] = 0.0  # what is left of rounding
    distance = np.abs(values - shift - mean)
    flat = np.where(distance > 1e-9 * np.abs(values), MOST, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        score: Floats = np.where(variance > 0, np.minimum(distance / (SIGMAS * np.sqrt(variance)), MOST), flat)
    score[here - first < LEAST] = 0.0
    return np.asarray(score, dtype=np.float64)


def _over_missing(score: Score) -> Score:
    def scored(times: Floats, values: Floats) -> Floats:
        there = np.isfinite(values)
        out = np.zeros(len(values))
        out[there] = score(times[there], values[there])
        return out

    return scored


COMPARATORS: Final[dict[str, Score]] = {
    "promql-adaptive": comparators_promql.adaptive,
    "promql-robust": comparators_promql.robust,
    **{
        name: _over_missing(score)
        for name, score in {
            "zscore-online": zscore_online,
            "rolling-3sigma": rolling_3sigma,
            "poly": poly,
            "sr": spectral_residual,
            "statsmodels-ets": statsmodels_ets,
            "random": random_score,
        }.items()
    },
}
