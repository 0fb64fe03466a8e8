"""How many spans a second the embedded engine takes in over OTLP/HTTP, and what queries cost meanwhile.

    python -m bench.ingest [--seconds 30] [--clients 4]

Every figure is of one run on this machine. The limit is what the same Python can do at best: parse the same exports
and put their rows into DuckDB through Arrow, without a network, another process, deduplication or durability.
"""

import argparse
import multiprocessing
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import psutil
import requests
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops import detect
from aiops.model import Selector, Window, names
from aiops.sources.duckdb import schema
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_spans import decode_spans
from bench.spans import describe, identify

SPANS = 512  # the batch of an SDK's exporter
SERVICES = 20
RED = tuple(Selector(name) for name in (names.REQUESTS, names.ERRORS, names.DURATION, names.BUCKET))


class Wall:
    def now(self) -> float:
        return time.time()


def export(rng: random.Random, now: float) -> ExportTraceServiceRequest:
    """One export: server spans of one service with eleven attributes each, ending in the last second."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    service = f"service-{rng.randrange(SERVICES)}"
    identify(group.resource, service)
    spans = group.scope_spans.add().spans
    for _ in range(SPANS):
        end = now - rng.random()
        span = spans.add(
            trace_id=rng.randbytes(16),
            span_id=rng.randbytes(8),
            parent_span_id=rng.randbytes(8),
            name="GET /orders/{id}",
            kind=2,
            start_time_unix_nano=int((end - rng.lognormvariate(-3, 0.5)) * 1e9),
            end_time_unix_nano=int(end * 1e9),
        )
        describe(span, rng, {"http.route": f"/orders/{rng.randrange(5)}"})
    return request


def send(url: str, seed: int, until: float, sent: "multiprocessing.Queue[int]") -> None:
    """One client: fresh spans again and again, times and ids patched in so that making them costs little."""
    rng, session, count = random.Random(seed), requests.Session(), 0
    template = export(rng, time.time())
    while time.time() < until:
        now = time.time()
        for span in template.resource_spans[0].scope_spans[0].spans:
            span.trace_id, span.span_id = rng.randbytes(16), rng.randbytes(8)
            length = span.end_time_unix_nano - span.start_time_unix_nano
            span.end_time_unix_nano = int((now - rng.random()) * 1e9)
            span.start_time_unix_nano = span.end_time_unix_nano - length
        answer = session.post(url, template.SerializeToString(), headers={"Content-Type": "application/x-protobuf"})
        if answer.status_code == 429:
            time.sleep(float(answer.headers["Retry-After"]))
            continue
        answer.raise_for_status()
        count += SPANS
    sent.put(count)


def limit(seconds: float) -> tuple[float, float]:
    """Spans a second of parsing alone, and of parsing, rows, Arrow and an insert into DuckDB in memory."""
    raw = export(random.Random(1), time.time()).SerializeToString()
    started, parsed = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        for span in ExportTraceServiceRequest.FromString(raw).resource_spans[0].scope_spans[0].spans:
            _ = (span.trace_id, span.name, span.end_time_unix_nano, {one.key: one.value for one in span.attributes})
        parsed += SPANS
    bare = parsed / (time.perf_counter() - started)
    connection = duckdb.connect()
    connection.register("batch", schema.SPANS.empty_table())
    connection.execute("CREATE TABLE spans AS SELECT * FROM batch")
    started, stored = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        rows = Decoding(time.time(), 1e6, lambda _: True)
        decode_spans(ExportTraceServiceRequest.FromString(raw), rows)
        connection.register("batch", schema.arrow_table(schema.SPANS, rows.spans))
        connection.execute("INSERT INTO spans SELECT * FROM batch")
        stored += SPANS
    return bare, stored / (time.perf_counter() - started)


@dataclass
class Queries:
    """Milliseconds that a query took, again and again, while spans came in."""

    times: dict[str, list[float]] = field(default_factory=dict)

    def ask(
        self, name: str, source: EmbeddedSource, selectors: Sequence[Selector], window: Window, step: float
    ) -> None:
        started = time.perf_counter()
        source.metrics.window(selectors, window, step)
        self.times.setdefault(name, []).append(1000 * (time.perf_counter() - started))

    def run(self, source: EmbeddedSource, until: float) -> None:
        """Ask as an engine at the demo's pace does, every 3 s, and as a page that looks back does, every 15 s."""
        rounds = 0
        while time.time() < until:
            newest = source.metrics.newest()
            if newest is not None:
                end = newest - newest % 3
                self.ask("RED of the newest slice (3 s)", source, RED, Window(end - 3, end), 3)
                self.ask("all that a cycle asks (3 s)", source, detect.family_selectors(), Window(end - 3, end), 3)
                if rounds % 5 == 0:
                    self.ask("RED of the last 15 min", source, RED, Window(end - 900, end), 15)
                rounds += 1
            time.sleep(3.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to send (default 30)")
    parser.add_argument("--clients", type=int, default=4, help="processes that send (default 4)")
    arguments = parser.parse_args()
    bare, best = limit(3.0)
    with tempfile.TemporaryDirectory(prefix="aiops-bench-") as folder:
        settings = EmbeddedSettings(path=str(Path(folder) / "telemetry.duckdb"), grpc_port=0, http_port=0)
        source = EmbeddedSource(settings, Wall())
        source.start()
        url = f"http://127.0.0.1:{source.receivers.http_port}/v1/traces"
        me = psutil.Process()
        engine = (me, psutil.Process(source.receivers.pid))
        until, queue = time.time() + arguments.seconds, multiprocessing.get_context("spawn").Queue()
        queries = Queries()
        before, before_decoding, started = _cpu(engine), _cpu(engine[1:]), time.perf_counter()
        asking = threading.Thread(target=queries.run, args=(source, until))
        asking.start()
        context = multiprocessing.get_context("spawn")
        clients = [context.Process(target=send, args=(url, seed, until, queue)) for seed in range(arguments.clients)]
        for one in clients:
            one.start()
        sent = sum(queue.get() for _ in clients)
        for one in clients:
            one.join()
        wall, used = time.perf_counter() - started, _cpu(engine) - before
        decoding = _cpu(engine[1:]) - before_decoding
        asking.join()
        stats, memory = source.stats(), sum(one.memory_full_info().pss for one in engine) / 2**20
        source.close()
    core, wall_rate = sent / used, sent / wall
    print(f"sent {sent}, stored {stats.accepted_spans}, lost {sent - stats.accepted_spans}")
    say("parse alone", f"{bare:.0f} spans/s of one core")
    say("limit: parse, Arrow, insert in memory", f"{best:.0f} spans/s of one core, ratio 1.00")
    say("over OTLP/HTTP, committed, per core used", f"{core:.0f} spans/s of one core, ratio {core / best:.2f}")
    say(
        "over OTLP/HTTP, committed, by the wall",
        f"{wall_rate:.0f} spans/s, clients on the same {psutil.cpu_count()} cores",
    )
    say("of that, receiver process", f"{decoding / used:.0%} of the CPU time, the rest stores and answers queries")
    for name, taken in queries.times.items():
        say(name, f"{statistics.median(taken):.0f} ms median, {max(taken):.0f} ms at most, of {len(taken)}")
    say("memory of both processes", f"{memory:.0f} MB PSS")
    sys.exit(0 if sent == stats.accepted_spans else 1)


def say(what: str, figure: str) -> None:
    print(f"{what:<44}{figure}")


def _cpu(processes: tuple[psutil.Process, ...]) -> float:
    return float(sum(one.cpu_times().user + one.cpu_times().system for one in processes))


if __name__ == "__main__":
    main()
