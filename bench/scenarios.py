"""What the engine makes of every fault of the catalogue, in virtual time, against the truth.

    python -m bench.scenarios                     # the whole sheet, printed
    python -m bench.scenarios --check             # and compared with the committed one: exit 1 where it is worse
    python -m bench.scenarios --seeds 1 --check   # what CI runs: one seed, compared case by case
    python -m bench.scenarios --save              # and committed: bench/scores/scenarios.json

Seeds 1 to 3 of a scenario run on the shop; 4 and 5 run its kind of fault somewhere in a generated graph of 12 and 50
services, where there can be such a fault, else on the shop too. `quiet-week` is seven days of changing load.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path

import click

from bench.rig import STEP, rig
from bench.sheet import Result, judge, render, worse_case, worse_sheet
from bench.week import quiet_week
from shop.catalogue import SCENARIOS
from shop.virtual.cases import RECIPES, Case, on_graph, on_shop

SHEET = Path(__file__).parent / "scores" / "scenarios.json"
WEEK = "quiet-week"
GRAPHS = {4: 12, 5: 50}
START = 1_763_712_000.0  # a Friday, 08:00 UTC
LEARN, LAST, WATCH = 390.0, 240.0, 210.0  # seconds before, with, and after the fault
LONG = {"gradual-latency": 2 * 3600.0}  # faults that are nothing in minutes
LEARN_LONG = {"traffic-drop": 4200.0, "traffic-surge": 4200.0}  # traffic is judged after an hour
CYCLE_STEPS = 5  # of hours in which nothing is timed: a trouble takes four calm steps to end, so that it is seen


def case_of(name: str, seed: int) -> Case:
    """The case of a row and a seed."""
    if name in RECIPES and seed in GRAPHS:
        return on_graph(name, seed, GRAPHS[seed])
    return on_shop(name, seed)


def run(name: str, seed: int) -> Result:
    """Live through one case and judge what became of it."""
    started = time.perf_counter()
    if name == WEEK:
        wrong = quiet_week(seed)
        return Result(name, seed, 0, 0, 0, 0, 0, len(wrong), 0, [], wrong, time.perf_counter() - started)
    case = case_of(name, seed)
    fault = START + LEARN_LONG.get(name, LEARN)
    clear = fault + LONG.get(name, LAST)
    end = clear + WATCH
    hurried = clear if name in LONG else fault - LEARN if name in LEARN_LONG else START
    with rig(START) as one:
        for number, slice_ in enumerate(case.model(fault, clear).slices(START, end, STEP), 1):
            if slice_.end < hurried and number % CYCLE_STEPS:
                one.take(slice_)
                continue
            cycle = one.live(slice_)
            if cycle.gaps:
                raise RuntimeError(f"{name}, seed {seed}: {cycle.gaps}")
        if one.engine.state.at != end:
            raise RuntimeError(f"{name}, seed {seed}: judged until {one.engine.state.at}, not {end}")
        return judge(name, seed, case.truth, one.incidents(), fault, time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("names", nargs="*", help=f"scenarios (default: all): {', '.join((*SCENARIOS, WEEK))}")
    parser.add_argument("--seeds", type=int, default=5, help="how many of each (default 5)")
    parser.add_argument("--seed", type=int, help="this one only")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="side by side (default: one a core)")
    parser.add_argument("--check", action="store_true", help="compare with the committed sheet; exit 1 if worse")
    parser.add_argument("--save", action="store_true", help="write these cases into the sheet that is committed")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in (*SCENARIOS, WEEK)]
    if unknown:
        parser.error(f"there is no scenario {unknown[0]!r}; there are {', '.join((*SCENARIOS, WEEK))}")
    seeds = [arguments.seed] if arguments.seed is not None else list(range(1, arguments.seeds + 1))
    committed = [Result.of(one) for one in json.loads(SHEET.read_text("utf-8"))["results"]] if SHEET.exists() else []
    if arguments.check and not committed:
        parser.error(f"there is no {SHEET.name} to compare with; make it with --save")
    commit = _commit()
    whole = not arguments.names and len(seeds) >= 5
    names = arguments.names or ([WEEK, *SCENARIOS] if whole else list(SCENARIOS))  # the longest first
    jobs = [(name, seed) for name in names for seed in (seeds[:1] if name == WEEK else seeds)]
    started = time.perf_counter()
    results = _all(jobs, arguments.processes)
    print(render(results))
    print(f"{len(results)} cases in {time.perf_counter() - started:.0f} s on {arguments.processes} processes")
    if arguments.save:
        now = {(one.name, one.seed): replace(one, commit=commit) for one in results}
        kept = {(one.name, one.seed): one for one in committed} | now
        order = [*SCENARIOS, WEEK]
        rows = sorted(kept.values(), key=lambda one: (order.index(one.name), one.seed))
        SHEET.parent.mkdir(exist_ok=True)
        record = {"step_seconds": STEP, "results": [one.as_json() for one in rows]}
        SHEET.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if arguments.check:
        worse = worse_sheet(committed, results, STEP) if whole else worse_case(committed, results)
        print("\n".join(worse) or "no worse than the committed sheet")
        sys.exit(1 if worse else 0)


def _all(jobs: Sequence[tuple[str, int]], processes: int) -> list[Result]:
    found: dict[tuple[str, int], Result] = {}
    with ProcessPoolExecutor(processes) as pool, contextlib.ExitStack() as stack:
        bar = stack.enter_context(click.progressbar(length=len(jobs), label="scenarios", file=sys.stderr))
        waiting = {pool.submit(run, *job): job for job in jobs}
        for done in as_completed(waiting):
            found[waiting[done]] = done.result()
            bar.update(1)
    return [found[job] for job in jobs]


def _commit() -> str:
    done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
