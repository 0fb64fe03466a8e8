"""Whether errors, latency and traffic are found as well after a year as in the first month, in virtual time.

    python -m bench.ageing_live                       # 12 months of 28 days, six hours of each day, a step a minute
    python -m bench.ageing_live --against FOLDER      # an earlier release on the same requests, beside it
    python -m bench.ageing_live --json result.json

Routes and their weekly incidents are those of bench/ageing_live_series.py; `detect.step` is what the engine runs. Every
five minutes it is looked what is in trouble. An incident is found if its route is in trouble of its family at a look in
it, or at the first one after it. A trouble is false if no look of it is in an incident of its route, or within half an
hour after one.

Ends with 1 where the last month's recall is less than 0.95 of the first month's, or a month has more than 0.02 false
troubles a route and day.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from aiops.detect import State, Tuning, step
from aiops.model import Family, Labels, SeriesBlock
from bench.ageing_live_series import FAMILIES, KINDS, MONTH, STEP, Route, Trouble, fleet, lived, minute_of, troubles

ROOT: Final = Path(__file__).parent.parent
LOOK: Final = 5
AFTER: Final = 30
"""Minutes after an incident in which a trouble belongs to it."""
KEPT: Final = 0.95
BOUND: Final = 0.02
Looks = dict[tuple[Labels, Family], list[int]]


@dataclass(slots=True)
class Cell:
    """What was counted."""

    events: int = 0
    found: int = 0
    false: int = 0


Cells = dict[str, list[Cell]]
"""Counts of each family and of each kind of route, by month."""


def live(routes: Sequence[Route], faults: Sequence[Trouble], days: int, minutes: int, seed: int = 1) -> Looks:
    """Live so many days; returns the minutes at which each route was seen in trouble, by family."""
    state, tuning, looks = State(), Tuning(), Looks()
    for number, day in enumerate(lived(list(routes), list(faults), days, minutes, seed)):
        if sys.stderr.isatty():
            sys.stderr.write(f"\rday {number + 1} of {days} ")
        at = minute_of(day, minutes)
        for place in range(0, minutes, LOOK):
            part = slice(place, place + LOOK)
            block = SeriesBlock(day.labels, day.ends[part], STEP, day.values[:, part])
            for one in step(state, block, tuning).findings:
                if one.rising:
                    looks.setdefault((one.series, one.family), []).append(int(at[part][-1]))
    return looks


def count(routes: Sequence[Route], faults: Sequence[Trouble], looks: Looks, months: int, minutes: int) -> Cells:
    """Count what was found and what was false."""
    cells = {name: [Cell() for _ in range(months)] for name in (*(str(one) for one in FAMILIES), *KINDS)}
    of_route = [[one for one in faults if one.route == place] for place in range(len(routes))]
    for place, route in enumerate(routes):
        for one in of_route[place]:
            times = looks.get((route.scope, one.family), [])
            hit = any(one.first <= at < one.last + LOOK for at in times)
            for name in (str(one.family), route.kind):
                cell = cells[name][min(one.week // 4, months - 1)]
                cell.events += 1
                cell.found += hit
        for family in FAMILIES:
            for run in _runs(looks.get((route.scope, family), [])):
                if not any(one.first <= at < one.last + AFTER for one in of_route[place] for at in run):
                    for name in (str(family), route.kind):
                        cells[name][min(run[0] // (MONTH * minutes), months - 1)].false += 1
    return cells


def _runs(times: Sequence[int]) -> list[list[int]]:
    out: list[list[int]] = []
    for at in times:
        if out and at - out[-1][-1] <= 2 * LOOK:
            out[-1].append(at)
        else:
            out.append([at])
    return out


def by_month(cells: Cells) -> list[Cell]:
    """The counts of all families."""
    columns = list(zip(*(cells[str(one)] for one in FAMILIES), strict=True))
    return [
        Cell(*(sum(getattr(one, name) for one in column) for name in ("events", "found", "false")))
        for column in columns
    ]


def recall(one: Cell) -> float:
    """The share of incidents that were found."""
    return one.found / max(one.events, 1)


def missed(months: Sequence[Cell], routes: int) -> list[str]:
    """The bounds that are missed, in words."""
    first, last = recall(months[0]), recall(months[-1])
    out = [f"recall of the last month is {last:.3f}, that of the first {first:.3f}"] if last < KEPT * first else []
    for number, one in enumerate(months, 1):
        often = one.false / (routes * MONTH)
        if often > BOUND:
            out.append(f"month {number} has {often:.3f} false troubles a route and day, more than {BOUND}")
    return out


def lines(name: str, cells: Cells, routes: int) -> list[str]:
    """What is printed of a release: recall and false troubles by month, by family, and by kind of route."""
    months = by_month(cells)
    out = ["", f"{name:<26}" + "".join(f"{number:>7}" for number in range(1, len(months) + 1))]
    out.append(f"{'  recall':<26}" + "".join(f"{recall(one):>7.3f}" for one in months))
    out += [f"{'    ' + each:<26}" + "".join(f"{recall(one):>7.3f}" for one in found) for each, found in cells.items()]
    days = routes * MONTH
    out.append(f"{'  false a route and day':<26}" + "".join(f"{one.false / days:>7.4f}" for one in months))
    out += [f"{'    ' + each:<26}" + "".join(f"{one.false:>7}" for one in found) for each, found in cells.items()]
    return out


def elsewhere(folder: Path, options: Sequence[str]) -> Cells:
    """The counts of the release in a folder, by a process of its own."""
    package = folder / "anomaly-detector"
    if not (package / "aiops").is_dir():
        sys.exit(f"{folder} is no checkout of a release: it has no anomaly-detector/aiops")
    command = [sys.executable, "-m", "bench.ageing_live", "--counts", *options]
    environment = {**os.environ, "PYTHONPATH": str(package.resolve())}
    said = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name: [Cell(**one) for one in months] for name, months in json.loads(said).items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--months", type=int, default=12, help="of 28 days, at least 2, default 12")
    parser.add_argument("--hours", type=float, default=6.0, help="of each day, 1 to 24, default 6")
    parser.add_argument("--seeds", type=int, default=2, help="routes of each kind and rate, default 2")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts there as well")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="a checkout of an earlier release")
    parser.add_argument("--counts", action="store_true", help="print the counts only, as JSON")
    chosen = parser.parse_args()
    if chosen.months < 2 or chosen.seeds < 1 or not 1 <= chosen.hours <= 24:
        parser.error("--months must be 2 or more, --seeds 1 or more, and --hours from 1 to 24")
    routes, minutes = fleet(chosen.seeds), int(chosen.hours * 60) // LOOK * LOOK
    faults = troubles(len(routes), 4 * chosen.months, minutes)
    cells = count(routes, faults, live(routes, faults, MONTH * chosen.months, minutes), chosen.months, minutes)
    if chosen.counts:
        print(json.dumps(_plain(cells)))
        return
    lengths = f"{chosen.months} months of 28 days, {minutes} minutes of each day"
    print(f"{len(routes)} routes, {lengths}, {len(faults):,} incidents")
    releases: dict[str, Any] = {"this release": _plain(cells)}
    print("\n".join(lines("this release", cells, len(routes))), flush=True)
    if chosen.against:
        options = ["--months", str(chosen.months), "--hours", str(chosen.hours), "--seeds", str(chosen.seeds)]
        before = elsewhere(chosen.against, options)
        releases["the earlier release"] = _plain(before)
        print("\n".join(lines("the earlier release", before, len(routes))))
    if chosen.json:
        result = {"months": chosen.months, "minutes": minutes, "routes": len(routes), "releases": releases}
        chosen.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    wrong = missed(by_month(cells), len(routes))
    print("\n" + ("as good as in its first month" if not wrong else "MISSED: " + "; ".join(wrong)))
    sys.exit(1 if wrong else 0)


def _plain(cells: Cells) -> dict[str, list[dict[str, int]]]:
    return {name: [asdict(one) for one in months] for name, months in cells.items()}


if __name__ == "__main__":
    main()
