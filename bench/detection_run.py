"""Every detector over every series, on all cores; what a detector is called, and where the project's own is found."""

import importlib
import importlib.util
import multiprocessing
import os
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bench.comparators import COMPARATORS
from bench.series import Floats, Score, Series

# The project's own detector is the function `score` of bench/ours.py, of the type bench.series.Score.
OURS: Final = "aiops"
OURS_MODULE: Final = "bench.ours"

UNTOLD: Final = 0.999

Job = tuple[str, Series]


@dataclass(slots=True)
class Scored:
    """What a detector gave: scores by series, and the CPU that it took (s). `failed`: the first error, if any.

    told: the scores again, where a detector has alarms of its own less than 1 at every row of one but its first: an
    alarm is told once. The same as `scores` for all others.
    """

    scores: dict[str, Floats] = field(default_factory=dict)
    told: dict[str, Floats] = field(default_factory=dict)
    cpu: float = 0.0
    failed: str = ""


def names() -> list[str]:
    """Of all detectors there are, the project's own first."""
    return [*([OURS] if importlib.util.find_spec(OURS_MODULE) else []), *COMPARATORS]


def detector(name: str) -> Score:
    if name == OURS:
        score: Score = importlib.import_module(OURS_MODULE).score
        return score
    return COMPARATORS[name]


def run(detectors: Sequence[str], sets: Iterable[Series], told: Callable[[str], None]) -> dict[str, Scored]:
    """Score every series by every detector. A detector that fails is left out of the rest."""
    jobs = [(name, one) for one in sorted(sets, key=lambda one: -len(one.times)) for name in detectors]
    out = {name: Scored() for name in detectors}
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    # Spawned, to begin with one thread each; on leaving the block, by Ctrl-C too, they are ended.
    with multiprocessing.get_context("spawn").Pool(os.cpu_count(), _alone) as pool:
        for done, (name, series, scores, told_scores, cpu, failed) in enumerate(pool.imap_unordered(_work, jobs), 1):
            told(f"{done} of {len(jobs)}: {name}, {series}")
            out[name].cpu += cpu
            out[name].scores[series], out[name].told[series] = scores, told_scores
            out[name].failed = out[name].failed or failed
    told("")
    return out


def _alone() -> None:
    """Ctrl-C in a terminal reaches all processes: the first one sees to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(job: Job) -> tuple[str, str, Floats, Floats, float, str]:
    name, one = job
    score = detector(name)
    started, failed = time.process_time(), ""
    scores = begins = np.zeros(len(one.times))
    try:
        given = score(one.times.copy(), one.values.copy())
        scores, begins = given if isinstance(given, tuple) else (given, np.ones(len(one.times), dtype=np.bool_))
        scores = np.asarray(scores, dtype=np.float64)
        if scores.shape != one.times.shape or np.isnan(scores).any():
            raise ValueError(f"scores are {scores.shape}, {int(np.isnan(scores).sum())} of them NaN")
    except Exception:
        failed = f"{one.name}: {traceback.format_exc()}"
    told = np.where(begins, scores, np.minimum(scores, UNTOLD))
    return name, one.name, scores, told, time.process_time() - started, failed
