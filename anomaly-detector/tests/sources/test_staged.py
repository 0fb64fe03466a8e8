"""Telemetry in any order comes back by time: each row once, in its step, with what it refers to."""

import random
from pathlib import Path

import pytest

from aiops.sources.duckdb import schema, staged
from aiops.sources.duckdb.schema import Kind
from aiops.sources.duckdb.staged import IDLE_SECONDS, StagedTelemetry

T0 = 1_700_000_000 - 1_700_000_000 % 3600
NANO = 10**9
STEP = 15.0
MANY = 20_000


def span(number: int, end_ns: int, resource: int) -> tuple[object, ...]:
    texts = ("",) * 4
    return (
        1,
        1,
        number,
        0,
        resource,
        "n",
        2,
        end_ns - 1,
        end_ns,
        0,
        "",
        False,
        "/",
        "GET",
        200,
        *texts,
        "",
        "{}",
        "",
        [],
        False,
        "",
    )


@pytest.fixture
def telemetry(tmp_path: Path) -> StagedTelemetry:
    return StagedTelemetry(tmp_path)


def test_every_row_comes_once_in_its_step(telemetry: StagedTelemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staged, "ROWS", 700)
    rng = random.Random(1)
    times = [T0 * NANO + rng.randrange(600 * NANO) for _ in range(MANY)] + [T0 * NANO, (T0 + 15) * NANO]
    rows = [span(number + 1, at, number % 3 + 1) for number, at in enumerate(times)]
    for first in range(0, len(rows), 5000):
        telemetry.add(spans=schema.arrow_table(schema.SPANS, rows[first : first + 5000]))
    for one in (1, 2, 3):
        telemetry.add(resources=schema.arrow_table(schema.RESOURCES, [(one, f"s{one}", "", "", "{}")]))
    series = (7, 2, "queue", Kind.GAUGE, "", 0, False, [], "{}", "", "", 0, False)
    telemetry.add(
        series=schema.arrow_table(schema.SERIES, [series]),
        points=schema.arrow_table(schema.POINTS, [(7, (T0 + 20) * NANO, 0, 1.0, None, None, None)]),
    )
    window = telemetry.window()
    assert window is not None
    seen, resources, end = [], [], float(T0) - STEP
    for one in telemetry.slices(window, STEP):
        assert one.end == end + STEP
        for at in [] if one.spans is None else one.spans.column("end_ns").to_pylist():
            assert end * NANO < at <= one.end * NANO
            seen.append(at)
        resources += [] if one.resources is None else one.resources.column("id").to_pylist()
        assert (one.series is not None) == (one.points is not None) == (one.end == T0 + 30)
        end = one.end
    assert seen == sorted(times)
    assert sorted(resources) == [1, 2, 3]
    assert telemetry.counts() == telemetry.counts(window) == (len(times), 1)
    telemetry.close()


def test_a_long_time_without_telemetry_is_skipped(telemetry: StagedTelemetry) -> None:
    telemetry.add(
        resources=schema.arrow_table(schema.RESOURCES, [(1, "s", "", "", "{}")]),
        spans=schema.arrow_table(
            schema.SPANS,
            [span(1, (T0 + 5) * NANO, 1), span(2, (T0 + 86_400) * NANO, 1), span(3, (T0 + 86_420) * NANO, 1)],
        ),
    )
    window = telemetry.window()
    assert window is not None
    slices = list(telemetry.slices(window, STEP))
    assert [one.end - T0 for one in slices if one.spans is not None] == [15.0, 86_400.0, 86_430.0]
    [skipped] = [one for one in slices if one.skipped]
    assert skipped.end == T0 + 86_400
    ends = [one.end for one in slices]
    assert skipped.skipped == ends[-3] - ends[-4] - STEP == 86_400 - 15 - IDLE_SECONDS - STEP
    telemetry.close()
