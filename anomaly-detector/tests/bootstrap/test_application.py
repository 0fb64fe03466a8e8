"""The engine with its receiver, as it runs: what it says of what it was sent."""

import time
from pathlib import Path

import requests
from sources.otlp import Call, spans

from aiops.bootstrap import embedded
from aiops.config import Settings
from aiops.testing.waiting import until

from ..cli.test_main import free_port

TIMEOUT = 60.0


def test_what_clients_send_wrongly_is_counted_by_reason(tmp_path: Path) -> None:
    engine = embedded(
        Settings(port=0, otlp_http_port=free_port(), otlp_grpc_port=free_port(), data_dir=tmp_path, cycle_seconds=0.2)
    )
    engine.start()
    try:
        now = time.time()
        export = spans(*(Call(number, number, now) for number in (1, 2, 3)))
        odd, lone, _ = (group.scope_spans[0].spans[0] for group in export.resource_spans)
        odd.span_id, lone.parent_span_id = b"short", b"short"
        address = f"http://127.0.0.1:{engine.source.receivers.http_port}/v1/traces"
        headers = {"Content-Type": "application/x-protobuf"}
        with requests.post(address, data=export.SerializeToString(), headers=headers, timeout=30) as answer:
            assert answer.status_code == 200
        wanted = {
            'aiops_received_faults{reason="a span id must be 8 bytes, not all zero"} 1.0',
            'aiops_received_faults{reason="a parent span id must be empty or 8 bytes"} 1.0',
        }
        until(
            lambda: wanted <= set(engine.use_cases.operation.exposition().decode().splitlines()), TIMEOUT, str(wanted)
        )
    finally:
        engine.stop()
