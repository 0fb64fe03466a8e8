"""Read inputs that atheris makes with the code that reads what strangers send; each is taken or refused.

    python -m fuzz [TARGET ...] [--inputs 1000000] [--processes N]

libFuzzer changes valid inputs, guided by the coverage of that code. It prints a table, and ends with 1 where an input
crashed its target, took more than ten seconds of CPU, or more than a gigabyte of memory; such an input is kept in
artifacts/fuzz, with the command that reads it again. Inputs that reached new code are kept in the cache folder of the
user, and the next run goes on from them.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from fuzz.making import SEEDS
from fuzz.targets import TARGETS

CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "aiops" / "fuzz"
ARTIFACTS: Final = Path("artifacts") / "fuzz"
STATISTICS: Final = "-print_final_stats=1"
LIMITS: Final = (
    "-rss_limit_mb=1024",
    "-timeout=1200",
    "-print_final_stats=1",
    "-max_len=65536",
    "-use_value_profile=1",
)
CRASH: Final = re.compile(r"Test unit written to (\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one target: inputs read, parts of the code reached, the highest memory (MB), and the file of the
    input that broke it, "" for none; `log` is what libFuzzer wrote."""

    target: str
    inputs: int
    reached: int
    memory: int
    crash: str
    log: str

    @property
    def right(self) -> bool:
        """Whether it read all inputs without a crash."""
        return self.inputs > 0 and not self.crash


def tried(target: str, inputs: int, seed: int = 0, kept: Path | None = None) -> Outcome:
    """Read so many inputs with one target. seed: of the changes, 0 for other ones each time; kept: the folder of
    inputs that reached new code."""
    if kept is None:
        with TemporaryDirectory(prefix="fuzz-") as made:
            return tried(target, inputs, seed, Path(made))
    reached = kept / target  # libFuzzer writes into the first folder that it is given
    for folder in (reached, ARTIFACTS):
        folder.mkdir(parents=True, exist_ok=True)
    root = SEEDS.parent.parent
    command = [sys.executable, "-m", "fuzz.run", target, f"-runs={inputs}", f"-seed={seed}", *LIMITS]
    command += [f"-artifact_prefix={ARTIFACTS.resolve()}/{target}-", str(reached), str(SEEDS / target)]
    # Linux counts the memory of who starts a program as its own; a shell between them is small.
    between = ["sh", "-c", '"$@"; exit $?', "sh", *command]
    done = subprocess.run(between, capture_output=True, text=True, errors="replace", cwd=root, check=False)
    log = done.stdout + done.stderr
    crash = CRASH.search(log)
    return Outcome(
        target=target,
        inputs=_number(r"number_of_executed_units: (\d+)", log),
        reached=_number(r"(?s:.*)\bcov: (\d+)", log),
        memory=_number(r"peak_rss_mb:\s+(\d+)", log),
        crash=crash[1] if crash else "" if done.returncode == 0 else "it ended without a result",
        log=log,
    )


def _number(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def table(outcomes: Sequence[Outcome]) -> str:
    """Write the outcomes as a table."""
    rows = [f"{'target':<14}{'inputs':>12}{'code reached':>14}{'memory':>10}  outcome"]
    rows += [
        f"{one.target:<14}{one.inputs:>12,}{one.reached:>14,}{one.memory:>7,} MB  {one.crash or 'taken or refused'}"
        for one in outcomes
    ]
    return "\n".join([*rows, f"{'all':<14}{sum(one.inputs for one in outcomes):>12,}"])


def main() -> None:
    """Run the targets side by side, and print what became of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)} (default: all)")
    parser.add_argument("--inputs", type=int, default=1_000_000, help="in all, shared by the targets (default 1000000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="side by side (default: one a core)")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.targets) - set(TARGETS)):
        parser.error(f"there is no target {unknown[0]!r}; there are {', '.join(TARGETS)}")
    targets = arguments.targets or list(TARGETS)
    each = max(1, -(-arguments.inputs // len(targets)))
    outcomes = []
    with ThreadPoolExecutor(arguments.processes) as pool:
        for one in pool.map(lambda target: tried(target, each, kept=CACHE), targets):
            sys.stderr.write(f"{one.target}: {one.inputs:,} inputs\n")
            outcomes.append(one)
    print(table(outcomes))
    for one in outcomes:
        if not one.right:
            print(f"\n{one.log[-4000:]}\nagain: python -m fuzz.run {one.target} {one.crash}")
    sys.exit(0 if all(one.right for one in outcomes) else 1)


if __name__ == "__main__":
    main()
