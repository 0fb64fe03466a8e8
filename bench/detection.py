"""How well anomalies are found in public labelled series: the project's detector beside others, in one run.

    python -m bench.detection FOLDER                      # all detectors on both sets: some minutes on two cores
    python -m bench.detection FOLDER --only nab --detector promql-robust --detector poly
    python -m bench.detection FOLDER --json result.json

FOLDER holds `nab` (the Numenta Anomaly Benchmark 1.1: data, labels, config; with results its rules are checked against
published scores) and `ms-cloud-monitoring` (Microsoft's Cloud Monitoring Dataset). Neither is part of this repository.

Every detector has one configuration and one boundary for all series: a score of 1.0. It is given the whole series, but
the score of a point may depend on points up to it alone. What a detector could reach with another boundary, chosen in
hindsight, stands beside it and is called optimised. How is counted: bench/nab.py, aiops/backtest/scoring.py; who
is compared: bench/comparators.py. Ends with 1 where a detector failed or NAB's published scores do not come out.
"""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from bench import clouds, nab
from bench.detection_run import OURS, OURS_MODULE, names, run
from bench.detection_table import Nab, clouds_result, nab_result, print_clouds, print_losses, print_nab, published
from bench.series import NoData, Series

SETS = ("nab", "clouds")


def say(text: str) -> None:
    print(text, flush=True)


def told(text: str) -> None:
    """What is going on, on a line that is written over."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text[:100]:<100}\r")
        sys.stderr.flush()


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the data sets are")
    parser.add_argument("--only", choices=SETS, help="only this set")
    parser.add_argument(
        "--detector", action="append", choices=names(), metavar="NAME", help=f"only this one: {', '.join(names())}"
    )
    parser.add_argument(
        "--lost", type=int, default=10, metavar="N", help="files to name where most was lost, default 10"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there as well")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        fine = _measure(arguments)
    except KeyboardInterrupt:
        told("")
        sys.exit(130)
    except NoData as error:
        parser.error(str(error))
    sys.exit(0 if fine else 1)


def _measure(arguments: argparse.Namespace) -> bool:
    chosen = arguments.detector or names()
    out: dict[str, Any] = {"boundary": 1.0, "load_before": os.getloadavg()[0], "cores": os.cpu_count()}
    say(f"load of the machine before, of 1 min: {out['load_before']:.2f} on {out['cores']} cores")
    if OURS not in names():
        say(f"{OURS}: left out, there is no {OURS_MODULE.replace('.', '/')}.py")
    fine = True
    if arguments.only != "clouds":
        fine &= _nab(arguments, chosen, out)
    if arguments.only != "nab":
        fine &= _clouds(arguments, chosen, out)
    if arguments.json:
        arguments.json.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")
    return fine


def _nab(arguments: argparse.Namespace, chosen: list[str], out: dict[str, Any]) -> bool:
    told("NAB is read")
    data = Nab([nab.sheet(one) for one in nab.load(arguments.folder)], nab.profiles(arguments.folder))
    say("\nNAB's rules on published detectors' scores, at their thresholds")
    right = published(arguments.folder, data, say)
    results, fine = _results(chosen, [one.series for one in data.sheets], lambda scored: nab_result(data, scored))
    print_nab(results, data, say)
    for name in results if arguments.detector else [one for one in (OURS,) if one in results]:
        print_losses(name, results[name]["losses"], arguments.lost, say)
        print_losses(f"{name}, notified,", results[name]["notified_losses"], arguments.lost, say)
    out["nab"] = results
    if not right:
        say("NAB's published scores do NOT come out: the rules are wrong")
    return fine and right


def _clouds(arguments: argparse.Namespace, chosen: list[str], out: dict[str, Any]) -> bool:
    told("cloud monitoring is read")
    sets = clouds.load(arguments.folder)
    results, fine = _results(chosen, sets, lambda scored: clouds_result(sets, scored))
    print_clouds(results, sets, say)
    out["clouds"] = results
    return fine


def _results(chosen: list[str], sets: list[Series], measured: Any) -> tuple[dict[str, Any], bool]:
    """By detector; and whether none has failed."""
    out, fine = {}, True
    for name, scored in run(chosen, sets, told).items():
        if scored.failed:
            say(f"{name} FAILED on {scored.failed}")
            fine = False
        else:
            told(f"{name} is counted")
            out[name] = measured(scored)
    told("")
    return out, fine


if __name__ == "__main__":
    main()
