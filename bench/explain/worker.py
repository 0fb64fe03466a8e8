"""Cases judged one after another, with the engine that is first on the path.

`python -m bench.explain.worker` is what `__main__` starts, for this tree and for an earlier checkout alike: it reads a
JSON list of [kind, seed, size] from a file, judges them with so many processes, and writes rows, a line each.
"""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from pathlib import Path
from typing import Any

from bench.explain.anatomy import Evidence, anatomies
from bench.explain.cases import Case, case_of, is_harmless
from bench.explain.comparators import COMPARATORS
from bench.explain.ours import Drawn, answer, ranking, without_traces
from bench.explain.symptoms import SERVING, Drawing, Seen, of_case
from bench.explain.tables import ALONE, NOW
from bench.explain.verdicts import judge

ROOT = Path(__file__).parent.parent.parent
PACKAGE = "anomaly-detector"
ENTRIES, WINDOW = 150, 200  # traces that a competitor gets of the populations, and of each window
TRIES = (1.0, 2.5, 6.0)  # times as strong, until there is a symptom
DRAWS = 5  # of platforms, until there is one

Job = tuple[str, int, int]


def run(job: Job, by: str, others: bool) -> list[dict[str, Any]]:
    """Judge one case: the engine, this one also without traces, and the competitors where they are wanted."""
    kind, seed, size = job
    case, found = visible(kind, seed, size)
    started = time.perf_counter()
    groups, drawn = answer(found, Drawing(case.traces), case.changes)
    took = time.perf_counter() - started
    rows = [judge(by, case, ranking(groups), groups, len(found.findings), took)]
    if by == NOW:
        started = time.perf_counter()
        groups = without_traces(found)
        took = time.perf_counter() - started
        rows.append(judge(ALONE, case, ranking(groups), groups, len(found.findings), took))
    if others and not is_harmless(kind):
        on = evidence(case, drawn)
        for name, blame in COMPARATORS.items():
            started = time.perf_counter()
            named = blame(on)
            rows.append(judge(name, case, named, (), len(found.findings), time.perf_counter() - started))
    return [row.as_json() for row in rows]


def visible(kind: str, seed: int, size: int) -> tuple[Case, Seen]:
    """A case with symptoms, and what there is to see: of the same platform with a stronger fault, or of another."""
    for draw, strength in product(range(DRAWS), TRIES):
        case = case_of(kind, seed, strength, size, draw)
        found = of_case(case, is_harmless(kind))
        if found.findings:
            break
    return case, found


def evidence(case: Case, drawn: Drawn) -> Evidence:
    """What the competitors get of a case."""
    since = case.onset + case.late
    entries = {(one.spans[0].service, one.spans[0].name) for one in drawn.bad}
    alike = [one for one in case.traces if (one.spans[0].service, one.spans[0].name) in entries]
    after = [one for one in alike if since <= one.spans[0].start]
    before = [one for one in alike if one.spans[0].start < since - 30.0]
    deployed: dict[str, float] = {}
    for trace in case.traces:
        for span in trace.spans:
            if span.version == "2" and span.kind in SERVING:
                deployed[span.service] = min(deployed.get(span.service, span.start), span.start)
    return Evidence(
        anatomies(drawn.bad, ENTRIES), anatomies(drawn.good, ENTRIES), anatomies(after, WINDOW),
        anatomies(before, WINDOW), deployed, case.seed,
    )  # fmt: skip


def elsewhere(folder: Path, jobs: list[Job], by: str, others: bool, processes: int, between: Path) -> list[Any]:
    """Judge cases with the engine of a checkout, in processes of their own."""
    package = folder / PACKAGE
    between.mkdir(parents=True, exist_ok=True)
    if not (package / "aiops").is_dir():
        raise FileNotFoundError(f"{folder} is no checkout: it has no {PACKAGE}/aiops")
    file, out = between / f"{by}.jobs.json".replace(" ", "-"), between / f"{by}.rows".replace(" ", "-")
    known = _rows(out)
    there = {(row["kind_of_case"], row["seed"]) for row in known}
    left = [job for job in jobs if job[:2] not in there]
    wanted = {job[:2] for job in jobs}
    known = [row for row in known if (row["kind_of_case"], row["seed"]) in wanted]
    if not left:
        return known
    file.write_text(json.dumps(left), encoding="utf-8")
    path = os.pathsep.join([str(package.resolve()), str(ROOT)])
    command = [sys.executable, "-m", "bench.explain.worker", str(file), str(out), by, str(int(others)), str(processes)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, check=True)
    return [row for row in _rows(out) if (row["kind_of_case"], row["seed"]) in wanted]


def _rows(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def main() -> None:
    jobs = [(kind, seed, size) for kind, seed, size in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))]
    by, others, processes = sys.argv[3], sys.argv[4] == "1", int(sys.argv[5])
    with Path(sys.argv[2]).open("a", encoding="utf-8") as out, ProcessPoolExecutor(processes) as pool:
        waiting = {pool.submit(run, job, by, others): job for job in jobs}
        for number, done in enumerate(as_completed(waiting), 1):
            try:
                rows = done.result()
            except Exception as error:
                raise RuntimeError(f"{waiting[done]} could not be judged") from error
            out.writelines(json.dumps(row) + "\n" for row in rows)
            out.flush()
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{by}: {number} of {len(jobs)} cases ")


if __name__ == "__main__":
    main()
