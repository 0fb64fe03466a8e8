"""Whether the detector of any metric is as good after a year as in its first month: series of its own, in virtual time.

    python -m bench.ageing                         # 12 months of 28 days, a point every 5 minutes: a minute
    python -m bench.ageing --step 60               # the same year at one-minute steps: some minutes
    python -m bench.ageing --against FOLDER        # the detector of an earlier release, on the same series, beside it
    python -m bench.ageing --json result.json --plot result.svg

Series of ten kinds have an incident a week (bench/ageing_series.py). Every kind lives with every seed; all have one
configuration and one boundary, a score of 1. Numba makes it some ten times faster (`pip install 'aiops[fast]'`).

Alarms are runs of points above the boundary; those with fewer than 7 points between them are one. An incident is found
if an alarm begins in it, or within 7 points of its begin. An alarm is false if it begins neither in an incident, nor in
the point before or the 12 points after one. Incidents and alarms belong to the month in which they begin.

Ends with 1 where the last month's recall is less than 0.95 of the first month's, or a month has more than 0.07 false
alarms a series-day.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from aiops.backtest.scoring import runs_of
from bench.ageing_judge import elsewhere, is_fast, one_by_one, together, told
from bench.ageing_page import BEFORE, BOUND, NOW, false_a_day, lines, plot, recall
from bench.ageing_series import DAY, KINDS, MONTH, AgedSeries, fleet
from bench.series import Flags, Floats, NoData

GAP: Final = 7
WITHIN: Final = 7
EARLY, LATE = 1, 12
"""Points: see above."""
KEPT: Final = 0.95
"""The share of the first month's recall that the last month has at least."""


@dataclass(slots=True)
class Cell:
    """What was counted of a kind of series in a month."""

    events: int = 0
    found: int = 0
    false: int = 0
    days: float = 0.0


Cells = dict[tuple[str, int], Cell]
"""Counts by kind and month, the first being 0."""


@dataclass(frozen=True, slots=True)
class Table:
    """Series at the same times, (points,), with their values, (points, series)."""

    series: tuple[AgedSeries, ...]
    times: Floats
    values: Floats


def table(seeds: int, months: int, step: float) -> Table:
    """Make every series."""
    series: list[AgedSeries] = []
    values = np.zeros((int(months * MONTH / step), seeds * len(KINDS)))
    for place, one in enumerate(fleet(seeds, months, step)):
        told(f"series {place + 1} of {values.shape[1]} is made")
        values[:, place] = one.values
        series.append(one)
    told("")
    return Table(tuple(series), series[0].times, values)


def count(series: Sequence[AgedSeries], above: Flags, months: int) -> Cells:
    """Count what was found and what was false. above: `(points, series)`."""
    cells = {(kind, month): Cell() for kind in KINDS for month in range(months)}
    for place, one in enumerate(series):
        begins = runs_of(above[:, place], GAP)[:, 0]
        month = np.minimum((one.times - one.times[0]) // MONTH, months - 1).astype(np.int64)
        near = np.zeros(len(begins), dtype=np.bool_)
        for incident in one.incidents:
            first, last = incident.first, incident.last
            cell = cells[one.kind, int(month[first])]
            cell.events += 1
            cell.found += bool(((begins >= first) & (begins <= max(last, first + WITHIN))).any())
            near |= (begins >= first - EARLY) & (begins <= last + LATE)
        for begin in begins[~near]:
            cells[one.kind, int(month[begin])].false += 1
        for number in range(months):
            cells[one.kind, number].days += MONTH / DAY
    return cells


def summed(cells: Cells) -> dict[str, Any]:
    """The counts by month, and those by kind."""
    months = max(month for _, month in cells) + 1
    by_month = [_sum([one for (_, number), one in cells.items() if number == month]) for month in range(months)]
    by_kind = {kind: _sum([one for (name, _), one in cells.items() if name == kind]) for kind in KINDS}
    return {"months": by_month, "kinds": by_kind}


def missed(counted: dict[str, Any]) -> list[str]:
    """The bounds that are missed, in words."""
    first, *_, last = (recall(one) for one in counted["months"])
    out = []
    if not first or last < KEPT * first:
        out.append(f"recall of the last month is {last:.3f}, that of the first {first:.3f}")
    for number, one in enumerate(counted["months"], 1):
        if false_a_day(one) > BOUND:
            out.append(f"month {number} has {false_a_day(one):.3f} false alarms a series-day, more than {BOUND}")
    return out


def _sum(cells: Sequence[Cell]) -> dict[str, Any]:
    return {
        "events": sum(one.events for one in cells),
        "found": sum(one.found for one in cells),
        "false": sum(one.false for one in cells),
        "days": sum(one.days for one in cells),
    }


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--months", type=int, default=12, help="of 28 days, at least 2, default 12")
    parser.add_argument("--step", type=float, default=300.0, help="seconds between points, 30 to 900, default 300")
    parser.add_argument("--seeds", type=int, default=20, help="series of each kind, default 20")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts there as well")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw recall and false alarms by month (SVG)")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="a checkout of an earlier release")
    arguments = parser.parse_args()
    if arguments.months < 2 or arguments.seeds < 1 or not 30 <= arguments.step <= 900:
        parser.error("--months must be 2 or more, --seeds 1 or more, and --step from 30 to 900")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        wrong = _run(arguments)
    except KeyboardInterrupt:
        told("")
        sys.exit(130)
    except NoData as error:
        parser.error(str(error))
    except subprocess.CalledProcessError:
        sys.exit("the earlier release failed, as said above")
    sys.exit(1 if wrong else 0)


def _run(arguments: argparse.Namespace) -> list[str]:
    months, step = arguments.months, arguments.step
    if not is_fast():
        say("numba is not installed, so this takes some ten times longer: pip install 'aiops[fast]'")
    made = table(arguments.seeds, months, step)
    incidents = sum(len(one.incidents) for one in made.series)
    say(f"{len(made.series)} series of {len(KINDS)} kinds, {months} months of 28 days, a point every {step:g} s, "
        f"{incidents:,} incidents")  # fmt: skip
    releases: dict[str, Any] = {}
    result = {"months": months, "step": step, "seeds": arguments.seeds, "releases": releases}
    started = time.process_time()
    above = (one_by_one if is_fast() else together)(made.times, made.values, step)
    say(f"this release: {time.process_time() - started:.0f} s of CPU, {'compiled' if is_fast() else 'by NumPy'}")
    releases[NOW] = summed(count(made.series, above, months))
    if arguments.against:
        result["against"] = _commit(arguments.against)
        say(f"the earlier release: {result['against']}")
        above = elsewhere(arguments.against, made.times, made.values, step)
        releases[BEFORE] = summed(count(made.series, above, months))
    for line in lines(result):
        say(line)
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if arguments.plot:
        arguments.plot.write_text(plot(result), encoding="utf-8")
    wrong = missed(releases[NOW])
    say("\n" + ("as good as in its first month" if not wrong else "MISSED: " + "; ".join(wrong)))
    return wrong


def _commit(folder: Path) -> str:
    """The commit of a checkout, its name if it is none."""
    command = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or folder.name


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
