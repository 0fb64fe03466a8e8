"""How right the causal engine is, against truth and against what others would name.

    python -m bench.explain                           # the report: seeds 11 to 20 of every kind of fault
    python -m bench.explain --tuning                  # seeds 1 to 10: what thresholds and calibration may be fitted on
    python -m bench.explain --seeds 1-4 --kinds "errors,slow route"     # some of it, every case printed
    python -m bench.explain --against FOLDER          # the engine of an earlier checkout beside it, on the same traces
    python -m bench.explain --nezha FOLDER            # and the faults of a public day of traces
    python -m bench.explain --json                    # keep it: bench/scores/explain.json
    python -m bench.explain --quick                   # one seed, small platforms, under a minute
    python -m bench.explain --streams                 # hours of telemetry through the whole engine

Everything is made by seeds; nothing is read but the public day. `bench.explain.page` puts the record into the docs.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.explain import nezha, streams, tables
from bench.explain.comparators import COMPARATORS
from bench.explain.faults import KINDS
from bench.explain.measures import by_kind, by_size, confusion, failures, overall
from bench.explain.tables import BEFORE, ENGINES, NOW
from bench.explain.verdicts import Row
from bench.explain.worker import ROOT, Job, elsewhere

SCORES = ROOT / "bench/scores/explain.json"
TUNING, REPORT = range(1, 11), range(11, 21)
QUICK = [(kind, 11, 5 if number % 2 else 20) for number, kind in enumerate(KINDS)]


def judged(
    jobs: Sequence[Job], against: Path | None, processes: int, others: bool = True, kept: Path | None = None
) -> dict[str, list[Row]]:
    """Rows of all competitors on these cases, by competitor. Those that a folder keeps are not judged again."""
    with tempfile.TemporaryDirectory() as folder:
        between = kept or Path(folder)
        found = elsewhere(ROOT, list(jobs), NOW, others, processes, between)
        if against is not None:
            found += elsewhere(against, list(jobs), BEFORE, False, processes, between)
    rows: dict[str, list[Row]] = {}
    for row in sorted(map(Row.of, found), key=lambda one: (one.kind_of_case, one.seed)):
        rows.setdefault(row.by, []).append(row)
    order = [*ENGINES, *COMPARATORS]
    return dict(sorted(rows.items(), key=lambda pair: order.index(pair[0])))


def record_of(rows: dict[str, list[Row]]) -> dict[str, Any]:
    """What is kept of the catalogue."""
    names = list(rows)
    engines = [name for name in ENGINES if name in rows]
    return {
        "all": {name: overall(rows[name], rows[NOW]) for name in names},
        "kinds": {name: by_kind(rows[name]) for name in names},
        "sizes": {name: by_size(rows[name]) for name in names},
        "confusion": {name: confusion(rows[name]) for name in engines},
        "failures": failures(rows[NOW]),
    }


def printed(record: dict[str, Any]) -> str:
    """The catalogue as text."""
    parts = (
        tables.overall_table(record), tables.engine_table(record), tables.kind_table(record),
        tables.kind_table(record, "sizes", "platform"), tables.calibration_table(record),
        tables.confusion_table(record), tables.failure_lines(record["failures"]),
    )  # fmt: skip
    return "\n\n".join("\n".join(lines) for lines in parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", help="FIRST-LAST (default 11-20)")
    parser.add_argument("--tuning", action="store_true", help="seeds 1 to 10")
    parser.add_argument("--kinds", help=f"separated by commas: {', '.join(KINDS)}")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="a checkout of an earlier engine")
    parser.add_argument("--nezha", type=Path, metavar="FOLDER", help="the public day; only it with --seeds none")
    parser.add_argument(
        "--json", type=Path, nargs="?", const=SCORES, metavar="FILE", help=f"keep it (default {SCORES})"
    )
    parser.add_argument("--rows", type=Path, metavar="FOLDER", help="keep what was said of each case; goes on there")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one seed, small platforms, no competitors")
    parser.add_argument("--streams", action="store_true", help="hours of telemetry through the whole engine")
    arguments = parser.parse_args()
    kinds = [one.strip() for one in arguments.kinds.split(",")] if arguments.kinds else list(KINDS)
    if unknown := [one for one in kinds if one not in KINDS]:
        parser.error(f"there is no kind {unknown[0]!r}")
    record: dict[str, Any] = {"commit": commit(ROOT)}
    if arguments.against:
        record["against"] = commit(arguments.against)
    started = time.perf_counter()
    jobs = _jobs(arguments, kinds, parser)
    if jobs:
        rows = judged(jobs, arguments.against, arguments.processes, not arguments.quick, arguments.rows)
        record["catalogue"] = {"seeds": sorted({seed for _, seed, _ in jobs}), **record_of(rows)}
        print(printed(record["catalogue"]))
    if arguments.nezha:
        try:
            record["nezha"] = nezha.measured(arguments.nezha, arguments.against)
        except nezha.NoData as error:
            parser.error(str(error))
        print("\n" + "\n".join([*tables.nezha_table(record["nezha"]), "", *record["nezha"]["lines"]]))
    if arguments.streams:
        record["streams"] = {"commit": commit(ROOT), **streams.measured()}
        print("\n" + "\n".join(tables.stream_table(record["streams"])))
    print(f"\n{time.perf_counter() - started:.0f} s", file=sys.stderr)
    if arguments.json:
        before = json.loads(arguments.json.read_text("utf-8")) if arguments.json.exists() else {}
        arguments.json.write_text(json.dumps(_rounded({**before, **record}), indent=1) + "\n", encoding="utf-8")


def commit(folder: Path) -> str:
    """The commit of a checkout, its name if it is none."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or folder.name


def _jobs(arguments: argparse.Namespace, kinds: Sequence[str], parser: argparse.ArgumentParser) -> list[Job]:
    if arguments.quick:
        return [job for job in QUICK if job[0] in kinds]
    if arguments.seeds == "none":
        return []
    seeds: Sequence[int] = TUNING if arguments.tuning else REPORT
    if arguments.seeds:
        first, _, last = arguments.seeds.partition("-")
        if not first.isdigit() or not (last or first).isdigit():
            parser.error("--seeds is FIRST-LAST, or none")
        seeds = range(int(first), int(last or first) + 1)
    return [(kind, seed, 0) for seed in seeds for kind in kinds]


def _rounded(document: Any) -> Any:
    if isinstance(document, float):
        return None if document != document else round(document, 4)
    if isinstance(document, dict):
        return {key: _rounded(one) for key, one in document.items()}
    if isinstance(document, list | tuple):
        return [_rounded(one) for one in document]
    return document


if __name__ == "__main__":
    main()
