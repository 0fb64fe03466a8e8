"""Whether each point of many series is above the boundary, by the detector of any metric of this release or another.

`python -m bench.ageing_judge FOLDER STEP` is what `elsewhere` starts, with another release first on the path: it judges
`FOLDER/values.npy`, of the times in `FOLDER/times.npy`, and writes `FOLDER/above.npy`.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.series import Flags, Floats, NoData

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = "anomaly-detector"
HOMES: Final = ("aiops.detect.univariate", "aiops.detect.online")
"""Where releases have the detector of any metric, the newest first."""
OFTEN: Final = 0.5
"""Seconds between two reports of how far it is."""

Told = Callable[[str], None]


def told(text: str) -> None:
    """What is going on, on a line that is written over, where somebody looks."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text[:100]:<100}\r")
        sys.stderr.flush()


def is_fast() -> bool:
    """Whether this release can be compiled here."""
    return find_spec("numba") is not None


def one_by_one(times: Floats, values: Floats, step: float) -> Flags:
    """Judge series `(points, series)` of this release, compiled: one after another."""
    from aiops.detect.univariate import Tuning
    from aiops.detect.univariate.compiled import judge_series
    from aiops.detect.univariate.season import monday

    above = np.zeros(values.shape, dtype=np.bool_)
    steps, local = np.full(len(times), step), monday(times)
    for place in range(values.shape[1]):
        told(f"series {place + 1} of {values.shape[1]}")
        series = (times, np.ascontiguousarray(values[:, place]), steps, local)
        above[:, place] = judge_series(series, None, Tuning())[:, 0] >= 1
    told("")
    return above


def together(times: Floats, values: Floats, step: float, tuning: Any = None) -> Flags:
    """Judge series `(points, series)` with the model of the release that is on the path: all at once, time by time."""
    model = _model() if tuning is None else _model(tuning)
    model.grow(values.shape[1])
    above = np.zeros(values.shape, dtype=np.bool_)
    said = 0.0
    for place, at in enumerate(times.tolist()):
        if time.monotonic() - said > OFTEN:
            said = time.monotonic()
            told(f"{place / len(times):.0%} of {values.shape[1]} series")
        above[place] = model.judge(at, values[place], step).score >= 1  # NaN is not
    told("")
    return above


def elsewhere(folder: Path, times: Floats, values: Floats, step: float) -> Flags:
    """Judge series `(points, series)` with the release in a folder, in a process of its own."""
    package = folder / PACKAGE
    if not (package / "aiops").is_dir():
        raise NoData(f"{folder} is no checkout of a release: it has no {PACKAGE}/aiops")
    path = os.pathsep.join([str(package.resolve()), *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryDirectory() as between:
        np.save(Path(between, "times.npy"), times)
        np.save(Path(between, "values.npy"), values)
        command = [sys.executable, "-m", "bench.ageing_judge", between, str(step)]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, check=True)
        above: Flags = np.load(Path(between, "above.npy"))
    return above


def _model(*tuning: Any) -> Any:
    for home in HOMES:
        try:
            return import_module(home).Model(*tuning)
        except ModuleNotFoundError:
            continue
    raise NoData(f"this release has no detector of any metric: none of {', '.join(HOMES)}")


def main() -> None:
    between, step = Path(sys.argv[1]), float(sys.argv[2])
    values = np.load(between / "values.npy", mmap_mode="r")
    np.save(between / "above.npy", together(np.load(between / "times.npy"), values, step))


if __name__ == "__main__":
    main()
