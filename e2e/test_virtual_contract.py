"""What the model of the shop yields is what the engine takes: shapes, ids, and the same rows by way of OTLP."""

import json
from types import ModuleType
from typing import Any

import pyarrow as pa
import pytest

from aiops.sources.duckdb import schema
from aiops.sources.receiver import otlp_json, otlp_proto
from aiops.sources.receiver.decode import Decoding
from aiops.sources.receiver.decode_metrics import take_metrics
from aiops.sources.receiver.decode_spans import take_spans
from shop.catalogue import Fault
from shop.virtual import otlp, rows, sums
from shop.virtual.generated import generated
from shop.virtual.graph import shop
from shop.virtual.load import Load
from shop.virtual.stream import Model, Slice
from shop.virtual.trouble import Timed

START = 1_763_712_000.0
SECONDS = 60.0
Wrong = tuple[str, str, str | None, float | None]
# Together they make every form that a span can have.
FAULTS: list[Wrong] = [
    ("exception", "payment", "/payment", 0.2),
    ("retries", "payment", "/payment", 0.3),
    ("timeout", "inventory", "/inventory", 0.2),
    ("errors", "catalog", "/products", 0.3),
    ("pool", "catalog", "/products", 900.0),
    ("version", "payment", None, 0.3),
]


REFUSED: list[Wrong] = [
    ("refused", "payment", None, None),
    ("dependency", "catalog", "/products", None),
]
CASES = {"shop": (shop(), FAULTS), "shop refused": (shop(), REFUSED), "graph": (generated(1, 50), [])}


@pytest.fixture(scope="module", params=CASES)
def slices(request: pytest.FixtureRequest) -> list[Slice]:
    graph, faults = CASES[request.param]
    timed = [Timed(Fault(*one), START, START + SECONDS) for one in faults]
    return list(Model(graph, Load(8.0), timed, seed=1).slices(START, START + SECONDS, 15.0))


@pytest.mark.parametrize(
    ("model", "engine"),
    [
        (rows.RESOURCES, schema.RESOURCES),
        (rows.SPANS, schema.SPANS),
        (sums.SERIES, schema.SERIES),
        (sums.POINTS, schema.POINTS),
    ],
    ids=["resources", "spans", "series", "points"],
)
def test_the_tables_have_the_shapes_of_the_documented_streams(model: pa.Schema, engine: pa.Schema) -> None:
    assert list(zip(model.names, model.types, strict=True)) == list(zip(engine.names, engine.types, strict=True))


def test_the_numbers_mean_the_same() -> None:
    assert (sums.GAUGE, sums.HISTOGRAM, sums.CUMULATIVE) == (
        schema.Kind.GAUGE,
        schema.Kind.HISTOGRAM,
        schema.CUMULATIVE,
    )


def test_a_resource_has_the_id_that_the_engine_gives_it(slices: list[Slice]) -> None:
    for row in slices[0].resources.to_pylist():
        assert row["id"] == schema.resource_id(row["attributes"])
        attributes = json.loads(row["attributes"])
        assert attributes["telemetry.generated"] == "true"
        assert (row["service"], row["instance"], row["version"]) == tuple(
            attributes[f"service.{name}"] for name in ("name", "instance.id", "version")
        )


@pytest.fixture(scope="module", params=["protobuf", "json"])
def decoded(request: pytest.FixtureRequest, slices: list[Slice]) -> Decoding:
    """The same slices written as OTLP and read by the engine."""
    into = Decoding(START + SECONDS, 3600.0, lambda _: False)
    form: ModuleType
    if request.param == "protobuf":
        form = otlp_proto
        points = [export.SerializeToString() for one in slices for export in otlp.metrics(one, 30)]
        spans = [export.SerializeToString() for one in slices for export in otlp.traces(one, 500)]
    else:
        form = otlp_json
        lines = [line.encode() for one in slices for line in otlp.lines(one)]
        points = [line for line in lines if line.startswith(b'{"resourceMetrics"')]
        spans = [line for line in lines if line.startswith(b'{"resourceSpans"')]
    for body in points:
        for sender, metrics in form.metrics(body, into):
            take_metrics(sender, metrics, into)
    for body in spans:
        for sender, calls in form.spans(body, into):
            take_spans(sender, calls, into)
    return into


def test_spans_by_way_of_otlp_are_the_spans_themselves(decoded: Decoding, slices: list[Slice]) -> None:
    assert not decoded.rejected.count, decoded.rejected.message()
    own = [row for one in slices for row in one.spans.to_pylist()]
    by_id = {row["span_id"]: row for row in own}
    for found in decoded.spans:
        row = dict(zip(schema.SPANS.names, found, strict=True))
        assert row == by_id.pop(row["span_id"])
    assert not by_id


def test_resources_by_way_of_otlp_are_the_resources_themselves(decoded: Decoding, slices: list[Slice]) -> None:
    own = {row["id"]: row for one in slices for row in one.resources.to_pylist()}
    found = (dict(zip(schema.RESOURCES.names, row, strict=True)) for row in decoded.resources.values())
    assert {row["id"]: row for row in found} == own


def test_points_by_way_of_otlp_are_the_points_themselves(decoded: Decoding, slices: list[Slice]) -> None:
    """The id of a series holds its shape in the engine; the model's need not, for its shapes never change."""
    own = {row["id"]: row for one in slices for row in one.series.to_pylist()}
    theirs = {number: dict(zip(schema.SERIES.names, row, strict=True)) for number, row in decoded.series.items()}

    def identified(series: dict[str, Any]) -> str:
        return json.dumps({**series, "id": None}, sort_keys=True)

    def points(found: list[dict[str, Any]], series: dict[int, dict[str, Any]]) -> dict[tuple[str, int], dict[str, Any]]:
        return {(identified(series[row["series"]]), row["time_ns"]): {**row, "series": None} for row in found}

    sent = points([row for one in slices for row in one.points.to_pylist()], own)
    assert points([dict(zip(schema.POINTS.names, row, strict=True)) for row in decoded.points], theirs) == sent
    assert len(sent) == sum(one.points.num_rows for one in slices)
