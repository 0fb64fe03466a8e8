"""Gains of Holt-Winters fitted to a history, offline: by statsmodels, which only this module needs (`aiops[fit]`).

Of each series means of five minutes are fitted, of two weeks at most, with a season of a day and first states
by statsmodels' heuristic. A fit is kept only where it forecasts the last part of the history, which it has not seen,
better than the gains that everybody has: by the mean of absolute errors, clipped, one bucket ahead, as the detector
itself does.
"""

import multiprocessing
import signal
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

import numpy as np

from aiops.detect.univariate import holt_winters
from aiops.detect.univariate.holt_winters import ALPHA, BETA, GAMMA, PHI, HoltWinters
from aiops.detect.univariate.season import monday
from aiops.model.arrays import Floats, Ints
from aiops.model.errors import InvalidInput

BUCKETS: Final = 288
SECONDS: Final = 300.0
"""The season of a day, as the detector has it."""
MOST_BUCKETS: Final = 4032
"""Two weeks."""
FEWEST_BUCKETS: Final = 1440
"""Five days: three to fit, and the rest to compare on."""
HELD_OUT: Final = 0.25
BETTER: Final = 0.95
"""How much smaller a fit must make the errors."""
CLIP: Final = 8.0
"""Median errors beyond which an error counts no more: incidents are not what gains are chosen by."""
COVERED: Final = 0.8
"""The part of its buckets that a history must have."""


class FittingError(InvalidInput):
    """Why nothing can be fitted, in a sentence."""


@dataclass(frozen=True, slots=True)
class Gains:
    """α, β, γ and φ of `HoltWinters`."""

    alpha: float = ALPHA
    beta: float = BETA
    gamma: float = GAMMA
    phi: float = PHI


@dataclass(frozen=True, slots=True)
class Fit:
    """What came of a series: gains that were found, and the errors on what was held out, with the usual gains and
    with these; no gains, and why, where none could be."""

    buckets: int
    gains: Gains | None = None
    usual_loss: float = float("nan")
    loss: float = float("nan")
    why: str = ""

    @property
    def kept(self) -> bool:
        """Whether they are worth using."""
        return self.gains is not None and self.loss <= BETTER * self.usual_loss


def use(season: HoltWinters, rows: Ints, gains: Gains) -> None:
    """Have these series learn with fitted gains."""
    season.gains[rows] = (gains.alpha, gains.beta, gains.gamma, gains.phi)


def check_series() -> None:
    """Raises FittingError where statsmodels is not there."""
    if find_spec("statsmodels") is None:
        raise FittingError("statsmodels is not installed; pip install 'aiops[fit]' brings it")


def fit_all(
    histories: Iterable[tuple[Floats, Floats]], workers: int, done: Callable[[], None] = lambda: None
) -> list[Fit]:
    """Fit histories (times in Unix seconds, values) in processes of their own; `done` is called after each."""
    check_series()
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        with _interrupts_held():  # those who are started meanwhile never see one
            asked = [pool.submit(fit_gains, times, values) for times, values in histories]
        for _ in as_completed(asked):
            done()
        return [one.result() for one in asked]
    finally:
        pool.shutdown(cancel_futures=True)


def fit_gains(times: Floats, values: Floats) -> Fit:
    """Fit the means of one history `(points,)`, Unix seconds and values in any order."""
    begin, means = bucket_means(times, values)
    there = np.isfinite(means)
    if len(means) < FEWEST_BUCKETS or there.mean() < COVERED:
        return Fit(int(there.sum()), why="five days without large gaps are needed")
    held = round(len(means) * (1 - HELD_OUT))
    if np.ptp(means[:held][there[:held]]) == 0:
        return Fit(int(there.sum()), why="it is constant")
    try:
        gains = _gains(_filled(means[:held]))
    except (ValueError, FloatingPointError, np.linalg.LinAlgError) as error:
        return Fit(int(there.sum()), why=f"statsmodels finds none: {error}")
    usual_loss, loss = losses(begin, means, held, [Gains(), gains])
    return Fit(int(there.sum()), gains, usual_loss, loss)


def bucket_means(times: Floats, values: Floats) -> tuple[float, Floats]:
    """The begin of the first bucket (Unix seconds) and the mean of each of the last `MOST_BUCKETS`, NaN where empty."""
    known = np.isfinite(values) & np.isfinite(times)
    if not known.any():
        return 0.0, np.zeros(0)
    number = (times[known] // SECONDS).astype(np.int64)
    first = max(int(number.min()), int(number.max()) - MOST_BUCKETS + 1)
    place, recent = number - first, number >= first
    count = np.bincount(place[recent])
    total = np.bincount(place[recent], weights=values[known][recent])
    return first * SECONDS, np.where(count > 0, total / np.maximum(count, 1), np.nan)


def losses(begin: float, means: Floats, held: int, choices: list[Gains]) -> list[float]:
    """Mean clipped error with each choice of gains, one bucket ahead, over what comes from bucket `held` on."""
    season, rows = HoltWinters(BUCKETS, SECONDS), np.arange(len(choices))
    season.grow(len(choices))
    for row, gains in enumerate(choices):
        use(season, rows[row : row + 1], gains)
    season.level[rows] = np.nanmedian(means[:held])
    errors = np.full((len(choices), len(means)), np.nan)
    for number, mean in enumerate(means):
        if np.isfinite(mean):
            middle = np.full(len(choices), monday(begin + (number + 0.5) * season.seconds))
            holt_winters.take(season, rows, middle, np.full(len(choices), mean))  # learns the bucket before
            errors[:, number] = np.abs(mean - holt_winters.forecast(season, rows, middle)[0])
    late = errors[:, held:]
    most = CLIP * max(float(np.nanmedian(late[0])), 1e-12)
    return [float(one) for one in np.nanmean(np.minimum(late, most), axis=1)]


def _filled(means: Floats) -> Floats:
    """Without holes: those are as the other days at that time, else as what is beside them."""
    day, out = BUCKETS, means.copy()
    for hole in np.flatnonzero(np.isnan(means)):
        others = means[hole % day :: day]
        others = others[np.isfinite(others)]
        out[hole] = np.median(others) if len(others) else np.nan
    left = np.isnan(out)
    out[left] = np.interp(np.flatnonzero(left), np.flatnonzero(~left), out[~left])
    return out


def _gains(means: Floats) -> Gains:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing  # type: ignore[import-untyped]

    scale = float(np.ptp(means))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it did not converge shows on what was held out
        found = ExponentialSmoothing(
            (means - means.min()) / scale,
            trend="add",
            damped_trend=True,
            seasonal="add",
            seasonal_periods=BUCKETS,
            initialization_method="heuristic",
        ).fit()
    told = found.params
    keys = ("smoothing_level", "smoothing_trend", "smoothing_seasonal", "damping_trend")
    values = [float(told[key]) for key in keys]
    if not np.isfinite(values).all():
        raise ValueError("the gains are no numbers")
    return Gains(*values)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
