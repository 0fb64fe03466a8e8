"""How many log records a second one core takes in, masking included, and how long a search of the newest minute takes.

    python -m bench.logs [--records 200000]

The path is that of the receiver without the network: exports in protobuf are decoded, secrets are replaced, and the
rows are committed to a store on disk. The limit is what the same Python can do at best: parse the same exports.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from aiops.model import LogQuery, Window
from aiops.sources.common.masking import masked
from aiops.sources.duckdb import schema
from aiops.sources.duckdb.logs import LogStore
from aiops.sources.receiver import otlp_proto
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_logs import LogBudget, take_logs

RECORDS = 512
GROUP = 10
"""Exports in one commit."""
LINES = (
    "payment of order {order} took {took:.3f} s, attempt {attempt} of 3 on host-{host}",
    "GET /products?page={attempt} 200 in {took:.3f} s for customer {order}",
    "card processor refused order {order}: insufficient funds",
    "login of user{order}@example.org failed: wrong password",
    "retry with Authorization: Bearer {order}abcdef0123456789 after {took:.2f} s",
)


def pair(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def export(rng: random.Random, now: float) -> bytes:
    """One export of one service, with three attributes a record; two lines of five have something to hide."""
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.extend([pair("service.name", f"service-{rng.randrange(20)}")])
    records = group.scope_logs.add().log_records
    for _ in range(RECORDS):
        at = int((now - rng.random() * 600) * 1e9)
        record = records.add(time_unix_nano=at, severity_number=rng.choice((9, 9, 13, 17)))
        record.trace_id, record.span_id = rng.randbytes(16), rng.randbytes(8)
        values = {"order": rng.randrange(10**6), "took": rng.random(), "attempt": rng.randrange(3)}
        record.body.string_value = rng.choice(LINES).format(**values, host=rng.randrange(9))
        told = {"code.function": "charge", "code.lineno": str(rng.randrange(500)), "thread.name": "worker-1"}
        record.attributes.extend(pair(key, value) for key, value in told.items())
    return request.SerializeToString()


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of this process, and the result."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def decode(body: bytes, now: float) -> pa.Table:
    into = Decoding(now, 3600.0, lambda _: False)
    budget = LogBudget(10**9)
    for sender, records in otlp_proto.logs(body, into):
        take_logs(sender, records, into, budget)
    return schema.arrow_table(schema.LOGS, into.logs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=200_000, help="log records to take in (default 200000)")
    wanted = parser.parse_args().records
    rng, now = random.Random(7), time.time()
    bodies = [export(rng, now) for _ in range(max(1, wanted // RECORDS))]
    count = len(bodies) * RECORDS
    parsing, parsed = timed(lambda: [ExportLogsServiceRequest.FromString(body) for body in bodies])
    texts = [
        record.body.string_value
        for one in parsed
        for group in one.resource_logs
        for scope in group.scope_logs
        for record in scope.log_records
    ]
    del parsed
    masking, _ = timed(lambda: [masked(text) for text in texts])
    decoding, tables = timed(lambda: [decode(body, now) for body in bodies])
    with tempfile.TemporaryDirectory(prefix="bench-logs-") as folder:
        store = LogStore(str(Path(folder) / "logs.duckdb"), lambda: now, 1 << 40)
        groups = [pa.concat_tables(tables[at : at + GROUP]) for at in range(0, len(tables), GROUP)]
        storing, _ = timed(lambda: [store.append(one) for one in groups])
        took = []
        for text in ("order 4711", "REFUSED", "no such text"):
            began = time.perf_counter()
            store.search(LogQuery(text=text), Window(now - 60, now), 100)
            took.append(time.perf_counter() - began)
        store.keep_within(0.0)
        room = store.bytes() / count
        store.close()
    print(f"{count:,} records, {RECORDS} an export, one core")
    print(f"parsing alone (the limit)     {count / parsing:>10,.0f} records/s")
    print(f"masking alone                 {count / masking:>10,.0f} records/s")
    print(f"decoded and masked            {count / decoding:>10,.0f} records/s")
    print(f"committed to disk             {count / storing:>10,.0f} records/s")
    whole = decoding + storing
    print(f"all together                  {count / whole:>10,.0f} records/s, {parsing / whole:.2f} of the limit")
    print(f"the newest minute searched    {1000 * max(took):>10.1f} ms, the slowest of {len(took)} texts")
    print(f"on disk                       {room:>10.0f} bytes a record, with the write-ahead log")


if __name__ == "__main__":
    main()
