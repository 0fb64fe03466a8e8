"""Log records: found by the API, and shown with the trace that they belong to."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from made_up.fakes import NOW
from made_up.samples import TRACE_ID, sample_trace
from made_up.world import World

from aiops.model import iso
from aiops.sources.duckdb import schema
from aiops.sources.duckdb.logs import LogStore


def row(body: str, level: int = 9, at: float = NOW - 5, trace: str = "", **fields: Any) -> tuple[Any, ...]:
    high, low = (int(trace[:16], 16), int(trace[16:], 16)) if trace else (0, 0)
    exception = (fields.get("exception", ""), fields.get("stack", ""))
    return (int(at * 1e9), "payment", "p-1", "1.5.0", level, high, low, 0, body, *exception, '{"order":"42"}', 1)


@pytest.fixture
def logs(world: World) -> Iterator[LogStore]:
    store = LogStore(":memory:", lambda: NOW, 64 << 20)
    world.use_cases.engine.logs = store
    table = schema.arrow_table(
        schema.LOGS,
        [
            row("started", 9),
            row("charge <b>refused</b>", 17, NOW - 2, TRACE_ID, exception="CardRefused", stack="at pay.py:3"),
            row("long ago", 9, NOW - 5000),
        ],
    )
    assert table is not None
    store.append(table)
    yield store
    store.close()


@pytest.mark.parametrize(
    ("asked", "bodies"),
    [
        ("", ["charge <b>refused</b>", "started"]),
        ("?level=error", ["charge <b>refused</b>"]),
        ("?text=START", ["started"]),
        (f"?trace={TRACE_ID}", ["charge <b>refused</b>"]),
        ("?service=other", []),
        ("?limit=1", ["charge <b>refused</b>"]),
        (f"?since={NOW - 6000}&until={NOW - 100}", ["long ago"]),
    ],
)
@pytest.mark.usefixtures("logs")
def test_records_are_found(client: FlaskClient, asked: str, bodies: list[str]) -> None:
    found = client.get(f"/aiops/logs{asked}").json
    assert found is not None
    assert [one["body"] for one in found["records"]] == bodies
    assert found["store"] == "the engine's own store"


@pytest.mark.usefixtures("logs")
def test_a_record_has_all_its_parts(client: FlaskClient) -> None:
    [found] = client.get("/aiops/logs?level=error").json["records"]  # type: ignore[index]
    assert found == {
        "at": iso(NOW - 2),
        "service": "payment",
        "instance": "p-1",
        "version": "1.5.0",
        "level": "error",
        "severity": 17,
        "body": "charge <b>refused</b>",
        "trace_id": TRACE_ID,
        "span_id": None,
        "exception_type": "CardRefused",
        "exception_stack": "at pay.py:3",
        "attributes": {"order": "42"},
        "count": 1,
    }


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [("level=loud", "level"), ("trace=zz", "trace"), ("limit=0", "limit"), ("since=yesterday", "since"), ("x=1", "x")],
)
def test_a_wrong_question_is_named(client: FlaskClient, asked: str, parameter: str) -> None:
    answer = client.get(f"/aiops/logs?{asked}")
    assert (answer.status_code, answer.json["parameter"]) == (400, parameter)  # type: ignore[index]


def test_without_a_store_of_logs_it_says_so(client: FlaskClient) -> None:
    answer = client.get("/aiops/logs")
    assert answer.status_code == 404
    assert "keeps no logs" in answer.json["detail"]  # type: ignore[index]


def test_a_trace_shows_its_lines_and_escapes_them(world: World, client: FlaskClient, logs: LogStore) -> None:
    trace = sample_trace()
    world.traces.known = {TRACE_ID: trace}
    table = schema.arrow_table(schema.LOGS, [row("charge <b>refused</b>", 17, trace.spans[0].start + 0.1, TRACE_ID)])
    assert table is not None
    logs.append(table)
    page = client.get(f"/traces/{TRACE_ID}").text
    assert "Log lines" in page
    assert "charge &lt;b&gt;refused&lt;/b&gt;" in page
    assert "started" not in page
    world.use_cases.engine.logs = None
    assert "Log lines" not in client.get(f"/traces/{TRACE_ID}").text
