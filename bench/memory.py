"""Whether the embedded engine's memory stays flat: an hour of virtual time, after two that fill the store.

    python -m bench.memory [--rate 300]

Spans of three virtual hours go straight to the store, as fast as it takes them, while it is queried and drops what is
older than its retention of one hour: the first hour is dropped when the measured one begins, the second at its end. The
memory is that of this process (PSS), at the quarters of the third hour. Ends with 1 when it grows beyond the bound.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa

from aiops import detect
from aiops.model import Window
from aiops.sources.duckdb import schema
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_spans import decode_spans
from bench.ingest import RED, SERVICES, export, say

HOUR, WARM_UP, RETENTION = 3600, 2 * 3600, 3600
BATCH_SECONDS, ASK_SECONDS, RETAIN_SECONDS = 5, 60, 600
BOUND = 1.25


class Virtual:
    """A clock that stands where it was put, in Unix seconds; it begins with an hour."""

    def __init__(self) -> None:
        self.at = time.time() // HOUR * HOUR

    def now(self) -> float:
        return self.at


def template(rows: int, now: float) -> tuple[pa.Table, pa.Table]:
    """The resources of all services, and `rows` spans of theirs."""
    rng, decoded = random.Random(1), Decoding(now, HOUR, lambda _: False)
    while len(decoded.resources) < SERVICES or len(decoded.spans) < rows:
        decode_spans(export(rng, now), decoded)
    chosen = rng.sample(decoded.spans, rows)
    resources, spans = (
        schema.arrow_table(schema.RESOURCES, list(decoded.resources.values())),
        schema.arrow_table(schema.SPANS, chosen),
    )
    assert resources is not None
    assert spans is not None
    return resources, spans


def fresh(spans: pa.Table, rng: np.random.Generator, end: float) -> pa.Table:
    """The same spans with other ids, ending in the last `BATCH_SECONDS`."""
    columns = {name: spans.column(name) for name in spans.column_names}
    for name in ("trace_hi", "trace_lo", "span_id"):
        columns[name] = pa.array(rng.integers(1, 2**63, spans.num_rows, dtype=np.uint64))
    took = columns["end_ns"].to_numpy() - columns["start_ns"].to_numpy()
    ends = int(end * 1e9) - rng.integers(0, BATCH_SECONDS * 10**9, spans.num_rows)
    columns["end_ns"], columns["start_ns"] = pa.array(ends), pa.array(ends - took)
    return pa.table(columns, schema=spans.schema)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--rate", type=int, default=300, help="spans a second of virtual time (default 300)")
    rate = parser.parse_args().rate
    clock, rng, used = Virtual(), np.random.default_rng(1), []
    began, started = clock.at, time.perf_counter()
    resources, spans = template(rate * BATCH_SECONDS, began)
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as folder:
        settings = EmbeddedSettings(path=str(Path(folder) / "telemetry.duckdb"), retention_hours=RETENTION / HOUR)
        source = EmbeddedSource(settings, clock)
        for second in range(BATCH_SECONDS, WARM_UP + HOUR + 1, BATCH_SECONDS):
            clock.at = began + second
            source.store.append(resources=resources, spans=fresh(spans, rng, clock.at))
            if second % ASK_SECONDS == 0:
                source.metrics.window(detect.family_selectors(), Window(clock.at - 3, clock.at), 3)
                source.metrics.window(RED, Window(clock.at - 900, clock.at), 15)
            if second % RETAIN_SECONDS == 0:
                source.store.drop_before(clock.at - RETENTION)
            if second >= WARM_UP and (second - WARM_UP) % (HOUR // 4) == 0:
                used.append(psutil.Process().memory_full_info().pss / 2**20)
                say(f"after {second / HOUR:.2f} h of virtual time", f"{used[-1]:.0f} MB PSS")
        stats = source.stats()
        source.close()
    growth = used[-1] / used[0]
    say("spans stored", f"{stats.accepted_spans} in {time.perf_counter() - started:.0f} s")
    say("last to first quarter", f"ratio {growth:.2f}, at most {BOUND}")
    sys.exit(0 if growth <= BOUND else 1)


if __name__ == "__main__":
    main()
