"""The store's own promises: nothing twice, nothing lost, nothing overwritten, old hours dropped whole."""

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from aiops.model import Selector, TraceQuery, Window, names
from aiops.model.errors import SourceError
from aiops.sources.duckdb import schema
from aiops.sources.duckdb.any_metric import Metric
from aiops.sources.duckdb.store import Store
from aiops.sources.embedded import EmbeddedSettings
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_spans import decode_spans

from .conftest import T0, Embedded
from .otlp import CLIENT, Call, Point, http, points, spans
from .reading import RED, same, served


def test_counts_of_what_came(tmp_path: Path) -> None:
    with_file = Embedded(str(tmp_path / "telemetry.duckdb"))
    with_file.source.judged(T0 + 10)
    export = spans(Call(1, 1, T0 + 5), Call(2, 2, T0 + 10.5))
    with_file.feed(export, export, points(Point(T0 + 11, T0, buckets=(1, 0, 0, 0))))
    with_file.source.store.reject(3, 4, {})
    stats = with_file.source.stats()
    assert (stats.accepted_spans, stats.accepted_points) == (2, 1)
    assert (stats.duplicate_spans, stats.duplicate_points) == (2, 0)
    assert (stats.rejected_spans, stats.rejected_points) == (3, 4)
    # Sent again counts as late again: two exports came late.
    assert (stats.late_spans, stats.late_points) == (2, 0)
    assert stats.newest == T0 + 11
    assert stats.bytes > 0
    with_file.source.close()


def test_restart_keeps_what_was_stored(tmp_path: Path) -> None:
    path = str(tmp_path / "telemetry.duckdb")
    first = Embedded(path)
    gauge = Point(T0 + 6, T0, 3.0, metric="m", form="gauge")
    first.feed(spans(Call(1, 1, T0 + 5, attributes=http("/"))), points(gauge))
    first.source.close()
    again = Embedded(path)
    assert again.metrics.newest() == T0 + 6
    assert len(again.traces.search(TraceQuery(), Window(T0, T0 + 10), 10)) == 1
    again.feed(spans(Call(1, 1, T0 + 5, attributes=http("/"))))
    same(served(again.metrics.window(RED, Window(T0, T0 + 10), 10.0), names.REQUESTS), [1])
    again.source.close()


def test_retention_drops_whole_hours() -> None:
    source = Embedded()
    gauge = Point(T0 - 3000, T0 - 3600, 1.0, metric="old", form="gauge", service="gone")
    source.feed(spans(Call(1, 1, T0 - 10), Call(2, 2, T0 + 10)), points(gauge, replace(gauge, at=T0 + 5, metric="new")))
    store = source.source.store
    assert store.drop_before(T0 - 1) == 0
    assert store.drop_before(T0 + 1800) == 2
    assert [one.trace_id for one in source.traces.search(TraceQuery(), Window(T0 - 3600, T0 + 3600), 10)] == [
        Call(2, 2, T0).trace_id
    ]
    assert source.metrics.catalog() == [Metric("new", "gauge", "s", ("gone",))]
    source.feed(spans(Call(3, 3, T0 - 10)))
    assert len(source.traces.search(TraceQuery(), Window(T0 - 3600, T0 + 3600), 10)) == 2
    source.source.close()


def test_a_service_whose_metrics_are_gone_is_counted_by_its_spans() -> None:
    source = Embedded()
    source.feed(points(Point(T0 - 10, T0 - 60, buckets=(1, 0, 0, 0), attributes=http("/"))))
    source.feed(spans(Call(1, 1, T0 + 5, attributes=http("/"))))
    assert source.metrics.window(RED, Window(T0, T0 + 10), 10.0).labels == ()
    source.source.store.drop_before(T0)
    same(served(source.metrics.window(RED, Window(T0, T0 + 10), 10.0), names.REQUESTS), [1])
    source.source.close()


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)


def foreign(path: Path) -> None:
    with duckdb.connect(str(path)) as other:
        other.execute("CREATE TABLE precious AS SELECT 42 AS answer")


def truncated(path: Path) -> None:
    source = Embedded(str(path))
    source.feed(spans(*(Call(at, at, T0 + at % 60) for at in range(1, 3000))))
    source.source.close()
    path.write_bytes(path.read_bytes()[:8192])


@pytest.mark.parametrize("spoil", [garbage, foreign, truncated])
def test_a_bad_file_is_kept_aside(
    tmp_path: Path, spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "telemetry.duckdb"
    spoil(path)
    content = path.read_bytes()
    source = Embedded(str(path))
    source.feed(spans(Call(1, 1, T0 + 5)))
    source.source.close()
    [aside] = [one for one in tmp_path.iterdir() if ".corrupt-" in one.name and not one.name.endswith(".wal")]
    assert aside.read_bytes() == content
    assert str(aside) in caplog.text
    again = Embedded(str(path))
    assert again.metrics.newest() == T0 + 5
    again.source.close()


def test_a_file_of_a_running_process_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.duckdb"
    hold = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(SourceError, match="belongs to a running process"):
            Embedded(str(path))
        other.stdin.close()
    assert [one.name for one in tmp_path.iterdir() if "corrupt" in one.name] == []


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="choose another data directory"):
        Embedded(str(tmp_path / "file" / "telemetry.duckdb"))


def test_questions_that_cannot_be_answered() -> None:
    source = Embedded()
    with pytest.raises(SourceError, match="requests are counted by"):
        source.metrics.window([Selector(names.REQUESTS, ("color",))], Window(T0, T0 + 10), 10.0)
    with pytest.raises(SourceError, match="telemetry is counted by service"):
        source.metrics.window([Selector(names.TELEMETRY, ("route",))], Window(T0, T0 + 10), 10.0)
    source.source.close()
    with pytest.raises(SourceError, match="store could not"):
        source.metrics.window(RED, Window(T0, T0 + 10), 10.0)


def test_readers_beside_a_writer_and_retention(tmp_path: Path) -> None:
    source = Embedded(str(tmp_path / "telemetry.duckdb"))
    done = threading.Event()

    def read() -> int:
        rounds = 0
        while not done.is_set():
            source.metrics.window(RED, Window(T0 - 7200, T0 + 60), 60.0)
            source.traces.search(TraceQuery(), Window(T0 - 7200, T0 + 60), 5)
            source.topology.edges(Window(T0 - 7200, T0 + 60))
            rounds += 1
        return rounds

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for number in range(1, 31):
                hour = T0 - 3600 * (number % 3)
                source.feed(spans(*(Call(number, number * 100 + at, hour + at) for at in range(20))))
                source.source.store.drop_before(T0 - 3600 * (number % 2))
        finally:
            done.set()
        assert all(reader.result() for reader in readers)
    source.source.close()


def test_a_trace_that_expires_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    source = Embedded()
    source.feed(spans(Call(1, 1, T0 - 7200)))
    ask = source.source.store.query

    def expires(*asked: Any, **tables: Any) -> pa.Table:
        if "wanted" in tables:
            source.feed(spans(Call(2, 2, T0, service="other")))
            source.source.store.drop_before(T0 - 3600)
        return ask(*asked, **tables)

    monkeypatch.setattr(source.source.store, "query", expires)
    assert source.traces.traces([f"{1:032x}"]) == []
    source.source.close()


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="retention_hours must be at least 1"):
        EmbeddedSettings(retention_hours=0)


def test_a_fault_of_ours_does_not_move_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "telemetry.duckdb"
    Embedded(str(path)).source.close()

    def fails(_: duckdb.DuckDBPyConnection) -> None:
        raise duckdb.BinderException("a mistake in our SQL")

    monkeypatch.setattr("aiops.sources.duckdb.store._prepare", fails)
    with pytest.raises(SourceError, match="could not be opened"):
        Embedded(str(path))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["logs.duckdb", "telemetry.duckdb"]


def test_a_file_of_an_earlier_release_is_widened(tmp_path: Path) -> None:
    path = tmp_path / "telemetry.duckdb"
    before = Embedded(str(path))
    before.feed(spans(Call(1, 1, T0 + 5, attributes=http("/"))))
    before.source.close()
    with duckdb.connect(str(path)) as connection:
        tables = connection.execute("SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, 'spans_')")
        for (table,) in tables.fetchall():
            for column in ("destination", "links", "streams"):
                connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute("DROP TABLE databases")
        connection.execute("UPDATE format SET version = '1'")
    with pytest.raises(SourceError, match="an earlier release wrote it"):
        Store(str(path), lambda: T0, read_only=True)
    after = Embedded(str(path))
    after.feed(spans(Call(2, 2, T0 + 6, attributes=http("/"), links=[(1, 1)])))
    same(served(after.metrics.window(RED, Window(T0, T0 + 10), 10.0), names.REQUESTS), [2])
    old, new = after.traces.traces([f"{1:032x}", f"{2:032x}"])
    assert old.spans[0].links == ()
    assert new.spans[0].links == ((f"{1:032x}", f"{1:016x}"),)
    assert after.topology.edges(Window(T0, T0 + 10)) == []
    after.source.close()
    assert not list(tmp_path.glob("*.corrupt-*"))


def test_databases_once_told_apart_stay_so(tmp_path: Path) -> None:
    path, system = str(tmp_path / "telemetry.duckdb"), {"db.system": "pg"}
    before = Embedded(path)
    queries = [
        Call(at, at, T0 + at, kind=CLIENT, attributes={**system, "server.address": host})
        for at, host in enumerate("ab", 1)
    ]
    before.feed(spans(*queries))
    before.source.close()
    after = Embedded(path)
    after.feed(spans(replace(queries[0], trace=3, span=3, end=T0 + 40)))
    [edge] = after.topology.edges(Window(T0 + 30, T0 + 60))
    assert edge.callee == "pg://a"
    after.source.close()


def test_rows_of_an_earlier_release_are_taken() -> None:
    source = Embedded()
    rows = Decoding(T0 + 60, 3600.0, lambda _: False)
    decode_spans(spans(Call(1, 1, T0 + 5, attributes=http("/"))), rows)
    whole = schema.arrow_table(schema.SPANS, rows.spans)
    assert whole is not None
    source.source.store.append(
        resources=schema.arrow_table(schema.RESOURCES, list(rows.resources.values())),
        spans=whole.drop_columns(["destination", "links", "streams"]),
    )
    block = source.metrics.window(RED, Window(T0, T0 + 10), 10.0)
    same(served(block, names.REQUESTS), [1])
    same(served(block, names.DURATION), [0.05])
    source.source.close()
