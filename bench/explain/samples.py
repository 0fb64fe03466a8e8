"""How many traces the engine needs: the same cases with populations of other sizes.

    python -m bench.explain.samples                   # seeds 1 to 4 of every kind
    python -m bench.explain.samples --seeds 1-10 --json      # keep it: bench/scores/explain.json

`traces_limit` is the setting. Traces cost questions to the store, and time.
"""

import argparse
import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from typing import Any

from bench.explain.__main__ import SCORES
from bench.explain.faults import KINDS
from bench.explain.measures import overall
from bench.explain.ours import answer, ranking
from bench.explain.symptoms import Drawing
from bench.explain.tables import sample_table
from bench.explain.verdicts import Row, judge
from bench.explain.worker import visible

LIMITS = (10, 20, 40, 60, 120, 240)


def judged(kind: str, seed: int) -> list[tuple[int, Row]]:
    """One case with each size."""
    case, found = visible(kind, seed, 0)
    drawing = Drawing(case.traces)
    out = []
    for limit in LIMITS:
        started = time.process_time()
        groups, _ = answer(found, drawing, {}, limit)
        took = time.process_time() - started
        out.append((limit, judge(str(limit), case, ranking(groups), groups, len(found.findings), took)))
    return out


def measured(seeds: Sequence[int], processes: int = 2) -> dict[str, Any]:
    """What is kept: of each size the shares, and CPU seconds a finding."""
    jobs = [(kind, seed) for seed in seeds for kind in KINDS]
    with ProcessPoolExecutor(processes) as pool:
        rows = list(chain.from_iterable(pool.map(judged, *zip(*jobs, strict=True))))
    out: dict[str, Any] = {"seeds": list(seeds), "cases": len(jobs), "sizes": []}
    for limit in LIMITS:
        mine = [row for size, row in rows if size == limit]
        said = overall(mine, mine)
        seconds = sum(row.seconds for row in mine) / max(sum(row.findings for row in mine), 1)
        keys = ("top1", "one_group", "abstains_healthy")
        error = said["calibration"]["error"]
        out["sizes"].append({"limit": limit, **{key: said[key] for key in keys}, "error": error, "seconds": seconds})
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1-4", help="FIRST-LAST (default 1-4)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", action="store_true", help=f"keep it in {SCORES}")
    arguments = parser.parse_args()
    first, _, last = arguments.seeds.partition("-")
    if not first.isdigit() or not (last or first).isdigit():
        parser.error("--seeds is FIRST-LAST")
    found = measured(range(int(first), int(last or first) + 1), arguments.processes)
    print("\n".join(sample_table(found)))
    if arguments.json:
        record = json.loads(SCORES.read_text("utf-8")) if SCORES.exists() else {}
        SCORES.write_text(json.dumps({**record, "samples": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
