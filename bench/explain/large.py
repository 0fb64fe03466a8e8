"""What a comparison of a million spans costs: processor time of one core, and memory.

    python -m bench.explain.large                  # 10,000 traces of 100 spans
    python -m bench.explain.large --traces 1000

The limits are 3 s and 400 MB, the interpreter and the columns themselves included. Exit code 1 where one is missed.
"""

import argparse
import resource
import sys
import time

import numpy as np

from aiops.explain import SpanColumns, compared
from aiops.model import SpanKind

SPANS, CHILDREN, SERVICES, NAMES = 100, 3, 50, 40
SICK = 8
"""The service whose own work takes three times as long in the second half of the traces."""
CPU_SECONDS, MEGABYTES = 3.0, 400


def columns(traces: int) -> SpanColumns:
    """Trees of requests and calls in turn, each span with three children, with log-normal times."""
    random = np.random.default_rng(0)
    n, place = traces * SPANS, np.tile(np.arange(SPANS), traces)
    trace = np.repeat(np.arange(traces, dtype=np.int32), SPANS)
    above = (np.arange(SPANS) - 1) // CHILDREN
    depth, service = np.zeros(SPANS, int), np.zeros(SPANS, int)
    for one in range(1, SPANS):
        depth[one] = depth[above[one]] + 1
        service[one] = service[above[one]] if depth[one] % 2 else one * 7 % SERVICES
    none = np.zeros(n, np.int32)
    kind = np.where(depth % 2, SpanKind.CLIENT, SpanKind.SERVER)[place].astype(np.int8)
    duration = 0.001 * random.lognormal(0, 0.5, n) * (depth.max() + 2 - depth[place]) ** 3
    slow = (trace >= traces // 2) & (service[place] == SICK) & (kind == SpanKind.SERVER)
    return SpanColumns(
        words=("", *(f"s{one}" for one in range(SERVICES)), *(f"GET /{one}" for one in range(NAMES))),
        traces=tuple(f"{one:032x}" for one in range(traces)),
        trace=trace,
        parent=np.where(place > 0, above[place] + trace * SPANS, -1).astype(np.int32),
        kind=kind,
        start=trace + depth[place] * 0.0001,
        duration=np.where(slow, 3 * duration, duration),
        failed=random.random(n) < 0.001,
        service=(service[place] + 1).astype(np.int32),
        name=(place % NAMES + 1 + SERVICES).astype(np.int32),
        route=none,
        method=none,
        peer=none,
        statement=none,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=10_000)
    traces = parser.parse_args().traces
    table = columns(traces)
    entries = np.flatnonzero(table.parent < 0)
    started = time.process_time()
    found = compared(table, entries, np.arange(traces) >= traces // 2)
    took = time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    first = found.candidates[0].cause.service
    print(f"{len(table):,} spans: {took:.2f} s of processor time (limit {CPU_SECONDS:.0f} s), named: {first}")
    print(f"peak memory {memory:.0f} MB (limit {MEGABYTES} MB)")
    if took > CPU_SECONDS or memory > MEGABYTES or first != f"s{SICK}":
        print("MISSED")
        sys.exit(1)


if __name__ == "__main__":
    main()
