"""The stack with a real Tempo under one fault after the other: what is found, how soon, and what Tempo pays for it.

    python -m bench.tempo_live                                   # every fault that can live, some 5 minutes each
    python -m bench.tempo_live --only latency-spike --hold 600   # one fault, open for ten minutes

Tempo is the one on the PATH. For each fault: seconds until an incident is found, and from then until its cause is the
right one; incidents; seconds from the end of the fault until all are resolved; questions to Tempo that failed (cycles
without an answer, and lines of the engine's log that name Tempo); median and slowest cycle; Tempo's memory and the
cores that it used while the fault lasted. A fault that is not found, or not as its truth says, is an error; so is a
question that failed. Judge the times on a machine that does nothing else.
"""

import argparse
import re
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests

from aiops.cli.demo.judge import compare
from aiops.cli.demo.shop import DemoScenario, Shop, demo_scenarios
from tools.native.build import ensure
from tools.native.components import Options
from tools.native.stack import Stack

PACE = {"AIOPS_CYCLE_SECONDS": "5", "AIOPS_LATENESS_SECONDS": "8", "AIOPS_RESOLVE_SECONDS": "10"}
LEARN = 240.0
FIND = 180.0
RESOLVE = 300.0
LOOK = 0.5
MB = 2**20
CYCLES = re.compile(r"^aiops_cycle_duration_seconds_(sum|count) (\S+)$", re.MULTILINE)
FAILURES = re.compile(r'^aiops_source_failures_total\{source="traces"\} (\S+)$', re.MULTILINE)


@dataclass
class Watch:
    """What a thread sees of engine and Tempo, every half second: each cycle's seconds, and Tempo's memory (MB)."""

    engine: str
    tempo: int
    cycles: list[float] = field(default_factory=list)
    memory: float = 0.0
    failures: float = 0.0
    _seen: tuple[float, float] | None = None
    _ending: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        self.memory = max(self.memory, psutil.Process(self.tempo).memory_info().rss / MB)
        try:
            text = requests.get(f"{self.engine}/metrics", timeout=5).text
        except requests.RequestException:
            return
        values = {kind: float(value) for kind, value in CYCLES.findall(text)}
        seconds, count = values["sum"], values["count"]
        if self._seen is not None and count > self._seen[1]:
            each = (seconds - self._seen[0]) / (count - self._seen[1])
            self.cycles += [each] * round(count - self._seen[1])
        self._seen = seconds, count
        self.failures = float(FAILURES.findall(text)[0])

    @contextmanager
    def looking(self) -> Iterator["Watch"]:
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ending.set()
            thread.join()

    def _run(self) -> None:
        while not self._ending.wait(LOOK):
            self.look()


@dataclass(frozen=True)
class Row:
    """What one fault came to; seconds, None where it did not come."""

    name: str
    found: float | None
    explained: float | None
    resolved: float | None
    incidents: list[str]
    failed: int
    cycles: list[float]
    memory: float
    cores: float
    right: bool

    def text(self) -> str:
        def seconds(value: float | None) -> str:
            return "never" if value is None else f"{value:.0f}"

        median = statistics.median(self.cycles) if self.cycles else 0.0
        slowest = max(self.cycles, default=0.0)
        return (
            f"{self.name:<20}{seconds(self.found):>7}{seconds(self.explained):>8}{seconds(self.resolved):>10}"
            f"{len(self.incidents):>11}{self.failed:>8}{median:>8.2f}{slowest:>9.2f}{self.memory:>10.0f}"
            f"{self.cores:>8.2f}  {'' if self.right else 'WRONG: '}{'; '.join(self.incidents)}"
        )


HEAD = (
    f"{'fault':<20}{'found':>7}{'cause +':>8}{'resolved':>10}{'incidents':>11}{'failed':>8}{'median':>8}{'slowest':>9}"
    f"{'Tempo MB':>10}{'cores':>8}"
)


class Rig:
    """The stack with its shop, and what is asked of them."""

    def __init__(self, stack: Stack, offset: int) -> None:
        self.stack, self.url = stack, stack.urls["aiops"]
        self.shop = Shop(stack.urls["otlp-http"], offset)  # to break, not to start

    def incidents(self, state: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.url}/aiops/incidents", params={"state": state, "limit": "200"}, timeout=30)
        answer.raise_for_status()
        return list(answer.json()["active_incidents"])

    def said_of_tempo(self) -> int:
        text = self.stack.log("aiops").read_text(errors="replace")
        return sum("Tempo at" in line for line in text.splitlines())

    def live_through(self, scenario: DemoScenario, hold: float) -> Row:
        """Break the shop, keep it broken for a while, and mend it."""
        known = {one["id"]: one["occurrences"] for one in self.incidents("all")}
        tempo = psutil.Process(self.stack.pid("tempo"))
        watch, said = Watch(self.url, tempo.pid), self.said_of_tempo()
        watch.look()
        failures, used, began = watch.failures, sum(tempo.cpu_times()[:2]), time.monotonic()
        self.shop.inject(scenario)
        try:
            with watch.looking():
                found = after(began, FIND, lambda: self.incidents("active"))
                explained = after(
                    time.monotonic(), FIND, lambda: compare(scenario.truth, self.incidents("active")).perfect
                )
                while time.monotonic() < began + hold:
                    time.sleep(LOOK)
                right = compare(scenario.truth, self.incidents("active")).perfect
        finally:
            self.shop.clear()
        cores = (sum(tempo.cpu_times()[:2]) - used) / (time.monotonic() - began)
        resolved = after(time.monotonic(), RESOLVE, lambda: not self.incidents("active"))
        time.sleep(20)  # the return to normal is no incident of its own
        watch.look()
        # What comes again is the same incident.
        ours = [one for one in self.incidents("all") if one["occurrences"] > known.get(one["id"], 0)]
        return Row(
            scenario.name,
            found,
            explained,
            resolved,
            [f"{one['title']}{'' if one['root_cause'] else ' (' + str(one['no_cause']) + ')'}" for one in ours],
            round(watch.failures - failures) + self.said_of_tempo() - said,
            watch.cycles,
            watch.memory,
            cores,
            right and len(ours) == len(scenario.truth) and resolved is not None,
        )


def after(began: float, seconds: float, there: Callable[[], object]) -> float | None:
    """Seconds until it is there; None if that takes too long."""
    while time.monotonic() < began + seconds:
        if there():
            return time.monotonic() - began
        time.sleep(LOOK)
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = demo_scenarios()
    parser.add_argument("--only", choices=sorted(known), action="append", help="one fault; may be repeated")
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second (20)")
    parser.add_argument("--hold", type=float, default=90.0, help="seconds that each fault lasts (90)")
    parser.add_argument("--learn", type=float, default=LEARN, help="quiet seconds before the first (240)")
    parser.add_argument("--port-offset", type=int, default=26_000, help="added to every port (26000)")
    parser.add_argument("--keep", type=Path, help="folder for data and logs, kept afterwards")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if shutil.which("tempo") is None:
        parser.error("there is no tempo on PATH")
    rows = []
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as text:
        folder, offset = arguments.keep or Path(text), arguments.port_offset
        options = Options(ensure(), folder, offset, shop=True, rate=arguments.rate, engine_settings=PACE)
        with Stack(options) as stack:
            rig = Rig(stack, offset)
            print(f"load of the machine, of 1 min: {psutil.getloadavg()[0]:.2f} on {psutil.cpu_count()} cores")
            time.sleep(arguments.learn)
            print(HEAD, flush=True)
            for name in arguments.only or known:
                rows.append(rig.live_through(known[name], arguments.hold))
                print(rows[-1].text(), flush=True)
    wrong = [one.name for one in rows if not one.right or one.failed]
    if wrong:
        sys.exit(f"not as promised: {', '.join(wrong)}")


if __name__ == "__main__":
    main()
