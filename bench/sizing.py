"""What the stack takes for so many series and so many spans: CPU, memory and disk of every program in it.

    python -m bench.sizing                          # all parts, 33 minutes
    python -m bench.sizing --only series --series 10000,30000 --seconds 150

The programs are those that `make stack` runs, Tempo among them where it is on the PATH; telemetry is offered to the
Collector over OTLP/HTTP, in real time:

  series   duration histograms that are exported every 5 s, as the shop's are; nothing is wrong, and there are no spans
  spans    requests through three services, five spans with eleven attributes each, and no metrics
  shop     the demo's five services and their load, beside the memory that the chart gives
  incident the demo at 20 requests a second, without a fault and then with payment 2 s slower for ten minutes: what an
           open incident costs, Tempo above all, which is asked for its traces
  stored   Prometheus alone, fed 3.5 h of the same histograms as fast as it takes them: what a sample takes on disk once
           its block is written, and memory when its head is as full as it gets

A level begins with 45 s that are not measured. Slopes are straight lines through the levels, least squares.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson
import psutil
import requests
import yaml

from aiops.cli.demo.shop import Shop, demo_scenarios
from aiops.http import Endpoint
from aiops.sources.prometheus.client import PrometheusClient
from bench.cycle import EXPORT, RAW, START, Fleet
from bench.sizing_load import SPANS, Load, series, spans
from bench.sizing_table import MB, Level, Stored, Use, report, report_stored
from tools.native.alone import LonePrometheus
from tools.native.build import ensure
from tools.native.components import ROOT, Options
from tools.native.stack import Stack

PARTS = ("series", "spans", "shop", "incident", "stored")
SETTLE = 45.0
SAMPLE = 5.0
RATE = 8.0  # of the shop in the chart
BUSY = 20.0  # requests a second of the shop in which an incident is open
LEARN = 240.0
OPEN = 600.0
HEAD = 3.5 * 3600  # Prometheus cuts a block of 2 h when its head has 3
BLOCK_SECONDS = 150.0


def measure(stack: Stack, offered: float, seconds: float) -> Level:
    """Watch every program of a stack for a while."""
    processes = {name: family(stack.pid(name)) for name in stack.components}
    folders = {name: stack.options.data / name for name in stack.components}
    before = {name: (cpu(of), size(folders[name])) for name, of in processes.items()}
    busy, mine, began = machine(), cpu([psutil.Process()]), time.monotonic()
    largest = dict.fromkeys(processes, 0.0)
    while time.monotonic() < began + seconds:
        time.sleep(SAMPLE)
        for name, of in processes.items():
            largest[name] = max(largest[name], sum(one.memory_info().rss for one in of) / MB)
    length = time.monotonic() - began
    uses, used = {}, cpu([psutil.Process()]) - mine
    for name, of in processes.items():
        taken, grown = cpu(of) - before[name][0], size(folders[name]) - before[name][1]
        used += taken
        uss = sum(one.memory_full_info().uss for one in of) / MB
        uses[name] = Use(taken / length, largest[name], uss, grown / length)
    others = max(0.0, machine() - busy - used) / length / (os.cpu_count() or 1)
    api = PrometheusClient(Endpoint(name="Prometheus", url=stack.urls["prometheus"]))
    now = time.time()
    [head] = api.instant("prometheus_tsdb_head_series", now)
    [samples] = api.instant(f"sum(rate(prometheus_tsdb_head_samples_appended_total[{seconds:.0f}s]))", now)
    api.close()
    return Level(offered, uses, others, head.value, samples.value)


def levels(what: str, steps: Sequence[float], seconds: float, offset: int, folder: Path) -> Iterator[Level]:
    """Nothing first, then each step, on one stack."""
    with Stack(Options(ensure(), folder, offset), tell) as stack:
        url = stack.urls["otlp-http"]
        for offered in (0.0, *steps):
            load = series(url, round(offered)) if what == "series" else spans(url, offered)
            with load:
                time.sleep(SETTLE)
                level = measure(stack, offered, seconds)
            kept_pace(load, what, offered)
            tell(f"{what} {offered:,.0f}: others took {level.others:.0%}")
            yield level
    metas = [orjson.loads(one.read_bytes()) for one in folder.glob("tempo/blocks/*/*/meta.json")]
    if what == "spans" and (traces := sum(one["totalObjects"] for one in metas)):
        size_ = sum(one["size"] for one in metas)
        print(f"\nTempo's blocks, when it had ended: {size_ / traces / SPANS:.0f} bytes a span, of {traces:,} traces")


def shop(rate: float, seconds: float, offset: int, folder: Path) -> Level:
    """The demo under its load."""
    with Stack(Options(ensure(), folder, offset, shop=True, rate=rate), tell) as stack:
        time.sleep(SETTLE)
        return measure(stack, rate, seconds)


def incident(seconds: float, offset: int, folder: Path) -> Iterator[Level]:
    """The demo under more load, when nothing is wrong and while an incident is open. Raises RuntimeError."""
    with Stack(Options(ensure(), folder, offset, shop=True, rate=BUSY), tell) as stack:
        time.sleep(LEARN)
        yield measure(stack, BUSY, seconds)
        demo = Shop(stack.urls["otlp-http"], offset)  # to break, not to start
        demo.inject(demo_scenarios()["latency-spike"])
        yield measure(stack, BUSY, OPEN)
        if not requests.get(f"{stack.urls['aiops']}/aiops/incidents", timeout=30).json()["active_incidents"]:
            raise RuntimeError("no incident was open")


def kept_pace(load: Load, what: str, offered: float) -> None:
    """Raises RuntimeError where the load was not what it should be."""
    if load.late > 2 * EXPORT:
        raise RuntimeError(f"{offered:,.0f} {what} could not be offered: up to {load.late:.0f} s behind")


def stored(counts: Sequence[int], folder: Path) -> Iterator[Stored]:
    """Feed a Prometheus of its own with each number of series, until it has written a block."""
    for count in counts:
        home = folder / str(count)
        prometheus = LonePrometheus(ensure()["prometheus"], home)
        process, api = (
            psutil.Process(prometheus.pid),
            PrometheusClient(Endpoint(name="Prometheus", url=prometheus.url, timeout_seconds=60)),
        )
        fleet, rss, logged, at = Fleet(round(count / RAW)), 0.0, 0, START
        while at < START + HEAD:
            at += EXPORT
            for body in fleet.exports(at):
                api.write_otlp(body)
            if not logged and at >= START + 1800:  # before a checkpoint shortens it
                logged = size(home / "data" / "wal")
            if at % 300 == 0:
                rss = max(rss, process.memory_info().rss / MB)
        uss = process.memory_full_info().uss / MB
        block, samples = written(home / "data", count)
        api.close()
        prometheus.close()
        yield Stored(count, rss, uss, size(block) / samples, logged / (count * 1800 / EXPORT))


def written(data: Path, series: int) -> tuple[Path, int]:
    """Wait for the block of two hours, and return its folder and samples; beside it there is one of counters' births.

    Raises RuntimeError."""
    until = time.monotonic() + BLOCK_SECONDS
    while time.monotonic() < until:
        for meta in data.glob("0*/meta.json"):
            samples = orjson.loads(meta.read_bytes())["stats"]["numSamples"]
            if samples > 1000 * series:
                return meta.parent, samples
        time.sleep(1)
    raise RuntimeError("Prometheus wrote no block")


def family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def cpu(processes: Sequence[psutil.Process]) -> float:
    return float(sum(one.cpu_times().user + one.cpu_times().system for one in processes))


def machine() -> float:
    """Seconds that all cores together were busy since the machine began."""
    now = psutil.cpu_times()
    return float(sum(now) - now.idle - getattr(now, "iowait", 0.0) - getattr(now, "guest", 0.0))


def size(folder: Path) -> int:
    """Bytes on disk; what is removed meanwhile is not counted."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(path) / name).stat().st_blocks * 512
            except FileNotFoundError:
                continue
    return total


def tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def numbers(text: str) -> list[float]:
    return [float(one) for one in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, action="append", help="one part; may be repeated")
    parser.add_argument("--series", type=numbers, default=[10_000.0, 30_000.0], help="levels (10000,30000)")
    parser.add_argument("--spans", type=numbers, default=[500.0, 2000.0], help="levels, a second (500,2000)")
    parser.add_argument("--stored", type=numbers, default=[2_000.0, 8_000.0], help="levels, of series (2000,8000)")
    parser.add_argument("--seconds", type=float, default=60.0, help="measured at each level (60)")
    parser.add_argument("--port-offset", type=int, default=25_000, help="added to every port (25000)")
    arguments = parser.parse_args()
    parts = arguments.only or PARTS
    print(f"load of the machine before, of 1 min: {psutil.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as text:
        for what in [part for part in ("series", "spans") if part in parts]:
            steps = arguments.series if what == "series" else arguments.spans
            report(what, list(levels(what, steps, arguments.seconds, arguments.port_offset, Path(text) / what)))
        if "shop" in parts:
            report("shop", [shop(RATE, arguments.seconds, arguments.port_offset, Path(text) / "shop")])
            chart = yaml.safe_load((ROOT / "k8s/helm/aiops/values.yaml").read_text(encoding="utf-8"))
            given = ("engine", "prometheus", "tempo", "collector", "alertmanager")
            print("  the chart gives, MiB: " + ", ".join(f"{name} {chart[name]['memoryMi']}" for name in given))
        if "incident" in parts:
            for level in incident(arguments.seconds, arguments.port_offset, Path(text) / "incident"):
                report("incident", [level])
        if "stored" in parts:
            report_stored(list(stored([round(one) for one in arguments.stored], Path(text) / "stored")))


if __name__ == "__main__":
    main()
