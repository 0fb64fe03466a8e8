"""How many series the detector judges, at what cost, and where that ends.

    python -m bench.scale                                  # up to a million series, 4 GB of memory, some minutes
    python -m bench.scale --quick                          # up to 10,000
    python -m bench.scale --peers other/bin/python         # a Python that has statsforecast and river

The detector of any metric at a cycle of 15 s, on series that are past their warm-up and whose day and week are known:
1,000 of them are back-filled with 14 days of a point a minute, and their state is repeated for as many as are wanted.
A step is measured by the processor's time of its thread, since it needs one core alone, and by the clock; among those
measured is one at which both a quarter of an hour and an hour end, and every series learns both. Then the live step of
the whole detector, over requests, errors, durations and buckets of routes. Ends with 1 where a bound is missed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from aiops import detect
from aiops.detect import univariate as online
from aiops.model import SeriesBlock, labels, names
from aiops.store import arrays
from bench.ingest import say

MONDAY = 1_763_337_600.0
CYCLE, DAY = 15.0, 86_400.0
SIZES = (1_000, 10_000, 100_000, 300_000, 1_000_000)
FILLED, FILL_DAYS, FILL_STEP = 1_000, 14, 60.0
BEFORE, AFTER = 8, 12  # steps before and after an hour ends
LIVE_WARM, LIVE_STEPS = 30, 5
WIDTHS = (10, 10, 11, 10, 10)
AIM = 100_000  # series that the bounds are for
PASSES, STATE_BYTES, SAVE_SECONDS, FILL_SECONDS, CHEAPER = 2.5, 2500, 2.0, 120.0, 100_000.0


class Bounds:
    """What was promised, and whether it was kept."""

    def __init__(self) -> None:
        self.kept = True

    def say(self, what: str, figure: str, value: float, most: float, unit: str) -> None:
        self.kept &= value <= most
        say(what, f"{figure}, at most {most:,g} {unit}{'' if value <= most else ': MISSED'}")


class Fleet:
    """Series with a day, each of its own size."""

    def __init__(self, size: int) -> None:
        self._random = np.random.default_rng(1)
        self._usual = np.resize(np.random.default_rng(2).lognormal(3, 1, FILLED), size)

    def values(self, at: float) -> detect.Floats:
        """Of all series, at a Unix time."""
        noise = 0.1 * self._random.standard_normal(len(self._usual))
        return np.asarray(self._usual * (1 + 0.3 * np.sin(2 * np.pi * at / DAY) + noise))


def backfill(step: float) -> tuple[online.Model, float]:
    """A model that knows `FILLED` series for `FILL_DAYS`, and the seconds that took."""
    model, fleet = online.Model(), Fleet(FILLED)
    model.grow(FILLED)
    started = time.perf_counter()
    for number in range(round(FILL_DAYS * DAY / step)):
        at = MONDAY + number * step
        model.judge(at, fleet.values(at), step)
    return model, time.perf_counter() - started


def repeated(model: online.Model, size: int) -> online.Model:
    """As many series as that, each like one of those that the model knows."""
    return online.Model(state=model.state.taken(np.resize(np.arange(FILLED), size)), at=model.at)


def steps(model: online.Model, size: int) -> tuple[list[float], list[float]]:
    """Milliseconds of steps around the end of an hour, by the processor and by the clock; the one in which it ends is
    number `BEFORE`."""
    fleet, hour = Fleet(size), MONDAY + FILL_DAYS * DAY + 3600.0
    busy, clock = [], []
    for number in range(-1, BEFORE + AFTER):
        at = hour + (number - BEFORE) * CYCLE
        values = fleet.values(at)
        thread, wall = time.thread_time(), time.perf_counter()
        model.judge(at, values, CYCLE)
        busy.append((time.thread_time() - thread) * 1e3)
        clock.append((time.perf_counter() - wall) * 1e3)
    return busy[1:], clock[1:]  # the first was there so that buckets are open


def one_pass(model: online.Model) -> float:
    """Milliseconds, by the processor, in which every byte of the state is read and written once; the median of 9."""
    plain = [array.reshape(-1, order="A").view(np.uint8) for _, array in model.state.arrays()]
    words = [one[: len(one) // 8 * 8].view(np.uint64) for one in plain]
    took = []
    for _ in range(9):
        started = time.thread_time()
        for one in words:
            np.bitwise_xor(one, 1, out=one)
        took.append((time.thread_time() - started) * 1e3)
    return float(np.median(took))


def grow(model: online.Model, sizes: list[int], bounds: Bounds) -> float:
    """Print what a step takes by how many series there are; milliseconds a series of the largest."""
    print("a step of the detector of any metric")
    print(
        f"  {'series':>9}{'median':>10}{'slowest':>10}{'hour ends':>11}{'by clock':>10}{'slowest':>10}{'a series':>10}"
    )
    each = []
    for size in sizes:
        busy, clock = steps(repeated(model, size), size)
        median = float(np.median(busy))
        each.append(median / size)
        cells = [median, max(busy), busy[BEFORE], float(np.median(clock)), max(clock)]
        row = "".join(f"{cell:>{width}.1f}" for cell, width in zip(cells, WIDTHS, strict=True))
        print(f"  {size:>9,}{row}{each[-1] * 1e3:>7.2f} µs   ratio {each[-1] / each[0]:.2f}")
        if size == AIM:
            limit = one_pass(repeated(model, size))
            say("  limit: one pass that reads and writes the state", f"{limit:.0f} ms, ratio 1.00")
            figure = f"{median:.0f} ms, ratio {median / limit:.2f}"
            bounds.say(f"  {AIM:,} series on one core", figure, median / limit, PASSES, "of such passes")
    say("  series a core could judge every 15 s", f"{CYCLE * 1e3 / each[-1] / 1e6:.0f} million by its time")
    return each[-1]


def memory(model: online.Model, bounds: Bounds) -> None:
    size = sum(array.nbytes / len(array) for _, array in model.state.arrays())
    bounds.say("  state", f"{size:,.0f} bytes a series", size, STATE_BYTES, "bytes")
    free = psutil.virtual_memory().available
    say(
        "  where growth ends",
        f"memory: {2**30 / size / 1e6:.1f} million series a GB, {free / size / 1e6:.0f} million in what is free here",
    )


def saved(model: online.Model, size: int, bounds: Bounds) -> None:
    """Print what saving and restoring take, beside writing and reading the same bytes."""
    state = repeated(model, size).state
    held = dict(state.arrays())
    plain = b"".join(array.tobytes() for array in held.values())
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as text:
        learned, raw = Path(text) / "learned.npz", Path(text) / "raw"
        limit = _seconds(lambda: _written(raw, plain)) + _seconds(raw.read_bytes)
        save = _seconds(lambda: arrays.write_arrays(learned, {"at": model.at}, held))
        fresh = online.Model()

        def restore() -> None:
            _, found = arrays.read_arrays(learned)
            for name, array in found.items():
                fresh.state.put(name, array)

        load = _seconds(restore)
    for name, array in fresh.state.arrays():
        np.testing.assert_array_equal(array, held[name])
    say(f"  limit: {len(plain) / 2**20:.0f} MB written, synced, read", f"{limit:.2f} s, ratio 1.00")
    figure = f"{save:.2f} + {load:.2f} s, ratio {(save + load) / limit:.2f}"
    bounds.say(f"  {size:,} series saved, restored", figure, save + load, SAVE_SECONDS, "s")


def _written(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def live(scopes: int, buckets: bool) -> None:
    """Print what `detect.step` takes over as many routes."""
    rng, state, tuning = np.random.default_rng(1), detect.State(), detect.Tuning()
    bounds = np.array(names.DURATION_BOUNDS)
    below = 1 / (1 + np.exp(-3 * (np.log(bounds) - np.log(0.05))))
    kinds = [{"name": names.REQUESTS}, {"name": names.ERRORS}, {"name": names.DURATION}]
    if buckets:
        kinds += [{"name": names.BUCKET, "le": f"{bound:g}"} for bound in bounds]
    series = tuple(
        labels(service=f"service-{route // 25}", route=f"/r{route % 25}", method="GET", **kind)
        for kind in kinds
        for route in range(scopes)
    )

    def block(number: int) -> SeriesBlock:
        total = rng.poisson(150, scopes).astype(np.float64)
        rows = [total, rng.binomial(total.astype(int), 0.001), total * 0.05 * rng.lognormal(0, 0.05, scopes)]
        rows += [np.round(total * share) for share in below] if buckets else []
        return SeriesBlock(series, np.array([MONDAY + number * CYCLE]), CYCLE, np.concatenate(rows)[:, None])

    took = []
    for number in range(1, LIVE_WARM + LIVE_STEPS + 1):
        one = block(number)
        started = time.thread_time()
        detect.step(state, one, tuning)
        took.append((time.thread_time() - started) * 1e3)
    took = took[LIVE_WARM:]
    what = f"  {scopes:,} routes, {len(series):,} series"
    say(what, f"{np.median(took):,.0f} ms, slowest {max(took):,.0f}, {np.median(took) / scopes * 1e3:.0f} µs a route")


def peers(python: str, ours: float, bounds: Bounds) -> None:
    """Print what fitting again, or one update, takes in other libraries, by one step of ours: milliseconds a series."""
    script = Path(__file__).with_name("scale_peers.py")
    done = subprocess.run([python, str(script)], capture_output=True, text=True, timeout=900, check=True)
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)
    print("one series: 2,016 points whose day has 288 (fits), or one point (updates)")
    say("  ours, an update and its judgement", f"{ours * 1e3:.2f} µs, ratio 1")
    for library in ("statsmodels", "statsforecast", "river"):
        if library not in found:
            say(f"  {library}", f"not installed: pip install {library} elsewhere, and --peers its Python")
            continue
        for what, milliseconds in found[library]["milliseconds"].items():
            ratio = milliseconds / ours
            say(f"  {library} {found[library]['version']}", f"{what}: {milliseconds:,.3f} ms, ratio {ratio:,.0f}")
            if library == "statsmodels":
                bounds.kept &= ratio >= CHEAPER


def main() -> None:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), metavar="N", help="numbers of series")
    parser.add_argument("--quick", action="store_true", help="back-fill a point every five minutes, few series")
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON", help="that has the other libraries")
    arguments = parser.parse_args()
    quick, bounds = arguments.quick, Bounds()
    sizes = [one for one in arguments.sizes if not quick or one <= 10_000]
    say("load of the machine before, of 1 min", f"{os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    model, took = backfill(FILL_STEP * (5 if quick else 1))
    what = f"back-fill, 1,000 series x 14 days x {5 if quick else 1} min"
    bounds.say(what, f"{took:.1f} s", took, FILL_SECONDS, "s")
    ours = grow(model, sizes, bounds)
    memory(model, bounds)
    saved(model, 10_000 if quick else AIM, bounds)
    print("a step of the live detector: errors, latency, traffic, silence, all verdicts")
    live((10_000 if quick else AIM) // (3 + len(names.DURATION_BOUNDS)), buckets=True)
    live(10_000 if quick else AIM, buckets=False)
    peers(arguments.peers, ours, bounds)
    sys.exit(0 if bounds.kept else 1)


if __name__ == "__main__":
    main()
