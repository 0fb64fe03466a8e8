"""How long the rules of a fleet's objectives take to make: `aiops slo rules` as a user runs it, and part by part."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from aiops import slo
from aiops.bootstrap import objectives
from aiops.cli.slo.files import dumped
from aiops.process import garbage
from aiops.slo.spec.fields import documents
from bench.slo_fleet import Fleet

LIMIT: Final = 3.0
RUNS: Final = 5

T = TypeVar("T")


def run(fleet: Fleet, folder: Path, say: Callable[[str, str], None]) -> bool:
    """Print the times; returns whether the whole stays within the limit."""
    source, output = folder / "objectives", folder / "slo.yml"
    fleet.write(source)
    count = f"{len(fleet.objectives):,} objectives"
    whole = statistics.median(_timed(lambda: _program(source, output))[1] for _ in range(RUNS))
    text = output.read_text(encoding="utf-8")
    say(f"aiops slo rules, {count}", f"{whole:.2f} s, median of {RUNS}, ratio {whole / LIMIT:.2f} of at most {LIMIT} s")
    say("  written", f"{len(text) / 1e6:.1f} MB, {text.count('- record: '):,} recordings and "
        f"{text.count('- alert: '):,} alerts")  # fmt: skip
    with garbage.held():
        parts = [_parts(source) for _ in range(RUNS)]
    found = {name: statistics.median(one[name] for one in parts) for name in parts[0]}
    inside = sum(found.values())
    for name, took in {**found, "Python starts, modules are loaded, the file is written": whole - inside}.items():
        say(f"  {name}", f"{took:.2f} s")
    say("  in one process, without the last", f"{inside:.2f} s")
    return whole <= LIMIT


def _program(source: Path, output: Path) -> None:
    command: list[str | Path] = [sys.executable, "-m", "aiops", "slo", "rules", source, "-o", output]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _parts(source: Path) -> dict[str, float]:
    """Seconds of each step, in one process."""
    files = [(str(file), file.read_text(encoding="utf-8")) for file in sorted(source.iterdir())]
    _, nodes = _timed(lambda: [list(documents(text, name)) for name, text in files])
    found, read = _timed(lambda: objectives.load_objectives([source]))
    if found.problems:
        raise RuntimeError(f"the objectives are wrong: {found.problems[0]}")
    made: tuple[list[dict[str, Any]], float] = _timed(lambda: slo.groups(found.slos, slo.Links()))
    _, written = _timed(lambda: dumped({"groups": made[0]}))
    return {
        "YAML is read": nodes,
        "objectives are made of it and checked": read - nodes,
        "rules are made": made[1],
        "YAML is written": written,
    }


def _timed(what: Callable[[], T]) -> tuple[T, float]:
    started = time.perf_counter()
    answer = what()
    return answer, time.perf_counter() - started
