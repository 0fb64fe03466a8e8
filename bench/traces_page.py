"""How long the page of traces takes over many spans, beside a bare count of the same table.

    python -m bench.traces_page              # a million spans
    python -m bench.traces_page --check      # and exit with 1 where a page takes longer than a second

The store is filled with a quarter of an hour of the shop under load with a fault, again and again under other trace
ids. Each page is asked for over HTTP's handlers, with its template; the median of five is
said. Ratios are of CPU time, because other programs may keep the machine busy.
"""

import argparse
import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pyarrow as pa

from aiops.api import create_app
from aiops.config import Settings
from aiops.service.use_cases import UseCases
from aiops.sources.duckdb.partitions import SPANS
from aiops.sources.duckdb.store import Store
from aiops.web import add_pages
from bench.ingest import say
from bench.rig import STEP, Rig, rig
from bench.scenarios import START
from shop.virtual.cases import on_shop
from shop.virtual.stream import Slice

PIECE = 900.0
LIMIT_SECONDS = 1.0
TIMES = 5
PAGES = {
    "everything": "",
    "one service": "service=payment",
    "failed ones": "status=failed",
    "fine ones, slow": "status=fine&min=100ms",
    "an attribute": "attribute=service.version%3D1.5.0",
    "an attribute that none has": "attribute=tenant%3Dnobody",
    "a text": "text=card",
    "a selection, compared": "only=failed",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--spans", type=int, default=1_000_000, help="how many (default a million)")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a page takes longer than a second")
    arguments = parser.parse_args()
    with rig(START, retention_hours=200.0, on_disk=True) as one:
        stored, hours = _fill(one, arguments.spans)
        say("spans in the store", f"{stored:,} over {hours:.1f} h")
        took, counting = _seconds(lambda: _count(one.source.store))
        say("bare count of the same spans", f"{1000 * took:.0f} ms, {1000 * counting:.0f} ms of CPU")
        slowest = 0.0
        for name, query in PAGES.items():
            took, used = _page(one, f"/traces?since={START - PIECE:.0f}&{query}")
            slowest = max(slowest, took)
            say(
                f"page: {name}",
                f"{1000 * took:.0f} ms, {1000 * used:.0f} ms of CPU, ratio {used / counting:.0f} to the count",
            )
        say("slowest page", f"{slowest:.2f} s, at most {LIMIT_SECONDS:g} s")
    sys.exit(1 if arguments.check and slowest > LIMIT_SECONDS else 0)


def _fill(one: Rig, spans: int) -> tuple[int, float]:
    """Store as many spans, and return how many and over how many hours."""
    model = on_shop("bad-version", 1).model(START + PIECE / 2, START + PIECE)
    slices = list(model.slices(START, START + PIECE, STEP))
    stored = times = 0
    while stored < spans:
        one.clock.time = START + (times + 1) * PIECE
        new = pa.concat_tables([_later(each, times) for each in slices])
        one.source.store.append(resources=pa.concat_tables([each.resources for each in slices]), spans=new)
        stored += new.num_rows
        times += 1
    return stored, times * PIECE / 3600


def _later(of: Slice, times: int) -> pa.Table:
    """The spans of the same requests, so many pieces later and under other trace ids."""
    columns = dict(zip(of.spans.column_names, of.spans.columns, strict=True))
    columns["trace_lo"] = pa.array(of.spans["trace_lo"].to_numpy() ^ np.uint64(times * 0x9E3779B97F4A7C15 % 2**64))
    for name in ("start_ns", "end_ns"):
        columns[name] = pa.array(of.spans[name].to_numpy() + int(times * PIECE) * 1_000_000_000)
    return pa.table(columns)


def _count(store: Store) -> int:
    table = store.query(lambda partitions: f"SELECT count(*) AS count FROM {partitions.relation(SPANS)}")
    return int(table.column("count")[0].as_py())


def _page(one: Rig, path: str) -> tuple[float, float]:
    use_cases, settings = UseCases(one.engine, one.store, START), Settings()
    app = create_app(use_cases, settings)
    add_pages(app, use_cases, settings)
    client = app.test_client()

    def ask() -> None:
        answer = client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:200]}")

    return _seconds(ask)


def _seconds(what: Callable[[], object]) -> tuple[float, float]:
    """The median seconds by the wall, and of CPU."""
    what()  # templates are read once
    walls, used = [], []
    for _ in range(TIMES):
        wall, cpu = time.perf_counter(), time.process_time()
        what()
        walls.append(time.perf_counter() - wall)
        used.append(time.process_time() - cpu)
    return median(walls), median(used)


if __name__ == "__main__":
    main()
