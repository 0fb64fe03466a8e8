"""Log records on their way: decoded, without secrets, bounded, stored once, and found again."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import requests
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord as Sent

from aiops.model import LogLevel, LogQuery, LogRecord, Window
from aiops.sources.duckdb import schema
from aiops.sources.duckdb.logs import SLICE_SECONDS, LogStore
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_logs import TOO_MANY, LogBudget, severity_number, take_logs

NOW: Final = 1_795_253_700.0
NANO: Final = 1_000_000_000
TRACE: Final = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")
SPAN: Final = bytes.fromhex("00f067aa0ba902b7")
EVER: Final = Window(0.0, 4e9)


def pair(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def sent(body: str = "paid", at: float = NOW, level: int = 9, **attributes: str) -> Sent:
    return Sent(
        time_unix_nano=int(at * NANO),
        severity_number=level,  # type: ignore[arg-type]
        body=AnyValue(string_value=body),
        attributes=[pair(key.replace("__", "."), value) for key, value in attributes.items()],
    )


def export(*records: Sent, service: str = "payment") -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    group.resource.attributes.extend([pair("service.name", service), pair("service.version", "1.5.0")])
    group.scope_logs.add().log_records.extend(records)
    return request


def decoded(request: ExportLogsServiceRequest, budget: LogBudget | None = None) -> Decoding:
    into = Decoding(NOW, 3600.0, lambda _: False)
    for group in request.resource_logs:
        records = (one for scope in group.scope_logs for one in scope.log_records)
        take_logs(group.resource, records, into, budget or LogBudget(1000))
    return into


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LogStore]:
    made = LogStore(str(tmp_path / "logs.duckdb"), lambda: NOW, 64 << 20)
    yield made
    made.close()


def keep(store: LogStore, *requests_: ExportLogsServiceRequest) -> int:
    rows = [row for one in requests_ for row in decoded(one).logs]
    table = schema.arrow_table(schema.LOGS, rows)
    assert table is not None
    return store.append(table)


def test_a_record_is_stored_with_its_trace_and_exception_and_without_secrets(store: LogStore) -> None:
    record = sent(
        "charge failed for ana@example.org",
        level=17,
        exception__type="CardRefused",
        exception__message="refused",
        exception__stacktrace='File "pay.py", line 3\n  charge(token="abc")',
        order="42",
        password="hunter2",
    )
    record.trace_id, record.span_id = TRACE, SPAN
    assert keep(store, export(record)) == 1
    [found] = store.search(LogQuery(), EVER, 10)
    assert found == LogRecord(
        at=NOW,
        service="payment",
        instance="",
        version="1.5.0",
        severity=17,
        body="charge failed for [e-mail]",
        trace_id=TRACE.hex(),
        span_id=SPAN.hex(),
        exception_type="CardRefused",
        exception_stack='File "pay.py", line 3\n  charge(token=[secret])',
        attributes={"order": "42", "password": "[secret]"},
    )


def test_what_is_sent_again_is_stored_once(store: LogStore) -> None:
    request = export(sent("a"), sent("b"), sent("b"), sent("c", at=NOW + 1))
    assert keep(store, request, request) == 3
    assert keep(store, request) == 0
    assert store.search(LogQuery(), EVER, 1)[0].body == "c"


@pytest.mark.parametrize(
    ("query", "bodies"),
    [
        (LogQuery(service="payment"), {"refused", "slow"}),
        (LogQuery(severity=LogLevel.ERROR), {"refused"}),
        (LogQuery(text="SLO"), {"slow"}),
        (LogQuery(text="o'clock"), {"it's five o'clock"}),
        (LogQuery(text="%"), set()),
        (LogQuery(trace_id=TRACE.hex()), {"refused"}),
        (LogQuery(service="payment", severity=LogLevel.INFO, text="slow"), {"slow"}),
    ],
)
def test_a_search_finds_what_matches(store: LogStore, query: LogQuery, bodies: set[str]) -> None:
    refused = sent("refused", level=17)
    refused.trace_id = TRACE
    keep(store, export(refused, sent("slow", level=13)), export(sent("it's five o'clock", level=5), service="clock"))
    assert {one.body for one in store.search(query, EVER, 10)} == bodies


def test_a_search_is_bounded_by_time_and_number_and_begins_with_the_newest(store: LogStore) -> None:
    keep(store, export(*(sent(f"n{number}", at=NOW - number) for number in range(20))))
    assert [one.body for one in store.search(LogQuery(), EVER, 3)] == ["n0", "n1", "n2"]
    assert [one.body for one in store.search(LogQuery(), Window(NOW - 4, NOW - 2), 9)] == ["n2", "n3"]


@pytest.mark.parametrize(
    ("number", "text", "wanted"),
    [(17, "", 17), (0, "Warning", 13), (0, "err", 17), (0, "hot", 0), (99, "INFO", 9), (0, "", 0)],
)
def test_severity_is_the_number_or_the_text(number: int, text: str, wanted: int) -> None:
    assert severity_number(Sent(severity_number=number, severity_text=text)) == wanted  # type: ignore[arg-type]


def test_beyond_its_limit_a_service_is_counted_and_the_most_severe_are_kept() -> None:
    budget = LogBudget(1)  # ten in ten seconds
    usual, bad = [sent(f"info {one}") for one in range(30)], [sent(f"bad {one}", level=17) for one in range(8)]
    into = decoded(export(*usual, *bad), budget)
    kept = [row for row in into.logs if row[-1] == 1]
    assert [row[4] for row in kept] == [17] * 8 + [9] * 2
    assert [(row[4], row[-1]) for row in into.logs if row[-1] > 1] == [(9, 28)]
    assert into.repaired.reasons == {TOO_MANY: 28}
    assert not into.rejected.count
    assert [row[-1] for row in decoded(export(sent("of another"), service="other"), budget).logs] == [1]


def test_counts_include_what_was_too_many(store: LogStore) -> None:
    table = schema.arrow_table(schema.LOGS, decoded(export(*(sent(str(one)) for one in range(25))), LogBudget(1)).logs)
    assert table is not None
    store.append(table)
    assert store.counts(EVER) == {("payment", 9): 25}


def test_a_time_that_cannot_be_is_refused_and_a_missing_one_is_now() -> None:
    into = decoded(export(sent(at=NOW - 7200), sent(at=NOW + 7200), Sent(body=AnyValue(string_value="now"))))
    assert [row[0] for row in into.logs] == [int(NOW * NANO)]
    assert into.rejected.count == 2


def test_old_records_are_dropped_by_time_and_by_size(tmp_path: Path) -> None:
    store = LogStore(str(tmp_path / "logs.duckdb"), lambda: NOW, 2 << 20)
    try:
        noise = [f"{number} {hash((number, one)):x}" * 20 for one in range(4) for number in range(2000)]
        for part in range(4):
            at = NOW - 3000 + part * SLICE_SECONDS
            table = schema.arrow_table(
                schema.LOGS, decoded(export(*(sent(text, at=at) for text in noise)), LogBudget(100_000)).logs
            )
            assert table is not None
            store.append(table)
        assert store.bytes() > 2 << 20
        assert store.keep_within(NOW - 3000 + SLICE_SECONDS) >= 2
        assert store.dropped
        left = store.search(LogQuery(), EVER, 1)
        assert left[0].at == NOW - 3000 + 3 * SLICE_SECONDS, "the newest slice stays"
    finally:
        store.close()


def test_records_are_there_after_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "logs.duckdb")
    store = LogStore(path, lambda: NOW, 1 << 30)
    keep(store, export(sent("before")))
    store.close()
    store = LogStore(path, lambda: NOW, 1 << 30)
    assert [one.body for one in store.search(LogQuery(), EVER, 10)] == ["before"]
    assert keep(store, export(sent("before"))) == 0
    store.close()


class Wall:
    def now(self) -> float:
        return time.time()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedSource]:
    path = str(tmp_path_factory.mktemp("source") / "telemetry.duckdb")
    made = EmbeddedSource(EmbeddedSettings(path=path, grpc_port=0, http_port=0, logs_per_second=50), Wall())
    made.start()
    yield made
    made.close()


def post(source: EmbeddedSource, body: bytes, form: str = "application/x-protobuf") -> requests.Response:
    url = f"http://127.0.0.1:{source.receivers.http_port}/v1/logs"
    return requests.post(url, body, headers={"Content-Type": form}, timeout=30)


@pytest.mark.parametrize("form", ["application/x-protobuf", "application/json"])
def test_records_that_are_sent_are_found(source: EmbeddedSource, form: str) -> None:
    record = sent(f"by {form}", at=time.time(), level=17)
    record.trace_id, record.span_id = TRACE, SPAN
    request = export(record, service="sender")
    if form.endswith("json"):
        document: Any = json_format.MessageToDict(request)
        told = document["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]
        told["traceId"], told["spanId"] = TRACE.hex(), SPAN.hex()
        answer = requests.post(f"http://127.0.0.1:{source.receivers.http_port}/v1/logs", json=document, timeout=30)
        assert (answer.status_code, answer.json()) == (200, {})
    else:
        answer = post(source, request.SerializeToString())
        assert ExportLogsServiceResponse.FromString(answer.content) == ExportLogsServiceResponse()
    [found] = source.logs.search(LogQuery(service="sender", text=f"by {form}"), EVER, 5)
    assert (found.trace_id, found.span_id, found.severity) == (TRACE.hex(), SPAN.hex(), 17)


def test_a_flood_is_bounded_and_said(source: EmbeddedSource) -> None:
    now = time.time()
    answer = post(source, export(*(sent(f"{one}", at=now) for one in range(2000)), service="loud").SerializeToString())
    said = ExportLogsServiceResponse.FromString(answer.content).partial_success
    assert said.rejected_log_records == 0
    assert TOO_MANY in said.error_message
    assert source.logs.counts(EVER)["loud", 9] == 2000
    assert len(source.logs.search(LogQuery(service="loud"), EVER, 5000)) < 1010
    assert source.store.reasons()[TOO_MANY] >= 1000


def test_junk_is_refused(source: EmbeddedSource) -> None:
    assert post(source, b"\xff\xff\xff").status_code == 400
    assert post(source, b"[1]", "application/json").status_code == 400
