"""What views of shapes add to the detector of any metric, and what they cost: on both public sets, and on own faults.

    python -m bench.shapes FOLDER                         # some minutes, on one core
    python -m bench.shapes FOLDER --json bench/scores/shapes.json

FOLDER is that of `bench.detection`. Views: bench/shape_views.py; own series with faults of shape only:
bench/shape_faults.py. Each view is judged by the same detector with the same tuning. Beside the detector, a point is a
detection if either says so. Events are counted as in aiops/backtest/scoring.py, NAB as in bench/nab.py, notified once
in four hours. CPU is that of a point, in microseconds, on own series; memory is what an online form would keep of a
series, its detector included.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from aiops.backtest.scoring import RULES
from aiops.detect.univariate.state import State
from bench import clouds, nab, ours, shape_faults, shape_views
from bench.ageing_judge import told
from bench.series import Flags, Floats, NoData, Series
from bench.shapes_page import ALONE, TOGETHER, lines

SEEDS: Final = 10
NUMBER_BYTES: Final = 8

Found = dict[str, tuple[Floats, Flags]]
"""Of each series, its scores, and where alarms begin."""


@dataclass(frozen=True, slots=True)
class Sets:
    """Both public sets, and own series by kind."""

    sheets: list[nab.Sheet]
    weights: nab.Weights
    clouds: list[Series]
    own: dict[str, list[Series]]

    @property
    def every(self) -> list[Series]:
        return [*(one.series for one in self.sheets), *self.clouds, *(each for of in self.own.values() for each in of)]


def load(folder: Path, seeds: int) -> Sets:
    """Read and make everything."""
    own: dict[str, list[Series]] = {kind: [] for kind in shape_faults.KINDS}
    for kind, one in shape_faults.fleet(seeds):
        own[kind].append(one)
    sheets = [nab.sheet(one) for one in nab.load(folder)]
    return Sets(sheets, nab.profiles(folder)["standard"], clouds.load(folder), own)


def scored(score: Callable[[Floats, Floats], tuple[Floats, Flags]], sets: Sets, name: str) -> tuple[Found, float]:
    """What a detector says of every series, and its CPU for a point of the own ones (µs)."""
    own = {one.name for of in sets.own.values() for one in of}
    out: Found = {}
    spent = points = 0.0
    for place, one in enumerate(every := sets.every):
        told(f"{name}: series {place + 1} of {len(every)}")
        begun = time.process_time()
        out[one.name] = score(one.times.copy(), one.values.copy())
        if one.name in own:
            spent, points = spent + time.process_time() - begun, points + len(one.times)
    told("")
    return out, 1e6 * spent / points


def either(parts: Sequence[Found]) -> Found:
    """The higher score, and the begins of all."""
    return {
        name: (
            np.maximum.reduce([part[name][0] for part in parts]),
            np.logical_or.reduce([part[name][1] for part in parts]),
        )
        for name in parts[0]
    }


def measured(found: Found, sets: Sets) -> dict[str, Any]:
    """Figures of one detector."""
    above = {name: scores >= 1 for name, (scores, _) in found.items()}
    begun = {name: above[name] & begins for name, (_, begins) in found.items()}
    notified = {one.series.name: nab.notified(one.series.times, begun[one.series.name]) for one in sets.sheets}
    return {
        "nab": nab.score(sets.sheets, notified, sets.weights),
        "clouds": clouds.count(sets.clouds, above, RULES).document(),
        "own": {kind: clouds.count(of, above, RULES).document() for kind, of in sets.own.items()},
    }


def run(sets: Sets) -> dict[str, Any]:
    """Figures of the detector, of each view alone, and beside the detector."""
    state = State()
    state.grow(1)
    detector = sum(array[:1].nbytes for _, array in state.arrays())
    base, cpu = scored(ours.score, sets, "the detector")
    out: dict[str, Any] = {"detector": {**measured(base, sets), "cpu": cpu, "bytes": detector}}
    views: dict[str, Found] = {}
    for name in shape_views.VIEWS:
        views[name], cpu = scored(lambda times, values, of=name: shape_views.score(of, times, values), sets, name)
        cost = {"cpu": cpu, "bytes": detector + NUMBER_BYTES * shape_views.kept(name)}
        out[f"{ALONE}{name}"] = {**measured(views[name], sets), **cost}
        out[f"{TOGETHER}{name}"] = {**measured(either([base, views[name]]), sets), **cost}
    both = ["profile", "movement"]
    cost = {key: sum(out[f"{ALONE}{name}"][key] for name in both) for key in ("cpu", "bytes")}
    out[f"{TOGETHER}{', '.join(both)}"] = {**measured(either([base, *(views[name] for name in both)]), sets), **cost}
    return out


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the data sets are")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"own series of each kind, default {SEEDS}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    arguments = parser.parse_args()
    try:
        sets = load(arguments.folder, arguments.seeds)
    except NoData as error:
        parser.error(str(error))
    try:
        result = {"seeds": arguments.seeds, "views": run(sets)}
    except KeyboardInterrupt:
        told("")
        sys.exit(130)
    for line in lines(result):
        print(line)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
