"""What is odd in some of the telemetry shifts no ratio: a program that sends a wrong field is not in trouble."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from sources.otlp import Point, http, points

from aiops.model import Selector, Window, names
from aiops.sources.duckdb import schema
from aiops.sources.embedded import EmbeddedSettings, EmbeddedSource
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_metrics import decode_metrics

from .world import AT_ONCE, STEP, T0, GivenClock, Watched

STEPS = 24


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path)
    yield made
    made.close()


def exported(end: float, odd: str) -> ExportMetricsServiceRequest:
    """A service that has answered 30 requests in each step, 2 of them with 503; the histogram of the others is odd."""
    steps = round((end - T0) / STEP)
    well, ill = 28 * steps, 2 * steps
    export = points(
        Point(end, T0, buckets=(0, well, 0, 0), sum=0.05 * well, attributes=http("/a")),
        Point(end, T0, buckets=(0, ill, 0, 0), sum=0.05 * ill, attributes=http("/a", 503)),
    )
    point = export.resource_metrics[0].scope_metrics[0].metrics[0].histogram.data_points[0]
    match odd:
        case "sum":
            point.sum = math.nan
        case "no sum":
            point.ClearField("sum")
        case "bounds":
            point.explicit_bounds[1] = point.explicit_bounds[0]
        case "buckets":
            del point.bucket_counts[0]
        case "count":
            point.count = 0
        case "start":
            point.start_time_unix_nano = point.time_unix_nano + 1
        case "exemplar":
            point.exemplars.add(as_double=math.nan, trace_id=b"short")
    return export


ODD = ["sum", "no sum", "buckets", "count", "start", "exemplar"]


@pytest.mark.parametrize("odd", ["sum", "buckets"])
def test_what_becomes_odd_is_no_failure(watched: Watched, odd: str) -> None:
    watched.play(STEPS, lambda at: [exported(at + STEP, "")], every=AT_ONCE)
    watched.play(STEPS // 2, lambda at: [exported(at + STEP, odd)], every=2)
    assert watched.incidents() == []
    assert counted(watched.source, watched.clock.now()) == (30.0, 2.0)


@pytest.mark.parametrize("before", ["", "always"])
@pytest.mark.parametrize("odd", [*ODD, "bounds"])
def test_what_is_odd_is_counted_as_it_was(odd: str, before: str) -> None:
    """Odd from the beginning, or from its second half on; bounds are a setting, which is odd from the beginning."""
    clock = GivenClock(T0)
    source = EmbeddedSource(EmbeddedSettings(retention_hours=1e6), clock)
    for step in range(6):
        clock.time += STEP
        rows = Decoding(clock.time, 3600.0, lambda _: False)
        is_odd = before or step >= 3 or odd == "bounds"
        decode_metrics(exported(clock.time, odd if is_odd else ""), rows)
        source.store.append(
            resources=schema.arrow_table(schema.RESOURCES, list(rows.resources.values())),
            series=schema.arrow_table(schema.SERIES, list(rows.series.values())),
            points=schema.arrow_table(schema.POINTS, rows.points),
        )
        if step:
            assert counted(source, clock.time) == (30.0, 2.0)
    source.close()


def counted(source: EmbeddedSource, newest: float) -> tuple[float, float]:
    """Requests and errors of the newest step."""
    selectors = [Selector(name, (names.SERVICE,)) for name in (names.REQUESTS, names.ERRORS)]
    block = source.metrics.window(selectors, Window(newest - STEP, newest), STEP)
    found = {dict(labels)[names.NAME]: float(row[0]) for labels, row in zip(block.labels, block.values, strict=True)}
    return found[names.REQUESTS], found[names.ERRORS]
